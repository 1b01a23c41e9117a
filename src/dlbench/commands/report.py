"""`dlbench report`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import (
    WorkspaceOption,
    as_typed,
    refuse_without_tables,
    shows_tables,
    typed_again,
    with_longer_budget,
)
from dlbench.commands.showing import newest_words
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.bench.results.merging import Entry

_TERMINAL = "terminal"
_MOST_LINES = 10  # of files that are left out


@shows_tables
def report(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Result files of dlbench compare, or folders and .zip files of them (default: the newest result)."
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="FINGERPRINT=NAME or FILE=NAME: show a machine by name (machines are anonymous otherwise)."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="html, md, csv or terminal; separate several with commas (default: html,md,csv; with --full, "
            "--columns or --sort: terminal).",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to (default: the workspace's reports folder).")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a page, Markdown and CSV from results.

    They come from one machine or a whole class; the page needs no internet.
    """
    from dlbench.api.measuring import chosen_formats, read_entries, write_entries
    from dlbench.bench.report.writing import FORMATS
    from dlbench.bench.results.kept_results import newest_kept
    from dlbench.show.console import messages, output, show_wrote
    from dlbench.show.table_choice import current_choice

    choice = current_choice()
    if form is None:
        form = _TERMINAL if choice.full or choice.of_tables else ",".join(FORMATS)
    named = {"--columns": ",".join(choice.columns) or None, "--sort": ",".join(choice.sort) or None}
    refuse_without_tables(named, {"form": form})
    formats = chosen_formats(form, (*FORMATS, _TERMINAL))
    newest = [] if results else newest_kept(Workspace.at(workspace).results)
    given = results or newest
    entries, left_out, read = read_entries(given, name or ())  # all are checked before one is written
    for line in left_out[:_MOST_LINES]:
        messages().print(f"left out: {line}", markup=False)
    if len(left_out) > _MOST_LINES:
        messages().print(f"left out: {len(left_out) - _MOST_LINES} more files", markup=False)
    folder = out or Workspace.at(workspace).reports
    written = write_entries(entries, folder, given[0].stem, [f for f in formats if f != _TERMINAL])
    told = [newest_words(path, entry.result.created) for path, entry in zip(newest, entries, strict=False)]
    if _TERMINAL in formats:
        _print(entries, told)
    else:
        messages().print(*told, markup=False, sep="\n", end="\n" if told else "")
    console = messages() if _TERMINAL in formats else output()
    twice = read - len(entries)
    if twice:
        console.print(f"{twice} of {read} files hold a run that another one holds too: it stands once")
    pages = [path for path in written if path.suffix == ".html"]
    show_wrote(console, written, (f"open {as_typed(pages[0])} in a browser",) if pages else ())


def _print(entries: Sequence[Entry], first: Sequence[str]) -> None:
    from dlbench.commands.answer_screen import show_answer

    if not show_answer(entries, (), (), "--full", first, _again(entries)):
        _print_all(entries, first)


def _again(entries: Sequence[Entry]) -> str:
    """Say how to measure again, on a calmer machine and for longer."""
    from dlbench.bench.report.answer_words import longer_budget
    from dlbench.show.texts import tr

    budget_s = max(entry.result.settings.budget_s for entry in entries)
    first = entries[0].result
    if len(entries) == 1 and (typed := typed_again(first.command)):
        return tr("close other programs, then {command}", command=with_longer_budget(budget_s, first.ran_on, typed))
    budget = longer_budget(budget_s)
    return tr("close other programs, then the same dlbench compare with --budget {budget}", budget=budget)


def _print_all(entries: Sequence[Entry], first: Sequence[str]) -> None:
    from dlbench.bench.report.page import make_page
    from dlbench.show.console import draw_tables, output, show_notes
    from dlbench.show.table_choice import current_choice
    from dlbench.show.texts import tr

    page, console = make_page(entries), output()
    tables = current_choice().applied((*page.tables, page.prices))  # a column that no table has: before all else
    console.print(page.title, style="bold", markup=False)
    console.print(*first, markup=False, sep="\n", end="\n" if first else "")
    draw_tables(console, tables)
    show_notes(console, tr("In short"), page.lead, style="")
    show_notes(console, tr("Questions for the class"), [question.text for question in page.questions], style="")
    show_notes(console, tr("Warnings"), page.warnings)
