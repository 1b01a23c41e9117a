"""dlbench: what does this network cost on this hardware, and what does it see?

    import dlbench

    result = dlbench.compare("cnn.onnx", providers="cpu", batch_sizes=[1, 8])
    result.table()

The parts: `dlbench.train` (torch), `dlbench.export` (torch -> ONNX), `dlbench.bench` (timing, verdicts, cost,
reports), `dlbench.viz` (pictures). Names are imported when they are first used: importing this package imports none of
the parts, and the timed process imports it too.
"""

from __future__ import annotations

import os
import sys

# Before any import of ONNX Runtime, here and in children: its wheel reports on the machine otherwise (docs/privacy.md).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# As a command: `python -m` and an empty entry of PYTHONPATH mean the current folder, whose `typing.py` would come next.
if os.path.basename("".join(sys.argv[:1])) in ("dlbench", "dlbench.exe") or sys.orig_argv[1:3] == ["-m", "dlbench"]:  # noqa: PTH119
    _home = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
    try:
        _here = os.getcwd()  # noqa: PTH109
    except FileNotFoundError:  # it was deleted; the command says so
        _here = ""
    sys.path[:] = [place for place in sys.path if place == _home or place not in (_here, "")]

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dlbench.errors import DlbenchError
from dlbench.lazy_names import lazy_names as _lazy_names  # under its own name it would hide its module
from dlbench.version import __version__

if TYPE_CHECKING:
    from dlbench import bench, export, train, viz
    from dlbench.api.backbones import Backbone, inspect_backbone
    from dlbench.api.choosing.hardware_choice import HardwareChoice, choose
    from dlbench.api.classroom.readiness import ClassCheck, class_check
    from dlbench.api.costs import (
        Estimates,
        PriceList,
        PublishedTimes,
        TrainingCosts,
        estimate,
        price_list,
        published_times,
        training_costs,
    )
    from dlbench.api.datasets import DataSurvey, survey
    from dlbench.api.freezing import FreezingRuns, compare_freezing
    from dlbench.api.inspecting import Inspection, LayerList, inspect, list_layers
    from dlbench.api.judged_models import ModelErrors, Precisions, compare_precision, find_errors
    from dlbench.api.lesson.hosted_runtime import Runtime, find_runtime
    from dlbench.api.lesson.task_runs import TaskRuns, compare_tasks
    from dlbench.api.machine_checks import (
        Examination,
        NoiseFloor,
        ThreadAdvice,
        examine,
        noise_floor,
        provider_options,
        thread_advice,
    )
    from dlbench.api.measured import Diff, History, Result
    from dlbench.api.measuring import compare, diff, history, read_result, write_report
    from dlbench.api.networks import train_network
    from dlbench.api.owning import BuyOrRent, Claim, buy_or_rent, published_claim
    from dlbench.api.side_by_side import NetworkRuns, SeedRuns, TaskList, compare_networks, tasks, train_seeds
    from dlbench.api.tuning.session_tuning import TunedSession, tune
    from dlbench.api.variants.exporting import ExportedModel, export_model
    from dlbench.train import TrainResult

__all__ = [
    "Backbone", "BuyOrRent", "Claim", "ClassCheck", "DataSurvey", "Diff", "DlbenchError", "Estimates", "Examination",
    "ExportedModel", "FreezingRuns", "HardwareChoice", "History", "Inspection", "LayerList", "ModelErrors",
    "NetworkRuns", "NoiseFloor", "Precisions", "PriceList", "PublishedTimes", "Result", "Runtime", "SeedRuns",
    "TaskList", "TaskRuns", "ThreadAdvice", "TrainResult", "TrainingCosts", "TunedSession", "__version__", "bench",
    "buy_or_rent", "choose", "class_check", "compare", "compare_freezing", "compare_networks", "compare_precision",
    "compare_tasks", "diff", "estimate", "examine", "export", "export_model", "find_errors", "find_runtime", "history",
    "inspect", "inspect_backbone", "list_layers", "noise_floor", "price_list", "provider_options", "published_claim",
    "published_times", "read_result", "survey", "tasks", "thread_advice", "train", "train_network", "train_seeds",
    "training_costs", "tune", "viz", "write_report",
]  # fmt: skip

_PACKAGES = ("bench", "export", "train", "viz")
_named = _lazy_names(
    __name__,
    {  # `export_model` writes variants: `export` stays the package
        "api.backbones": "Backbone inspect_backbone",
        "api.choosing.hardware_choice": "HardwareChoice choose",
        "api.classroom.readiness": "ClassCheck class_check",
        "api.costs": "Estimates PriceList PublishedTimes TrainingCosts estimate price_list published_times "
        "training_costs",
        "api.datasets": "DataSurvey survey",
        "api.freezing": "FreezingRuns compare_freezing",
        "api.inspecting": "Inspection LayerList inspect list_layers",
        "api.judged_models": "ModelErrors Precisions compare_precision find_errors",
        "api.lesson.hosted_runtime": "Runtime find_runtime",
        "api.lesson.task_runs": "TaskRuns compare_tasks",
        "api.machine_checks": "Examination NoiseFloor ThreadAdvice examine noise_floor provider_options thread_advice",
        "api.measured": "Diff History Result",
        "api.measuring": "compare diff history read_result write_report",
        "api.networks": "train_network",
        "api.owning": "BuyOrRent Claim buy_or_rent published_claim",
        "api.side_by_side": "NetworkRuns SeedRuns TaskList compare_networks tasks train_seeds",
        "api.variants.exporting": "ExportedModel export_model",
        "api.tuning.session_tuning": "TunedSession tune",
        "train": "TrainResult",
    },
)


def __getattr__(name: str) -> Any:
    return import_module(f"dlbench.{name}") if name in _PACKAGES else _named(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
