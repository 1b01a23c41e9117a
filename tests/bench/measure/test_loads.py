"""Several requests at once: streams, Poisson arrivals, thread sweeps, and what the profile and the ceilings say."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from small_models import dense_model

from dlbench.bench.cost.crossover import crossovers
from dlbench.bench.measure.cell_evidence import roofline_of
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.comparison import compare
from dlbench.bench.report.page import make_page
from dlbench.bench.report.tables.result_tables import all_tables
from dlbench.bench.report.writing import page_html
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Result
from dlbench.bench.worker import loads
from dlbench.bench.worker.loads import _arrivals, closed_loop, open_loop


def quick(**others: object) -> CompareSettings:
    return CompareSettings(**{"batch_sizes": (1,), "min_rounds": 2, "budget_s": 0.0, "threads": 1, **others})


class Clock:
    """Stands in for `time` in loads.py: moves only when somebody sleeps, so that no other process disturbs it."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += max(seconds, 1e-5)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(loads, "time", clock)
    return clock


def table(result: Result, key: str):
    return next((t for t in all_tables(result) if t.key == key), None)


def test_streams_that_wait_do_so_at_the_same_time():
    lock, running, most = threading.Lock(), 0, 0

    def run() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001)
        with lock:
            running -= 1

    closed_loop([run])
    assert most == 1
    four = closed_loop([run] * 4)
    assert most == 4
    assert len(four["samples_ns"]) >= 4 * 20
    assert four["runs_per_s"] > 2 * 1e9 / np.mean(four["samples_ns"])  # one stream could have reached half of that


@pytest.mark.parametrize("rate_per_s", [0.95 * 100, 5])
def test_the_servers_latency_counts_from_the_arrival_and_so_holds_the_waiting(clock: Clock, rate_per_s: float):
    """One stream of 10 ms against Lindley's recursion: who comes early waits until those before are done."""
    found = open_loop([lambda: clock.sleep(0.01)], rate_per_s, seed=1)
    gaps_s = np.diff(_arrivals(rate_per_s, seed=1))
    waits_s = [0.0]
    for gap_s in gaps_s:
        waits_s.append(max(0.0, waits_s[-1] + 0.01 - gap_s))
    np.testing.assert_allclose(np.array(found["samples_ns"]) / 1e9, np.array(waits_s) + 0.01, atol=1e-3)
    assert found["offered_per_s"] == pytest.approx(rate_per_s, rel=0.2) and found["dropped"] == 0
    # M/D/1 waits rho / (2 (1 - rho)) services on average: 9.5 at 95 %, 0.03 at 5 %
    assert (np.mean(waits_s) > 0.01) == (rate_per_s > 50)


def test_arrivals_are_those_of_a_poisson_process():
    gaps = np.diff(_arrivals(1000.0, seed=3))
    assert gaps.mean() == pytest.approx(1e-3, rel=0.1)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.1)  # an exponential's deviation is its mean
    assert _arrivals(1000.0, seed=3) == _arrivals(1000.0, seed=3) != _arrivals(1000.0, seed=4)


def test_a_server_that_can_not_keep_up_is_late_and_ends_all_the_same(clock: Clock):
    found = open_loop([lambda: clock.sleep(0.05)], 400, seed=0)
    assert clock.now_s < 20
    assert found["dropped"] > 0 and found["runs_per_s"] <= 20


def test_what_a_stream_raises_is_raised():
    def broken() -> None:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        closed_loop([broken, broken])


@pytest.mark.usefixtures("short_rounds")
def test_offline_and_server_cells_have_a_table_of_their_own(dense_file: Path):
    rate_per_s = 200.0
    settings = quick(scenarios=("single-stream", "offline", "server"), streams=(1, 2), rates_per_s=(rate_per_s,))
    result = compare([dense_file], settings)
    assert [(c.scenario, c.streams, c.rate_per_s) for c in result.cells] == [
        ("single-stream", 1, None),
        ("offline", 1, None),
        ("offline", 2, None),
        ("server", 1, rate_per_s),
        ("server", 2, rate_per_s),
    ]
    assert all(c.verdict == "ran" and c.latency_s is not None for c in result.cells)
    server = [c for c in result.cells if c.scenario == "server"]
    for cell in server:
        assert [r.offered_per_s for r in cell.rounds] == [pytest.approx(rate_per_s, rel=0.3)] * 2
        assert 0 < cell.throughput_per_s < 1.5 * rate_per_s  # no more is answered than is offered
    assert len(table(result, "speed").rows) == 1 and len(table(result, "load").rows) == 4
    has_chart = all(c.latency_s.p99 is not None for c in server)  # the arrivals are random: at times too few for a p99
    assert ("p99 against the offered rate" in page_html(make_page([Entry.of(result)]))) == has_chart


@pytest.mark.usefixtures("short_rounds")
def test_a_thread_sweep_has_one_cell_for_each_count(dense_file: Path):
    result = compare([dense_file], quick(threads=1, thread_counts=(1, 2)))
    assert [c.threads for c in result.cells] == [1, 2]
    assert [row[1] for row in table(result, "speed").rows] == ["cpu, 1 thread", "cpu, 2 threads"]
    assert {p.threads for p in result.probes} == {1, 2}


@pytest.mark.usefixtures("short_rounds")
def test_the_profile_names_the_operator_that_takes_the_time_and_the_ceilings_stand_beside(tmp_path: Path):
    onnx.save_model(dense_model(inner=4096), tmp_path / "wide.onnx")
    plain = compare([tmp_path / "wide.onnx"], quick())
    result = compare([tmp_path / "wide.onnx"], quick(profile=True))
    cell = result.cells[0]
    assert cell.top_operators[0].operator in ("MatMul", "FusedMatMul", "Gemm")
    assert sum(op.share for op in cell.top_operators) == pytest.approx(1.0)
    assert cell.provider_shares[0].time_share == 1.0
    roofline = cell.roofline
    assert roofline is not None
    assert 1e9 < roofline.peak_flops_per_s < 1e14 and 1e8 < roofline.peak_bytes_per_s < 1e13
    assert roofline.compute_share * roofline.peak_flops_per_s == pytest.approx(cell.achieved_flops_per_s)
    assert roofline.bytes_per_run >= cell.bytes
    assert table(result, "operators") and table(result, "roofline")
    assert not plain.cells[0].top_operators and plain.cells[0].roofline is None


@pytest.mark.parametrize(
    ("flops", "bandwidth", "launch", "bound"),
    [(1e9, 1e12, 1e-9, "compute-bound"), (1e12, 1e9, 1e-9, "memory-bound"), (1e12, 1e12, 2e-4, "launch-bound")],
)
def test_the_bound_is_the_ceiling_that_explains_the_time(dense_file: Path, flops, bandwidth, launch, bound):
    from dlbench.bench.measure.plan import plan_jobs
    from dlbench.bench.measure.subjects import open_subjects
    from dlbench.bench.providers.verdict import Placement

    settings = quick()
    (job,) = plan_jobs(open_subjects([dense_file], settings), settings, {})
    job.placed = Placement(
        verdict="ran", reason="", nodes_on_provider=4, nodes_total=4, fallback_operators={}, shares=()
    )
    job.side_measurements["peaks"] = {"flops_per_s": flops, "bytes_per_s": bandwidth, "launch_s": launch}
    macs, moved = job.subject.record.macs, job.subject.record.bytes
    latency_s = {"compute-bound": 2 * macs / 0.8e9, "memory-bound": moved / 0.7e9, "launch-bound": 1e-3}[bound]
    found = roofline_of(job, latency_s, 1 / latency_s)
    assert found.bound == bound
    assert roofline_of(job, 10.0, 0.1).bound == "between"


def cells_of(times: dict[tuple[str, int], float]) -> list:
    from reports import document

    whole = document()
    cell = whole["cells"][0]
    cells = []
    for (provider, batch), seconds in times.items():
        latency = {**cell["latency_s"], "p50": seconds, "ci_low": 0.99 * seconds, "ci_high": 1.01 * seconds}
        costs = [
            {**o, "usd_per_million": seconds / batch * (3 if provider == "cuda" else 1)}
            for o in cell["cost_usd_per_million"]
        ]
        cells.append(
            {**cell, "provider": provider, "batch": batch, "latency_s": latency, "cost_usd_per_million": costs}
        )
    return list(Result.model_validate({**whole, "cells": cells}).cells)


def test_the_batch_at_which_one_provider_overtakes_another_is_interpolated_on_log_axes():
    times = {("cpu", 1): 1e-3, ("cpu", 4): 4e-3, ("cpu", 16): 16e-3}
    times |= {("cuda", 1): 2e-3, ("cuda", 4): 2e-3, ("cuda", 16): 2e-3}
    found = {c.quantity.split(" ")[0]: c for c in crossovers(cells_of(times))}
    assert found["time"].overtakes == "cuda" and found["time"].batch == pytest.approx(2.0)
    assert found["cost"].batch == pytest.approx(6.0)  # three times the price: three times the batch
    never = list(crossovers(cells_of({("cpu", 1): 1e-3, ("cuda", 1): 2e-3})))
    assert never[0].batch is None and "cpu is ahead at every batch size" in never[0].note
    in_the_noise = crossovers(cells_of({("cpu", 1): 1e-3, ("cuda", 1): 1.01e-3}))
    assert "time" not in {c.quantity for c in in_the_noise}


def test_a_partial_cell_shows_what_fell_back_and_its_share_of_time():
    from dlbench.bench.providers.registry import provider
    from dlbench.bench.providers.verdict import place, time_shares

    cuda, cpu = "CUDAExecutionProvider", "CPUExecutionProvider"
    reply = {
        "providers": [cuda, cpu],
        "nodes": {cuda: 9, cpu: 1},
        "operators": {cuda: {"Conv": 9}, cpu: {"NonZero": 1}},
    }
    placed = place(provider("cuda"), reply)
    assert "fell back: NonZero" in placed.reason
    profiled = [{"provider": cuda, "seconds": 0.001}, {"provider": cpu, "seconds": 0.003}]
    assert {s.provider: s.time_share for s in time_shares(placed.shares, profiled)} == {"cuda": 0.25, "cpu": 0.75}


@pytest.mark.usefixtures("short_rounds")
def test_a_model_whose_output_size_is_not_known_beforehand_is_timed(save):
    path = save(
        "nonzero",
        [helper.make_node("NonZero", ["x"], ["y"])],
        [("x", TensorProto.FLOAT, ["N", 8])],
        [("y", TensorProto.INT64, [2, None])],
    )
    result = compare([path], quick(batch_sizes=(1, 4), scenarios=("single-stream", "offline"), streams=(2,)))
    assert {c.verdict for c in result.cells} == {"ran"}
