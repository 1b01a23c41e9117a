"""Questions for the class, taken from the figures themselves, each linked to the row that raises it.

for question in questions(entries, tables): question.text, question.anchor
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf

from dlbench.bench.diff.cell_ratio import Times
from dlbench.bench.report.answer_words import marked, times_text
from dlbench.bench.report.cell_names import (
    cell_key,
    lost_key,
    network_names,
    reason_key,
    shared_price_unit,
    timed_cells,
    where,
)
from dlbench.bench.report.held_against import Member, proportional, times_of
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.show import units
from dlbench.show.table import Table
from dlbench.show.texts import tr

_MOST = 9
_WORTH_ASKING = 1.15  # a ratio nearer to 1 than this may be noise


@dataclass(frozen=True)
class Question:
    """A question, and the name of the row in the page that raises it ("" if none does)."""

    text: str
    anchor: str


def questions(entries: Sequence[Entry], tables: Sequence[Table]) -> tuple[Question, ...]:
    """Return the questions that these figures raise; of each kind the one with the largest effect."""
    makers = [_slower_device, _batch, _accuracy, _work, _own_or_rent, _states, _elsewhere, _unavailable, _training]
    if len(entries) > 1:
        makers = [_machines, _order_changes, *makers]
    asked = [q for maker in makers for q in maker(entries)]
    anchors = {key: table.anchor(i) for table in reversed(tables) for i, key in enumerate(table.keys)}
    return tuple(Question(text, anchors.get(key, "")) for text, key in asked[:_MOST])


_Raw = tuple[str, str]  # the text, and the key of its row


def _key(entries: Sequence[Entry], entry: Entry, cell: Cell) -> str:
    """Return the key of a cell's row."""
    return cell_key(cell, entry.label if len(entries) > 1 else "")


def _lost_key(entries: Sequence[Entry], cell: Cell) -> str:
    """Return the key of the row of a cell that did not run: in a class's report that of its reason."""
    return reason_key(cell) if len(entries) > 1 else lost_key(cell)


def _who(entries: Sequence[Entry], entry: Entry) -> str:
    return tr(" on machine {label}", label=entry.label) if len(entries) > 1 else ""


def _time(cell: Cell) -> units.Figure:
    return marked(units.duration(cell.median_s), cell.disturbed)


def _times(ratio: float) -> units.Figure:
    return units.number(ratio, "{:.1f}" if ratio < 20 else "{:,.0f}")


def _clearest(pairs: Iterable[tuple[Member, Member]]) -> tuple[Times, Member, Member] | None:
    """Return the pair whose second member takes longest against its first, of those where that is shown."""
    for a, b in sorted(pairs, key=lambda pair: -pair[1][1].median_s / pair[0][1].median_s):
        if b[1].median_s <= _WORTH_ASKING * a[1].median_s:
            break
        found = times_of(a, b)
        if found is not None and found.verdict == "slower" and found.ratio > _WORTH_ASKING:
            return found, a, b
    return None


def _slower_device(entries: Sequence[Entry]) -> Iterator[_Raw]:
    """Ask why a device is slower than the CPU."""
    pairs = (
        (one, other)
        for entry in entries
        for cells in [list(timed_cells((entry,)))]
        for one in cells
        if one[1].provider == "cpu"
        for other in cells
        if other[1].provider != "cpu" and (one[1].model, one[1].batch) == (other[1].model, other[1].batch)
    )
    found = _clearest(pairs)
    if found:
        ratio, (entry, cpu), (_, other) = found
        yield (
            tr(
                "At batch {batch}{machine} {model} takes {other_time} on {other} and {cpu_time} on the CPU: {times} as "
                "long. Why is the faster hardware slower here, and at which batch size does that turn?",
                batch=other.batch,
                machine=_who(entries, entry),
                model=other.model,
                other_time=_time(other),
                other=other.provider,
                cpu_time=_time(cpu),
                times=times_text(ratio),
            ),
            _key(entries, entry, other),
        )


def _batch(entries: Sequence[Entry]) -> Iterator[_Raw]:
    """Ask where the gain of a large batch comes from."""
    series: dict[tuple[str, ...], list[Member]] = {}
    for entry, cell in timed_cells(entries):
        name = (entry.label, cell.model, cell.provider, str(cell.threads), str(cell.copies_included))
        series.setdefault(name, []).append((entry, cell))
    gains = []
    for members in series.values():
        first, last = (f(members, key=lambda m: m[1].batch) for f in (min, max))
        if last[1].batch > first[1].batch:
            gains.append((last[1].batch / first[1].batch * first[1].median_s / last[1].median_s, first, last))
    if not gains:
        return
    most, least = max(gains, key=lambda g: g[0]), min(gains, key=lambda g: g[0])
    if most[0] > 1.5 and _an_answer(most[1], most[2]) == "faster":
        found, values = times_of(*most[1:]), _batch_values(entries, *most[1:])
        if found and found.differs:
            text = tr(
                "{model} on {provider}{machine}: from batch {low} to {high} there is {work} times the work, but a "
                "run takes only {times} as long. What is shared within a batch, and who has to wait for it?",
                **values,
            )
        else:
            text = tr(
                "{model} on {provider}{machine}: from batch {low} to {high} there is {work} times the work, but no "
                "longer run is seen: {first_time}, then {last_time}. What is shared within a batch, and who has to "
                "wait for it?",
                first_time=_time(most[1][1]),
                last_time=_time(most[2][1]),
                **values,
            )
        yield text, _key(entries, *most[2])
    if least[0] < 1.05 and _an_answer(least[1], least[2]) != "faster":
        yield (
            tr(
                "{model} on {provider}{machine} gains nothing from a larger batch: {work} times the work takes "
                "{times} as long. What is it that is already fully used at batch {low}?",
                **_batch_values(entries, *least[1:]),
            ),
            _key(entries, *least[2]),
        )


def _an_answer(first: Member, last: Member) -> str:
    found = times_of(first, last, an_answer=True)
    return found.verdict if found else ""


def _batch_values(entries: Sequence[Entry], first: Member, last: Member) -> dict[str, object]:
    (entry, small), (_, large) = first, last
    return {
        "model": large.model,
        "provider": large.provider,
        "machine": _who(entries, entry),
        "work": units.number(large.batch / small.batch, "{:g}"),
        "times": times_text(times_of(first, last)),
        "low": small.batch,
        "high": large.batch,
    }


def _accuracy(entries: Sequence[Entry]) -> Iterator[_Raw]:
    """Ask when the better network is worth its price."""
    for entry in entries:
        cells = {c.model: c for _, c in timed_cells((entry,)) if c.batch == 1 and c.provider == "cpu"}
        data = {m.name: m.data for m in entry.result.models}
        for a, b in combinations(cells.values(), 2):
            if not (a.accuracy and b.accuracy) or data.get(a.model) != data.get(b.model):
                continue
            worse, better = sorted((a, b), key=lambda c: c.accuracy.proportion.value if c.accuracy else 0.0)
            assert worse.accuracy and better.accuracy
            usd = worse.least_usd, better.least_usd
            low, high = worse.accuracy.proportion.wilson()[1], better.accuracy.proportion.wilson()[0]
            dearer = proportional((entry, worse), (entry, better), *usd)
            if dearer is None or dearer.verdict != "slower":
                continue
            certain = "" if high > low else tr(" Their 95 % intervals overlap: how many more pictures would settle it?")
            yield (
                tr(
                    "{better} is right on {high} of the test pictures and {worse} on {low}, at {times} the cost of "
                    "a million answers. For what use is that worth it?{certain}",
                    better=better.model,
                    worse=worse.model,
                    high=units.percent(better.accuracy.proportion.value, 1),
                    low=units.percent(worse.accuracy.proportion.value, 1),
                    times=times_text(dearer),
                    certain=certain,
                ),
                _key(entries, entry, better),
            )
            return


def _work(entries: Sequence[Entry]) -> Iterator[_Raw]:
    """Ask why time does not follow the count of multiplications."""
    changes = []
    for entry in entries:
        cells = [c for _, c in timed_cells((entry,)) if c.batch == 1 and c.macs]
        for a, b in combinations(cells, 2):
            if a.provider == b.provider and a.threads == b.threads and a.copies_included == b.copies_included:
                small, large = sorted((a, b), key=lambda c: c.macs or 0)
                work, time = (large.macs or 1) / (small.macs or 1), large.median_s / small.median_s
                if work > 1 and max(work / time, time / work) > 1.5:
                    changes.append((max(work / time, time / work), work, (entry, small), (entry, large)))
    for _, work, less, more in sorted(changes, key=lambda change: -change[0]):
        found = times_of(less, more)
        if found is None or not found.differs or (found.low or 0.0) <= work <= (found.high or inf):
            continue
        yield (
            tr(
                "{large} does {work} times the multiplications of {small}, but takes {times} as long{machine}. What "
                "else takes time, and which of the two uses the hardware better?",
                large=more[1].model,
                small=less[1].model,
                work=_times(work),
                times=times_text(found),
                machine=_who(entries, more[0]),
            ),
            _key(entries, *more),
        )
        return


def _own_or_rent(entries: Sequence[Entry]) -> Iterator[_Raw]:
    for entry, cell in timed_cells(entries):
        own, rent, power = map(cell.usd, ("own", "rent", "electricity"))
        if not rent or not (own or power):
            continue
        unit = shared_price_unit(entries)
        first, rented = (marked(unit.figure(usd), cell.disturbed) for usd in (own or power, rent))
        values = {"model": cell.model, "unit": unit.title, "rent": rented}
        if own:
            text = tr(
                "Answers of {model} cost {own} {unit} on the bought machine and {rent} rented: {which} is cheaper. At "
                "how many hours of use a day does that turn? (Try it in the panel.)",
                own=first,
                which=tr("owning") if own <= rent else tr("renting"),
                **values,
            )
        else:
            text = tr(
                "The electricity for answers of {model} costs {power} {unit}, renting {rent}. What does this machine's "
                "purchase add, at 4 hours of use a day, and when is it already paid for?",
                power=first,
                **values,
            )
        yield text, _key(entries, entry, cell)
        return


def _states(entries: Sequence[Entry]) -> Iterator[_Raw]:
    """Ask which figure to report where the machine changed its speed."""
    cells = [(c.disturbed_median_s / c.median_s, e, c) for e, c in timed_cells(entries) if c.disturbed_median_s]
    moved = [cell for cell in cells if cell[0] > _WORTH_ASKING]
    if moved:
        ratio, entry, cell = max(moved, key=lambda f: f[0])
        yield (
            tr(
                "In the disturbed rounds {model} at batch {batch} took {slow}, in the calm ones {fast}{machine}: "
                "{ratio} times as long, on the same machine within minutes. Which of the two would you report, and "
                "what would somebody get who measures once?",
                model=cell.model,
                batch=cell.batch,
                slow=units.duration(cell.disturbed_median_s),
                fast=units.duration(cell.median_s),
                ratio=_times(ratio),
                machine=_who(entries, entry),
            ),
            _key(entries, entry, cell),
        )


def _elsewhere(entries: Sequence[Entry]) -> Iterator[_Raw]:
    for entry in entries:
        for cell in entry.result.cells:
            if cell.verdict in ("partial", "fell_back") and cell.fallback_operators:
                operators = ", ".join(list(cell.fallback_operators)[:3])
                yield (
                    tr(
                        "Of {model}'s {total} nodes {missing} did not run on {provider} ({operators}){machine}. Why "
                        "might a provider refuse an operator, and what does it cost to pass the data to another one?",
                        model=cell.model,
                        total=cell.nodes_total,
                        missing=(cell.nodes_total or 0) - (cell.nodes_on_provider or 0),
                        provider=cell.provider,
                        operators=operators,
                        machine=_who(entries, entry),
                    ),
                    reason_key(cell) if len(entries) > 1 else cell_key(cell),
                )
                return


def _unavailable(entries: Sequence[Entry]) -> Iterator[_Raw]:
    for entry in entries:
        for cell in entry.result.cells:
            if cell.verdict == "unavailable":
                yield (
                    tr(
                        "{provider} was asked for and could not run{machine}, though the library that is installed "
                        "lists it. What has to be there besides a library, and what would a benchmark have shown "
                        "that did not check?",
                        provider=cell.provider,
                        machine=_who(entries, entry),
                    ),
                    _lost_key(entries, cell),
                )
                return


def _training(entries: Sequence[Entry]) -> Iterator[_Raw]:
    """Ask how many answers cost as much as the training."""
    for entry in entries:
        for training in entry.result.training:
            paid, cells = training.usd("rent"), [c for _, c in timed_cells((entry,)) if c.model == training.model]
            rents = [(usd, c.disturbed) for c in cells if (usd := c.usd("rent"))]
            if paid and rents:
                each, disturbed = min(rents)
                yield (
                    tr(
                        "Training {model} once costs as much, rented, as {n} of its answers. When is it right to "
                        "look at the training's cost, and when at the answers'?",
                        model=training.model,
                        n=marked(units.count(1e6 * paid / each), disturbed),
                    ),
                    f"training|{entry.label}|{training.model}" if len(entries) > 1 else training.model,
                )
                return


def _machines(entries: Sequence[Entry]) -> Iterator[_Raw]:
    """Ask why the slowest machine is so far behind the fastest."""
    named, rows = network_names(entries), dict[tuple[str, str, int], list[Member]]()
    for entry, cell in timed_cells(entries):
        rows.setdefault((named(cell), where(cell, entry.result), cell.batch), []).append((entry, cell))
    ends = (
        (f(row, key=lambda member: member[1].median_s) for f in (min, max)) for row in rows.values() if len(row) > 1
    )
    found = _clearest((fast, slow) for fast, slow in ends)
    if found:
        times, (quick, cell), (late, slowest) = found
        yield (
            tr(
                "{model} at batch {batch} on {provider} takes {fast} on machine {quick} and {slow} on machine {late}: "
                "{times} as long. Which column of the table of machines explains it, and how would you test that?",
                model=cell.model,
                batch=cell.batch,
                provider=cell.provider,
                fast=_time(cell),
                slow=_time(slowest),
                quick=quick.label,
                late=late.label,
                times=times_text(times),
            ),
            _key(entries, late, slowest),
        )


def _order_changes(entries: Sequence[Entry]) -> Iterator[_Raw]:
    """Ask about a machine that is first in speed and not in energy."""
    by_network: dict[str, list[Member]] = {}
    named = network_names(entries)
    for entry, cell in timed_cells(entries):
        by_network.setdefault(named(cell), []).append((entry, cell))
    for network, members in by_network.items():
        quick = min(members, key=lambda m: m[1].median_s / m[1].batch)
        known = [m for m in members if m[1].energy_j_per_inference]
        low = min(known, key=lambda m: m[1].energy_j_per_inference or 0, default=quick)
        high = min((m for m in known if m[0] is quick[0]), key=lambda m: m[1].energy_j_per_inference or 0, default=low)
        if low[0] is quick[0] or high is low:
            continue
        saved = proportional(low, high, low[1].energy_j_per_inference, high[1].energy_j_per_inference)
        ahead = times_of(quick, low, an_answer=True)
        if saved and ahead and saved.verdict == ahead.verdict == "slower":
            yield (
                tr(
                    "For {network} machine {quick} makes the most answers a second, but machine {frugal} needs less "
                    "energy for each: {low} against {high}. Which of them belongs into a phone, which into a server?",
                    network=network,
                    quick=quick[0].label,
                    frugal=low[0].label,
                    low=marked(units.joules(low[1].energy_j_per_inference), low[1].disturbed),
                    high=marked(units.joules(high[1].energy_j_per_inference), high[1].disturbed),
                ),
                f"{network}|{low[0].label}",
            )
            return
