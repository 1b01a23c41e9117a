"""Measuring: providers, timing, statistics, machine facts, cost, results, tables, report. No torch here.

    from dlbench.bench import CompareSettings, compare, read_result

    result = compare("cnn.onnx", CompareSettings(batch_sizes=[1, 8]))

Names are imported when they are first used: the measuring process imports this package too, and must stay small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.lazy_names import lazy_names

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

__getattr__ = lazy_names(
    __name__,
    {
        "bench.cost.catalogue": "load_catalogue",
        "bench.cost.pricing": "PriceSettings",
        "bench.measure.compare_settings": "CompareSettings",
        "bench.measure.comparison": "compare",
        "bench.measure.rounds": "Event",
        "bench.providers.registry": "parse_providers",
        "bench.report.tables.result_tables": "all_tables",
        "bench.report.writing": "write_reports",
        "bench.results.schema": "Cell Result read_result write_result",
    },
)
