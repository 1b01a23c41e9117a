"""What dlbench shows as HTML: whole pages that need nothing else, and single tables for notebooks.

    render(template, page=page)                # a page: its text escaped, in the base style
    html_table(table)

A page refers to nothing outside itself: styles, scripts and pictures are in it, and its security policy says so.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from html import escape
from importlib import resources
from typing import Any

from dlbench.show.fitting import columns_that_fit, left_out_words
from dlbench.show.locale.word_list import IN_TEXTS, MEANINGS
from dlbench.show.table import Column, Table
from dlbench.show.texts import current_language, localised, localised_table, said, tr
from dlbench.show.units import Figure

_MOST_ROWS = 25  # of a table that is shown in full; a longer one scrolls
_MOST_NOTES = 3  # that are all shown; of more, all but the first are folded
_WIDTH = 115  # characters of a row that stand side by side in a notebook of 1,000 pixels
_LONGEST_WHOLE = 24  # characters that stay on one line: a date, a number with its unit


def render(template: str, **values: Any) -> str:
    """Return the page of a Jinja template.

    `base_style`, `tr`, `lang` and the filters `localised`, `said`, `meaning` and `with_meanings` are there for it.
    """
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    base_style = (resources.files("dlbench.show") / "base.css").read_text(encoding="utf-8")
    environment.globals |= {"tr": tr, "lang": current_language(), "base_style": base_style}
    environment.filters |= {"localised": localised, "said": said, "meaning": meaning}
    environment.filters["with_meanings"] = lambda text: markupsafe.Markup(with_meanings(text))  # noqa: S704 (escaped)
    environment.tests["figure"] = lambda value: isinstance(value, Figure)
    return environment.from_string(template).render(**values)


def meaning(head: str) -> str:
    """Return what a column's head, in the language in use, means; nothing where the word list does not have it."""
    return _meanings(current_language()).get(" ".join(head.split()).lower(), "")


@functools.cache
def _meanings(_: str) -> dict[str, str]:
    return {said(word).lower(): said(sentence) for word, sentence in MEANINGS.items()}


def with_meanings(text: str) -> str:
    """Return a text as HTML, escaped; where it uses words that need it, the first of each is explained on hover.

    What stands in `back-ticks` is code.
    """
    pieces, seen, at = [], set[str](), 0
    for found in _words_in_texts(current_language()).finditer(text):
        if found[0].startswith("`"):
            pieces += [escape(text[at : found.start()]), f"<code>{escape(found[0].strip('`'))}</code>"]
            at = found.end()
        elif meaning(found[0]) not in seen:
            seen.add(meaning(found[0]))
            # the focus shows it too, for fingers and keyboards
            word = f'<abbr{_hover(found[0])} tabindex="0">{escape(found[0])}</abbr>'
            pieces += [escape(text[at : found.start()]), word]
            at = found.end()
    return "".join([*pieces, escape(text[at:])])


def with_code(text: str) -> str:
    """Return a text as HTML, escaped; what stands in `back-ticks` is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def words_used(heads: Iterable[str], texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the words of these heads and texts, in the language in use, with what they mean, in alphabetical order."""
    words = [" ".join(head.split()) for head in heads]
    words += [found[0] for text in texts for found in _words_in_texts(current_language()).finditer(text)]
    known = {sentence: word for word in reversed(words) if (sentence := meaning(word))}
    return tuple(sorted(((word, sentence) for sentence, word in known.items()), key=lambda pair: pair[0].lower()))


@functools.cache
def _words_in_texts(_: str) -> re.Pattern[str]:
    return re.compile(rf"`[^`]+`|\b(?:{'|'.join(re.escape(said(word)) for word in IN_TEXTS)})\b")


def html_table(table: Table) -> str:
    """Return a table with its notes as an HTML fragment; a wide one leaves out secondary columns, and names them."""
    table = localised_table(table)
    fitting = columns_that_fit(table, _WIDTH)
    kept = range(len(table.columns)) if fitting is None else fitting
    head = "".join(_head(table.columns[i]) for i in kept)
    body = "".join("<tr>" + "".join(_cell(row[i], table.columns[i]) for i in kept) + "</tr>" for row in table.rows)
    first, more = (len(table.notes), 0) if len(table.notes) <= _MOST_NOTES else (1, len(table.notes) - 1)
    notes = _note(left_out) if (left_out := left_out_words(table, kept)) else ""
    notes += "".join(map(_note, table.notes[:first]))
    if more:
        summary = f"<summary><small>{escape(tr('{n} more notes', n=more))}</small></summary>"
        notes += f"<details>{summary}{''.join(map(_note, table.notes[first:]))}</details>"
    caption = f"<caption>{escape(table.title)}</caption>"
    scrolls = (
        ' style="display:block;max-height:40em;overflow:auto"'
        if len(table.rows) > _MOST_ROWS or fitting is None
        else ""
    )
    return f"<table{scrolls}>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


def html_list(sentences: Iterable[str]) -> str:
    """Return sentences as an HTML fragment, one a line."""
    lines = "".join(f"<li>{with_meanings(said(sentence))}</li>" for sentence in sentences)
    return f"<ul>{lines}</ul>" if lines else ""


def _head(column: Column) -> str:
    side = "right" if column.number else "left"
    return f'<th{_hover(column.title)} style="text-align:{side}">{with_code(column.title)}</th>'


def _hover(head: str) -> str:
    return f' title="{escape(words)}"' if (words := meaning(head)) else ""


def _cell(text: str, column: Column) -> str:
    side = "right" if column.number else "left"
    whole = "" if column.wraps or len(text) > _LONGEST_WHOLE else ";white-space:nowrap"
    return f'<td style="text-align:{side}{whole}">{with_code(text)}</td>'


def _note(text: str) -> str:
    return f"<p><small>{with_meanings(text)}</small></p>"
