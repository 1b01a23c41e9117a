"""What the report's page needs to choose a device with sliders: the ways to have one, and each network's time there.

    page_options(results)["networks"][0]["times"]        # [place of the way, fast_s, slow_s, basis]

The page computes verdicts and costs itself, with formulas 11 to 14 (`templates/cost.js`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlbench.bench.choosing.choice import Choice, choose_among
from dlbench.bench.choosing.goals import Goal, Load
from dlbench.bench.choosing.latencies import Variant
from dlbench.bench.choosing.months import owned_power, owned_price
from dlbench.bench.choosing.rentable import Way
from dlbench.bench.cost.assumptions import ANSWERS_PER_DAY, IDLE_POWER_SHARE, MOST_BUSY
from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.bench.results.schema import Result
from dlbench.errors import PriceError

_MOST_NETWORKS = 6


def page_options(results: Sequence[Result]) -> dict[str, Any]:
    """Return the first networks of these results, on the devices whose cost a month is known; SI units and USD."""
    lost = {each.model for result in results for each in result.variants if each.has_lost}
    models = {m.name: m for result in results for m in result.models if m.name not in lost}
    ways: dict[tuple[str, str], dict[str, Any]] = {}
    networks = []
    for name, model in list(models.items())[:_MOST_NETWORKS]:
        try:
            choice = choose_among(name, [Variant.of(model)], results, load_catalogue(), Goal(), Load())
        except PriceError:
            continue  # nothing is known of it on any device
        networks.append({"name": name, "times": _times(choice, ways)})
    return {
        "ways": list(ways.values()),
        "networks": networks,
        "most_busy": MOST_BUSY,
        "idle_share": IDLE_POWER_SHARE,
        "answers_per_day": ANSWERS_PER_DAY,
    }


def _times(choice: Choice, ways: dict[tuple[str, str], dict[str, Any]]) -> list[list[Any]]:
    times = []
    for option in choice.options:
        if option.month.usd[0] is None:
            continue
        key, slow = (option.way.kind, option.way.id), option.latency.slow_s
        ways.setdefault(key, _way(option.way, choice.load))
        ends = (_short(option.latency.fast_s), None if slow is None else _short(slow))
        times.append([list(ways).index(key), *ends, option.latency.basis])
    return times


def _short(seconds: float) -> float:
    return float(f"{seconds:.3g}")


def _way(way: Way, load: Load) -> dict[str, Any]:
    return {
        "id": way.id,
        "name": way.name,
        "old": way.old_since is not None,
        "hardly_sold": way.sold_in is not None,
        "way": way.kind,
        "each": way.each,
        "price_usd": owned_price(way, load),
        "power_w": owned_power(way, load),
        "hourly_usd": way.hourly_usd,
    }
