"""What to do, in a sentence, and which measurement would settle what an estimate leaves open.

for sentence in advice(choice):
    print(sentence)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, inf, log10

from dlbench.bench.choosing.choice import Choice, Option, most_accurate
from dlbench.bench.choosing.rentable import instances_with
from dlbench.show import units
from dlbench.show.texts import tr

_MINUTES = 10  # of a rented machine: start it, install dlbench, measure


@dataclass(frozen=True)
class Settling:
    """The measurement that would settle the choice: rent this for some minutes, or get hold of one."""

    option: Option
    instance: str  # empty: it can't be rented
    usd: float | None  # of those minutes, or the price of one

    @property
    def minutes(self) -> int:
        """How long it is rented."""
        return _MINUTES


def goal_words(choice: Choice) -> str:
    """Return what was asked for: "within 5 ms, 10,000 answers a day"."""
    goal, load = choice.goal, choice.load
    wishes = (
        [tr("within {time}", time=units.duration_span(goal.latency_s, goal.latency_s))]
        if goal.latency_s is not None
        else []
    )
    wishes.append(tr("{n} answers a day", n=units.number(load.answers_per_day)))
    if load.hours_per_day == 1:
        wishes.append(tr("in 1 hour"))
    elif load.hours_per_day < 24:
        wishes.append(tr("in {n} hours", n=units.number(load.hours_per_day, "{:g}")))
    if goal.accuracy is not None:
        wishes.append(tr("at least {share} right", share=_percent(goal.accuracy)))
    if goal.budget_usd is not None:
        wishes.append(tr("up to {usd} USD", usd=_amount(goal.budget_usd)))
    return ", ".join(wishes)


def _percent(share: float) -> units.Figure:
    return units.number(100 * share, "{:g} %")


def _amount(usd: float) -> units.Figure:
    return units.number(usd, "{:,.6g}" if usd < 100 else "{:,.0f}")


def settling(choice: Choice) -> Settling | None:
    """Return what to measure: the cheapest that may serve for less than what surely does, else the best one."""
    best = choice.options[0]
    open_ones = (o for o in choice.best_of_each if o.meets == "may" and o.fails == ("latency",))
    doubtful = next((o for o in open_ones if _cheaper(o, best)), None)
    if doubtful is None and best.meets != "no" and best.latency.basis != "measured":
        doubtful = best
    if doubtful is None:
        return None
    way = doubtful.way
    rented = way if way.kind == "rent" else next(instances_with(way.device, list(choice.ways)), None)
    if rented is not None and rented.hourly_usd is not None:
        return Settling(doubtful, rented.id, rented.hourly_usd * _MINUTES / 60)
    return Settling(doubtful, "", way.price_usd)


def _cheaper(doubtful: Option, best: Option) -> bool:
    if best.meets != "surely":
        return True
    least, known = doubtful.month.usd[0], best.month.usd[1]
    return least is not None and (known is None or least < known)


def advice(choice: Choice) -> Iterator[str]:
    """Yield what to do, what its time leaves out, what may do for less, and what would settle it."""
    best, open_one = choice.options[0], settling(choice)
    yield _first(choice, best)
    if best.meets != "no":
        if is_uncounted(choice, best):
            yield _uncounted(best.variant.name)
        yield " ".join(_left_out_of(choice, best, open_one))
    for name in choice.lost:
        yield tr("{name} lost its answers, so it is left out.", name=name)
    if best.meets == "may" and "accuracy" in best.fails and not is_uncounted(choice, best):
        yield _open_accuracy(choice, best)
    if open_one is not None and open_one.option is not best:
        yield _for_less(open_one, best) + _settle(choice, open_one)
    serving = [option for option in choice.best_of_each if option.meets != "no"] or choice.options
    old = any(option.way.old_since is not None for option in serving)
    uncounted = any(is_uncounted(choice, option) for option in serving)
    if old and uncounted:
        yield tr("*: a price of over a year ago; ?: nobody counted how often it is right.")
    elif old:
        yield tr("*: a price of over a year ago (over five years: hardly sold any more).")
    elif uncounted:
        yield tr("?: nobody counted how often it is right; dlbench viz errors does.")


def is_uncounted(choice: Choice, option: Option) -> bool:
    """Say whether nobody counted how often a file is right, though another file of its network was counted."""
    return option.variant.accuracy is None and most_accurate(choice.variants) is not None


def _left_out_of(choice: Choice, best: Option, open_one: Settling | None) -> Iterator[str]:
    """Yield what comes on top of the time and the price, and whether anything ran there."""
    if best.way.is_board and best.way.kind == "buy":
        yield tr(
            "Network and board alone: decoding and resizing come on top of the median, power supply, card, case and "
            "camera on top of the price."
        )
    elif best.variant.takes_pictures:
        yield tr("Network alone, median; camera, decoding and resizing come on top.")
    else:
        yield tr("Network alone, median; reading and preparing its input come on top.")
    if best.latency.basis == "measured":
        return
    yield tr("Nothing ran on this device (about 9 of 10 such ranges hold).")
    if open_one is not None and open_one.option is best:
        yield _settle(choice, open_one)


def _first(choice: Choice, best: Option) -> str:
    if best.meets == "no":
        return _nothing_serves(choice)
    values = {"what": _named(choice, best), "range": _range(best), "costs": _costs(choice, best)}
    if best.meets == "may":
        return tr("Nothing surely serves. The cheapest that might: {what}, {range}, {costs}.", **values)
    if best.way.kind == "have":
        return tr("Stay with {what}, which is here already: {range}, {costs}.", **values)
    if best.way.kind == "rent":
        return tr("Rent {what}: {range}, {costs}; it is the cheapest that surely serves.", **values)
    if any(o.meets == "surely" and o.way.sold_in is not None and _cheaper(o, best) for o in choice.options):
        return tr(
            "Buy {what}: {range}, {costs}; of what is still sold, it is the cheapest that surely serves.",
            **values,
        )
    return tr("Buy {what}: {range}, {costs}; it is the cheapest that surely serves.", **values)


def _nothing_serves(choice: Choice) -> str:
    reasons = [_out_of_reach(choice)] if all("latency" in option.misses for option in choice.options) else []
    if all("accuracy" in option.misses for option in choice.options):
        best = most_accurate(choice.variants)
        if best is not None and best.accuracy is not None:
            share = best.accuracy.proportion.short()
            reasons.append(tr("{name} is right in {share}: train a better network", name=best.name, share=share))
    priced = [
        (usd, o.way.id)
        for o in choice.options
        for usd in (o.month.usd if o.way.kind == "rent" else o.month.purchase_usd)[:1]
        if usd is not None
    ]
    if all("budget" in option.misses for option in choice.options) and priced:
        usd, name = min(priced)
        reasons.append(tr("the cheapest is {name}, {usd} USD", name=name, usd=_amount(usd)))
    told = "; ".join(reasons)
    return (
        tr("Nothing serves: {why}.", why=told)
        if told
        else tr("Nothing serves all wishes at once; `tables()` shows why.")
    )


def _out_of_reach(choice: Choice) -> str:
    """Return which device is fastest at the slow end, and which time could be asked for."""
    fastest = min(choice.options, key=lambda o: (o.latency.slow_s or inf, o.latency.fast_s))
    seconds = fastest.latency.slow_s or fastest.latency.fast_s
    digits = 10 ** (1 - floor(log10(seconds)))
    reached = ceil(seconds * digits) / digits  # two digits, so that it is surely reached
    return tr(
        "{time} is within reach: {what}, {range}",
        time=units.duration_span(reached, reached),
        what=_named(choice, fastest),
        range=_range(fastest),
    )


def _uncounted(name: str) -> str:
    return tr("The accuracy of {name} is not known: dlbench viz errors {name} --data FOLDER counts it.", name=name)


def _open_accuracy(choice: Choice, option: Option) -> str:
    name, counted = option.variant.name, option.variant.accuracy
    if counted is None:
        return _uncounted(name)
    wish = units.number(100 * (choice.goal.accuracy or 0.0), "{:g} %")
    return tr(
        "{name} is right in {share}: only more test pictures tell whether it reaches {wish}.",
        name=name,
        share=counted.proportion.short(),
        wish=wish,
    )


def _for_less(open_one: Settling, best: Option) -> str:
    if best.meets != "surely":
        return ""
    usd = units.usd(open_one.option.month.usd[0])
    return tr("{what} may do for less: {usd} USD a month.", what=open_one.option.way.id, usd=usd) + " "


def _settle(choice: Choice, open_one: Settling) -> str:
    values = {"model": open_one.option.variant.name, "base": choice.variants[0].name}
    if open_one.instance:
        return tr(
            "To settle it, rent {instance} for {minutes} minutes ({usd} USD), run dlbench compare {model} there, then "
            "dlbench choose {base} --from its result.",
            instance=open_one.instance,
            minutes=open_one.minutes,
            usd=units.number(open_one.usd, "{:,.2f}"),
            **values,
        )
    price = tr(" ({usd} USD)", usd=units.number(open_one.usd, "{:,.0f}")) if open_one.usd else ""
    return tr(
        "To settle it, borrow or buy one{price}, run dlbench compare {model} there, then dlbench choose {base} --from "
        "its result.",
        **values,
        price=price,
    )


def _named(choice: Choice, option: Option) -> str:
    """Return the id, what it is, its price, and which file where there are several."""
    way = option.way
    if way.kind == "have":
        return way.name + (tr(" with {file}", file=option.variant.name) if len(choice.variants) > 1 else "")
    name = way.name.partition(" (")[0]
    facts = [name] if name.lower() not in way.id.lower() else []
    if way.kind == "buy" and way.price_usd is not None:
        usd = units.number(way.price_usd, "{:,.0f}")
        old = tr("{usd} USD in {year}", usd=usd, year=way.old_since) if way.old_since else ""
        facts.append(old or tr("{usd} USD", usd=usd))
        if way.sold_in is not None:
            facts.append(tr("hardly sold any more"))
    elif way.kind == "rent":
        facts.append(tr("{usd} USD an hour", usd=units.usd(way.hourly_usd)))
    several = tr(" with {file}", file=option.variant.name) if len(choice.variants) > 1 else ""
    return f"{way.id} ({', '.join(facts)}){several}" if facts else f"{way.id}{several}"


def _range(option: Option) -> str:
    backbone, time = option.variant.backbone, option.latency.published_as
    leans_on = tr("the time of its backbone: {time}", time=time) if backbone and time.startswith(backbone) else time
    span = units.duration_span(option.latency.fast_s, option.latency.slow_s)
    by = {
        "measured": tr("measured {range} an answer", range=span),
        "published": tr("{range} an answer, estimated from {time}", range=span, time=leans_on),
        "estimated": tr("estimated {range} an answer", range=span),
    }
    return by[option.latency.basis]


def _costs(choice: Choice, option: Option) -> str:
    low, high = option.month.usd
    if low is None:
        return tr("its price is not known")
    usd = units.usd(high if high is not None else low)
    machines = option.month.machines[1] or option.month.machines[0]
    if machines > 1:
        return tr("{usd} USD a month for {n} of them", usd=usd, n=units.number(machines))
    if option.way.kind == "buy":
        return tr("{usd} USD a month over {n} years", usd=usd, n=units.number(choice.load.years, "{:g}"))
    if option.way.kind == "have":
        return tr("{usd} USD a month (electricity alone)", usd=usd)
    return tr("{usd} USD a month", usd=usd)
