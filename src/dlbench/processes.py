"""How dlbench starts its own processes, and where they may write for a while.

    subprocess.run(child_command("dlbench.bench.worker"), env=child_environment())

A class hands in folders with a `random.py` or a folder `dlbench/`. No process of dlbench imports from the current
folder: children start with Python's -P, and PYTHONPATH reaches them without entries that mean the current folder.
"""

from __future__ import annotations

import os
import re
import site
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "dlbench-"


def child_command(module: str) -> list[str]:
    """Return the command that runs a module of dlbench in a process of its own."""
    return [sys.executable, "-P", "-m", module]


def child_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child: this process's, without the current folder among the places to import from.

    Where PYTHONDONTWRITEBYTECODE is set, as in many containers, children keep what they compile in dlbench's cache:
    else each of a hundred measuring processes compiles numpy and ONNX Runtime again, for 0.3 s.
    """
    home = Path(__file__).resolve().parents[1]
    here = Path.cwd()
    given = filter(os.path.isabs, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    kept = [entry for entry in given if Path(entry).resolve() not in (here, home)]
    installed = {Path(folder).resolve() for folder in (*site.getsitepackages(), site.getusersitepackages())}
    if home not in installed and str(home) in {str(Path(entry or ".").resolve()) for entry in sys.path}:
        kept.insert(0, str(home))  # this process did not find dlbench where packages are installed
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if environment.get("PYTHONDONTWRITEBYTECODE") and not environment.get("PYTHONPYCACHEPREFIX"):
        _keep_bytecode(environment)
    return {**environment, **({"PYTHONPATH": os.pathsep.join(kept)} if kept else {}), **(more or {})}


def _keep_bytecode(environment: dict[str, str]) -> None:
    from dlbench.errors import WorkspaceError
    from dlbench.files import cache_dir

    with suppress(WorkspaceError):  # there is no cache
        environment["PYTHONPYCACHEPREFIX"] = str(cache_dir().absolute() / "bytecode")
        del environment["PYTHONDONTWRITEBYTECODE"]


def in_notebook() -> bool:
    """Say whether a notebook's `!dlbench` started this process: its terminal keeps every redrawn line."""
    return "JPY_PARENT_PID" in os.environ


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a folder that is deleted at the end; those of dlbench's processes that were killed are deleted first."""
    _sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _sweep(where: Path) -> None:
    """Delete the temporary folders of this user whose process is gone."""
    import shutil

    import psutil

    for folder in where.glob(f"{_PREFIX}[0-9]*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        try:
            own = not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
        except OSError:
            continue  # another process was quicker
        known = re.fullmatch(r"[0-9]{1,9}", pid)  # a longer one is no process number
        if own and known and folder.is_dir() and not folder.is_symlink() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
