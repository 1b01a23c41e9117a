"""A column for each way to have the machine, as tables of costs share them.

Table.of("cost", title, cells, (*cell_columns(result), *cost_columns(unit)))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from dlbench.bench.cost.pricing import OPTIONS
from dlbench.bench.report.answer_words import marked
from dlbench.bench.results.schema import Cell
from dlbench.show import units
from dlbench.show.table import Column, Filled
from dlbench.show.texts import tr

T = TypeVar("T")
_GIVES_WAY = ("electricity", "colab")  # on a narrow screen: own or rent is the question


def option_titles() -> dict[str, str]:
    """Return the short name of each way to have a machine."""
    return {"own": tr("own it"), "electricity": tr("electricity"), "rent": tr("rent"), "colab": "Colab"}


def option_columns(figure: Callable[[str, T], str]) -> Iterator[Filled[T]]:
    """Yield a column for each way to have a machine; `figure` says what it costs that way."""
    titles = option_titles()
    for option in OPTIONS:
        yield Column(titles[option], secondary=option in _GIVES_WAY), partial(figure, option)


def cost_columns(unit: units.Unit) -> Iterator[Filled[Cell]]:
    """Yield what answers of a cell cost in each way to have the machine, and their energy."""

    def figure(option: str, cell: Cell) -> str:
        return marked(unit.figure(cell.usd(option)), cell.disturbed)

    yield from option_columns(figure)
    yield Column(tr("energy each"), secondary=2), lambda c: marked(units.joules(c.energy_j_per_inference), c.disturbed)
