"""The runtime that a notebook was opened on: CPU, GPU or TPU, on Colab or here, with its price per hour.

import dlbench

dlbench.find_runtime()
dlbench.find_runtime(wanted="gpu")        # an error where there is no GPU
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dlbench.api.arguments import names_arguments
from dlbench.bench.cost.assumptions import COLAB_BY_DEFAULT
from dlbench.bench.cost.catalogue import Device, load_catalogue
from dlbench.bench.cost.published import PublishedRun, published_runs
from dlbench.bench.machine.machine_facts import machine_facts
from dlbench.bench.report.cell_names import cores_words
from dlbench.bench.report.tables.published_tables import published_table
from dlbench.errors import InputError
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.show.texts import tr

_KINDS = ("any", "cpu", "gpu", "tpu")
_COLAB_GPUS = {"T4": COLAB_BY_DEFAULT["cuda"], "L4": "colab-l4", "V100": "colab-v100", "A100": "colab-a100"}
_COLAB_TPU = "tpu-v2-chip"  # the TPU whose price per hour is known longest; Colab's own rate is not published
_TPU_MARKS = ("COLAB_TPU_ADDR", "TPU_ACCELERATOR_TYPE", "TPU_NAME", "TPU_WORKER_ID")
_TPU_FILES = ("/dev/accel0", "/dev/vfio/0")


@dataclass(frozen=True, repr=False)
class Runtime(WithTables):
    """Where a notebook runs, what dlbench can use of it, and what an hour costs."""

    kind: str  # cpu, gpu or tpu
    hardware: str
    colab: bool
    device: Device | None  # the row of the price list whose price per hour is meant
    published: tuple[PublishedRun, ...] = ()  # TPU: what is known of such hardware

    def __repr__(self) -> str:
        return f"<Runtime {self.kind}: {self.hardware[:80]}{', Colab' if self.colab else ''}>"

    @property
    def providers(self) -> str:
        """The execution providers that can be timed here, as `compare` takes them."""
        return "cpu,cuda" if self.kind == "gpu" else "cpu"

    def tables(self) -> TableView:
        """Return the facts, and for a TPU what was published."""
        columns = (Column("runtime", False, key=True), Column("value", False, wraps=True))
        facts = Table("runtime", "This runtime", columns, tuple(self._facts()), tuple(self.sentences()))
        return TableView((facts, *([published_table(self.published)] if self.published else [])))

    def sentences(self) -> list[str]:
        """Return what follows for the lesson."""
        if self.kind == "tpu":
            return [
                tr("A TPU is of no use to ONNX Runtime: dlbench times the CPU. The published rows show what TPUs do.")
            ]
        if self.kind == "gpu":
            return [tr("dlbench trains on the GPU and times both, the CPU and the GPU.")]
        if self.colab:
            return [tr("No GPU runtime was chosen: Runtime > Change runtime type > T4 GPU, then run all cells again.")]
        return [tr("The lesson needs no GPU: all networks of it train on a laptop's CPU.")]

    def document(self) -> dict[str, Any]:
        """Return the machine form."""
        return {
            "kind": self.kind,
            "hardware": self.hardware,
            "colab": self.colab,
            "device": asdict(self.device) if self.device else None,
            "published": [asdict(run) for run in self.published],
        }

    def _repr_html_(self) -> str:
        return self.tables()._repr_html_()

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield tr("place"), "Google Colab" if self.colab else tr("this machine")
        yield tr("kind"), self.kind.upper()
        yield tr("hardware"), self.hardware
        yield tr("providers"), self.providers
        yield tr("price"), self._price()

    def _price(self) -> str:
        if not self.colab:
            return tr("yours: purchase and electricity; the cost table says what is known of them")
        if self.device is None or self.device.hourly_usd is None:
            return tr("not in the price list")
        usd, date = units.usd(self.device.hourly_usd), self.device.hourly_date
        if self.kind == "tpu":
            return tr(
                "Colab's own rate is not in the price list; as {name}: {usd} USD an hour ({date})",
                usd=usd,
                name=self.device.name,
                date=date,
            )
        return tr(
            "free within an unpublished quota, else {usd} USD an hour ({name}, {date})",
            usd=usd,
            name=self.device.name,
            date=date,
        )


@names_arguments
def find_runtime(wanted: str = "any") -> Runtime:
    """Find out where this runs and what an hour of it costs.

    Args:
        wanted: any, cpu, gpu or tpu: what the work that follows needs.

    Raises:
        InputError: an unknown kind, or this runtime is of another.
    """
    if wanted not in _KINDS:
        raise InputError(f"wanted: expected {', '.join(_KINDS)}, received {wanted[:40]!r}.")
    found = _found()
    if wanted not in ("any", found.kind):
        raise InputError(
            f"this runtime has no {wanted.upper()}: expected one, received {found.hardware}; choose another under "
            "Runtime > Change runtime type, then run all cells again."
        )
    return found


def _found() -> Runtime:
    machine, colab = machine_facts(), on_colab()
    if machine.gpu:
        return Runtime("gpu", machine.gpu.name, colab, _row(_gpu_row(machine.gpu.name)) if colab else None)
    if colab and _has_tpu():
        version = os.environ.get("TPU_ACCELERATOR_TYPE", "")[:40]
        published = tuple(run for run in published_runs() if run.kind == "TPU" and run.cost_usd is not None)
        return Runtime("tpu", f"TPU {version}".strip(), colab, _row(_COLAB_TPU), published)
    return Runtime(
        "cpu",
        f"{machine.cpu}, {cores_words(machine.usable_cores)}",
        colab,
        _row(COLAB_BY_DEFAULT["cpu"]) if colab else None,
    )


def on_colab() -> bool:
    """Say whether this process is a kernel of Google Colab (imports nothing)."""
    return "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ


def _has_tpu() -> bool:
    return any(os.environ.get(name) for name in _TPU_MARKS) or any(Path(path).exists() for path in _TPU_FILES)


def _gpu_row(name: str) -> str | None:
    words = name.replace("-", " ").split()
    return next((row for model, row in _COLAB_GPUS.items() if model in words), None)


def _row(device: str | None) -> Device | None:
    return load_catalogue().device(device) if device else None
