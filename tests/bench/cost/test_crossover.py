"""Where one provider overtakes another: curves that cross at a batch size known beforehand."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from reports import document

from dlbench.bench.cost.crossover import crossovers
from dlbench.bench.results.schema import Cell, Result


def cell(provider: str, batch: int, p50: float, usd: dict[str, float] | None = None, **changes: Any) -> Cell:
    """One timed cell; `usd` holds the cost per million inferences by option, no option: no cost."""
    whole = document()
    made = copy.deepcopy(whole["cells"][0])
    made.update(provider=provider, batch=batch, **changes)
    if made["latency_s"]:
        made["latency_s"].update(p50=p50, ci_low=p50, ci_high=p50)
    made["cost_usd_per_million"] = [
        {"option": option, "title": option, "usd_per_hour": 1.0, "usd_per_million": value, "why": ""}
        for option, value in (usd or {}).items()
    ]
    whole["cells"] = [made]
    return Result.model_validate(whole).cells[0]


def curves(cpu: list[float], cuda: list[float], batches: tuple[int, ...] = (1, 8, 64)) -> list[Cell]:
    """Two providers at the same batch sizes; without copies on a GPU."""
    cells = [cell("cpu", n, t) for n, t in zip(batches, cpu, strict=True)]
    return cells + [cell("cuda", n, t, copies_included=False) for n, t in zip(batches, cuda, strict=True)]


def test_two_power_laws_cross_where_algebra_says():
    """CPU: 1 ms x batch. GPU: 4 ms x batch^0.5. Equal where batch^0.5 = 4, at 16."""
    batches = (1, 8, 64)
    (found,) = crossovers(curves([1e-3 * n for n in batches], [4e-3 * n**0.5 for n in batches]))
    assert (found.overtaken, found.overtakes) == ("cpu", "cuda without copies")
    assert (found.model, found.quantity) == ("cnn", "time")
    assert found.batch == pytest.approx(16)
    assert found.note == "between batch 8 and 64; interpolated"


def test_the_one_that_is_named_second_may_be_overtaken():
    (found,) = crossovers(curves([2e-3, 2e-3, 2e-3], [1e-3, 4e-3, 9e-3]))
    assert (found.overtaken, found.overtakes) == ("cuda without copies", "cpu")
    assert found.batch == pytest.approx(8**0.5)  # the gap is log 2 on either side: half the way on a log axis


def test_of_several_crossings_the_first_is_told():
    (found,) = crossovers(curves([1e-3, 4e-3, 1e-3], [2e-3, 2e-3, 2e-3]))
    assert found.note == "between batch 1 and 8; interpolated"


@pytest.mark.parametrize(
    ("factor", "ahead", "behind"), [(2, "cuda without copies", "cpu"), (0.5, "cpu", "cuda without copies")]
)
def test_without_a_crossing_the_one_ahead_is_told(factor: float, ahead: str, behind: str):
    (found,) = crossovers(curves([factor * t for t in (1e-3, 2e-3, 3e-3)], [1e-3, 2e-3, 3e-3]))
    assert (found.overtakes, found.overtaken, found.batch) == (ahead, behind, None)
    assert found.note == f"{ahead} is ahead at every batch size from 1 to 64"


def test_curves_that_touch_and_part_again_do_not_cross():
    (found,) = crossovers(curves([1e-3, 2e-3, 3e-3], [2e-3, 2e-3, 4e-3]))
    assert found.batch is None and found.overtakes == "cpu"


def test_batch_sizes_that_only_one_side_measured_do_not_count():
    cells = [*curves([1e-3, 3e-3], [2e-3, 2e-3], (1, 8)), cell("cpu", 64, 9e-3)]
    assert [c.note for c in crossovers(cells)] == ["between batch 1 and 8; interpolated"]
    assert list(crossovers([cell("cpu", 1, 1e-3), cell("cuda", 8, 1e-3, copies_included=False)])) == []


def test_with_and_without_copies_is_no_race():
    cells = [cell("cuda", n, 1e-3, copies_included=copies) for n in (1, 8) for copies in (True, False)]
    assert list(crossovers(cells)) == []
    names = {(c.overtakes, c.overtaken) for c in crossovers([*cells, cell("cpu", 1, 2e-3)])}
    assert names == {("cuda with copies", "cpu"), ("cuda without copies", "cpu")}


def test_loads_of_several_streams_cells_without_a_time_and_other_threads_are_left_out():
    cells = curves([2e-3, 2e-3, 2e-3], [1e-3, 1e-3, 1e-3])
    other = [
        cell("cuda", 1, 9e-3, copies_included=False, scenario="offline", streams=2),
        cell("cpu", 8, 1e-9, threads=1),
        cell("dnnl", 1, 1e-3, verdict="unavailable", latency_s=None, throughput_per_s=None, rounds=[], samples=0),
    ]
    assert list(crossovers([*cells, *other])) == list(crossovers(cells))
    assert list(crossovers([])) == []


def test_costs_cross_at_a_batch_of_their_own_by_the_first_option_that_both_have():
    cells = [
        cell("cpu", 1, 1e-3, {"rent": 2.0, "electricity": 1.0}),
        cell("cpu", 4, 2e-3, {"rent": 2.0, "electricity": 1.0}),
        cell("cuda", 1, 2e-3, {"own": 1.0, "rent": 4.0}, copies_included=True),
        cell("cuda", 4, 4e-3, {"own": 1.0, "rent": 1.0}, copies_included=True),
    ]
    time, cost = crossovers(cells)
    assert (time.quantity, time.batch) == ("time", None)
    assert (cost.quantity, cost.overtakes) == ("cost (rent)", "cuda with copies")
    assert cost.batch == pytest.approx(2)  # twice as dear at 1, half as dear at 4: half the way on a log axis


def test_two_networks_run_races_of_their_own():
    cells = curves([1e-3, 1e-3, 1e-3], [2e-3, 2e-3, 2e-3])
    cells += [c.model_copy(update={"model": "dense"}) for c in curves([3e-3, 3e-3, 3e-3], [2e-3, 2e-3, 2e-3])]
    assert [(c.model, c.overtakes) for c in crossovers(cells)] == [("cnn", "cpu"), ("dense", "cuda without copies")]


def with_ends(made: Cell, low: float, high: float) -> Cell:
    """The cell with an interval from `low` to `high` times its median."""
    latency = made.latency.model_copy(update={"ci_low": made.median_s * low, "ci_high": made.median_s * high})
    return made.model_copy(update={"latency_s": latency})


@pytest.mark.parametrize(("low", "high"), [(0.8, 1.0), (0.7, 1.0)])  # its end touches the other's, or lies beyond
def test_where_intervals_touch_or_overlap_nobody_is_ahead(low: float, high: float):
    cells = curves([1e-3, 5e-3, 9e-3], [2e-3, 4e-3, 3e-3])
    cells[1] = with_ends(cells[1], low, high)  # 5 ms at batch 8, from 4 ms or less
    (found,) = crossovers(cells)
    assert found.note == "between batch 1 and 64; interpolated"
    above = curves([1e-3, 5e-3, 9e-3], [2e-3, 4e-3, 3e-3])
    above[4] = with_ends(above[4], 1.0, 2 - low)  # 4 ms at batch 8, up to 4.8 ms and more
    above[1] = with_ends(above[1], 0.96, 1.0)
    (found,) = crossovers(above)
    assert found.note == "between batch 1 and 64; interpolated"
    below = curves([2e-3, 4e-3, 3e-3], [1e-3, 5e-3, 9e-3])
    below[4] = with_ends(below[4], low, high)
    (found,) = crossovers(below)
    assert found.note == "between batch 1 and 64; interpolated"


def test_the_crossing_is_that_of_the_medians_whatever_the_intervals():
    batches = (1, 8, 64)
    cells = curves([1e-3 * n for n in batches], [4e-3 * n**0.5 for n in batches])
    (found,) = crossovers([with_ends(c, 0.99, 1.2) if c.provider == "cpu" else with_ends(c, 0.9, 1.01) for c in cells])
    assert found.batch == pytest.approx(16)
