"""The conventions of the pictures: ranges, labelled tiles, safe names."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from dlbench.errors import InputError
from dlbench.viz.figures.drawing import Drawn, new_figure, write_drawn
from dlbench.viz.figures.tiles import draw_tile, limits_of, map_grid


def test_values_of_one_sign_start_at_zero_and_signed_ones_are_centred_on_it():
    assert (limits_of(np.array([0.5, 2.0])).low, limits_of(np.array([0.5, 2.0])).high) == (0, 2)
    assert limits_of(np.array([0.5, 2.0])).colours == "viridis"
    signed = limits_of(np.array([-3.0, 1.0, np.nan]))
    assert (signed.low, signed.high, signed.colours) == (-3, 3, "RdBu_r")


@pytest.mark.parametrize(
    ("values", "label"),
    [
        (np.zeros((2, 2)), "dead"),
        (np.full((2, 2), 1.5), "1.5\neverywhere"),
        (np.array([[np.nan, 1], [np.inf, 2]]), "2 of\n4"),
    ],
)
def test_a_map_that_can_t_be_drawn_becomes_a_labelled_tile(values, label):
    axes = Figure().subplots()
    assert draw_tile(axes, values, None) is None
    assert label in axes.texts[0].get_text()


def test_more_than_64_maps_are_counted_in_the_heading():
    figure = map_grid(np.random.default_rng(0).random((70, 3, 3)), heading="x")
    assert "64 of 70 shown" in figure.get_suptitle()
    assert len(figure.axes[0].images) == 64


def test_a_picture_is_kept_as_png_svg_and_numbers_under_safe_names(tmp_path):
    maps = np.random.default_rng(0).random((3, 4, 5)).astype(np.float32)
    drawn = Drawn("a", "A", "three maps", map_grid(maps, heading="$x_{$ <b>"), {"../x": maps, "/x": maps, "file": maps})
    png, svg, npz = write_drawn(drawn, tmp_path)
    assert Image.open(io.BytesIO(png.read_bytes())).width > 300
    assert b"$x_{$ &lt;b&gt;" in svg.read_bytes() and b"<b>" not in svg.read_bytes()
    with np.load(npz, allow_pickle=False) as kept:
        assert sorted(kept) == ["file_", "x", "x_"]
        np.testing.assert_array_equal(kept["x"], maps)
    assert Image.open(io.BytesIO(drawn._repr_png_())).size == Image.open(png).size  # what a notebook shows


def test_a_picture_too_large_to_draw_is_refused():
    with pytest.raises(InputError, match="choose fewer"):
        new_figure(200, 3)
