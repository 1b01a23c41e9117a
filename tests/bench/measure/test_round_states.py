"""Calm, undelayed, busy, slowed, starved: the state of each round, and the figure that comes of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.measure.round_states import mark_states, probe_warnings, probes_of, references
from dlbench.bench.measure.warnings import run_warnings
from dlbench.bench.providers.registry import provider
from dlbench.bench.report.machine_words import capacity_sentence, state_text, states_sentence
from dlbench.bench.results.evidence import delay_of, evidence_of
from dlbench.bench.results.headline import headline, samples_of
from dlbench.bench.results.records import Round

FIELDS: dict[str, Any] = {
    "load_s": 0,
    "first_run_s": 0,
    "timer_cost_s": 0,
    "probe_before_s": 4e-5,
    "probe_after_s": 4e-5,
    "delay_share": 0.0,
    "cpu_share": 1.0,
    "stream_bytes_per_s": 1e10,
    "one_thread_probe_s": 7.6e-5,
    "quarter_range": 0.01,
}


def made(us: int = 20, **fields: Any) -> Round:
    return Round(**(FIELDS | {"values_ns": (us * 1000,), "counts": (100,)} | fields))


CALM = made()
BUSY = made(30, delay_share=0.4, cpu_share=0.6)
BETWEEN = made(30, delay_share=0.4, cpu_share=0.6, undelayed_values_ns=(20_000,), undelayed_counts=(40,))
SLOWED = made(26, probe_before_s=4.6e-5, probe_after_s=4.6e-5, one_thread_probe_s=4.6e-5)
STARVED = made(24, stream_bytes_per_s=5e9)


def job_of(*rounds: Round, threads: int = 2) -> Any:
    return SimpleNamespace(provider=provider("cpu"), threads=threads, streams=1, rounds=list(rounds))


def marked(*rounds: Round) -> list[Round]:
    """The rounds with their states, beside calm ones that set the reference."""
    job = job_of(*rounds, *[CALM] * 20)
    mark_states([job], references([job], MachineHistory.empty()))
    return list(job.rounds[: len(rounds)])


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (CALM, "calm"),
        (BUSY, "busy"),
        (BETWEEN, "undelayed"),
        (SLOWED, "slowed"),
        (STARVED, "starved"),
        (made(delay_share=0.04), "calm"),  # too little to move a median
        (made(delay_share=None, cpu_share=0.6, spins=True), "busy"),  # no schedstat: spinning threads lack CPU time
        (made(delay_share=None, cpu_share=0.6, spins=False), "calm"),  # sleeping ones may
        (made(delay_share=0.4, undelayed_values_ns=(20_000,), undelayed_counts=(19,)), "busy"),  # too few left
        (made(counts=(20,), delay_share=0.4, undelayed_values_ns=(9,), undelayed_counts=(5,)), "undelayed"),
        (made(counts=(40,), delay_share=0.4, undelayed_values_ns=(9,), undelayed_counts=(5,)), "undelayed"),
        (made(counts=(41,), delay_share=0.4, undelayed_values_ns=(9,), undelayed_counts=(5,)), "busy"),
        (made(quarter_range=0.5), "slowed"),
        (BETWEEN.model_copy(update={"probe_after_s": 6e-5}), "slowed"),
        (made(delay_share=None, cpu_share=None, stream_bytes_per_s=None, one_thread_probe_s=None), "calm"),
    ],
)
def test_the_state_of_a_round_comes_from_its_evidence(given: Round, state: str):
    found = marked(given)[0]
    assert found.state == state and found.undisturbed is (state == "calm")


def test_a_steady_competitor_is_found_without_any_history():
    job = job_of(*[BUSY] * 10)
    mark_states([job], references([job], MachineHistory.empty()))
    assert {r.state for r in job.rounds} == {"busy"}


@pytest.mark.parametrize(
    ("rounds", "covers", "median_us", "disturbed"),
    [
        ([CALM] * 5 + [SLOWED] * 9, "calm rounds", 20, False),
        ([CALM] * 2 + [BETWEEN] * 3 + [BUSY] * 4, "undelayed samples", 20, False),
        ([BETWEEN] * 5, "undelayed samples", 20, False),
        ([CALM] * 3 + [SLOWED] * 3, "all rounds", 20, False),
        ([CALM] * 2 + [SLOWED] * 3, "mixed rounds", 26, True),  # two may be calm by chance
        ([SLOWED] * 6, "slowed rounds", 26, True),
        ([BUSY] * 6, "busy rounds", 30, True),
        ([STARVED] * 6, "starved rounds", 24, True),
        ([SLOWED] * 3 + [BUSY] * 3, "mixed rounds", 28, True),
        ([SLOWED] * 3, "mixed rounds", 26, True),  # too few to call it a state that lasts
    ],
)
def test_the_figure_is_that_of_calm_rounds_else_of_undelayed_samples_else_of_a_state_that_lasts(
    rounds: list[Round], covers: str, median_us: float, disturbed: bool
):
    stands = headline(marked(*rounds), 5)
    latency = stands.latency()
    assert stands.covers == covers and latency.p50 == pytest.approx(median_us * 1e-6)
    assert latency.ci_low is not None and latency.ci_high is not None  # every cell carries a figure
    assert latency.ci_low <= latency.p50 <= latency.ci_high
    assert covers.startswith(("busy", "slowed", "starved", "mixed")) is disturbed


def test_sleeping_pools_tell_nothing_of_other_programs_where_the_kernel_does_not():
    """A pool that gets no work goes to sleep: it never had all of the time, so its lack of it is no evidence."""
    job = job_of(*[made(delay_share=None, cpu_share=0.5, spins=True)] * 6)
    mark_states([job], references([job], MachineHistory.empty()))
    assert {r.state for r in job.rounds} == {"calm"} and delay_of(job.rounds[0]) is None


def test_one_round_that_was_not_calm_has_no_interval():
    assert headline(marked(SLOWED), 5).latency().ci_low is None


def test_a_state_that_lasts_keeps_to_one_level_of_the_probe():
    slower = SLOWED.model_copy(update={"probe_before_s": 8e-5, "probe_after_s": 8e-5, "values_ns": (50_000,)})
    stands = headline(marked(*[SLOWED] * 5, *[slower] * 2), 5)
    assert stands.covers == "slowed rounds" and len(stands.rounds) == 5
    assert headline(marked(*[SLOWED] * 6, *[slower] * 6), 5).covers == "mixed rounds"
    near = [SLOWED.model_copy(update={"probe_before_s": s, "probe_after_s": s}) for s in (4.6e-5, 4.7e-5, 4.8e-5)]
    assert len(headline(marked(*near), 3).rounds) == 3
    assert headline(marked(*near[:2]), 2).covers == "slowed rounds"


def test_the_interval_of_mixed_rounds_is_their_range():
    latency = headline(marked(SLOWED, BUSY), 5).latency()
    assert latency.ci_low is not None and latency.ci_high is not None
    assert latency.ci_low <= 26e-6 < 30e-6 <= latency.ci_high


def test_each_number_of_threads_has_a_reference_of_its_own():
    two, one = job_of(*[CALM] * 5), job_of(*[made(probe_before_s=8e-5, probe_after_s=8e-5)] * 5, threads=1)
    best = references([two, one], MachineHistory.empty())
    assert best["cpu", 1].reference_s == pytest.approx(8e-5) and best["cpu", 2].reference_s == pytest.approx(4e-5)
    assert len(probes_of([two, one], "cpu", 2)) == 10


def test_undelayed_samples_of_all_cores_had_all_of_the_memory_too(monkeypatch):
    monkeypatch.setattr("dlbench.bench.measure.round_states.usable_cores", lambda: 2)
    starved = BETWEEN.model_copy(update={"stream_bytes_per_s": 5e9})
    for threads, streams, state in ((2, 1, "undelayed"), (1, 2, "undelayed"), (1, 1, "starved")):
        job = job_of(starved, *[CALM] * 20, threads=threads)
        job.streams = streams
        mark_states([job], references([job], MachineHistory.empty()))
        assert job.rounds[0].state == state


def test_no_rounds_have_no_headline():
    with pytest.raises(ValueError, match="at least one round"):
        headline([], 5)


def test_the_samples_of_a_busy_round_are_all_of_them_and_of_one_between_others_work_the_undelayed():
    assert samples_of(marked(BETWEEN)[0]).values_ns == (20_000,)
    assert samples_of(marked(BUSY)[0]).values_ns == (30_000,)


def test_the_evidence_is_the_median_over_rounds_with_the_share_of_each_state():
    rounds = marked(BUSY, SLOWED, SLOWED, SLOWED)
    job = job_of(*rounds)
    reference = references([job_of(*[CALM] * 9)], MachineHistory.empty())["cpu", 2]
    evidence = evidence_of(job.rounds, reference)
    assert evidence.shares == {"slowed": 0.75, "busy": 0.25} and evidence.others_share == 0
    assert evidence.probe_ratio == pytest.approx(1.15) and evidence.capacity == pytest.approx(1.0)
    assert evidence.stream_ratio == pytest.approx(1.0)
    assert evidence_of([made(delay_share=None, cpu_share=None)], None).others_share is None


def cell_of(rounds: list[Round], **fields: Any) -> Any:
    stands = headline(marked(*rounds), 5)
    reference = references([job_of(*[CALM] * 9)], MachineHistory.empty())["cpu", 2]
    disturbed = stands.covers.startswith(("busy", "slowed", "starved", "mixed"))
    kept = {"interval_covers": stands.covers, "evidence": evidence_of(marked(*rounds), reference)}
    base = {"rounds": marked(*rounds), "disturbed": disturbed, "timed": True, "threads": 2, "streams": 1}
    return SimpleNamespace(**(base | kept | {"rate_per_s": None, "verdict": "ran", "model": "m", "batch": 1} | fields))


@pytest.mark.parametrize(
    ("rounds", "words"),
    [
        ([CALM] * 5, ["calm"]),
        ([BETWEEN] * 5, ["undelayed", "40%"]),
        ([BUSY] * 6, ["busy", "40%"]),
        ([SLOWED] * 6, ["slowed: the probe by 15%"]),
        ([STARVED] * 6, ["memory", "50%"]),
        ([SLOWED] * 3 + [BUSY] * 3, ["changing", "20%"]),
    ],
)
def test_every_row_says_its_state_in_words(rounds: list[Round], words: list[str]):
    text = state_text(cell_of(rounds))
    assert all(word in text for word in words), text


def test_the_run_says_what_disturbed_it_and_advises_fewer_threads_where_they_bring_nothing():
    assert "40% of the cores" in states_sentence([cell_of([BUSY] * 6)])
    assert "15% slower" in states_sentence([cell_of([SLOWED] * 6)])
    assert states_sentence([cell_of([CALM] * 6)]) == ""
    assert "`threads` 1" in capacity_sentence([cell_of([SLOWED] * 6)])
    assert capacity_sentence([cell_of([CALM] * 6)]) == "" == capacity_sentence([])


def test_a_slower_run_tells_how_often_the_machine_was_so_before():
    history = MachineHistory.empty()
    for best in (4e-5, 4e-5, 4.6e-5, 4e-5):
        history.add_probes("cpu", 2, [best] * 20, [1e10] * 20)
    job = job_of(*[SLOWED] * 6)
    best = references([job], history)
    assert best["cpu", 2].stream_bytes_per_s == pytest.approx(1e10)
    text = next(iter(probe_warnings(best, history)))
    assert "15% slower" in text and "3 of 4 were at usual speed" in text and "1 as slow as now" in text


def test_a_machine_that_heats_up_is_named():
    getting_slower = [made(20 + n) for n in range(9)]
    cells = [cell_of(getting_slower) for _ in range(3)]
    assert any("heats up" in line for line in run_warnings(cells))
    assert not any("heats up" in line for line in run_warnings([cell_of([CALM] * 9) for _ in range(3)]))


def test_a_delay_is_the_kernels_figure_first():
    assert delay_of(made(delay_share=None, cpu_share=1.02, spins=True)) == 0.0
    assert delay_of(made(delay_share=0.1, cpu_share=0.2, spins=True)) == 0.1
    assert delay_of(made(delay_share=None, cpu_share=0.8, spins=True)) == pytest.approx(0.2)
    assert delay_of(made(delay_share=None, cpu_share=0.8, spins=None)) is None


def test_a_run_that_is_slow_throughout_is_slowed_against_the_kept_reference():
    history = MachineHistory.empty()
    history.add_probes("cpu", 2, [4e-5] * 20, [1e10] * 20)
    job = job_of(*[SLOWED] * 6)
    mark_states([job], references([job], history))
    assert {r.state for r in job.rounds} == {"slowed"}


def test_each_provider_that_was_slow_is_named_also_behind_one_that_was_not():
    history = MachineHistory.empty()
    for threads in (1, 2):
        history.add_probes("cpu", threads, [4e-5] * 20, [1e10] * 20)
    slow = made(probe_before_s=1e-4, probe_after_s=1e-4)
    jobs = [job_of(*[CALM] * 6, threads=1), job_of(*[slow] * 6)]
    (text,) = probe_warnings(references(jobs, history), history)
    assert "150% slower" in text and "2 threads" in text


@pytest.mark.parametrize(
    ("rounds", "wanted", "covers"),
    [
        ([CALM] * 4 + [SLOWED] * 3, 5, "all rounds"),  # more than a figure needs that is not called disturbed
        ([SLOWED], 1, "mixed rounds"),  # one round is no state that lasts
    ],
)
def test_what_a_figure_stands_on_follows_from_how_many_rounds_were_calm(rounds: list[Round], wanted: int, covers: str):
    assert headline(marked(*rounds), wanted).covers == covers


def test_the_limits_of_busy_and_of_samples_left_alone_are_those_of_rule_4():
    assert marked(made(delay_share=0.06))[0].state == "busy"
    assert marked(made(delay_share=0.05))[0].state == "calm"
    few = {"counts": (20,), "delay_share": 0.4, "undelayed_values_ns": (9,)}
    assert marked(made(**few, undelayed_counts=(4,)))[0].state == "busy"


def test_threads_without_any_probe_have_no_reference_and_the_others_keep_theirs():
    unprobed = made(probe_before_s=None, probe_after_s=None)
    found = references([job_of(*[unprobed] * 3, threads=1), job_of(*[CALM] * 3)], MachineHistory.empty())
    assert set(found) == {("cpu", 2)}
