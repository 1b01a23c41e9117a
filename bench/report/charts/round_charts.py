"""Two charts of how a figure came about: rounds over time with the machine's state, and p99 against the offered rate.

svg = rounds_chart(result)
"""

from __future__ import annotations

from typing import Any

from dlbench.bench.report.cell_names import where
from dlbench.bench.results.schema import Cell, Result
from dlbench.bench.results.sketch import Sketch
from dlbench.show.svg import COLOURS, MARKERS, Chart, draw, plain_log_ticks
from dlbench.show.texts import tr

__all__ = ["rounds_chart", "server_chart"]


def rounds_chart(result: Result) -> Chart | None:
    """Draw every round over time, as a multiple of its cell's fastest, and the probe as a line beneath."""
    cells = [c for c in result.cells if c.timed and c.rate_per_s is None and len(c.rounds) > 1]
    if not any(r.at_s is not None for c in cells for r in c.rounds):
        return None
    models = list(dict.fromkeys(c.model for c in cells))

    def plot(axes: Any) -> None:
        for i, model in enumerate(models):
            points = [p for c in cells if c.model == model for p in _points(c)]
            for calm in (True, False):
                state = tr("calm") if calm else tr("disturbed")
                chosen = [(at, ratio) for at, ratio, undisturbed in points if undisturbed is calm]
                axes.scatter(
                    [at for at, _ in chosen],
                    [ratio for _, ratio in chosen],
                    color=COLOURS[i % len(COLOURS)] if calm else "none",
                    edgecolors=COLOURS[i % len(COLOURS)],
                    marker=MARKERS[i % len(MARKERS)],
                    s=28,
                    zorder=3,
                    label=f"{model}, {state}",
                )
        for (provider, threads), line in _probes(result).items():
            name = tr("probe on {provider}, {n} threads", provider=provider, n=threads)
            axes.plot([at for at, _ in line], [r for _, r in line], color="#7f7f7f", linewidth=1.0, label=name)
        axes.set_xlabel(tr("time since the start of the measurement [s]"))
        axes.set_ylabel(tr("time of a run, over the fastest round"))
        axes.set_ylim(bottom=0.9)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))

    alt = tr(
        "Each round's median over its cell's fastest round, by the time at which it was measured; filled marks are "
        "calm rounds, hollow ones disturbed; the grey line is the machine's probe over its usual time. The result "
        "file has the numbers."
    )
    return tr("Rounds over time: when the machine changed its speed"), alt, draw("rounds", plot, width=9.0)


def _points(cell: Cell) -> list[tuple[float, float, bool]]:
    medians = [Sketch(r.values_ns, r.counts).median_s() for r in cell.rounds]
    fastest = min(medians)
    return [
        (r.at_s, median / fastest, r.undisturbed)
        for r, median in zip(cell.rounds, medians, strict=True)
        if r.at_s is not None
    ]


def _probes(result: Result) -> dict[tuple[str, int], list[tuple[float, float]]]:
    """Return, for each provider and threads, the mean of a round's two probes over the usual one, by time."""
    lines = {}
    for probe in result.probes:
        rounds = [
            r for c in result.cells if (c.provider, c.threads) == (probe.provider, probe.threads) for r in c.rounds
        ]
        points = [
            (r.at_s, (r.probe_before_s + r.probe_after_s) / 2 / probe.reference_s)
            for r in rounds
            if r.at_s is not None and r.probe_before_s is not None and r.probe_after_s is not None
        ]
        lines[probe.provider, probe.threads] = sorted(points)
    return lines


def server_chart(result: Result) -> Chart | None:
    """Draw p99 against the offered rate for the server cells."""
    cells = [c for c in result.cells if c.timed and c.rate_per_s is not None and c.latency_s and c.latency_s.p99]
    if len(cells) < 2:
        return None
    series: dict[str, list[Cell]] = {}
    for cell in cells:
        place = where(cell, result).rsplit(", ", 1)[0]
        name = tr("{name}, batch {batch}", name=f"{cell.model}, {place}", batch=cell.batch)
        series.setdefault(name, []).append(cell)

    def plot(axes: Any) -> None:
        for i, (name, members) in enumerate(series.items()):
            ordered = sorted(members, key=lambda c: c.rate_per_s or 0)
            axes.plot(
                [c.rate_per_s for c in ordered],
                [1e3 * (c.latency_s.p99 or 0) for c in ordered if c.latency_s],
                color=COLOURS[i % len(COLOURS)],
                marker=MARKERS[i % len(MARKERS)],
                linestyle="-" if i < len(COLOURS) else "--",
                linewidth=1.5,
                label=name,
            )
        axes.set_yscale("log")
        plain_log_ticks(axes.yaxis, 10)
        axes.set_xlabel(tr("offered runs a second (Poisson arrivals)"))
        axes.set_ylabel(tr("p99 from arrival to answer [ms], log scale"))
        axes.legend(frameon=False)

    alt = tr(
        "99th percentile of the latency, from arrival to answer, against the offered rate; the load table has it too."
    )
    return tr("Server: p99 against the offered rate"), alt, draw("server", plot)
