"""A drawing: one picture with its words and numbers, how it is kept, and the style that all of them share.

drawn = Drawn("activations-conv1", "Activations of conv1", "what to see", figure, {"conv1": maps})
paths = write_drawn(drawn, workspace.pictures / "cnn-cat")                                # PNG, SVG, NPZ
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.files import plain_name, write_atomic
from dlbench.show.glyphs import fit_glyphs
from dlbench.show.notebook import picture_html
from dlbench.show.svg import drawing_to_files, in_language
from dlbench.show.texts import said, says_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
_LETTERS_AN_INCH, _LINE_INCHES = 17, 0.12  # at 7 points
_LONGEST_SIDE_PIXELS = 20_000


@dataclass(frozen=True, repr=False)
class Drawn:
    """One picture, what it says in words, and the numbers behind it. Notebooks show it as it stands."""

    name: str  # stem of its files, such as activations-conv1
    title: str
    words: str  # what there is to see and how to read it: the caption, and the text for those who can't see it
    figure: Figure = field(repr=False, compare=False)
    arrays: Mapping[str, NDArray[Any]] = field(repr=False, compare=False, default_factory=dict)
    notes: tuple[str, ...] = ()  # what was left out, scaled or could not be computed

    @says_errors
    def __post_init__(self) -> None:
        """Write what was fed under a foreign model's picture, and say which names are drawn in other letters."""
        fed = next((note for note in self.notes if note.startswith("fed: ")), "")
        if fed and not self.figure.get_supxlabel():
            lines = textwrap.wrap(said(fed), int(_LETTERS_AN_INCH * self.figure.get_figwidth()))
            self.figure.set_figheight(self.figure.get_figheight() + _LINE_INCHES * (len(lines) + 1))
            self.figure.supxlabel("\n".join(lines), fontsize=7, color="0.35")
        in_language(self.figure)
        object.__setattr__(self, "notes", (*self.notes, *fit_glyphs(self.figure)))

    def png(self) -> bytes:
        """Return the picture as PNG."""
        return self._png

    @cached_property
    def _png(self) -> bytes:
        return saved(self.figure, "png")

    def svg(self) -> bytes:
        """Return the picture as SVG; text stays text, maps are embedded pixels."""
        return saved(self.figure, "svg")

    def __repr__(self) -> str:
        return f"<picture {self.name}: {self.title}>"

    def _repr_png_(self) -> bytes:
        return self.png()

    def _repr_html_(self) -> str:
        return picture_html(self)


def write_drawn(drawn: Drawn, folder: str | PathLike[str]) -> list[Path]:
    """Write NAME.png, NAME.svg and, where there are numbers, NAME.npz; return the paths.

    Raises:
        WorkspaceError: the folder can't be written.
    """
    folder = Path(folder)
    paths = [
        write_atomic(folder / f"{plain_name(drawn.name)}.png", drawn.png()),
        write_atomic(folder / f"{plain_name(drawn.name)}.svg", drawn.svg()),
    ]
    if drawn.arrays:
        stream = io.BytesIO()
        np.savez_compressed(stream, **_array_names(drawn.arrays))
        paths.append(write_atomic(folder / f"{plain_name(drawn.name)}.npz", stream.getvalue()))
    return paths


def _array_names(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return names that are safe as members of an archive: a tensor may be called ../x or /features/0/Conv."""
    safe: dict[str, Any] = {}
    for name, values in arrays.items():
        plain = plain_name(name)
        while plain in safe or plain == "file":
            plain += "_"
        safe[plain] = values
    return safe


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this block: foreign names are no formulas, missing glyphs no noise, SVG text stays text."""
    settings: dict[Any, Any] = {
        "text.parse_math": False,
        "font.family": "sans-serif",
        "font.size": 8,
        "svg.fonttype": "none",
        "svg.hashsalt": "dlbench",
        "image.composite_image": False,  # joining the tiles of a grid takes most of the time of an SVG
    }
    with drawing_to_files(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)
        yield


def new_figure(width_in: float, height_in: float, *, compressed: bool = False) -> Figure:
    """Return an empty figure of this size in inches; call inside `house_style()`.

    Compressed is for one map with axis labels beside a colour bar, which the ordinary layout pushes off the figure.

    Raises:
        InputError: more than 20,000 pixels a side.
    """
    from matplotlib.figure import Figure

    if max(width_in, height_in) * DPI > _LONGEST_SIDE_PIXELS:
        raise InputError(
            f"this picture is too large to draw: expected at most {_LONGEST_SIDE_PIXELS:,} pixels a side, received "
            f"{width_in * DPI:,.0f} x {height_in * DPI:,.0f}; choose fewer layers or channels."
        )
    layout: Literal["compressed", "constrained"] = "compressed" if compressed else "constrained"
    return Figure(figsize=(width_in, height_in), layout=layout, facecolor="white")


@contextmanager
def chart(width_in: float, height_in: float, heading: str = "") -> Iterator[tuple[Figure, Axes]]:
    """Draw below a heading into one axes, open above and on the right; sizes as of `new_figure`."""
    with house_style():
        figure = new_figure(width_in, height_in)
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        yield figure, axes
        if heading:
            figure.suptitle(fitted(heading, width_in), fontsize=8)


def text_figure(text: str, width_in: float, height_in: float, heading: str = "", size_pt: float = 8) -> Figure:
    """Return a figure of words, in place of a picture."""
    with chart(width_in, height_in, heading) as (figure, axes):
        axes.set_axis_off()
        axes.text(0.5, 0.5, fitted(text, width_in, size_pt), ha="center", va="center", fontsize=size_pt)
    return figure


def fitted(text: str, width_in: float, size_pt: float = 8) -> str:
    """Return the text broken into lines that fit; Matplotlib's own wrapping takes every $ for a formula."""
    characters = max(20, int(width_in * 72 / (0.52 * size_pt)))
    return "\n".join(part for line in said(text).splitlines() for part in textwrap.wrap(line, characters) or [""])


def shortened(text: str, most: int, *, keep_end: bool = False) -> str:
    """Return the text, cut to `most` characters with an ellipsis where it was cut: at its end, or at its beginning."""
    if len(text) <= most:
        return text
    return "…" + text[1 - most :] if keep_end else text[: most - 1] + "…"


def saved(figure: Figure, file_format: str) -> bytes:
    """Return the figure as a file: png or svg, without a date."""
    stream = io.BytesIO()
    with house_style():
        engine = figure.get_layout_engine()
        if engine is not None:  # once, and not at each of the two drawings that Matplotlib would make
            engine.execute(figure)
            figure.set_layout_engine("none")
        metadata = {"Software": None} if file_format == "png" else {"Date": None}
        figure.savefig(stream, format=file_format, dpi=DPI, metadata=metadata)
    return stream.getvalue()
