"""Check that wheel and sdist hold every module and data file of the checkout, and nothing at the top level but dlbench.

python .ci/check_wheel.py dist/dlbench-*.whl dist/dlbench-*.tar.gz
"""

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("train", "export", "bench", "viz")


def expected() -> dict[str, str]:
    """Return each source file's place in the wheel: checkout path -> wheel path."""
    own = [p for p in (ROOT / "src" / "dlbench").iterdir() if not p.is_symlink()]  # the links lead to PARTS
    files = [p for p in own if p.is_file()]
    files += [p for d in own if d.is_dir() for p in d.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    for part in PARTS:
        files += [p for p in (ROOT / part).rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    places = {}
    for path in files:
        source = path.relative_to(ROOT).as_posix()
        places[source] = source.removeprefix("src/") if source.startswith("src/") else f"dlbench/{source}"
    return places


def main() -> int:
    """Compare, and say what is missing."""
    wheel, sdist = sys.argv[1:3]
    inside = set(zipfile.ZipFile(wheel).namelist())
    with tarfile.open(sdist) as archive:
        source = {name.partition("/")[2] for name in archive.getnames()}
    problems = [f"the wheel lacks {place}" for place in expected().values() if place not in inside]
    problems += [f"the sdist lacks {path}" for path in expected() if path not in source]
    tops = {name.split("/")[0] for name in inside}
    problems += [f"the wheel has a top-level {top}" for top in tops if top != "dlbench" and ".dist-info" not in top]
    for problem in problems:
        print(problem)
    print(f"{len(expected())} files looked for in wheel and sdist, {len(problems)} problems")
    return 1 if problems else 0


sys.exit(main())
