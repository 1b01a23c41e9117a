"""The page's JavaScript formulas against the Python ones, in a JavaScript engine without a browser."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

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


# what an input may be: its lowest and highest value, some of them not allowed; whole numbers where both are whole
AMOUNT, SHARE, HOURS, YEARS, MACHINES = (-10.0, 1e6), (-0.5, 1.5), (-1.0, 30.0), (-1.0, 30.0), (1, 50)
FORMULAS = {
    "electricityUsdPerHour": (cost.electricity_usd_per_hour, (AMOUNT, AMOUNT, AMOUNT)),
    "ownUsdPerActiveHour": (own, (AMOUNT, AMOUNT, YEARS, AMOUNT, AMOUNT, SHARE, AMOUNT)),
    "cloudUsdPerUsefulHour": (cost.cloud_usd_per_useful_hour, (AMOUNT, SHARE)),
    "usdPerMillion": (cost.usd_per_million, (AMOUNT, AMOUNT, SHARE)),
    "savedPerYear": (cost.saved_per_year, (AMOUNT, AMOUNT, AMOUNT)),
    "busyDevices": (cost.busy_devices, (AMOUNT, AMOUNT, HOURS)),
    "devicesNeeded": (cost.devices_needed, (AMOUNT, SHARE, MACHINES)),
    "ownUsdPerMonth": (
        cost.own_usd_per_month,
        (AMOUNT, HOURS, SHARE, AMOUNT, AMOUNT, AMOUNT, HOURS, AMOUNT, MACHINES, SHARE),
    ),
    "rentUsdPerMonth": (cost.rent_usd_per_month, (AMOUNT, HOURS, MACHINES, SHARE)),
}


def drawn(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a value between the two; one in six is an end, 0, 1, or next to nothing."""
    if isinstance(low, int):
        return int(rng.integers(low, high + 1))
    if rng.random() < 1 / 6:
        return float(rng.choice([low, 0.0, 1e-6, 1.0, high]))
    return round(float(rng.uniform(low, high)), 6)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_pages_formula_agrees_with_pythons_on_1000_random_inputs(engine, name: str):
    function, ranges = FORMULAS[name]
    rng = np.random.default_rng(0)
    seen = {"refused": 0, "computed": 0}
    inputs = [tuple(drawn(rng, *ends) for ends in ranges) for _ in range(1000)]
    for arguments, theirs in zip(inputs, called(engine, name, inputs), strict=True):
        ours = expected(function, *arguments)
        seen["refused" if ours is None else "computed"] += 1
        if ours is None:
            assert theirs is None, arguments
        else:
            assert theirs is not None and math.isclose(theirs, ours, rel_tol=1e-12, abs_tol=1e-300), arguments
    assert seen["computed"] > 100 and seen["refused"] > 10
