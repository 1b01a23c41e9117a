"""Two charts of how a figure came about: rounds over time with the machine's state, and p99 against the offered rate.

plot = rounds_chart(result)
"""

from __future__ import annotations

from collections.abc import Iterator

from dlbench.bench.report.cell_names import cell_name, where
from dlbench.bench.report.charts.plot import Axis, Mark, Plot
from dlbench.bench.results.headline import samples_of
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.texts import localised, tr


def rounds_chart(result: Result) -> Plot | None:
    """Return every round over time, as a multiple of its cell's fastest, and the probe as a line beneath."""
    cells = [c for c in result.cells if c.timed and c.rate_per_s is None and len(c.rounds) > 1]
    marks = [mark for cell in cells for mark in _rounds(cell, result)]
    if not marks:
        return None
    alt = tr(
        "Each round's median over its cell's fastest round, by the time at which it was measured; filled marks are "
        "calm rounds, hollow ones disturbed; the grey line is the machine's probe over its usual time. The result "
        "file has the numbers."
    )
    x = Axis(tr("time since the start of the measurement [s]"), log=False, shown=_plain)
    y = Axis(tr("time of a run, over the fastest round"), log=False, shown=_plain)
    title = tr("Rounds over time: when the machine changed its speed")
    return Plot("rounds", title, alt, x, y, (*_probes(result), *marks))


def _plain(value: float) -> str:
    return units.Figure(f"{value:g}", value)


def _rounds(cell: Cell, result: Result) -> Iterator[Mark]:
    medians = [samples_of(r).median_s() for r in cell.rounds]
    fastest = min(medians)
    place, provider = cell_name(cell, result), where(cell, result)
    for r, median in zip(cell.rounds, medians, strict=True):
        if r.at_s is not None:
            state = tr("calm") if r.undisturbed else tr("disturbed")
            words = f"{place}: {localised(units.duration(median))}, {state}"
            yield Mark(r.at_s, median / fastest, words, cell.model, provider, size=0.0, hollow=not r.undisturbed)


def _probes(result: Result) -> Iterator[Mark]:
    """Yield, for each provider and threads, the mean of a round's two probes over the usual one."""
    for probe in result.probes:
        name = tr("probe on {provider}, {n} threads", provider=probe.provider, n=probe.threads)
        for cell in result.cells:
            if (cell.provider, cell.threads) != (probe.provider, probe.threads):
                continue
            for r in cell.rounds:
                if r.at_s is not None and r.probe_before_s is not None and r.probe_after_s is not None:
                    over = (r.probe_before_s + r.probe_after_s) / 2 / probe.reference_s
                    words = f"{name}: {localised(units.number(over, '{:.2f}'))}"
                    yield Mark(r.at_s, over, words, "", name, size=-1.0, joined=True)


def server_chart(result: Result) -> Plot | None:
    """Return p99 against the offered rate for the server cells."""
    cells = [c for c in result.cells if c.timed and c.rate_per_s is not None and c.latency.p99]
    if len(cells) < 2:
        return None
    marks = []
    for cell in sorted(cells, key=lambda c: -(c.rate_per_s or 0.0)):
        place = where(cell, result).rsplit(", ", 1)[0]
        name = tr("{name}, batch {batch}", name=f"{cell.model}, {place}", batch=cell.batch)
        p99 = cell.latency.p99 or 0.0
        words = tr("{name}: p99 {time} at {n} runs a second", name=name, time=units.duration(p99), n=cell.rate_per_s)
        marks.append(Mark(cell.rate_per_s or 0.0, p99, words, cell.model, name, size=0.1, label=name, joined=True))
    alt = tr(
        "99th percentile of the latency, from arrival to answer, against the offered rate; the load table has it too."
    )
    x = Axis(tr("offered runs a second (Poisson arrivals)"), units.thousands)
    y = Axis(tr("p99 from arrival to answer"), units.duration)
    return Plot("server", tr("Server: p99 against the offered rate"), alt, x, y, tuple(marks), "load")
