"""Buy or rent as tables and pictures.

buy_or_rent_tables(decision), buy_or_rent_charts(decision)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from dlbench.bench.cost.buy_or_rent import FORGOTTEN_HOURS, Case, ClaimRow, Swing, tornado
from dlbench.bench.cost.catalogue import Device
from dlbench.show.svg import COLOURS, Chart, Charts, draw
from dlbench.show.table import Column, Filled, Table


@dataclass(frozen=True)
class Decision:
    """A case, with the names and sources of its numbers."""

    case: Case
    own: str
    rent: str
    today: date
    colab: Device | None = None  # paid; its hourly price
    sources: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[tuple[str, float], ...]:
        """Return the spans that the table shows, in months."""
        life = self.case.months
        return (("1 month", 1), ("1 year", 12), (f"{life} months", life))


def buy_or_rent_tables(decision: Decision) -> tuple[Table, ...]:
    """Return the totals, and which assumption moves the answer most."""
    return (_totals(decision), _tornado_table(decision.case))


def _totals(d: Decision) -> Table:
    case = d.case
    ways: list[tuple[str, Callable[[float], float]]] = [
        (f"own: {d.own}", case.own_total_usd),
        (f"rent: {d.rent}, on demand", case.rent_total_usd),
        *(
            (f"the same, left on by mistake for {how_long}", partial(case.rent_total_usd, forgotten_hours=hours))
            for how_long, hours in FORGOTTEN_HOURS.items()
        ),
        ("Colab, free: up to its unpublished quota, not guaranteed", lambda months: 0.0),
    ]
    if d.colab is not None and (hourly := d.colab.hourly_usd) is not None:
        name = f"Colab, paid: {d.colab.name}, for the same hours (its speed is another one)"
        ways.append((name, lambda months: hourly * case.hours(months)))
    columns = (Column("way", False, wraps=True, key=True), *(Column(f"{name} [USD]") for name, _ in d.columns))
    rows = tuple((name, *(f"{usd(months):,.0f}" for _, months in d.columns)) for name, usd in ways)
    title = f"Buy or rent, {case.hours_per_day:g} hours of use a day"
    return Table("buyorrent", title, columns, rows, tuple(_assumption_notes(d)))


def _assumption_notes(d: Decision) -> Iterator[str]:
    c = d.case
    yield (
        f"own: {c.price_usd:,.0f} USD at once, {c.residual_share:.0%} of it left after {c.years:g} years, and "
        f"{c.power_w:.0f} W under load at {c.usd_per_kwh:.4g} USD/kWh = {c.running_usd_per_hour:.4f} USD an hour."
    )
    yield (
        f"rent: {c.hourly_usd:.4g} USD an hour, {c.cloud_overhead_share:.0%} more for start-up; speed of own to rented "
        f"{c.speed_ratio:.3g}, so an hour of own work costs {c.rent_usd_per_own_hour:.4f} USD; a forgotten machine "
        f"costs its full price, once ({', '.join(f'{name}: {hours:g} h' for name, hours in FORGOTTEN_HOURS.items())})."
    )
    yield from d.sources


def _tornado_table(case: Case) -> Table:
    columns: tuple[Filled[Swing], ...] = (
        (Column("assumption", False, wraps=True, key=True), lambda s: s.name),
        (Column("from", secondary=1), lambda s: s.low),
        (Column("rent - own, from [USD]"), lambda s: f"{s.low_usd:,.0f}"),
        (Column("to", secondary=1), lambda s: s.high),
        (Column("rent - own, to [USD]"), lambda s: f"{s.high_usd:,.0f}"),
        (Column("swing [USD]"), lambda s: f"{s.width_usd:,.0f}"),
    )
    notes = (
        f"as given: rent - own = {case.advantage_usd:,.0f} USD over {case.months} months; above 0, buying is "
        "cheaper. One assumption is moved at a time; the ranges are this tool's own.",
    )
    return Table.of("tornado", "Which assumption moves the answer most", tornado(case), columns, notes)


def decision_sentences(d: Decision) -> tuple[str, ...]:
    """Return the answer in sentences: which is cheaper, after how long, and what would change that."""
    c = d.case
    cheaper = "buying" if c.advantage_usd > 0 else "renting"
    sentences = [
        f"Over {c.months} months at {c.hours_per_day:g} hours a day {cheaper} is cheaper, by "
        f"{abs(c.advantage_usd):,.0f} USD."
    ]
    hours, day, share = c.break_even_hours, c.break_even_date(d.today), c.break_even_share
    if hours is None:
        sentences.append("Owning never catches up: an hour of rent costs less than the electricity of the same work.")
    else:
        when = f"on {day.isoformat()} if bought today" if day else "in more than 100 years"
        sentences.append(f"Owning catches up after {hours:,.0f} hours of use: {when}.")
    if share is not None:
        sentences.append(
            f"It pays if the machine is at work {share:.0%} of all hours"
            + (": more than there are, so rent." if share > 1 else f", {24 * share:.1f} hours a day.")
        )
    first = tornado(c)[0]
    sentences.append(f"What moves the answer most: {first.name} ({first.low} to {first.high}).")
    return tuple(sentences)


def claim_table(rows: tuple[ClaimRow, ...]) -> Table:
    """Return a published claim line by line."""
    columns: tuple[Filled[ClaimRow], ...] = (
        (Column("span", False, key=True), lambda r: r.what),
        (Column("own [USD]"), lambda r: f"{r.own_usd:,.1f}"),
        (Column("rent [USD]"), lambda r: f"{r.rent_usd:,.1f}"),
        (Column("rent [USD/h]", secondary=1), lambda r: f"{r.rent_usd_per_hour:.3f}"),
        (Column("rent / own"), lambda r: f"{r.ratio:.1f}x"),
        (Column("how", False, secondary=2, wraps=True), lambda r: r.note),
    )
    notes = (
        "own: 3,000 USD spread over 3 years, 0.20 USD of power an hour, nothing left at the end, equal speed. The "
        "claim holds for a machine that computes day and night; most classes and students are below 4 hours a day.",
    )
    return Table.of("claim", 'The claim of 2018: "10x cheaper than AWS"', rows, columns, notes)


def buy_or_rent_charts(decision: Decision) -> Charts:
    """Return the totals over time with the crossing marked, and the tornado."""
    return Charts((_lines(decision), _bars(decision.case)))


def _lines(d: Decision) -> Chart:
    case = d.case
    months = [case.months * i / 72 for i in range(73)]

    def plot(axes: Any) -> None:
        axes.plot(months, [case.own_total_usd(m) for m in months], color=COLOURS[0], label=f"own: {d.own}")
        axes.plot(months, [case.rent_total_usd(m) for m in months], color=COLOURS[1], label=f"rent: {d.rent}")
        forgotten = [case.rent_total_usd(m, FORGOTTEN_HOURS["one month"]) for m in months]
        axes.plot(
            months, forgotten, color=COLOURS[1], linestyle="--", label="the same, left on by mistake for one month"
        )
        hours = case.break_even_hours
        at = hours / case.hours(1) if hours is not None else None
        if at is not None and at <= case.months:
            axes.plot([at], [case.own_total_usd(at)], "o", color=COLOURS[2], markersize=9, zorder=4)
            axes.annotate(
                f"break-even: month {at:.1f}, {hours:,.0f} h",
                (at, case.own_total_usd(at)),
                xytext=(0, -16),
                textcoords="offset points",
                va="top",
            )
        axes.set_xlabel("months")
        axes.set_ylabel("USD spent")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.15))

    alt = "USD spent over time for owning and for renting, with their crossing marked; the table has the numbers."
    return Chart("Buy or rent over time", alt, draw("buyorrent", plot, height=4.8))


def _bars(case: Case) -> Chart:
    swings: tuple[Swing, ...] = tornado(case)
    now, ends = case.advantage_usd, ("with the lower value of the pair", "with the higher")

    def plot(axes: Any) -> None:
        for row, swing in enumerate(swings):
            for value, colour, which in zip((swing.low_usd, swing.high_usd), COLOURS[2:4], ends, strict=True):
                label = which if row == 0 else None
                axes.barh(row, value - now, left=now, color=colour, height=0.6, label=label)
        axes.axvline(now, color="#7f7f7f", linewidth=1, label=f"as given: {now:,.0f} USD")
        axes.axvline(0, color="#7f7f7f", linewidth=1, linestyle=":", label="0: both cost the same")
        axes.set_yticks(range(len(swings)), [f"{s.name}: {s.low} - {s.high}" for s in swings])
        axes.invert_yaxis()
        axes.set_xlabel("rent - own [USD]; right of the dotted 0: buying is cheaper")
        axes.figure.legend(frameon=False, loc="outside lower center", ncols=2)

    alt = "How far each assumption alone moves the answer, the widest first; the table has the numbers."
    return Chart("Which assumption moves the answer most", alt, draw("tornado", plot, width=8.5))
