"""A set of pictures as one page that needs nothing else: no network, no script, every text escaped.

html = page_of("Inside cnn", facts, [Section("Filters", "what they are", drawn)])
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from dlbench.files import plain_name
from dlbench.show.html import render
from dlbench.viz.figures.drawing import Drawn

MOST_BYTES = 8 << 20  # a page that a class sends around
_SHOWN = 0.75  # of the file's pixels: letters nearly as large as the page's, still sharp where pixels are small
_FOLDED = 24  # rows


@dataclass(frozen=True)
class PageTable:
    """Rows of text. A long table is folded up until the reader opens it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    links: tuple[str, ...] = ()  # for each row the picture on the page that its second cell links to, or nothing


@dataclass(frozen=True)
class Section:
    """Pictures of one kind, or a table, and how they are read."""

    title: str
    words: str
    pictures: Sequence[Drawn] = field(default_factory=tuple)
    table: PageTable | None = None


def page_of(title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section], lead: str = "") -> str:
    """Return the page as HTML, with the answer in a sentence (`lead`) above the facts.

    Sections without pictures or table are left out; pictures beyond 8 MiB in all are too, and are counted.
    """
    from dlbench.version import __version__

    template = (resources.files("dlbench.viz.figures") / "templates" / "pictures.html.j2").read_text(encoding="utf-8")
    left = MOST_BYTES
    shown = []
    said = {note for _, value in facts for note in value.split("; ")}  # what was said once is not said again
    for section in (s for s in sections if s.pictures or s.table):
        pictures, missing = [], 0
        for drawn in section.pictures:
            embedded = _embedded(drawn, said)
            said.update(drawn.notes)
            if len(embedded["data"]) > left:
                missing += 1
                continue
            left -= len(embedded["data"])
            pictures.append(embedded)
        many = f"{missing} picture{'s' if missing != 1 else ''}"
        cut = f"{many} left out to keep this page below {MOST_BYTES >> 20} MiB; the folder has all." if missing else ""
        shown.append({"section": section, "pictures": pictures, "left_out": cut})
    return render(template, title=title, lead=lead, facts=facts, sections=shown, folded=_FOLDED, version=__version__)


def _embedded(drawn: Drawn, said: set[str]) -> dict[str, Any]:
    png = drawn.png()
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))  # of the header chunk, PNG 11.2.2
    return {
        "title": drawn.title,
        "words": drawn.words,
        "anchor": plain_name(drawn.name),
        "notes": [note for note in drawn.notes if note not in said],
        "data": base64.b64encode(png).decode(),
        "width": round(width * _SHOWN) or 1,
        "height": round(height * _SHOWN) or 1,
    }
