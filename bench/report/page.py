"""A report before it is drawn: what every format shows, from one result or from those of a whole class.

page = make_page(entries); page.title, page.tables, page.questions
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlbench.bench.cost.catalogue import older_than_a_year
from dlbench.bench.report.answer import answer_of
from dlbench.bench.report.cell_names import machines_words
from dlbench.bench.report.charts.class_charts import class_charts
from dlbench.bench.report.charts.plot import Numbers, Plot, numbers_of
from dlbench.bench.report.charts.result_charts import result_charts
from dlbench.bench.report.first_screen import FirstScreen, filter_names, first_screen, machine_choices
from dlbench.bench.report.in_short import in_short
from dlbench.bench.report.questions import Question, questions
from dlbench.bench.report.tables.answer_table import answer_table
from dlbench.bench.report.tables.class_tables import class_tables
from dlbench.bench.report.tables.result_tables import all_tables
from dlbench.bench.report.what_if import page_data
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import Price
from dlbench.bench.results.schema import Result
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table
from dlbench.show.texts import tr

_OPEN = ("answer", "speed", "kinds", "machines")
_OF_VARIANTS = ("variants", "pareto")  # are read first where there are variants
_NAMED = 5  # machines that are named before the rest is counted


@dataclass(frozen=True)
class Page:
    """All that a report says, in reading order."""

    title: str
    first: FirstScreen
    lead: tuple[str, ...]
    warnings: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    charts: tuple[Plot, ...]
    numbers: Numbers
    machines: tuple[tuple[str, tuple[int, ...]], ...]
    questions: tuple[Question, ...]
    prices: Table
    data: dict[str, Any]
    made: str

    @property
    def open_tables(self) -> tuple[Table, ...]:
        """The tables that are read first; the others are folded."""
        return tuple(table for table in self.tables if table.key in self._open)

    @property
    def folded_tables(self) -> tuple[Table, ...]:
        """The tables that are folded under their headings until the reader opens them, or prints the page."""
        return tuple(table for table in self.tables if table.key not in self._open)

    @property
    def _open(self) -> tuple[str, ...]:
        return (*_OPEN, *_OF_VARIANTS) if any(table.key == "variants" for table in self.tables) else _OPEN

    @property
    def open_charts(self) -> tuple[Plot, ...]:
        """The charts that belong to the open tables of variants: accuracy against time, size and cost."""
        return tuple(plot for plot in self.charts if plot.table in _OF_VARIANTS and plot.table in self._open)

    @property
    def folded_charts(self) -> tuple[Plot, ...]:
        """The other charts."""
        return tuple(plot for plot in self.charts if plot not in self.open_charts)


def make_page(entries: Sequence[Entry]) -> Page:
    """Return the page of one result, or of several with machines as rows."""
    only = entries[0].result if len(entries) == 1 else None
    tables = all_tables(only) if only else class_tables(entries)
    title = (
        tr("Hardware cost report, machine {label}", label=entries[0].label)
        if only
        else tr("Hardware cost report: {machines}", machines=machines_words(entries))
    )
    answer = answer_of(entries)
    first = first_screen(entries, answer)
    answers = replace(answer_table(answer), title=tr("The answer in figures"))
    charts = result_charts(only) if only else class_charts(entries)
    numbers = numbers_of((*((first.plot,) if first.plot else ()), *charts))
    return Page(
        title=title,
        first=first,
        lead=in_short(entries, answer),
        warnings=tuple(_warnings(entries)),
        facts=machine_facts_table(only) if only else (),
        tables=(*((answers,) if answers.rows else ()), *tables),
        charts=charts,
        numbers=numbers,
        machines=machine_choices(entries, numbers.machines),
        questions=questions(entries, tables),
        prices=price_table(entries),
        data=page_data(entries) | {"filters": filter_names(entries, numbers)},
        made=_made(entries),
    )


def _warnings(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield each warning once, with the machines that it concerns."""
    by_text: dict[str, list[str]] = {}
    for entry in entries:
        for warning in entry.result.warnings:
            by_text.setdefault(warning, []).append(entry.label)
    for warning, labels in by_text.items():
        if len(entries) == 1:
            yield warning
        else:
            more = f" +{len(labels) - _NAMED}" if len(labels) > _NAMED else ""
            yield f"{', '.join(labels[:_NAMED])}{more}: {warning}"


def _made(entries: Sequence[Entry]) -> str:
    versions = ", ".join(sorted({entry.result.software.dlbench for entry in entries}))
    days = sorted(units.utc_minute(entry.result.created) for entry in entries)
    when = days[0] if days[0] == days[-1] else tr("{first} to {last}", first=days[0], last=days[-1])
    return tr(
        "Measured by dlbench {versions}, {when}. The result files hold every round's samples, so that each figure "
        "here can be computed again.",
        versions=versions,
        when=when,
    )


def machine_facts_table(result: Result) -> tuple[tuple[str, str], ...]:
    """Return the machine, the software and the settings as (what, value) pairs."""
    machine, software, settings = result.machine, result.software, result.settings
    gpu = f"{machine.gpu.name}, {units.size(machine.gpu.memory_bytes)}" if machine.gpu else tr("none seen")
    runtimes = f"dlbench {software.dlbench}, ONNX Runtime {software.onnxruntime}, Python {software.python}"
    spinning = tr("spinning on") if settings.spinning else tr("spinning off")
    took = tr("{when}, in {time}", when=units.utc_minute(result.created), time=units.duration(settings.duration_s))
    lines = [
        (tr("machine"), machine.fingerprint),
        (tr("processor"), f"{machine.cpu} ({machine.architecture})"),
        (tr("cores"), tr("{usable} usable of {all}", usable=machine.usable_cores, all=machine.logical_cores)),
        (tr("memory"), units.size(machine.memory_bytes)),
        ("GPU", gpu),
        (tr("system"), machine.os),
        (tr("software"), runtimes),
        (tr("providers that can run"), ", ".join(software.providers_usable) or tr("none")),
        (tr("threads"), f"{settings.threads}, {spinning}"),
        (tr("measured"), took),
    ]
    if not result.complete:
        lines.append((tr("state"), tr("interrupted: some cells have fewer rounds, or none")))
    return tuple(lines)


def headline(result: Result) -> tuple[str, ...]:
    """Return what the figures say, in sentences: what is fastest, what answers cost, and what did not run."""
    entries = (Entry.of(result),)
    return in_short(entries, answer_of(entries))


def price_table(entries: Sequence[Entry]) -> Table:
    """Return every price used in a figure, with its date and source; old ones are marked."""
    columns: tuple[Filled[Price], ...] = (
        (Column(tr("what"), False, wraps=True, key=True), lambda price: price.name),
        (Column(tr("value")), lambda price: units.Figure(f"{price.value:g} {price.unit}", price.value)),
        (
            Column(tr("date"), False, secondary=1),
            lambda price: price.date + (tr(" (older than a year)") if older_than_a_year(price.date) else ""),
        ),
        (Column(tr("source"), False, secondary=2, wraps=True), lambda price: price.source),
    )
    prices = dict.fromkeys(price for entry in entries for price in entry.result.prices)
    return Table.of("prices", tr("Every price that entered a figure"), prices, columns)
