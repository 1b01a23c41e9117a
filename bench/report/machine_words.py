"""What the machine did while a cell was timed, in words: calm, busy with other programs, slowed, short of memory.

state_text(cell)           # "busy: others had 27 % of the cores"
states_sentence(cells)     # the same of a whole run, with how often
"""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.bench.results.records import MachineEvidence
from dlbench.bench.results.schema import Cell
from dlbench.show import units
from dlbench.show.texts import tr

__all__ = ["capacity_sentence", "state_text", "states_sentence"]

_ONE_MORE = 1.25  # two threads that do less than this did not bring a second one


def state_text(cell: Cell) -> str:
    """Return the state that the cell's figure comes from, and how far it was from calm; "" in older files."""
    evidence = cell.evidence
    if evidence is None or not cell.interval_covers:
        return ""
    if cell.interval_covers == "calm rounds":
        return tr("calm")
    if cell.interval_covers == "undelayed samples":
        return tr("between others' work: they had {share} of the cores", share=_percent(evidence.others_share))
    if cell.interval_covers == "mixed rounds":
        return tr("changing: {what}", what=", ".join(_amounts(evidence)) or tr("its speed moved"))
    state = cell.interval_covers.removesuffix(" rounds")
    if state == "all":
        state = next((s for s in evidence.shares if s not in ("calm", "undelayed")), "calm")
    return {
        "busy": tr("busy: others had {share} of the cores", share=_percent(evidence.others_share)),
        "slowed": tr("slowed: {what}", what=", ".join(_amounts(evidence)) or tr("its speed moved")),
        "starved": tr("short of memory speed: {share} of the best", share=_percent(evidence.stream_ratio)),
    }.get(state, tr("calm"))


def _amounts(evidence: MachineEvidence) -> list[str]:
    """Return what moved, in a few words each: other programs, the probe, the threads."""
    found = []
    if evidence.others_share is not None and evidence.others_share > 0.05:
        found.append(tr("others had {share} of the cores", share=_percent(evidence.others_share)))
    if evidence.probe_ratio is not None and evidence.probe_ratio > 1.03:
        found.append(tr("probe {share} slower", share=_percent(evidence.probe_ratio - 1)))
    if evidence.capacity is not None and evidence.capacity < _ONE_MORE:
        found.append(tr("all threads did the work of {n}", n=units.number(evidence.capacity, "{:.1f}")))
    return found


def _percent(share: float | None) -> str:
    return units.percent(share) if share is not None else "n/a"


def states_sentence(cells: Sequence[Cell]) -> str:
    """Say what disturbed the cells without a calm figure, the most frequent first; "" where nothing is known."""
    known = [c for c in cells if c.evidence is not None and c.disturbed]
    rounds = sum(len(c.rounds) for c in known)
    if not rounds:
        return ""
    weights: dict[str, float] = {}
    for cell in known:
        assert cell.evidence is not None
        for state, share in cell.evidence.shares.items():
            weights[state] = weights.get(state, 0.0) + share * len(cell.rounds)
    state = max((s for s in weights if s not in ("calm", "undelayed")), key=lambda s: weights[s], default="")
    values = {"share": _percent(weights.get(state, 0.0) / rounds), "amount": _amount(known, state)}
    return {
        "busy": tr("other programs had {amount} of the cores ({share} of the rounds)", **values),
        "slowed": tr("the host or the clock slowed this machine by {amount} ({share} of the rounds)", **values),
        "starved": tr("other programs took memory speed: {amount} of it was left ({share} of the rounds)", **values),
    }.get(state, "")


def _amount(cells: Sequence[Cell], state: str) -> str:
    """Return the median amount of a state over cells."""
    field = {"busy": "others_share", "slowed": "probe_ratio", "starved": "stream_ratio"}.get(state, "others_share")
    values = sorted(v for c in cells if c.evidence and (v := getattr(c.evidence, field)) is not None)
    if not values:
        return "n/a"
    middle = values[len(values) // 2]
    return _percent(max(0.0, middle - 1) if state == "slowed" else middle)


def capacity_sentence(cells: Sequence[Cell]) -> str:
    """Say where all threads brought no more than about one: fewer may be as fast, and steadier; "" elsewhere."""
    known = [
        c for c in cells if c.threads > 1 and c.timed and c.evidence is not None and c.evidence.capacity is not None
    ]
    capacities = sorted(c.evidence.capacity for c in known if c.evidence and c.evidence.capacity is not None)
    if not capacities or capacities[len(capacities) // 2] >= _ONE_MORE:
        return ""
    threads = max(c.threads for c in known)
    return tr(
        "{threads} threads did the work of {n} here (a probe on one against all): try --threads {fewer}, which may be "
        "as fast, and steadier.",
        threads=units.number(threads, "{:d}"),
        n=units.number(capacities[len(capacities) // 2], "{:.1f}"),
        fewer=units.number(max(1, threads // 2), "{:d}"),
    )
