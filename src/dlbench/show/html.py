"""What dlbench shows as HTML: whole pages that need nothing else, and single tables for notebooks.

    render(template, page=page)                # a page: its text escaped, in the base style
    html_table(table)

A page refers to nothing outside itself: styles, scripts and pictures are in it, and its security policy says so.
"""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import Any

from dlbench.show.table import Table
from dlbench.show.texts import current_language, localised, localised_table, said, tr
from dlbench.show.units import Figure

__all__ = ["html_table", "render"]


def render(template: str, **values: Any) -> str:
    """Return the page of a Jinja template.

    `base_style`, `tr`, `lang` and the filters `localised` and `said` are there for it.
    """
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.globals |= {"tr": tr, "lang": current_language(), "base_style": _base_style()}
    environment.filters |= {"localised": localised, "said": said}
    environment.tests["figure"] = lambda value: isinstance(value, Figure)
    return environment.from_string(template).render(**values)


def _base_style() -> str:
    return (resources.files("dlbench.show") / "base.css").read_text(encoding="utf-8")


def html_table(table: Table) -> str:
    """Return a table with its notes as an HTML fragment."""
    table = localised_table(table)
    head = "".join(f"<th>{escape(column.title)}</th>" for column in table.columns)
    body = "".join(
        "<tr>" + "".join(_cell(cell, column.number) for cell, column in zip(row, table.columns, strict=True)) + "</tr>"
        for row in table.rows
    )
    notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in table.notes)
    caption = f"<caption>{escape(table.title)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


def _cell(text: str, number: bool) -> str:
    side = "right" if number else "left"
    return f'<td style="text-align:{side}">{escape(text)}</td>'
