"""Where the words of a picture stand."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from dlbench.viz.figures.drawing import house_style


def words_cut_off(figure: Figure) -> list[str]:
    """Return the words that reach beyond the picture's edge; ticks, which may lie outside their axis, are left out."""
    with house_style():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    ticks = {
        id(label)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
    }
    cut = []
    for text in figure.findobj(Text):
        hidden = not text.get_visible() or (text.axes is not None and not text.axes.get_visible())
        if id(text) in ticks or hidden or not text.get_text().strip():
            continue
        box = text.get_window_extent(canvas.get_renderer())
        if min(box.x0, box.y0) < -1 or box.x1 > figure.bbox.width + 1 or box.y1 > figure.bbox.height + 1:
            cut.append(text.get_text())
    return cut
