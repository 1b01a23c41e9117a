"""Measuring: providers, timing, statistics, machine facts, cost, results, tables, report. No torch here.

    from dlbench.bench import CompareSettings, compare, read_result

    result = compare("cnn.onnx", CompareSettings(batch_sizes=[1, 8]))

Names are imported when they are first used: the measuring process imports this package too, and must stay small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlbench.bench.cost.catalogue import load_catalogue
    from dlbench.bench.cost.pricing import PriceSettings
    from dlbench.bench.measure.compare_settings import CompareSettings
    from dlbench.bench.measure.comparison import compare
    from dlbench.bench.measure.rounds import Event
    from dlbench.bench.providers.registry import parse_providers
    from dlbench.bench.report.tables.result_tables import all_tables
    from dlbench.bench.report.writing import write_reports
    from dlbench.bench.results.schema import Cell, Result, read_result, write_result

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
    "Cell": "results.schema",
    "CompareSettings": "measure.compare_settings",
    "Event": "measure.rounds",
    "PriceSettings": "cost.pricing",
    "Result": "results.schema",
    "all_tables": "report.tables.result_tables",
    "compare": "measure.comparison",
    "load_catalogue": "cost.catalogue",
    "parse_providers": "providers.registry",
    "read_result": "results.schema",
    "write_reports": "report.writing",
    "write_result": "results.schema",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
