"""Reports: self-contained HTML, Markdown and CSV from the same page, of one result or of a whole class's.

write_reports(result, "dlbench-out/reports/run")                   # run.html, run.md, run.csv
write_class_report(merge(read), "dlbench-out/reports/class", ("html",))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from os import PathLike
from pathlib import Path

from dlbench.bench.report.charts.plot import plot_svg, swatch_svg
from dlbench.bench.report.first_screen import filter_role
from dlbench.bench.report.page import Page, make_page
from dlbench.bench.report.result_csv import class_csv
from dlbench.bench.report.what_if import embedded
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Result
from dlbench.files import write_atomic
from dlbench.show.html import render, words_used
from dlbench.show.markdown import markdown_list, markdown_table, markdown_text
from dlbench.show.texts import said, tr

FORMATS = ("html", "md", "csv")


def write_reports(result: Result, stem: str | PathLike[str], formats: Sequence[str] = FORMATS) -> tuple[Path, ...]:
    """Write the report of one result beside `stem` in each format, and return the paths.

    Raises:
        WorkspaceError: the place can't be written.
    """
    return write_class_report((Entry.of(result),), stem, formats)


def write_class_report(
    entries: Sequence[Entry], stem: str | PathLike[str], formats: Sequence[str] = FORMATS
) -> tuple[Path, ...]:
    """Write the report of one or more results, and return the paths; all texts are made before any is written.

    Raises:
        WorkspaceError: the place can't be written.
    """
    stem = Path(stem)
    page = make_page(entries) if set(formats) - {"csv"} else None
    makers: dict[str, Callable[[], str]] = {
        "html": lambda: page_html(page) if page else "",
        "md": lambda: page_markdown(page) if page else "",
        "csv": lambda: class_csv(entries),
    }
    texts = {name: makers[name]() for name in formats}
    return tuple(write_atomic(stem.with_name(f"{stem.name}.{name}"), text) for name, text in texts.items())


def page_html(page: Page) -> str:
    """Return one self-contained page: no network, one script allowed by its hash; all text is escaped."""
    script = template("cost.js") + template("report.js")
    return render(
        template("report.html.j2"),
        page=page,
        style=template("report.css"),
        script=script,
        script_hash=_sha256(script),
        data=embedded(page.data),
        draw=lambda plot, narrow: plot_svg(plot, page.numbers, narrow),
        swatch=swatch_svg,
        words=_words(page),
        role=lambda table, column: filter_role(table, column, page.numbers),
    )


def _words(page: Page) -> tuple[tuple[str, str], ...]:
    """Return the words of the page that the word list explains."""
    tables = (*page.tables, page.prices)
    heads = [said(column.title) for table in tables for column in table.columns]
    notes = [said(note) for table in tables for note in table.notes]
    return words_used(heads, [*notes, *map(said, (*page.first.sentences, page.first.answer.warning, *page.warnings))])


def template(name: str) -> str:
    """Return one of the page's parts."""
    return (resources.files("dlbench.bench.report") / "templates" / name).read_text(encoding="utf-8")


def _sha256(text: str) -> str:
    import base64
    import hashlib

    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page_markdown(page: Page) -> str:
    """Return the report as Markdown."""
    parts = [f"# {markdown_text(page.title)}", "", *markdown_list(page.lead)]
    if page.facts:
        pairs = (f"| {markdown_text(what)} | {markdown_text(value)} |" for what, value in page.facts)
        parts += ["", "| | |", "|---|---|", *pairs]
    for table in (*page.tables, page.prices):
        parts += ["", *markdown_table(table)]
    if page.questions:
        questions = (f"{i}. {markdown_text(question.text)}" for i, question in enumerate(page.questions, 1))
        parts += ["", "## " + markdown_text(tr("Questions for the class")), "", *questions]
    if page.warnings:
        parts += ["", "## " + markdown_text(tr("Warnings")), "", *markdown_list(page.warnings)]
    return "\n".join([*parts, "", markdown_text(page.made)]) + "\n"
