"""Measuring: providers, timing, statistics, machine facts, cost, results, tables, report. No torch here.

    from dlbench.bench import CompareSettings, compare, read_result

    result = compare([Path("cnn.onnx")], CompareSettings())

Names are imported when they are first used: the measuring process imports this package too, and must stay small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlbench.bench.catalogue import load_catalogue
    from dlbench.bench.comparison import Event, compare
    from dlbench.bench.pricing import PriceSettings
    from dlbench.bench.providers import parse_providers
    from dlbench.bench.report import write_reports
    from dlbench.bench.results import Cell, Result, read_result, write_result
    from dlbench.bench.settings import CompareSettings
    from dlbench.bench.tables import all_tables

__all__ = [
    "Cell",
    "CompareSettings",
    "Event",
    "PriceSettings",
    "Result",
    "all_tables",
    "compare",
    "load_catalogue",
    "parse_providers",
    "read_result",
    "write_reports",
    "write_result",
]

_HOMES = {
    "Cell": "results",
    "CompareSettings": "settings",
    "Event": "compare",
    "PriceSettings": "pricing",
    "Result": "results",
    "all_tables": "tables",
    "compare": "comparison",
    "load_catalogue": "catalogue",
    "parse_providers": "providers",
    "read_result": "results",
    "write_reports": "report",
    "write_result": "results",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
