"""Charts as data: their scales, and where labels find room."""

from __future__ import annotations

import math

import pytest

from dlbench.bench.report.charts.labels import Box, free_places
from dlbench.bench.report.charts.plot import MOST_MARKS, Axis, Mark, Plot, numbers_of, plot_svg
from dlbench.bench.report.charts.scales import Scale
from dlbench.show import units


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([11e-6, 7e-3], [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]),
        ([1.0, 1e6], [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6]),
        ([38e-6, 42e-6], [i * 2e-6 for i in range(17, 25)]),
    ],
)
def test_a_log_axis_has_ticks_at_round_figures(values: list[float], ticks: list[float]):
    scale = Scale.over(values, 0, 700, log=True, most=9)
    assert [tick for tick, _ in scale.ticks] == pytest.approx(ticks)
    places = [place for _, place in scale.ticks]
    assert places == sorted(places) and places[0] > 0 and places[-1] < 700


@pytest.mark.parametrize("values", [[], [1.0], [0.0, 0.0], [1e-30, 1e30], [5.0, 5.0, 5.0], [-3.0, 7.0]])
@pytest.mark.parametrize("log", [True, False])
def test_any_figures_have_places_inside_the_axis(values: list[float], log: bool):
    known = [v for v in values if v > 0] if log else values
    scale = Scale.over(known, 10, 500, log)
    for value in (*values, 0.0, 1e300):
        assert 10 - 1e-6 <= scale.at(value) <= 500 + 1e-6
    assert len(scale.ticks) < 12 and all(math.isfinite(place) for _, place in scale.ticks)


def test_labels_stand_beside_their_own_marks_and_never_on_each_other():
    centres = [(100.0, 50.0), (118.0, 52.0), (200.0, 50.0)]
    marks = [Box(x - 6, y - 6, x + 6, y + 6) for x, y in centres]
    found = dict(free_places([(0, 60), (1, 60), (2, 60)], marks, centres, Box(0, 0, 400, 100), 14))
    assert set(found) == {0, 1, 2}
    boxes = list(found.values())
    assert not any(a.meets(b) for i, a in enumerate(boxes) for b in (*boxes[i + 1 :], *marks))
    for i, box in found.items():
        assert min(range(3), key=lambda j: box.distance(*centres[j])) == i


def test_a_chart_of_others_figures_is_bounded_and_escaped():
    attack = '"><script>alert(1)</script>'
    marks = tuple(Mark(10.0**i, 1.0, attack, attack, attack, attack, label=attack) for i in range(-9, 9))
    plot = Plot("x", attack, attack, Axis(attack, units.duration), Axis(attack, units.usd), marks * 100)
    svg = plot_svg(plot, numbers_of((plot,)))
    assert svg.count('class="mark"') == MOST_MARKS
    assert "<script" not in svg and 'n="-' not in svg
