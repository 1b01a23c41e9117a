"""A chart as data, and its SVG: marks with the figures behind them, which a page can show, filter and step through.

    plot = Plot("answer", title, alt, Axis(tr("time"), units.duration), Axis(tr("cost"), units.usd), marks)
    plot_svg(plot, numbers_of((plot,))), plot_svg(plot, numbers_of((plot,)), narrow=True)

A mark's colour says its network and its shape its provider; the page's script finds both, and the machine, as numbers
in `data-` attributes. Without the script each mark still shows its words, and the whole chart prints.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from dlbench.bench.report.charts.labels import Box, free_places
from dlbench.bench.report.charts.scales import Scale
from dlbench.show import units
from dlbench.show.svg import COLOURS
from dlbench.show.texts import localised, tr

MOST_MARKS, _MOST_LABELS = 800, 40  # results of others may hold any number of cells
_GREY = "#7f7f7f"
_SHAPES = 6
_LETTER, _LINE = 6.9, 14.0  # of a label in a chart, in its own units: the width of a letter, the height of a line
_DOT, _SMALLEST, _LARGEST = 1.5, 5.0, 13.0  # a mark's radius


@dataclass(frozen=True)
class Axis:
    """What is drawn along one side: figures on a scale, or named rows or steps."""

    title: str
    shown: Callable[[float], str] = str  # a tick's value as text
    names: tuple[str, ...] = ()  # where the values are places in this list
    log: bool = True


def time_axis(batches: set[int]) -> Axis:
    """Return the axis for the time of one run at these batch sizes."""
    if len(batches) == 1:
        return Axis(tr("time of one run at batch {batch}", batch=min(batches)), units.duration)
    return Axis(tr("time of one run at the smallest batch"), units.duration)


@dataclass(frozen=True)
class Mark:
    """One point, with its intervals and what it says."""

    x: float
    y: float
    words: str  # name and figures, as they are shown and read aloud
    network: str
    provider: str
    machine: str = ""
    x_ends: tuple[float, float] | None = None
    y_ends: tuple[float, float] | None = None
    size: float = 0.25  # share of the way from the smallest mark to the largest; below 0: a dot
    hollow: bool = False
    grey: bool = False  # whatever its network's colour
    label: str = ""  # written beside it where there is room
    joined: bool = False  # with those of the same network, provider and machine by a line, in order of x


@dataclass(frozen=True)
class Plot:
    """A chart before it is drawn; its most important marks come first."""

    key: str
    title: str
    alt: str
    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    table: str = ""  # the key of the table that holds the figures

    @property
    def drawn(self) -> tuple[Mark, ...]:
        """The marks that are drawn: not more than a page can show."""
        return self.marks[:MOST_MARKS]


@dataclass(frozen=True)
class Numbers:
    """Networks, providers and machines by number, the same in all charts of a page; "" has none."""

    networks: tuple[str, ...]
    providers: tuple[str, ...]
    machines: tuple[str, ...]

    def of(self, mark: Mark) -> tuple[int, int, int]:
        """Return a mark's network, provider and machine; -1: none."""
        lists = (self.networks, mark.network), (self.providers, mark.provider), (self.machines, mark.machine)
        n, p, m = (names.index(name) if name in names else -1 for names, name in lists)
        return n, p, m


def numbers_of(plots: Sequence[Plot]) -> Numbers:
    """Number what the marks of all charts name: in alphabetical order, providers (translated words) in their own."""
    marks = [mark for plot in plots for mark in plot.drawn if mark.network]
    providers = dict.fromkeys(mark.provider for mark in marks if mark.provider)
    machines = {mark.machine for mark in marks} - {""}
    return Numbers(tuple(sorted({mark.network for mark in marks})), tuple(providers), tuple(sorted(machines)))


def plot_svg(plot: Plot, numbers: Numbers, narrow: bool = False) -> str:
    """Return the chart as SVG, for a page or for a phone."""
    width = 380.0 if narrow else 920.0
    rows = len(plot.y.names)
    height = (rows * 24.0 + 70 if rows else 340.0) if narrow else (rows * 22.0 + 60 if rows else 330.0)
    frame = _frame(plot, width, height, narrow)
    x = Scale.over(_values(plot, 0), frame.left, frame.right, plot.x.log, len(plot.x.names), 4 if narrow else 9)
    y = Scale.over(_values(plot, 1), frame.bottom, frame.top, plot.y.log, rows, 6)
    parts = [
        *_axes(plot, frame, x, y, height, narrow),
        *_lines(plot, x, y, numbers),
        *(_mark(mark, x, y, numbers.of(mark)) for mark in sorted(plot.drawn, key=lambda m: (m.x, m.y))),
        *_labels(plot, x, y, frame, numbers),
    ]
    kind = "narrow" if narrow else "wide"
    name = f'class="plot {kind}" role="group" aria-label="{escape(plot.title)}"'
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" xmlns="http://www.w3.org/2000/svg"'
    return f"<svg {name} {size}>{''.join(parts)}</svg>"


def _values(plot: Plot, side: int) -> list[float]:
    values = [v for mark in plot.drawn for v in ((mark.x, mark.y)[side], *((mark.x_ends, mark.y_ends)[side] or ()))]
    log = (plot.x, plot.y)[side].log
    return [v for v in values if v > 0] if log else values


def _frame(plot: Plot, width: float, height: float, narrow: bool) -> Box:
    """Return the rectangle between the axes; names of rows stand on its left, on a phone above their rows."""
    longest = max(map(len, plot.y.names), default=0)
    left = 12.0 if narrow and longest else min(0.4 * width, longest * _LETTER + 16) if longest else 62.0
    return Box(left, 22.0, width - 14, height - 44)


def _axes(plot: Plot, frame: Box, x: Scale, y: Scale, height: float, narrow: bool) -> Iterator[str]:
    for value, at in x.ticks:
        text = plot.x.names[int(value)] if plot.x.names else _tick(plot.x, value)
        yield f'<path class="grid" d="M{at:.1f} {frame.top:.1f}V{frame.bottom:.1f}"/>'
        yield _text(at, frame.bottom + 16, text, "middle")
    for value, at in y.ticks:
        yield f'<path class="grid" d="M{frame.left:.1f} {at:.1f}H{frame.right:.1f}"/>'
        if not plot.y.names:
            yield _text(frame.left - 6, at + 4, _tick(plot.y, value), "end")
        elif narrow:
            yield _text(frame.left, at - 7, plot.y.names[int(value)][:52], "start")
        else:
            yield _text(frame.left - 8, at + 4, plot.y.names[int(value)][:60], "end")
    yield _text((frame.left + frame.right) / 2, height - 8, plot.x.title, "middle", "title")
    if plot.y.title:
        yield _text(4, 13, "\u2191 " + plot.y.title, "start", "title")


def _tick(axis: Axis, value: float) -> str:
    """Return a tick's figure without zeros that say nothing: 10 µs, not 10.0 µs."""
    plain = re.sub(r"(\d)(?:\.0+|(\.\d*?[1-9])0+)(?!\d)", r"\1\2", axis.shown(value))
    return str(localised(units.Figure(plain, value)))


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{shown}>{escape(words)}</text>'


def _lines(plot: Plot, x: Scale, y: Scale, numbers: Numbers) -> Iterator[str]:
    series: dict[tuple[str, str, str], list[Mark]] = {}
    for mark in sorted((m for m in plot.drawn if m.joined), key=lambda m: m.x):
        series.setdefault((mark.network, mark.provider, mark.machine), []).append(mark)
    for marks in series.values():
        n, p, m = numbers.of(marks[0])
        points = " ".join(f"{x.at(mark.x):.1f},{y.at(mark.y):.1f}" for mark in marks)
        yield f'<polyline class="line" {_data(n, p, m)} stroke="{_colour(n)}" points="{points}"/>'


def _data(n: int, p: int, m: int) -> str:
    return f'data-n="{n}" data-p="{p}" data-m="{m}"'


def _colour(network: int) -> str:
    return COLOURS[network % (len(COLOURS) - 1)] if network >= 0 else _GREY


def _radius(mark: Mark) -> float:
    if mark.size < 0:
        return _DOT
    return _SMALLEST + (_LARGEST - _SMALLEST) * min(1.0, max(0.0, mark.size))


def _mark(mark: Mark, x: Scale, y: Scale, ids: tuple[int, int, int]) -> str:
    n, p, _ = ids
    at_x, at_y, colour = x.at(mark.x), y.at(mark.y), _GREY if mark.grey else _colour(n)
    lines = ""
    if mark.x_ends:
        low, high = (x.at(end) for end in mark.x_ends)
        lines += f"M{low:.1f} {at_y:.1f}H{high:.1f}M{low:.1f} {at_y - 4:.1f}v8M{high:.1f} {at_y - 4:.1f}v8"
    if mark.y_ends:
        low, high = (y.at(end) for end in mark.y_ends)
        lines += f"M{at_x:.1f} {low:.1f}V{high:.1f}M{at_x - 4:.1f} {low:.1f}h8M{at_x - 4:.1f} {high:.1f}h8"
    interval = f'<path class="interval" stroke="{colour}" d="{lines}"/>' if lines else ""
    shape = _shape(p, at_x, at_y, _radius(mark), colour, mark.hollow)
    return (
        f'<g class="mark" role="img" {_data(*ids)}><title>{escape(mark.words)}</title>{interval}{shape}'
        f'<circle class="touch" cx="{at_x:.1f}" cy="{at_y:.1f}" r="16"/></g>'
    )


def _shape(provider: int, x: float, y: float, r: float, colour: str, hollow: bool = False) -> str:
    """Return the mark of a provider, in the colour of a network."""
    style = f'fill="none" stroke="{colour}" stroke-width="2.5"' if hollow else f'fill="{colour}"'
    shape = max(0, provider) % _SHAPES
    if shape == 0:
        return f'<circle class="shape" cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" {style}/>'
    paths = {
        1: f"M{x - r:.1f} {y - r:.1f}h{2 * r:.1f}v{2 * r:.1f}h{-2 * r:.1f}z",
        2: f"M{x:.1f} {y - 1.2 * r:.1f}l{1.15 * r:.1f} {2 * r:.1f}h{-2.3 * r:.1f}z",
        3: f"M{x:.1f} {y - 1.3 * r:.1f}l{1.3 * r:.1f} {1.3 * r:.1f}l{-1.3 * r:.1f} {1.3 * r:.1f}l{-1.3 * r:.1f} "
        f"{-1.3 * r:.1f}z",
        4: f"M{x:.1f} {y + 1.2 * r:.1f}l{1.15 * r:.1f} {-2 * r:.1f}h{-2.3 * r:.1f}z",
        5: f"M{x - r:.1f} {y - r / 3:.1f}h{r * 2 / 3:.1f}v{-r * 2 / 3:.1f}h{r * 2 / 3:.1f}v{r * 2 / 3:.1f}h"
        f"{r * 2 / 3:.1f}v{r * 2 / 3:.1f}h{-r * 2 / 3:.1f}v{r * 2 / 3:.1f}h{-r * 2 / 3:.1f}v{-r * 2 / 3:.1f}h"
        f"{-r * 2 / 3:.1f}z",
    }
    return f'<path class="shape" d="{paths[shape]}" {style}/>'


def swatch_svg(network: int = -1, provider: int = 0) -> str:
    """Return a small mark for a legend."""
    colour = "currentColor" if network < 0 else _colour(network)
    shape = _shape(provider, 8, 8, 5.5, colour)
    return f'<svg class="swatch" viewBox="0 0 16 16" aria-hidden="true">{shape}</svg>'


def _mark_box(mark: Mark, x: Scale, y: Scale) -> Box:
    """Return the place that a mark takes with its intervals."""
    r = _radius(mark) + 2
    across = [x.at(value) for value in (mark.x, *(mark.x_ends or ()))]
    down = [y.at(value) for value in (mark.y, *(mark.y_ends or ()))]
    left, right = min(across[0] - r, *across), max(across[0] + r, *across)
    return Box(left, min(down[0] - r, *down), right, max(down[0] + r, *down))


def _labels(plot: Plot, x: Scale, y: Scale, frame: Box, numbers: Numbers) -> Iterator[str]:
    """Write labels where there is room, in the order of the marks."""
    wanted = [(i, len(m.label) * _LETTER) for i, m in enumerate(plot.drawn) if m.label][:_MOST_LABELS]
    boxes = [_mark_box(mark, x, y) for mark in plot.drawn]
    centres = [(x.at(mark.x), y.at(mark.y)) for mark in plot.drawn]
    for i, box in free_places(wanted, boxes, centres, frame, _LINE):
        words, (left, right, at) = escape(plot.marks[i].label), (box.left, box.right, centres[i][0])
        # letters may be wider than was reckoned: then the label grows away from its mark
        place, anchor = (
            (right, "end") if right <= at else (left, "start") if left >= at else ((left + right) / 2, "middle")
        )
        yield (
            f'<text class="label" {_data(*numbers.of(plot.marks[i]))} x="{place:.1f}" y="{box.bottom - 3.5:.1f}" '
            f'text-anchor="{anchor}">{words}</text>'
        )
