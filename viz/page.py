"""A set of pictures as one page that needs nothing else: no network, no script, every text escaped.

html = page_of("Inside cnn", facts, [Section("Filters", "what they are", drawn)])
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from dlbench.viz.drawing import Drawn

__all__ = ["MOST_BYTES", "Section", "page_of"]

MOST_BYTES = 8 << 20  # a page that a class sends around


@dataclass(frozen=True)
class Section:
    """Pictures of one kind, and how they are read."""

    title: str
    words: str
    pictures: Sequence[Drawn] = field(default_factory=tuple)


def page_of(title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section]) -> str:
    """Return the page as HTML.

    Args:
        title: the heading.
        facts: name and value of what was looked at.
        sections: those without pictures are left out; pictures beyond 8 MiB in all are too, and are counted.
    """
    import jinja2

    from dlbench import __version__

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    text = (resources.files("dlbench.viz") / "templates" / "pictures.html.j2").read_text(encoding="utf-8")
    left = MOST_BYTES
    shown = []
    for section in (s for s in sections if s.pictures):
        pictures, missing = [], 0
        for drawn in section.pictures:
            one = _embedded(drawn)
            if len(one["data"]) > left:
                missing += 1
                continue
            left -= len(one["data"])
            pictures.append(one)
        many = f"{missing} picture{'s' if missing != 1 else ''}"
        told = f"{many} left out to keep this page below {MOST_BYTES >> 20} MiB; the folder has all." if missing else ""
        shown.append({"title": section.title, "words": section.words, "pictures": pictures, "left_out": told})
    return environment.from_string(text).render(title=title, facts=facts, sections=shown, version=__version__)


def _embedded(drawn: Drawn) -> dict[str, Any]:
    png = drawn.png()
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))  # of the header chunk, PNG 11.2.2
    return {
        "title": drawn.title,
        "words": drawn.words,
        "notes": drawn.notes,
        "data": base64.b64encode(png).decode(),
        "width": width // 2 or 1,
        "height": height // 2 or 1,
    }
