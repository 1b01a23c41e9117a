"""Published training costs as a table and a picture, with this machine's own trainings beside them.

published_table(published_runs()), own_table(result), published_chart(runs, result)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlbench.bench.cost.absent_hardware import Estimate
from dlbench.bench.cost.published import PublishedRun, claim_against_logs, fall_of_8_v100
from dlbench.bench.results.schema import TrainingCost
from dlbench.show import units
from dlbench.show.svg import COLOURS, MARKERS, Chart, draw, plain_log_ticks
from dlbench.show.table import Column, Filled, Table

_KINDS = ("GPU", "TPU", "CPU")
_GREY = "#7f7f7f"
_FAINTEST = 0.3  # of the first year's marks


def published_table(runs: tuple[PublishedRun, ...]) -> Table:
    """Return every published run; what was not found is n/a."""
    columns: tuple[Filled[PublishedRun], ...] = (
        (Column("date", False, key=True), lambda r: r.date),
        (Column("benchmark", False, key=True), _benchmark),
        (Column("system", False, secondary=3, wraps=True), lambda r: r.system),
        (Column("chips", False, key=True), lambda r: f"{r.n_accel} {r.accelerator}"),
        (Column("target", False, secondary=1, wraps=True), lambda r: r.quality_target),
        (Column("time"), lambda r: f"{r.time_s / 60:,.1f} min" if r.time_s is not None else "n/a"),
        (Column("USD/h", secondary=2), lambda r: units.usd(r.hourly_usd)),
        (Column("USD"), lambda r: units.usd(r.cost_usd) + (" (m)" if r.cost_from_memory else "")),
    )
    notes = (
        "time and USD to the quality target, which differs between the benchmarks: compare rows of one benchmark. "
        "(m): a part of the price was written from memory. n/a: not found in a readable source.",
        "`document()` gives the source of every row and how its cost was worked out.",
    )
    return Table.of("published", "Training ResNet-50 on ImageNet, as published", runs, columns, notes)


def _benchmark(run: PublishedRun) -> str:
    return (
        run.benchmark.replace("MLPerf Training ", "MLPerf ")
        .replace(" closed", "")
        .replace(" ImageNet train", "")
        .split(" /")[0]
    )


def _source(run: PublishedRun) -> str:
    """Return which benchmark it was, of any version: its times and accuracies have one rule."""
    return _benchmark(run).split(" v")[0]


def own_table(trainings: tuple[TrainingCost, ...]) -> Table:
    """Return this machine's own trainings: seconds, energy, USD, and the accuracy that they reached."""
    columns: tuple[Filled[TrainingCost], ...] = (
        (Column("network", False, key=True), lambda t: t.model),
        (Column("data", False, secondary=2, wraps=True), lambda t: t.data),
        (Column("on", False, key=True), lambda t: t.device),
        (Column("time"), lambda t: units.duration(t.training_s)),
        (Column("training energy", secondary=1), lambda t: units.joules(t.energy_j)),
        (Column("USD, electricity"), lambda t: units.usd(t.usd("electricity"))),
        (Column("USD, rented"), lambda t: units.usd(t.usd("rent"))),
        (Column("accuracy", wraps=True), lambda t: t.accuracy.proportion.short() if t.accuracy else "unknown"),
    )
    notes = (
        "another task than ResNet-50 on ImageNet, many thousand times smaller: the rows show the order of size. "
        "rented: the instance of the result file, at the speed of this machine.",
        *sorted({f"{t.model}: energy {t.energy_source}." for t in trainings}),
    )
    return Table.of("own", "This machine's own trainings", trainings, columns, notes)


def training_sentences(runs: tuple[PublishedRun, ...]) -> tuple[str, ...]:
    """Return the rows in sentences."""
    first, last = fall_of_8_v100(runs)
    months = (int(last.date[:4]) - int(first.date[:4])) * 12 + int(last.date[5:7]) - int(first.date[5:7])
    fell = (
        f"Eight V100 fell from {first.cost_usd:.0f} USD ({first.date}) to {last.cost_usd:.2f} USD ({last.date}) in "
        f"{months} months: the same kind of card, better software, cheaper hours."
    )
    return (fell, *claim_against_logs(runs))


def published_chart(
    runs: tuple[PublishedRun, ...], trainings: tuple[TrainingCost, ...] = (), estimates: Sequence[Estimate] = ()
) -> Chart:
    """Draw time against cost on log axes, by hardware kind and year, with own trainings and estimates beside."""
    drawn = [r for r in runs if r.time_s is not None and r.cost_usd is not None]
    years = sorted({r.year for r in drawn})

    def plot(axes: Any) -> None:
        sources = list(dict.fromkeys(_source(run) for run in drawn))
        for run in drawn:
            axes.scatter(
                [(run.time_s or 0) / 60],
                [run.cost_usd],
                color=COLOURS[_KINDS.index(run.kind)],
                marker=MARKERS[sources.index(_source(run))],
                alpha=_FAINTEST + (1 - _FAINTEST) * (run.year - years[0]) / max(1, years[-1] - years[0]),
                s=50,
            )
        for kind, colour in zip(_KINDS, COLOURS, strict=False):
            if any(run.kind == kind for run in drawn):
                axes.bar([0], [0], color=colour, label=f"{kind}, ResNet-50")
        for source, marker in zip(sources, MARKERS, strict=False):
            axes.scatter([], [], color=_GREY, marker=marker, label=source)
        for year, alpha in {years[0]: _FAINTEST, years[-1]: 1.0}.items():
            axes.bar([0], [0], color=_GREY, alpha=alpha, label=str(year))
        first, last = fall_of_8_v100(runs)
        axes.annotate(
            "",
            ((last.time_s or 1) / 60, last.cost_usd),
            xytext=((first.time_s or 1) / 60, first.cost_usd),
            arrowprops={"arrowstyle": "->", "color": _GREY, "shrinkA": 8, "shrinkB": 8},
        )
        slowest, dearest = (max(drawn, key=key) for key in (lambda r: r.time_s, lambda r: r.cost_usd))
        for run, (x, y), side in (
            (slowest, (-8, -4), "right"),
            (dearest, (8, 4), "left"),
            (first, (-8, -4), "right"),
            (last, (-8, -4), "right"),
        ):
            name = f"{run.n_accel} {run.accelerator}, {run.year}"
            at = ((run.time_s or 1) / 60, run.cost_usd)
            axes.annotate(name, at, xytext=(x, y), textcoords="offset points", ha=side)
        mine = [(t, usd) for t in trainings if (usd := t.usd("rent"))]
        for number, (t, usd) in enumerate(sorted(mine, key=lambda pair: pair[0].training_s)):
            axes.scatter([t.training_s / 60], [usd], color=COLOURS[3], marker="D", s=45)
            axes.annotate(
                t.model, (t.training_s / 60, usd), xytext=(6, (4, -12)[number % 2]), textcoords="offset points"
            )
        if mine:
            axes.scatter([], [], color=COLOURS[3], marker="D", label="this machine's own networks, as rented")
        _draw_estimates(axes, [row for row in estimates if row.rent and row.work == "ResNet-50"])
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_log_ticks(axes.xaxis, 8)
        plain_log_ticks(axes.yaxis, 10)
        axes.set_xlabel("training time [minutes], log scale")
        axes.set_ylabel("USD, log scale")
        axes.figure.legend(frameon=False, loc="outside lower center", ncols=4, columnspacing=1.2)

    alt = (
        "Training time against cost of published ResNet-50 runs, by hardware kind (colour), benchmark (shape) and year "
        "(the later, the stronger); the table has the numbers."
    )
    return Chart("Time against cost of a training", alt, draw("published", plot, width=8.0, height=5.0))


def _draw_estimates(axes: Any, rows: Sequence[Estimate]) -> None:
    """Draw one line a device, from its fastest format's fast end to its slowest format's slow end.

    A device without a rent has no place here.
    """
    by_device: dict[str, list[Estimate]] = {}
    for row in rows:
        by_device.setdefault(row.device.id, []).append(row)
    lines = []
    for name, same in by_device.items():
        times = [min(r.span.fast_s for r in same), max(r.span.slow_s for r in same)]
        lines.append((name, [t / 60 for t in times], [same[0].usd(t) or 0.0 for t in times]))
    for name, minutes, usd in lines:
        axes.plot(minutes, usd, color=_GREY, linewidth=1.5, linestyle=(0, (4, 2)))
        x, y = minutes[1], usd[1]
        crossed = any(paid[0] < y < paid[1] and taken[1] * y / paid[1] > x for _, taken, paid in lines)  # USD per time
        side, away = ("right", -4) if crossed else ("left", 4)
        axes.annotate(name, (x, y), xytext=(away, 2), textcoords="offset points", ha=side)
    if rows:
        axes.plot([], [], color=_GREY, linestyle=(0, (4, 2)), label="estimate for one device, ResNet-50: a range")
