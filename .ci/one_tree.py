"""Run a tool over the package as one tree of plain folders: for a checkout without symbolic links.

uv run python .ci/one_tree.py mypy
uv run python .ci/one_tree.py lint-imports

Git on Windows writes the four links of src/dlbench as small text files. Tests, ruff and builds do not need the links:
pyproject.toml maps the folders. mypy and import-linter look for the packages below src/, so they get a copy.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("train", "export", "bench", "viz")


def copy_whole(tree: Path) -> None:
    """Copy the package into `tree`/src/dlbench, its four parts in the places of the links."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(
        ROOT / "src/dlbench",
        tree / "src/dlbench",
        ignore=lambda folder, names: [*ignored(folder, names), *(PARTS if Path(folder).name == "dlbench" else ())],
    )
    for part in PARTS:
        shutil.copytree(ROOT / part, tree / "src/dlbench" / part, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tree)


def main() -> int:
    """Run the command that was given in a copy, and return its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        copy_whole(Path(folder))
        path = {"PYTHONPATH": str(Path(folder, "src"))}
        return subprocess.run(sys.argv[1:], cwd=folder, env=os.environ | path, check=False).returncode


sys.exit(main())
