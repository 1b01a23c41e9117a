"""The lecture's chart, "ResNet-50 training cost comparison", from the price list: 8 V100 against a TPU v2 Pod.

    rows = compared_trainings(published_runs(), own, estimates)
    comparison_table(rows), comparison_chart(rows)

Beside the logs of December 2018 stands the claim of that month, put on the same 8 V100, for its own minutes and dollars
were not found. The networks of one's own come in as measured here, and as estimated on one card of each side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.bench.cost.absent_hardware import Estimate
from dlbench.bench.cost.published import PublishedRun, logs_of_2018
from dlbench.bench.results.schema import TrainingCost
from dlbench.show import units
from dlbench.show.svg import COLOURS, Chart, draw, plain_log_ticks
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

COMPARED_DEVICES = ("v100-sxm2-16gb", "tpu-v2-pod-chip")  # one of each side, for networks of one's own
_FASTER, _CHEAPER = 27.0, 0.38  # the claim's headline, from memory
_MOST_OWN = 4
_HATCHES = {"log": "", "claim": "//", "measured": "", "estimated": "xx"}


@dataclass(frozen=True)
class ComparedTraining:
    """One bar: seconds and USD, both ends alike unless it is an estimate."""

    name: str
    kind: str  # log, claim, measured or estimated
    seconds: tuple[float, float]
    usd: tuple[float, float] | None  # None: not known


def compared_trainings(
    runs: Sequence[PublishedRun], own: Sequence[TrainingCost] = (), estimates: Sequence[Estimate] = ()
) -> tuple[ComparedTraining, ...]:
    """Return the bars: the logs, the claim, one's own trainings, and estimates of these on one card of each side."""
    gpu, pod = logs_of_2018(runs)
    assert gpu.time_s and pod.time_s and gpu.cost_usd and pod.cost_usd
    claimed_s, claimed_usd = gpu.time_s / _FASTER, gpu.cost_usd * (1 - _CHEAPER)
    return (
        _exactly(tr("ResNet-50, 8 V100"), "log", gpu.time_s, gpu.cost_usd),
        _exactly(tr("ResNet-50, TPU v2 Pod (256 chips)"), "log", pod.time_s, pod.cost_usd),
        _exactly(tr("ResNet-50, TPU v2 Pod (256 chips)"), "claim", claimed_s, claimed_usd),
        *_own(own, estimates),
    )


def _own(own: Sequence[TrainingCost], estimates: Sequence[Estimate]) -> Iterator[ComparedTraining]:
    for training in own[:_MOST_OWN]:
        here = tr("{network}, here", network=training.model)
        yield _exactly(here, "measured", training.training_s, training.usd("rent"))
        for row in (e for e in estimates if e.work == training.model and e.device.id in COMPARED_DEVICES):
            ends = (row.span.fast_s, row.span.slow_s)
            costs = [row.usd(seconds) for seconds in ends]
            name = tr("one V100") if row.device.kind == "gpu" else tr("one TPU v2 chip")
            known = None if costs[0] is None or costs[1] is None else (costs[0], costs[1])
            yield ComparedTraining(f"{training.model}, {name}", "estimated", ends, known)


def _exactly(name: str, kind: str, seconds: float, usd: float | None) -> ComparedTraining:
    return ComparedTraining(name, kind, (seconds, seconds), None if usd is None else (usd, usd))


def comparison_table(rows: Sequence[ComparedTraining]) -> Table:
    """Return the bars as numbers."""
    columns = (
        Column(tr("training"), False, key=True, wraps=True),
        Column(tr("from"), False, key=True),
        Column(tr("time")),
        Column("USD"),
    )
    kinds = _kinds()
    cells = tuple((r.name, kinds[r.kind], _time(r.seconds), _usd(r.usd)) for r in rows)
    explained = {
        "log": "log: MLPerf v0.5, December 2018, to 74.9 % top-1; a part of the price of the 8 V100 (their host) is "
        "from memory.",
        "claim": "claim: the headline of the same month (from memory), 27 times as fast and 38 % cheaper, put on these "
        "8 V100: its own minutes and dollars were not found in a readable source.",
        "measured": "measured: this machine's own trainings, at the rent of the result file.",
        "estimated": "estimated: the same work on one card of each side; so small a network does not fill eight.",
    }
    shown = {row.kind for row in rows}
    notes = tuple(words for kind, words in explained.items() if kind in shown)
    return Table("comparison", tr("ResNet-50 training cost comparison"), columns, cells, notes)


def _kinds() -> dict[str, str]:
    return {"log": tr("log"), "claim": tr("claim"), "measured": tr("measured"), "estimated": tr("estimated")}


def _time(ends: Sequence[float]) -> units.Figure:
    low, high = ends
    if low < 120:
        return units.duration_span(low, high)
    minutes = [f"{end / 60:,.3g}" for end in ends]
    return units.Figure(f"{minutes[0]} min" if low == high else f"{minutes[0]}-{minutes[1]} min", low)


def _usd(ends: Sequence[float] | None) -> units.Figure:
    if ends is None:
        return units.number(None)
    low, high = (units.usd(end) for end in ends)
    return units.Figure(low if low == high else f"{low}-{high}", ends[0])


def comparison_chart(rows: Sequence[ComparedTraining]) -> Chart:
    """Draw minutes and dollars of each row as two bars on one log axis; an estimate's bar is its range."""
    figures = [end for row in rows for end in (*(s / 60 for s in row.seconds), *(row.usd or ())) if end > 0]
    left = 10.0 ** math.floor(math.log10(min(figures)) - 0.3)

    def plot(axes: Any) -> None:
        kinds = _kinds()
        for y, row in enumerate(rows):
            minutes = [s / 60 for s in row.seconds]
            _bar(axes, y - 0.2, minutes, COLOURS[0], row.kind, left, _time(row.seconds))
            if row.usd is not None:
                _bar(axes, y + 0.2, row.usd, COLOURS[1], row.kind, left, f"{_usd(row.usd)} USD")
        axes.set_xscale("log")
        axes.set_xlim(left, max(figures) * 30)
        plain_log_ticks(axes.xaxis, 9)
        axes.set_yticks(range(len(rows)), [f"{row.name}\n({kinds[row.kind]})" for row in rows])
        axes.invert_yaxis()
        axes.set_xlabel(tr("minutes, USD; log scale"))
        for colour, name in ((COLOURS[0], tr("minutes")), (COLOURS[1], "USD")):
            axes.bar([0], [0], color=colour, label=name)
        axes.legend(frameon=False, loc="lower right")

    alt = tr(
        "Minutes and dollars of training ResNet-50 on 8 V100 and on a TPU v2 Pod, as logged and as claimed, with this "
        "machine's own networks below; the table has the numbers."
    )
    title = tr("ResNet-50 training cost comparison")
    return Chart(title, alt, draw("comparison", plot, width=8.5, height=1.2 + 0.62 * len(rows)))


def _bar(axes: Any, y: float, ends: Sequence[float], colour: str, kind: str, left: float, label: str) -> None:
    """Draw a figure from the left edge on, an estimate from its fast to its slow end, with the numbers behind it."""
    low, high = ends
    start = low if kind == "estimated" else left
    axes.barh(
        y, high - start, left=start, height=0.36, color=colour, hatch=_HATCHES[kind], edgecolor="white", linewidth=0.5
    )
    axes.annotate(label, (high, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
