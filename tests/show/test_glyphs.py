"""Names in any script on pictures."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure

from dlbench.show import glyphs
from dlbench.show.glyphs import fit_glyphs
from dlbench.viz.evaluation.class_samples import sample_grid
from dlbench.viz.figures.drawing import Drawn, saved


@pytest.fixture(autouse=True)
def _forget():
    glyphs._families.cache_clear()
    yield
    glyphs._families.cache_clear()


def chart(*names: str) -> Figure:
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_title(names[0])
    axes.set_yticks(range(len(names)), names)
    return figure


def labels(figure: Figure) -> list[str]:
    saved(figure, "png")
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_signs_that_no_font_has_are_spelt_with_a_note_also_where_ticks_are_written_anew(monkeypatch):
    monkeypatch.setattr(glyphs, "_MOST_FONTS", 0)
    figure = chart("猫", "kávé", "개 dog")
    (note,) = fit_glyphs(figure)
    assert "猫 as Mao" in note and "개 as Gae" in note and "kávé" not in note
    assert labels(figure) == ["Mao", "kávé", "Gae dog"]
    assert fit_glyphs(figure) == ()


def test_another_font_of_the_machine_is_taken_where_it_has_the_signs():
    sign = "Ⓐ"  # in a font that Matplotlib brings along, not in its usual one
    figure = chart(sign, "dog")
    assert fit_glyphs(figure) == () and labels(figure) == [sign, "dog"]
    assert len(figure.axes[0].title.get_fontfamily()) > 1
    with warnings.catch_warnings(action="error"):
        figure.savefig(io.BytesIO(), format="png")


def test_plain_names_cost_nothing_and_change_nothing():
    figure = chart("cat", "dog")
    assert fit_glyphs(figure) == () and labels(figure) == ["cat", "dog"]


def test_every_drawing_and_the_sheet_of_samples_say_so(monkeypatch):
    monkeypatch.setattr(glyphs, "_MOST_FONTS", 0)
    assert "猫 as Mao" in Drawn("a", "a", "words", chart("猫"), notes=("kept",)).notes[1]
    _, words = sample_grid("x", np.zeros((2, 1, 8, 8), np.uint8), np.array([0, 1]), ("猫", "dog"))
    assert "猫 as Mao" in words
