"""What the machine did while a cell was timed, in words: calm, busy with other programs, slowed, short of memory.

state_text(cell)           # "busy: others had 27%", short enough for a column
states_sentence(cells)     # "other programs had 27 % of the cores, the machine was 11 % slower"
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlbench.bench.results.evidence import BUSY_FROM, STARVED_BELOW, middle
from dlbench.bench.results.records import MachineEvidence
from dlbench.bench.results.schema import Cell
from dlbench.show import units
from dlbench.show.texts import tr

_SLOWER = 1.03  # the probe takes so many times as long
_ONE_MORE = 1.25  # two threads that do less than this did not bring a second one


def state_text(cell: Cell) -> str:
    """Return the state that the cell's figure comes from, and how far it was from calm; "" in older files."""
    evidence = cell.evidence
    if evidence is None or not cell.interval_covers:
        return ""
    if cell.interval_covers == "calm rounds":
        return tr("calm")
    if cell.interval_covers == "undelayed samples":
        return tr("undelayed: others had {share}", share=units.percent(evidence.others_share))
    if cell.interval_covers == "mixed rounds":
        return tr("changing: {what}", what=next(iter(_amounts(evidence, short=True)), tr("its speed moved")))
    state = cell.interval_covers.removesuffix(" rounds")
    if state == "all":
        state = next((s for s in evidence.shares if s not in ("calm", "undelayed")), "calm")
    return {
        "calm": tr("calm"),
        "undelayed": tr("calm"),
        "busy": tr("busy: others had {share}", share=units.percent(evidence.others_share)),
        "slowed": _slowed(evidence),
        "starved": tr("slow memory: {share} of its best", share=units.percent(evidence.stream_ratio)),
    }.get(state, state)


def _slowed(evidence: MachineEvidence) -> str:
    if evidence.probe_ratio is not None and evidence.probe_ratio > _SLOWER:
        return tr("slowed: the probe by {share}", share=units.percent(evidence.probe_ratio - 1))
    return tr("slowed: {what}", what=next(iter(_amounts(evidence)), tr("its speed moved")))


def _amounts(evidence: MachineEvidence, short: bool = False) -> list[str]:
    """Return what moved, in a few words each, or in as few as a column has room for."""
    found = []
    if evidence.others_share is not None and evidence.others_share > BUSY_FROM:
        share = units.percent(evidence.others_share)
        found.append(
            tr("others had {share}", share=share)
            if short
            else tr("other programs had {share} of the cores", share=share)
        )
    if evidence.probe_ratio is not None and evidence.probe_ratio > _SLOWER:
        share = units.percent(evidence.probe_ratio - 1)
        found.append(
            tr("{share} slower", share=share)
            if short
            else tr("the machine was {share} slower than at its best", share=share)
        )
    if evidence.capacity is not None and evidence.capacity < _ONE_MORE:
        found.append(tr("all threads did {n} times one's work", n=units.number(evidence.capacity, "{:.1f}")))
    if evidence.slow_core_share:
        found.append(tr("{share} of the threads were on slow cores", share=units.percent(evidence.slow_core_share)))
    if evidence.stream_ratio is not None and evidence.stream_ratio < STARVED_BELOW:
        found.append(tr("memory at {share} of its best speed", share=units.percent(evidence.stream_ratio)))
    return found


def states_sentence(cells: Sequence[Cell]) -> str:
    """Say what the machine did while the cells without a calm figure were timed; "" where nothing is known."""
    known = [c.evidence for c in cells if c.evidence is not None and c.disturbed]
    if not known:
        return ""
    moved = ("others_share", "probe_ratio", "stream_ratio", "capacity", "slow_core_share")
    middles: dict[str, Any] = {name: middle(getattr(evidence, name) for evidence in known) for name in moved}
    return ", ".join(_amounts(MachineEvidence(shares={}, **middles)))


def capacity_sentence(cells: Sequence[Cell]) -> str:
    """Say where all threads brought no more than about one: fewer may be as fast, and steadier; "" elsewhere."""
    known = [c for c in cells if c.threads > 1 and c.timed and c.evidence is not None]
    capacity = middle(c.evidence.capacity for c in known if c.evidence)
    if capacity is None or capacity >= _ONE_MORE:
        return ""
    threads = max(c.threads for c in known)
    return tr(
        "Here {threads} threads did only {n} times the work of one (by the probe): `threads` {fewer} may be as fast, "
        "and steadier.",
        threads=units.number(threads, "{:d}"),
        n=units.number(capacity, "{:.1f}"),
        fewer=units.number(max(1, threads // 2), "{:d}"),
    )
