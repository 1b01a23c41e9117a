"""What dlbench shows as Markdown: tables, lists and text that no foreign name can turn into markup.

markdown_table(table)          # lines
"""

from __future__ import annotations

from collections.abc import Iterable

from dlbench.show.plain_text import without_controls
from dlbench.show.table import Table
from dlbench.show.texts import localised_table, said


def markdown_table(table: Table) -> list[str]:
    """Return the lines of a table: its heading, its rows, and its notes as a list."""
    return [f"## {markdown_text(said(table.title))}", "", *markdown_rows(table), "", *markdown_list(table.notes)]


def markdown_rows(table: Table) -> list[str]:
    """Return the lines of a table without its heading and notes."""
    table = localised_table(table)
    head = _row(c.title for c in table.columns)
    rule = "|" + "|".join("---:" if c.number else "---" for c in table.columns) + "|"
    return [head, rule, *map(_row, table.rows)]


def markdown_list(texts: Iterable[str]) -> list[str]:
    """Return one line a text."""
    return [f"- {markdown_text(said(text))}" for text in texts]


def markdown_text(text: str) -> str:
    """Escape what Markdown or embedded HTML would take for markup."""
    text = without_controls(text)
    for mark in ("\\", "|", "*", "_", "`", "[", "]"):
        text = text.replace(mark, "\\" + mark)
    return text.replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(map(markdown_text, cells)) + " |"
