"""Every device for a network, held against what is wanted: those that surely serve, those that may, the others.

    choice = choose_among("cnn", variants, results, catalogue, Goal(latency_s=0.005), Load(answers_per_day=1e6))
    choice.options[0].way.id, choice.options[0].meets

"surely": the whole range meets the goal. "may": a part of it does, or what is asked is not known. Sorted by these, then
by the month's cost at the slow end, behind them what has only a purchase price of years ago; those that don't serve, by
their time. Of the files of a network whose months on a device cost nearly the same, the one of known accuracy comes
first, then the more accurate one.
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
_SAME_COST = 0.05  # of the month on one device: less decides nothing between the files of a network


@dataclass(frozen=True)
class Option:
    """One variant on one device, bought or rented."""

    variant: Variant
    way: Way
    latency: Latency
    month: Month
    meets: str  # surely, may or no
    fails: tuple[str, ...] = ()  # which wishes it surely or possibly does not meet

    misses: tuple[str, ...] = ()  # which of them it surely does not meet


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
    reached = most_accurate(variants)
    for variant in variants:
        known = [list(measurements(variant, result, catalogue)) for result in results]
        on = {row: m.latency for each in reversed(known) for m in each for row in m.rows}
        leans_on = list(calm_times(variant, (m for each in known for m in each)))
        timed = list(_timed(variant, ways, on, leans_on, left_out))
        timed += _here(known, goal) if "have" in goal.ways else ()
        options += [_option(variant, way, latency, goal, load, reached) for way, latency in timed]
    if not options:
        raise PriceError(_nothing(variants, left_out))
    if goal.boards_only:
        left_out = {name: why for name, why in left_out.items() if catalogue.devices[name].kind == "edge"}
    ordered = tuple(_in_order(options))
    return Choice(network, tuple(variants), goal, load, ordered, left_out, tuple(ways), tuple(lost))


def most_accurate(variants: Sequence[Variant]) -> Variant | None:
    """Return the file of a network that is right most often; None: no file's accuracy is known."""
    known = [variant for variant in variants if variant.accuracy is not None]
    return max(known, key=lambda v: v.accuracy.proportion.value if v.accuracy else 0.0, default=None)


def _in_order(options: Sequence[Option]) -> list[Option]:
    """Return the options as they are shown: what serves by its cost, what doesn't by its time."""
    alike: dict[tuple[str, ...], list[Option]] = {}
    for option in options:
        alike.setdefault((option.meets, option.way.kind, option.way.id), []).append(option)
    ranked = []
    for (meets, *way), files in alike.items():
        least = min(map(_usd, files))
        fastest = min(option.latency.slow_s or inf for option in files)
        for o in files:
            usd = _usd(o)
            if meets == "no":
                ranked.append(((0, o.latency.fast_s, o.latency.slow_s or inf, usd, *way), o))
                continue
            same = usd <= least * (1 + _SAME_COST)
            cost = least if same else usd
            place = (o.way.sold_in is not None, cost if cost == inf else float(f"{cost:.2e}"), fastest, *way)
            ranked.append(((-MEETS.index(meets), *place, not same, *_of_files(o), usd), o))
    return [option for _, option in sorted(ranked, key=lambda each: each[0])]


def _usd(option: Option) -> float:
    slow = option.month.usd[1]
    return inf if slow is None else slow


def _of_files(option: Option) -> tuple[float, bool, float]:
    """Return what decides between files that cost the same: how often they are right, then the one as trained."""
    counted = option.variant.accuracy
    right = -1.0 if counted is None else counted.proportion.value
    return -right, option.variant.model.precision != "fp32", option.latency.slow_s or inf


def _timed(
    variant: Variant,
    ways: Iterable[Way],
    measured: dict[str, Latency],
    leans_on: Sequence[Known],
    left_out: dict[str, str],
) -> Iterator[tuple[Way, Latency]]:
    has_work = bool(variant.model.macs or variant.model.macs_at_least)
    for way in ways:
        latency = measured.get(way.device.id)
        if latency is None and has_work:
            try:
                latency = estimated(variant, way.device, leans_on)
            except PriceError as error:
                left_out[way.id] = as_arguments(str(error))
        if latency is not None:
            yield way, latency


def _here(known: Sequence[Sequence[Measurement]], goal: Goal) -> Iterator[tuple[Way, Latency]]:
    """Yield the machine of the first result, and those of the others that the price list does not know."""
    for place, each in enumerate(known):
        for m in each:
            if (place == 0 or not m.rows) and (m.device.kind == "edge" or not goal.boards_only):
                name = "here" if place == 0 else m.device.id
                name += ":gpu" if m.device.kind == "gpu" else ""
                yield Way("have", name, m.device.name, m.device, power_w=m.power_w), m.latency


def _option(variant: Variant, way: Way, latency: Latency, goal: Goal, load: Load, reached: Variant | None) -> Option:
    month = month_of(way, latency, load)
    wishes = {
        "latency": _latency_meets(latency, goal),
        "accuracy": _accuracy_meets(variant, goal, reached),
        "budget": _budget_meets(way, month, goal),
    }
    least = min(wishes.values())
    fails, misses = (tuple(w for w, value in wishes.items() if value < most) for most in (2, 1))
    return Option(variant, way, latency, month, MEETS[least], fails, misses)


def _latency_meets(latency: Latency, goal: Goal) -> int:
    if goal.latency_s is None:
        return 2
    if latency.slow_s is not None and latency.slow_s <= goal.latency_s:
        return 2
    return 1 if latency.fast_s <= goal.latency_s or latency.disturbed else 0


def _accuracy_meets(variant: Variant, goal: Goal, reached: Variant | None) -> int:
    """Return 0 where it is too seldom right; an uncounted file is hardly better than the best of its network."""
    if goal.accuracy is None:
        return 2
    counted = variant.accuracy or (reached.accuracy if reached else None)
    if counted is None:
        return 1
    low, high = counted.proportion.wilson()
    if low >= goal.accuracy and variant.accuracy is not None:
        return 2
    return int(high >= goal.accuracy)


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
