"""Every device for a network, held against what is wanted: those that surely serve, those that may, the others.

    choice = choose_among("cnn", variants, results, catalogue, Goal(latency_s=0.005), Load(answers_per_day=1e6))
    choice.options[0].way.id, choice.options[0].meets

"surely": the whole range meets the goal. "may": a part of it does, or what is asked is not known. Sorted by these, then
by the month's cost at the slow end, behind them what has only a purchase price of years ago; those that don't serve, by
their time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from dlbench.bench.choosing.goals import Goal, Load
from dlbench.bench.choosing.latencies import Latency, Measurement, Variant, calm_times, estimated, measurements
from dlbench.bench.choosing.months import Month, month_of
from dlbench.bench.choosing.rentable import Way, ways_to_have
from dlbench.bench.cost.catalogue import Catalogue
from dlbench.bench.cost.latency.latency_range import Known
from dlbench.bench.results.schema import Result
from dlbench.errors import PriceError
from dlbench.show.locale.typed_options import as_arguments

MEETS = ("no", "may", "surely")


@dataclass(frozen=True)
class Option:
    """One variant on one device, bought or rented."""

    variant: Variant
    way: Way
    latency: Latency
    month: Month
    meets: str  # surely, may or no
    fails: tuple[str, ...] = ()  # which wishes it surely or possibly does not meet

    @property
    def order(self) -> tuple[object, ...]:
        """What it is sorted by."""
        usd, fast_usd = self.month.usd[1], self.month.usd[0]
        if self.meets == "no":
            return (0, self.latency.fast_s, self.latency.slow_s or inf, inf if usd is None else usd, self.way.id)
        return (
            -MEETS.index(self.meets),
            self.way.sold_in is not None,
            inf
            if usd is None
            else float(f"{usd:.2e}"),  # cents decide nothing: then the file as it was trained comes first
            self.variant.model.precision != "fp32",
            inf if fast_usd is None else fast_usd,
            self.latency.slow_s or inf,
            self.way.id,
        )


@dataclass(frozen=True)
class Choice:
    """What there is to choose from, the best first."""

    network: str
    variants: tuple[Variant, ...]
    goal: Goal
    load: Load
    options: tuple[Option, ...]
    left_out: dict[str, str]  # ids of the price list, and why
    ways: tuple[Way, ...] = ()
    lost: tuple[str, ...] = field(default=())  # variants that lost their answers

    @property
    def best_of_each(self) -> tuple[Option, ...]:
        """The options, for each way to have a device only its best variant."""
        seen: dict[tuple[str, str], Option] = {}
        for option in self.options:
            seen.setdefault((option.way.kind, option.way.id), option)
        return tuple(seen.values())


def choose_among(
    network: str,
    variants: Sequence[Variant],
    results: Sequence[Result],
    catalogue: Catalogue,
    goal: Goal,
    load: Load,
    lost: Sequence[str] = (),
) -> Choice:
    """Return all options; the first result is of the machine that is here.

    Raises:
        PriceError: no device is left that anything is known of.
    """
    ways, left_out = ways_to_have(catalogue)
    ways = [way for way in ways if way.kind in goal.ways and (way.is_board or not goal.boards_only)]
    options: list[Option] = []
    for variant in variants:
        known = [list(measurements(variant, result, catalogue)) for result in results]
        on = {row: m.latency for each in reversed(known) for m in each for row in m.rows}
        leans_on = list(calm_times(variant, (m for each in known for m in each)))
        options += _options(variant, ways, on, leans_on, goal, load, left_out)
        if "have" in goal.ways:
            options += [_option(variant, *here, goal, load) for here in _here(known, goal)]
    if not options:
        raise PriceError(_nothing(variants, left_out))
    ordered = tuple(sorted(options, key=lambda option: option.order))
    return Choice(network, tuple(variants), goal, load, ordered, left_out, tuple(ways), tuple(lost))


def _options(
    variant: Variant,
    ways: Iterable[Way],
    measured: dict[str, Latency],
    leans_on: Sequence[Known],
    goal: Goal,
    load: Load,
    left_out: dict[str, str],
) -> Iterator[Option]:
    has_work = bool(variant.model.macs or variant.model.macs_at_least)
    for way in ways:
        latency = measured.get(way.device.id)
        if latency is None and has_work:
            try:
                latency = estimated(variant, way.device, leans_on)
            except PriceError as error:
                left_out[way.id] = as_arguments(str(error))
        if latency is not None:
            yield _option(variant, way, latency, goal, load)


def _here(known: Sequence[Sequence[Measurement]], goal: Goal) -> Iterator[tuple[Way, Latency]]:
    """Yield the machine of the first result, and those of the others that the price list does not know."""
    for place, each in enumerate(known):
        for m in each:
            if (place == 0 or not m.rows) and (m.device.kind == "edge" or not goal.boards_only):
                name = "here" if place == 0 else m.device.id
                name += ":gpu" if m.device.kind == "gpu" else ""
                yield Way("have", name, m.device.name, m.device, power_w=m.power_w), m.latency


def _option(variant: Variant, way: Way, latency: Latency, goal: Goal, load: Load) -> Option:
    month = month_of(way, latency, load)
    wishes = {
        "latency": _latency_meets(latency, goal),
        "accuracy": _accuracy_meets(variant, goal),
        "budget": _budget_meets(way, month, goal),
    }
    least = min(wishes.values())
    return Option(variant, way, latency, month, MEETS[least], tuple(w for w, value in wishes.items() if value < 2))


def _latency_meets(latency: Latency, goal: Goal) -> int:
    if goal.latency_s is None:
        return 2
    if latency.slow_s is not None and latency.slow_s <= goal.latency_s:
        return 2
    return 1 if latency.fast_s <= goal.latency_s or latency.disturbed else 0


def _accuracy_meets(variant: Variant, goal: Goal) -> int:
    if goal.accuracy is None:
        return 2
    if variant.accuracy is None:
        return 1
    low, high = variant.accuracy.proportion.wilson()
    return 2 if low >= goal.accuracy else int(high >= goal.accuracy)


def _budget_meets(way: Way, month: Month, goal: Goal) -> int:
    if goal.budget_usd is None or way.kind == "have":
        return 2
    fast, slow = month.usd if way.kind == "rent" else month.purchase_usd
    if slow is not None and slow <= goal.budget_usd:
        return 2
    return int(fast is not None and fast <= goal.budget_usd)  # a price that nobody knows is within no budget


def _nothing(variants: Sequence[Variant], left_out: dict[str, str]) -> str:
    if not any(v.model.macs or v.model.macs_at_least for v in variants):
        return (
            f"{variants[0].name}: expected a network whose multiply-accumulates can be counted, or a measured time of "
            f"it, received neither; dlbench compare {variants[0].name} measures it here."
        )
    return (
        f"no device is left to choose from: {len(left_out)} rows of the price list can't be used; leave out `edge`, "
        "`buy` or `rent`, or give rows of your own with `prices`."
    )
