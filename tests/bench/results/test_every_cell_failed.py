"""When a run has measured nothing because its cells failed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dlbench.bench.results.schema import Result


@pytest.mark.parametrize(
    ("verdicts", "failed"),
    [
        (["failed"], True),
        (["failed", "out_of_memory", "unavailable"], True),
        (["failed", "ran"], False),
        (["unavailable"], False),
        (["folded"], False),
        (["failed", "partial"], False),
        ([], False),
    ],
)
def test_nothing_measured_because_cells_failed_is_a_failure(verdicts: list[str], failed: bool):
    result = Result.model_construct(cells=tuple(SimpleNamespace(verdict=one) for one in verdicts))
    assert result.every_cell_failed == failed
