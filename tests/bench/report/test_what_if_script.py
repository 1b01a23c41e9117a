"""The page's JavaScript formulas against the Python ones, in a JavaScript engine without a browser."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlbench.bench.cost import formulas as cost
from dlbench.bench.report.writing import template

mini_racer = pytest.importorskip("py_mini_racer", reason="no JavaScript engine for this platform")


@pytest.fixture(scope="module")
def engine():
    racer = mini_racer.MiniRacer()
    racer.eval(template("cost.js") + ";globalThis.cost = cost;")
    return racer


def called(engine, name: str, inputs: list[tuple[float, ...]]) -> list[float | None]:
    """Call a formula with each input; None where it refuses one."""
    text = engine.eval(
        f"JSON.stringify({json.dumps(inputs)}.map(input => {{ try {{ return cost.{name}(...input) }} "
        "catch (e) { if (e instanceof RangeError) return null; throw e } }))"
    )
    return json.loads(text)


def expected(function, *arguments: float) -> float | None:
    try:
        return function(*arguments)
    except ValueError:
        return None


def own(price, years, hours, power, per_kwh, residual, pue):
    return cost.own_usd_per_active_hour(price, years, hours, power, per_kwh, residual_share=residual, pue=pue)


amount = st.floats(-10, 1e6, allow_nan=False).map(lambda x: round(x, 6))
share = st.floats(-0.5, 1.5, allow_nan=False).map(lambda x: round(x, 6))
hours = st.floats(-1, 30, allow_nan=False).map(lambda x: round(x, 6))
machines = st.integers(1, 50)
FORMULAS = {
    "electricityUsdPerHour": (cost.electricity_usd_per_hour, st.tuples(amount, amount, amount)),
    "ownUsdPerActiveHour": (
        own,
        st.tuples(amount, amount, st.floats(-1, 30).map(lambda x: round(x, 6)), amount, amount, share, amount),
    ),
    "cloudUsdPerUsefulHour": (cost.cloud_usd_per_useful_hour, st.tuples(amount, share)),
    "usdPerMillion": (cost.usd_per_million, st.tuples(amount, amount, share)),
    "savedPerYear": (cost.saved_per_year, st.tuples(amount, amount, amount)),
    "busyDevices": (cost.busy_devices, st.tuples(amount, amount, hours)),
    "devicesNeeded": (cost.devices_needed, st.tuples(amount, share, machines)),
    "ownUsdPerMonth": (
        cost.own_usd_per_month,
        st.tuples(amount, hours, share, amount, amount, amount, hours, amount, machines, share),
    ),
    "rentUsdPerMonth": (cost.rent_usd_per_month, st.tuples(amount, hours, machines, share)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_the_pages_formula_agrees_with_pythons_on_1000_random_inputs(engine, name: str):
    function, inputs = FORMULAS[name]
    seen = {"refused": 0, "computed": 0}
    drawn: list[tuple[float, ...]] = []

    @settings(max_examples=1000, deadline=None, database=None)
    @given(inputs)
    def draw(arguments: tuple[float, ...]) -> None:
        drawn.append(arguments)

    draw()
    for arguments, theirs in zip(drawn, called(engine, name, drawn), strict=True):
        ours = expected(function, *arguments)
        seen["refused" if ours is None else "computed"] += 1
        if ours is None:
            assert theirs is None, arguments
        else:
            assert theirs is not None and math.isclose(theirs, ours, rel_tol=1e-12, abs_tol=1e-300), arguments
    assert seen["computed"] > 100 and seen["refused"] > 10
