"""The choice as tables and as a document: text in cells, and SI units for programs.

choice_table(choice, choice.best_of_each), left_out_table(choice), choice_document(choice)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from dlbench.bench.choosing.advice import advice, goal_words, is_uncounted, settling
from dlbench.bench.choosing.choice import Choice, Option
from dlbench.bench.choosing.rentable import Way
from dlbench.bench.cost.assumptions import IDLE_POWER_SHARE, MOST_BUSY
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table
from dlbench.show.texts import tr


def choice_tables(choice: Choice) -> tuple[Table, ...]:
    """Return all options, what their times rest on, and the rows of the price list that were left out."""
    tables = (choice_table(choice, choice.options), rests_table(choice), left_out_table(choice))
    return tuple(table for table in tables if table.rows)


def choice_table(choice: Choice, options: Sequence[Option]) -> Table:
    """Return one row for each option; the network's file is a key where there are several."""
    ids = {(option.way.kind, option.way.id) for option in choice.options}
    both = len(ids) > len({name for _, name in ids})  # a price file may have a row that is bought and rented
    words = _words()
    way: Filled[Option] = (
        Column(tr("buy or rent"), False, secondary=0 if both else 1, key=both),
        lambda o: words[o.way.kind],
    )
    columns: tuple[Filled[Option], ...] = (
        (Column(tr("device"), False, key=True), lambda o: o.way.id),
        *([way] if len({kind for kind, _ in ids}) > 1 else []),
        *_file_column(choice),
        (Column(tr("an answer takes")), _time),
        (Column(tr("basis"), False, secondary=1), lambda o: words[o.latency.basis]),
        (Column(tr("busy"), secondary=3), lambda o: _share(*o.month.busy)),
        (Column(tr("machines"), secondary=4), lambda o: _ends("{:,.0f}".format, *o.month.machines)),
        (Column(tr("price [USD]"), secondary=0 if choice.goal.budget_usd else 2), _price),
        (Column(tr("USD a month")), _month),
        (Column(tr("serves"), False), _serves),
        (Column(tr("name"), False, secondary=5, wraps=True), lambda o: o.way.name),
        (Column(tr("rests on"), False, secondary=6, wraps=True), lambda o: o.latency.rests_on),
    )
    title = f"{choice.network}: {goal_words(choice)}"
    return Table.of("choice", title, options, columns, _notes(choice))


def rests_table(choice: Choice) -> Table:
    """Return what the times rest on, each statement once with the devices and files of which it holds."""
    files = [shown for _, shown in _file_column(choice)]
    held: dict[str, dict[str, list[str]]] = {}
    every: dict[str, set[str]] = {}
    for option in choice.options:
        form = files[0](option) if files else ""
        every.setdefault(option.way.id, set()).add(form)
        for text in option.latency.rests_on.split("; "):
            held.setdefault(text, {}).setdefault(option.way.id, []).append(form)
    columns: tuple[Filled[tuple[str, dict[str, list[str]]]], ...] = (
        (Column(tr("rests on"), False, wraps=True, key=True), lambda one: one[0]),
        (
            Column(tr("devices"), False, wraps=True),
            lambda one: ", ".join(
                name if set(forms) == every[name] else f"{name} ({' '.join(forms)})" for name, forms in one[1].items()
            ),
        ),
    )
    return Table.of("rests", tr("What the times rest on"), held.items(), columns)


def _file_column(choice: Choice) -> list[Filled[Option]]:
    files = _files(choice)
    if not files:
        return []
    return [
        (
            Column(tr("format"), False, key=True),
            lambda o: files[o.variant.name] + ("?" if is_uncounted(choice, o) else ""),
        )
    ]


def _files(choice: Choice) -> dict[str, str]:
    """Return how the files of the network are told apart: by their precision, else by name; {}: there is one."""
    forms = [variant.model.precision for variant in choice.variants]
    if len(forms) < 2:
        return {}
    short = len(set(forms)) == len(forms)
    return {v.name: v.model.precision if short else v.name for v in choice.variants}


def _words() -> dict[str, str]:
    """Return the words of the cells, as they are shown."""
    return {
        "have": tr("here"),
        "buy": tr("buy"),
        "rent": tr("rent"),
        "measured": tr("measured"),
        "published": tr("published"),
        "estimated": tr("estimated"),
        "surely": tr("surely"),
        "may": tr("may"),
        "no": tr("no"),
    }


def _serves(option: Option) -> str:
    """Return whether it serves, and of what does not the first wish that it misses."""
    missed = {
        "latency": tr("no: too slow"),
        "accuracy": tr("no: accuracy"),
        "budget": tr("no: price"),
    }
    return missed[option.misses[0]] if option.misses else _words()[option.meets]


def _price(option: Option) -> units.Figure:
    """Return what is paid at once, with the computer around a card, or an hour's rent; a * where it is old."""
    way = option.way
    if way.kind == "rent":
        return _marked(units.Figure(f"{units.usd(way.hourly_usd)}/h", way.hourly_usd), way)
    return _marked(_ends("{:,.0f}".format, *option.month.purchase_usd), way)


def _marked(usd: units.Figure, way: Way) -> units.Figure:
    return usd if way.old_since is None or usd.value is None else units.Figure(f"{usd}*", usd.value)


def _time(option: Option) -> units.Figure:
    span = units.duration_span(option.latency.fast_s, option.latency.slow_s)
    return units.Figure(f"~{span}", span.value) if option.latency.disturbed else span


def _share(low: float, high: float | None) -> units.Figure:
    if high is None:
        return units.Figure(f"{100 * low:,.2g} % or more", low)
    ends = [_rough(100 * end) for end in (low, high)]
    return units.Figure(f"{ends[0]} %" if ends[0] == ends[1] else f"{ends[0]}-{ends[1]} %", low)


def _rough(percent: float) -> str:
    return "<0.1" if percent < 0.1 else f"{percent:.1f}" if percent < 1 else f"{percent:,.0f}"


def _ends(form: Callable[[float], str], low: float | None, high: float | None) -> units.Figure:
    if low is None:
        return units.number(None)
    first = form(low)
    last = first if high is None else form(high)
    more = "+" if high is None else ""
    return units.Figure((first if first == last else f"{first}-{last}") + more, high if high is not None else low)


def _month(option: Option) -> units.Figure:
    """Return USD a month, with a mark where the price is old."""
    low, high = option.month.usd
    rough = [units.usd(usd, 2) for usd in (low, high)]
    ends = rough[0] if low is not None and rough[0] == rough[1] else _ends(units.usd, low, high)
    return _marked(ends, option.way)


def _notes(choice: Choice) -> tuple[str, ...]:
    load = choice.load
    return (
        "surely: the whole range meets every wish; may: a part of it does, or the accuracy is not known; no: it does "
        "not, or its price is not known and there is a budget. Sorted by these, then by USD a month at the slow end; "
        "of files that cost the same on a device, the one of known accuracy comes first, then the more accurate one.",
        "*: a price of over a year ago; over five years: hardly sold any more, and listed last. ?: nobody counted how "
        "often this file is right; dlbench viz errors does.",
        "an answer takes: the median of one run at batch 1, the network alone, from the fast to the slow end; waiting "
        "behind others is not in it. ~: disturbed rounds: the device at its usual speed may be faster.",
        "basis: measured, in a result; published, a time of this network or its backbone on this chip that others "
        "published, from which ONNX Runtime's is estimated; estimated, from the device and the network alone. About 9 "
        "of 10 estimated ranges hold.",
        f"busy: of {load.hours_per_day:g} hours a day; above {MOST_BUSY:.0%} there are more machines (an assumption).",
        "price: a board's alone, without power supply, card, case and camera; a card's with the computer around it "
        f"({load.host_price_usd:,.0f} USD and {load.host_power_w:g} W, an assumption; `base_price`, `base_power`); "
        "/h: an hour's rent.",
        f"USD a month: bought, the price over {load.years:g} years plus electricity at {load.usd_per_kwh:.3g} USD/kWh, "
        f"at full power while it answers and {IDLE_POWER_SHARE:.0%} of it while it waits (an assumption); rented, by "
        f"the hour for {load.hours_per_day:g} hours a day; here already, electricity alone.",
    )


def left_out_table(choice: Choice) -> Table:
    """Return the rows of the price list that nothing can be said of, and what is missing."""
    columns = (Column(tr("device"), False, key=True), Column(tr("why it is left out"), False, wraps=True))
    rows = tuple((name, why) for name, why in choice.left_out.items())
    return Table("leftout", tr("Left out of the choice"), columns, rows)


def some_of_both(table: Table, rows: int) -> Table:
    """Return so many rows: of those that surely serve and those that may, the first of each."""
    place = next((i for i, column in enumerate(table.columns) if column.title == tr("serves")), None)
    if place is None or len(table.rows) <= rows:
        return replace(table, rows=table.rows[:rows])
    groups = [[row for row in table.rows if row[place] == _words()[name]] for name in ("surely", "may")]
    groups.append([row for row in table.rows if not any(row in group for group in groups)])
    some = [g for g in groups[:2] if g]
    if len(some) == 2:
        fewer = min(len(some[1]), rows // 2)
        kept = [*some[0][: rows - fewer], *some[1][: rows - min(len(some[0]), rows - fewer)]]
    else:
        kept = [row for group in groups for row in group][:rows]
    return replace(table, rows=tuple(kept))


def choice_records(choice: Choice) -> list[dict[str, Any]]:
    """Return one record for each option, in SI units and USD."""
    return [
        {
            "device": o.way.id,
            "name": o.way.name,
            "way": o.way.kind,
            "network": o.variant.name,
            "precision": o.variant.model.precision,
            "fast_s": o.latency.fast_s,
            "slow_s": o.latency.slow_s,
            "basis": o.latency.basis,
            "rests_on": o.latency.rests_on,
            "disturbed": o.latency.disturbed,
            "busy_low": o.month.busy[0],
            "busy_high": o.month.busy[1],
            "machines_low": o.month.machines[0],
            "machines_high": o.month.machines[1],
            "usd_per_month_low": o.month.usd[0],
            "usd_per_month_high": o.month.usd[1],
            "price_usd": o.way.price_usd,
            "hourly_usd": o.way.hourly_usd,
            "price_dated": o.way.dated,
            "hardly_sold": o.way.sold_in is not None,
            "accuracy": o.variant.accuracy.proportion.value if o.variant.accuracy else None,
            "serves": o.meets,
            "fails": ",".join(o.fails),
            "misses": ",".join(o.misses),
        }
        for o in choice.options
    ]


def choice_document(choice: Choice) -> dict[str, Any]:
    """Return the machine form, `dlbench.choice/1`."""
    open_one = settling(choice)
    settles = None
    if open_one is not None:
        settles = {
            "device": open_one.option.way.id,
            "instance": open_one.instance or None,
            "minutes": open_one.minutes if open_one.instance else None,
            "usd": open_one.usd,
        }
    return {
        "schema": "dlbench.choice/1",
        "network": choice.network,
        "goal": {**asdict(choice.goal), "ways": list(choice.goal.ways)},
        "load": asdict(choice.load),
        "advice": list(advice(choice)),
        "settled_by": settles,
        "options": choice_records(choice),
        "left_out": choice.left_out,
    }
