"""Charts as SVG text in the page's own colour, and log axes with plain numbers.

svg = draw("latency", lambda axes: axes.plot([1, 2], [3, 4]))
"""

from __future__ import annotations

import io
import math
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from html import escape
from typing import Any, NamedTuple

from dlbench.show.texts import current_language, said

_INK = "#010203"  # replaced by the page's colour
# Okabe and Ito's palette: told apart by people with any colour vision.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


class Chart(NamedTuple):
    """A chart, which a notebook shows."""

    title: str
    words: str  # the alternative text
    svg: str

    def __repr__(self) -> str:
        return f"<chart {self.title[:80]}>"

    def _repr_html_(self) -> str:
        shown = (
            f'<b>{escape(said(self.title))}</b><div role="img" aria-label="{escape(said(self.words))}">{self.svg}</div>'
        )
        return f'<div style="max-width:50em">{shown}</div>'


class Charts(tuple[Chart, ...]):
    """Charts, which a notebook shows one below the other."""

    def _repr_html_(self) -> str:
        return "".join(chart._repr_html_() for chart in self)


@contextmanager
def drawing_to_files(style: Mapping[str, Any]) -> Iterator[None]:
    """Draw inside this block with Matplotlib's own defaults and this style, whatever the user's settings are.

    What a notebook has chosen for its own figures stays.
    """
    mpl = _matplotlib()
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of glyphs that its own font lacks, of names that leave no room
        mpl.rcdefaults()
        mpl.rcParams.update(style)
        yield


def _matplotlib() -> Any:
    """Import Matplotlib, whatever MPLBACKEND says: a notebook hands its own down to commands of other environments.

    Nothing here needs a backend, for no figure is made through pyplot. A notebook still gets its own.
    """
    backend = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    import matplotlib as mpl

    if backend is not None:
        os.environ["MPLBACKEND"] = backend
        with suppress(ValueError):  # not installed here
            mpl.rcParams["backend"] = backend
    return mpl


def draw(name: str, plot: Callable[[Any], None], width: float = 7.2, height: float = 4.0) -> str:
    """Draw one chart and return its SVG; `plot` gets the axes, and text takes the page's own colour."""
    style: dict[Any, Any] = {
        "text.parse_math": False,  # a foreign file's name is no formula
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK),
    }
    with drawing_to_files(style):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height), layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        axes.grid(True, which="major", color="#888888", alpha=0.3, linewidth=0.6)
        plot(axes)
        in_language(figure)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # ids must not clash when several charts stand in one page
    return re.sub(r'((?:id="|url\(#|href="#))', rf"\g<1>{name}-", svg)


def in_language(figure: Any) -> None:
    """Put all texts of a figure, and the numbers on its axes, into the language in use."""
    if current_language() == "en":
        return
    from matplotlib.text import Text

    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        formatter = axis.get_major_formatter()
        formatter.format_ticks = _in_figures(formatter.format_ticks)
    for text in figure.findobj(Text):
        text.set_text(said(text.get_text()))


def _in_figures(format_ticks: Callable[[Any], list[str]]) -> Callable[[Any], list[str]]:
    return lambda values: [said(label) for label in format_ticks(values)]


def plain_log_ticks(axis: Any, most: int) -> None:
    """Label a log axis with plain numbers (0.01, 0.1): at 1, 2 and 5 of each decade, 1 and 3 or 1, by the room."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axis.get_view_interval()
    decades, finest = math.log10(high / low), ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
    subs = next((each for each in finest if decades * len(each) < most), finest[-1])
    axis.set_major_locator(LogLocator(base=10, subs=subs, numticks=most))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_plain_number))


def _plain_number(value: float, _: object = None) -> str:
    """Return 0.003, not 3e-03; below 0.0001 the micro-unit is read more easily than a row of zeros."""
    return f"{value * 1e6:g}µ" if 0 < value < 1e-4 else f"{value:.6f}".rstrip("0").rstrip(".")
