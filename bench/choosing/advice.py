"""What to do, in a sentence, and which measurement would settle what an estimate leaves open.

for sentence in advice(choice):
    print(sentence)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dlbench.bench.choosing.choice import Choice, Option
from dlbench.bench.choosing.rentable import instances_with
from dlbench.bench.cost.catalogue import older_than_a_year
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
    if load.hours_per_day < 24:
        wishes.append(tr("in {n} hours", n=units.number(load.hours_per_day, "{:g}")))
    if goal.accuracy is not None:
        wishes.append(tr("right in {share}", share=units.number(100 * goal.accuracy, "{:g} %")))
    if goal.budget_usd is not None:
        wishes.append(tr("for {usd} USD", usd=units.number(goal.budget_usd, "{:,.6g}")))
    return ", ".join(wishes)


def settling(choice: Choice) -> Settling | None:
    """Return what to measure: the cheapest that may serve, where it costs less than what surely does."""
    best = choice.options[0]
    open_ones = (o for o in choice.best_of_each if o.meets == "may" and o.fails == ("latency",))
    doubtful = next((o for o in open_ones if _cheaper(o, best)), None)
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
    """Yield what to do, what may do for less, and what would settle it."""
    best = choice.options[0]
    yield _first(choice, best)
    if best.meets == "may" and "accuracy" in best.fails:
        yield _open_accuracy(choice, best)
    open_one = settling(choice)
    if open_one is not None:
        yield _settle(choice, open_one, best)
    if any(option.way.sold_in is not None and option.meets != "no" for option in choice.options):
        yield tr("*: a list price of over five years ago; hardly sold any more.")


def _first(choice: Choice, best: Option) -> str:
    if best.meets == "no":
        return _nothing_serves(choice)
    values = {"what": _named(choice, best), "range": _range(best), "costs": _costs(choice, best)}
    if best.meets == "may":
        return tr("Nothing surely serves. The least that may: {what}, {range}, {costs}.", **values)
    if best.way.kind == "have":
        return tr("Stay with {what}, which is here already: {range}, {costs}.", **values)
    if best.way.kind == "rent":
        return tr("Rent {what}: {range}, {costs}; nothing that surely serves costs less.", **values)
    if any(o.meets == "surely" and o.way.sold_in is not None and _cheaper(o, best) for o in choice.options):
        return tr(
            "Buy {what}: {range}, {costs}; of what is still sold, nothing that surely serves costs less.", **values
        )
    return tr("Buy {what}: {range}, {costs}; nothing that surely serves costs less.", **values)


def _nothing_serves(choice: Choice) -> str:
    fastest = min(choice.options, key=lambda option: option.latency.fast_s)
    reasons = [
        tr("the fastest is {what}, {range}", what=_named(choice, fastest), range=_range(fastest))
        if "latency" in fastest.fails
        else ""
    ]
    right = [v.accuracy.proportion for v in choice.variants if v.accuracy is not None]
    if all("accuracy" in option.fails for option in choice.options) and right:
        most = max(right, key=lambda share: share.value)
        reasons.append(tr("the most accurate file is right in {share}", share=most.short()))
    priced = [
        usd for o in choice.options for usd in (o.month.usd if o.way.kind == "rent" else o.month.purchase_usd)[:1]
    ]
    known = [usd for usd in priced if usd is not None]
    if all("budget" in option.fails for option in choice.options) and known:
        reasons.append(tr("the least costs {usd} USD", usd=units.usd(min(known))))
    told = "; ".join(reason for reason in reasons if reason)
    return (
        tr("Nothing serves: {why}.", why=told)
        if told
        else tr("Nothing serves all wishes at once; `tables()` shows why.")
    )


def _open_accuracy(choice: Choice, option: Option) -> str:
    name, counted = option.variant.name, option.variant.accuracy
    if counted is None:
        return tr("The accuracy of {name} is not known: dlbench viz errors {name} --data FOLDER counts it.", name=name)
    wish = units.number(100 * (choice.goal.accuracy or 0.0), "{:g} %")
    return tr(
        "{name} is right in {share}: only more test pictures tell whether it reaches {wish}.",
        name=name,
        share=counted.proportion.short(),
        wish=wish,
    )


def _settle(choice: Choice, open_one: Settling, best: Option) -> str:
    option, model = open_one.option, choice.variants[0].name
    values = {"what": option.way.id, "model": option.variant.name, "minutes": open_one.minutes, "base": model}
    usd = units.number(open_one.usd, "{:,.2f}")
    least = units.usd(option.month.usd[0])
    less = ""
    if best.meets == "surely":
        less = tr("{what} may do for less: {usd} USD a month.", what=option.way.id, usd=least) + " "
    if open_one.instance:
        values = {**values, "instance": open_one.instance, "usd": usd}
        return less + tr(
            "To settle it, rent {instance} for {minutes} minutes ({usd} USD), run dlbench compare {model} there, then "
            "dlbench choose {base} --from its result.",
            **values,
        )
    price = tr(" ({usd} USD)", usd=units.number(open_one.usd, "{:,.0f}")) if open_one.usd else ""
    return less + tr(
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
        facts.append(tr("{usd} USD", usd=units.number(way.price_usd, "{:,.0f}")))
        if way.sold_in is not None:
            facts.append(tr("list price of {year}, hardly sold any more", year=way.sold_in))
        elif older_than_a_year(way.dated):
            facts.append(tr("an old price"))
    elif way.kind == "rent":
        facts.append(tr("{usd} USD an hour", usd=units.usd(way.hourly_usd)))
    several = tr(" with {file}", file=option.variant.name) if len(choice.variants) > 1 else ""
    return f"{way.id} ({', '.join(facts)}){several}" if facts else f"{way.id}{several}"


def _range(option: Option) -> str:
    span = units.duration_span(option.latency.fast_s, option.latency.slow_s)
    by = {
        "measured": tr("measured {range} an answer", range=span),
        "published": tr("{range} an answer, estimated from {time}", range=span, time=option.latency.published_as),
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
        return tr("{usd} USD a month for {n} of them", usd=usd, n=machines)
    if option.way.kind == "buy":
        return tr("{usd} USD a month (its price over {n} years, and electricity)", usd=usd, n=f"{choice.load.years:g}")
    if option.way.kind == "have":
        return tr("{usd} USD a month (electricity alone)", usd=usd)
    return tr("{usd} USD a month", usd=usd)
