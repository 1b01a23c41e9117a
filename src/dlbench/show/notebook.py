"""What a notebook shows: a gallery of pictures, and the progress of long work. IPython is used only where it runs.

    with notebook_progress("cnn") as on_progress:           # None outside a notebook
        judge(card, images, labels, classes, on_progress=on_progress)

Everything foreign is escaped: a model may be called <script>.
"""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from dlbench.show.texts import said

Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all (0: unknown)
_INTERVAL_S = 0.2
_WIDTH = 30  # of a picture's column, in units of the text
_MOST_PAGE_BYTES = 8 << 20  # a larger page is opened from its file


class Picture(Protocol):
    """What a gallery shows: a picture with a title and words, as `dlbench.viz.Drawn` is."""

    @property
    def title(self) -> str:
        """Its heading."""

    @property
    def words(self) -> str:
        """What there is to see."""

    def png(self) -> bytes:
        """Return the picture as PNG."""


AnyPicture = TypeVar("AnyPicture", bound=Picture)


class Gallery(list[AnyPicture]):
    """A list of pictures that a notebook shows side by side, each with its title and its words."""

    def __repr__(self) -> str:
        names = ", ".join(picture.title for picture in self[:3]) + (", ..." if len(self) > 3 else "")
        return f"<{len(self)} pictures: {names[:200]}>"

    def _repr_html_(self) -> str:
        width = _WIDTH if len(self) > 1 else 2 * _WIDTH  # alone it has the place of two
        figures = "".join(picture_html(picture, f"max-width:{width}em") for picture in self)
        return f'<div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start">{figures}</div>'


def picture_html(picture: Picture, style: str = "") -> str:
    """Return a picture as a figure of HTML, with its title and its words below it."""
    data, words = base64.b64encode(picture.png()).decode("ascii"), escape(said(picture.words))
    return (
        f'<figure style="margin:0;{style}"><img style="max-width:100%" '
        f'src="data:image/png;base64,{data}" alt="{words}">'
        f"<figcaption><b>{escape(said(picture.title))}</b><br>{words}</figcaption></figure>"
    )


class Png(NamedTuple):
    """A finished picture, which a notebook shows."""

    data: bytes
    words: str  # what it shows

    def _repr_html_(self) -> str:
        data, words = base64.b64encode(self.data).decode("ascii"), escape(said(self.words))
        return f'<img style="max-width:60em;width:100%" src="data:image/png;base64,{data}" alt="{words}"><br>{words}'


class Pages(tuple[Path, ...]):
    """Files that were written; a notebook shows the page among them, in a frame that can reach nothing outside."""

    def _repr_html_(self) -> str:
        names = "<br>".join(f"<code>{escape(str(path))}</code>" for path in self)
        page = next((path for path in self if path.suffix == ".html"), None)
        if page is None or page.stat().st_size > _MOST_PAGE_BYTES:
            return names
        text = escape(page.read_text(encoding="utf-8"))
        frame = '<iframe sandbox="allow-scripts allow-downloads" style="width:100%;height:45em;border:1px solid #8888"'
        return f'<div>{frame} srcdoc="{text}"></iframe><br>{names}</div>'


def in_notebook() -> bool:
    """Say whether this process is the kernel of a notebook (imports nothing)."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None


@contextmanager
def notebook_progress(title: str, given: Progress | None = None) -> Iterator[Progress | None]:
    """Show a bar under the running cell, which goes at the end, unless something else was given; None elsewhere."""
    if given is not None or not in_notebook():
        yield given
        return
    display: Any = __import__("IPython.display", fromlist=["display"])
    handle = display.display(display.HTML(_bar(title, "starting", 0, 0)), display_id=True)
    last = 0.0

    def on_progress(text: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _INTERVAL_S:  # a notebook is not redrawn more often than that
            last = now
            handle.update(display.HTML(_bar(title, text, done, total)))

    try:
        yield on_progress
    finally:
        handle.update(display.HTML(""))


def _bar(title: str, text: str, done: int, total: int) -> str:
    bar = f'<progress max="{total}" value="{min(done, total)}"></progress>' if total > 0 else "<progress></progress>"
    return f"<div>{bar} <b>{escape(title)}</b>: {escape(said(text))}</div>"
