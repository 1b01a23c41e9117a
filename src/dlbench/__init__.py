"""dlbench: what does this network cost on this hardware, and what does it see?

    import dlbench

    result = dlbench.compare("cnn.onnx", providers="cpu", batch_sizes=[1, 8])
    result.table()

The parts: `dlbench.train` (torch), `dlbench.export` (torch -> ONNX), `dlbench.bench` (timing, verdicts, cost,
reports), `dlbench.viz` (pictures). Names are imported when they are first used: importing this package imports none of
the parts, and the timed process imports it too.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlbench.errors import DlbenchError
from dlbench.version import __version__

if TYPE_CHECKING:
    from dlbench import bench, export, train, viz
    from dlbench.api.backbones import Backbone, inspect_backbone
    from dlbench.api.inspecting import Inspection, inspect
    from dlbench.api.measured import Diff, Result
    from dlbench.api.measuring import compare, diff, read_result, write_report
    from dlbench.api.networks import train_network
    from dlbench.train import TrainResult

__all__ = [
    "Backbone",
    "Diff",
    "DlbenchError",
    "Inspection",
    "Result",
    "TrainResult",
    "__version__",
    "bench",
    "compare",
    "diff",
    "export",
    "inspect",
    "inspect_backbone",
    "read_result",
    "train",
    "train_network",
    "viz",
    "write_report",
]

_PACKAGES = ("bench", "export", "train", "viz")
_HOMES = {
    "Backbone": "api.backbones",
    "Diff": "api.measured",
    "Inspection": "api.inspecting",
    "Result": "api.measured",
    "TrainResult": "train",
    "compare": "api.measuring",
    "diff": "api.measuring",
    "inspect": "api.inspecting",
    "inspect_backbone": "api.backbones",
    "read_result": "api.measuring",
    "train_network": "api.networks",
    "write_report": "api.measuring",
}


def __getattr__(name: str) -> Any:
    if name in _PACKAGES:
        return import_module(f"dlbench.{name}")
    if name in _HOMES:
        return getattr(import_module(f"dlbench.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
