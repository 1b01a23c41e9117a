"""Check that the sdist is the checkout and the wheel its package, and what the index will show.

python .ci/check_wheel.py dist/dlbench-*.whl dist/dlbench-*.tar.gz
"""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("train/", "export/", "bench/", "viz/")
LINKS = {f"src/dlbench/{part[:-1]}" for part in PARTS}


def checkout() -> set[str]:
    """Return the files of the checkout that Git keeps or would keep, without the four links."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return {name for name in names if name and (ROOT / name).exists()} - LINKS


def place(source: str) -> str | None:
    """Return where a file of the checkout belongs in the wheel, or None where it does not."""
    if source.endswith(".po"):  # the wheel holds the compiled .mo beside it
        return None
    if source.startswith("src/"):
        return source.removeprefix("src/")
    return f"dlbench/{source}" if source.startswith(PARTS) else None


def relative_links(wheel: zipfile.ZipFile) -> list[str]:
    """Return the links and pictures of the README that an index can't follow."""
    metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return re.findall(r"\]\(((?!#|[a-z]+:)[^)]*)\)", wheel.read(metadata).decode())


def main() -> int:
    """Compare, and say what is missing or too much."""
    wheel = zipfile.ZipFile(sys.argv[1])
    with tarfile.open(sys.argv[2]) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    kept = checkout()
    expected = {target for source in kept if (target := place(source))}
    problems = [f"the wheel lacks {name}" for name in sorted(expected - inside)]
    problems += [f"the wheel has {name} too much" for name in sorted(inside - expected)]
    problems += [f"the sdist lacks {name}" for name in sorted(kept - packed)]
    problems += [f"the README on the index has the relative link {link}" for link in relative_links(wheel)]
    for problem in problems:
        print(problem)
    print(f"{len(expected)} files in the wheel, {len(kept)} in the sdist, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
