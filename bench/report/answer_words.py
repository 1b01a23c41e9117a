"""The answer in words: which is fastest, what answers cost, what could not run, and the warning that matters most.

times_text(times)      # "3.1 times (2.9-3.3)", "about the same (0.98-1.03)", "can't tell (0.7-1.6)"
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod

from dlbench.bench.cost.countries import Rates
from dlbench.bench.cost.renting import other_card, other_maker
from dlbench.bench.diff.cell_ratio import Times, judging
from dlbench.bench.diff.decision import disagrees
from dlbench.bench.machine.history import NOT_KEPT
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.cell_names import (
    cores_words,
    machines_words,
    processor_name,
    runs_on,
    timed_cells,
    verdict_words,
    where,
)
from dlbench.bench.report.machine_words import states_sentence
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import shortened
from dlbench.bench.results.schema import Cell
from dlbench.proportion import Proportion
from dlbench.show import units
from dlbench.show.texts import current_language, localised, tr

_NEAR = 1.1  # an interval inside 1/1.1 to 1.1 is "about the same", though it may be wider than what `diff` calls so
_NOT_AS_ASKED = ("fell_back", "failed", "out_of_memory", "partial", "folded")
_LEAST_BUDGET_S = 60.0  # that is worth trying on a busy machine
_NAMED = 3  # networks that a sentence names
LONGEST_NAME = 40  # characters of each


def marked(figure: units.Figure, disturbed: bool) -> units.Figure:
    """Return the figure, with its mark where it comes from disturbed rounds."""
    return units.Figure(f"~{figure}", figure.value) if disturbed and figure.value is not None else figure


def ratio_text(ratio: float, among: Iterable[float | None] = ()) -> units.Figure:
    """Return a ratio with two decimals below 2, one below 20, else none.

    Args:
        ratio: how many times as much.
        among: what stands beside it, such as the ends of its interval. All have as many decimals as the least of them
            needs (1.03, which 1.0 would not tell from 1), and two below 10 where they lie close together.
    """
    every = [ratio, *(each for each in among if each is not None)]
    close = len(every) > 1 and max(every) < min(10, _NEAR * min(every))
    form = "{:.2f}" if min(every) < 2 or close else "{:.1f}" if min(every) < 20 else "{:,.0f}"
    return units.number(ratio, form)


def interval_text(times: Times) -> str:
    """Return "2.9-3.3", or "" where an end is unknown."""
    if times.low is None or times.high is None:
        return ""
    low, high = (localised(ratio_text(end, _figures(times))) for end in (times.low, times.high))
    return f"{low}-{high}"


def _figures(times: Times) -> tuple[float | None, ...]:
    return (times.ratio, times.low, times.high)


def times_text(times: Times | None, short: bool = False) -> units.Figure:
    """Return how many times as much something takes, with its interval; or that it is about the same.

    Args:
        times: what is written.
        short: for a column whose head says "times": "3.1 (2.9-3.3)", "same (0.98-1.03)", "unclear (0.7-1.6)".
    """
    if times is None:
        return units.Figure("")
    if times.low == times.high == 1:  # what the others are held against
        return units.Figure("1", 1.0)
    interval = interval_text(times)
    near = times.low is not None and times.high is not None and times.low > 1 / _NEAR and times.high < _NEAR
    if times.differs:
        ratio = ratio_text(times.ratio, _figures(times))
        text = str(localised(ratio)) if short else tr("{ratio} times", ratio=ratio)
    elif times.verdict == "same" or near:
        text = tr("same") if short else tr("about the same")
    else:
        text = tr("unclear") if short else tr("can't tell")
    return marked(units.Figure(text + (f" ({interval})" if interval else ""), times.ratio), times.disturbed)


def speed_sentence(rows: Sequence[AnswerRow]) -> str:
    """Say which is fastest and how far behind the next one is, or that none is shown to be."""
    ranked = sorted((r for r in rows if r.place is not None), key=lambda r: (r.place, r.latency_s))
    if not ranked:
        return ""
    name = _namer(rows)
    first = [r for r in ranked if r.place == 1]
    behind = next((r for r in ranked if r.place != 1), None)
    values = {
        "name": name(first[0]),
        "names": listed([name(r) for r in first]),
        "time": marked(units.duration(first[0].latency_s), first[0].disturbed),
        "batch": first[0].batch,
        "next": name(behind) if behind else "",
        "times": times_text(behind.times) if behind else "",
    }
    if len(ranked) == 1:
        return tr("{name} takes {time} for a batch of {batch}.", **values)
    if len(first) == 1:
        return tr("{name} is fastest: {time} for a batch of {batch}; {next} takes {times} as long.", **values)
    if behind is None:
        return tr("No difference in speed shows outside the noise between {names}.", **values)
    return tr("{names} are fastest, with no difference outside the noise; {next} takes {times} as long.", **values)


def class_sentences(rows: Sequence[AnswerRow], alone: Sequence[Sequence[AnswerRow]]) -> Iterator[str]:
    """Say which network is fastest on how many machines, then which machine is fastest for it.

    Rows come the fastest first: of all machines, and alone each machine's own, held against each other in turn.
    """
    name = _namer(rows, with_machine=False)
    first = [[row for row in machine if row.place == 1] for machine in alone]
    sole = Counter(name(each[0]) for each in first if len(each) == 1)
    n = units.number(len(alone), "{:d}")
    if not sole:
        yield tr("On none of {n} machines is one network shown to be the fastest.", n=n)
        return
    best, count = sole.most_common(1)[0]
    members = sorted((row for row in rows if name(row) == best), key=lambda row: row.latency_s)
    ties = sum(row.place == members[0].place for row in members[1:])
    values = {
        "name": best,
        "n": n,
        "machine": f"{members[0].machine} (+{ties})" if ties else members[0].machine,
        "device": members[0].device,
        "time": marked(units.duration(members[0].latency_s), members[0].disturbed),
    }
    if count == len(alone):
        yield tr(
            "{name} is the fastest network on all {n} machines; it takes least on {machine} ({device}): "
            "{time}{behind}.",
            behind=_behind(alone, name),
            **values,
        )
        return
    parts = [tr("{name} on {k} of {n} machines", name=each, k=k, n=n) for each, k in sole.most_common(_NAMED)]
    hidden = sum(len(each) > 1 for each in first)
    parts += [tr("not to be told from the noise on {k}", k=hidden)] if hidden else []
    yield tr(
        "The fastest network: {list}; {name} takes least on {machine} ({device}): {time}.",
        list=", ".join(parts),
        **{what: value for what, value in values.items() if what != "n"},
    )


def _behind(alone: Sequence[Sequence[AnswerRow]], name: Callable[[AnswerRow], str]) -> str:
    """Say how far behind the next network is, from the machine with the least to the one with the most."""
    later = [row for machine in alone for row in machine if row.place not in (None, 1) and row.times]
    if not later:
        return ""
    seconds = Counter(name(row) for row in later if row.place == 2)
    following = seconds.most_common(1)[0][0] if seconds else name(later[0])
    times = [row.times for row in later if row.times and name(row) == following]
    ratios = [each.ratio for each in times]
    low, high = (localised(ratio_text(end(ratios), ratios)) for end in (min, max))
    mark = "~" if any(each.disturbed for each in times) else ""
    between = mark + (str(low) if low == high else f"{low}-{high}")
    return tr("; {next} takes {times} times as long on the same machine", next=following, times=between)


def disagreement_sentences(rows: Sequence[AnswerRow]) -> Iterator[str]:
    """Explain each row of a machine whose median over that of the fastest is not what the rounds in turn say."""
    first = next((row for row in rows if row.times and row.times.low == row.times.high == 1), None)
    for row in rows:
        if first is None or row is first or row.times is None:
            continue
        medians, floor = row.latency_s / first.latency_s, judging(row.cell[0].result, row.cell[1]).floor
        if disagrees(medians, row.times.ratio, row.times.low, row.times.high, floor):
            yield disagreement(True, _namer(rows)(row), medians, row.times)


def disagreement(in_turn: bool, name: str, medians: float, times: Times | None) -> str:
    """Explain a ratio of rounds beside the quotient of the two medians, which says something else."""
    beside = _figures(times) if times else ()
    values = {"cell": name, "medians": ratio_text(medians, beside), "times": times_text(times)}
    if in_turn:
        return tr(
            "{cell}: the medians alone would say {medians} times, the rounds in turn say {times}. The machine was "
            "busier while one side ran; a round and the one after it share that, so the rounds count.",
            **values,
        )
    return tr(
        "{cell}: the medians alone would say {medians} times, the rounds say {times}. A few rounds of one side were "
        "unlike the others; the fastest and slowest fifth are left out, so that counts.",
        **values,
    )


def cost_sentence(rows: Sequence[AnswerRow], unit: units.Unit) -> str:
    """Say what answers cost, from the cheapest row to the dearest."""
    ranked = _by_cost(rows)
    if not ranked:
        return ""
    name = _namer(rows)
    low, high = ranked[0], ranked[-1]
    first = [r for r in ranked if r.cost_place == 1]
    values = {
        "unit": unit.title,
        "low": marked(unit.figure(low.usd_per_million), low.best_disturbed),
        "high": marked(unit.figure(high.usd_per_million), high.best_disturbed),
        "cheap": listed([name(r) for r in first]),
        "dear": name(high),
    }
    if own := _own_money(unit):
        values["own"] = own.title
        values["low_own"] = marked(own.figure(low.usd_per_million), low.best_disturbed)
        values["high_own"] = marked(own.figure(high.usd_per_million), high.best_disturbed)
        if high in first:
            return tr("Answers cost {low} {unit} = {low_own} {own} with {cheap}.", **values)
        return tr(
            "Answers cost {low} {unit} = {low_own} {own} with {cheap}, up to {high} = {high_own} with {dear}, "
            "each at its best batch.",
            **values,
        )
    if high in first:
        return tr("Answers cost {low} {unit} with {cheap}.", **values)
    return tr("Answers cost {low} {unit} with {cheap}, up to {high} with {dear}, each at its best batch.", **values)


def accuracy_sentence(rows: Sequence[AnswerRow]) -> str:
    """Say which network is right most often, and of which no difference shows, among those tested on the same data."""
    same = tested_alike(rows)
    if not same:
        return ""
    ranked = sorted(same, key=lambda row: (-_right(row).value, row.network))
    best, n = _right(ranked[0]), units.number(_right(ranked[0]).total)
    alike = [row.network for row in ranked if not _right(row).differs(best)]
    low, high = (units.percent(end, 1) for end in best.wilson())
    values = {"names": listed(alike), "n": n, "share": units.percent(best.value, 1)}
    if len(alike) == len(ranked):
        return tr("{names} are right about equally often (of {n} test pictures).", **values)
    values["interval"] = f"{str(low).rstrip('%')}-{high}"
    if len(alike) > 1:
        return tr("Right most often, with no difference shown between them: {names}.", **values)
    rest = ranked[1:]
    close = [row.network for row in rest if not _right(row).differs(_right(rest[0]))]
    if len(close) > 1:
        return tr(
            "{names} is right most often: {share} ({interval}) of {n}; {others} are about equal.",
            others=listed(close),
            **values,
        )
    return tr("{names} is right most often: {share} ({interval}) of {n}.", **values)


def tested_alike(rows: Sequence[AnswerRow]) -> Sequence[AnswerRow]:
    """Return the networks, a row each, that were tested on the same data; the most that were, none where it is one."""
    networks = {row.network: row for row in reversed(rows) if row.accuracy and not row.lost_accuracy}
    return [networks[name] for name in names_tested_alike({name: row.cell for name, row in networks.items()})]


def names_tested_alike(cells: Mapping[str, tuple[Entry, Cell]]) -> Sequence[str]:
    """Return which of the named networks were tested on the same data; the most that were, none where it is one."""
    tested: dict[tuple[str | None, int], list[str]] = {}
    for name, (entry, cell) in cells.items():
        if cell.accuracy is None or cell.lost_accuracy:
            continue
        result = entry.result
        data = {m.name: m.data for m in result.models} | {t.model: t.data for t in result.training}
        tested.setdefault((data.get(cell.model), cell.accuracy.samples), []).append(name)
    same = max(tested.values(), key=len, default=[])
    return same if len(same) > 1 else ()


def _right(row: AnswerRow) -> Proportion:
    assert row.accuracy is not None
    return row.accuracy.proportion


def price_sentences(rows: Sequence[AnswerRow], option: str) -> Iterator[str]:
    """Say what stands behind the cost of answers: the way to have the machine, and its hour; then it in own money.

    Where the CPU and the GPU are priced by different machines, each has its own sentence.
    """
    ranked = _by_cost(rows)
    if not ranked:
        return
    at = {place: [r for r in ranked if r.best[1].place == place] for place in sorted({r.best[1].place for r in ranked})}
    apart = len({members[0].cost_title for members in at.values()}) > 1
    for place, members in at.items() if apart else (("", ranked),):
        way, rate = _ways(option, members[0]), _rate(members, option)
        said = f"{way}; {rate}" if rate else way
        yield tr("The price on {place}: {way}.", place=place, way=said) if apart else tr("The price: {way}.", way=said)
    if current_language() == "hu":
        yield tr("1 HUF = {rate} USD (a default of 2025).", rate=units.number(Rates().huf, "{:g}"))


def _by_cost(rows: Sequence[AnswerRow]) -> list[AnswerRow]:
    return sorted((r for r in rows if r.cost_place is not None), key=lambda r: r.usd_per_million or 0.0)


def _rate(ranked: Sequence[AnswerRow], option: str) -> str:
    """Say what an hour costs, of which date that price is, and what is added for rented hours without use."""
    priced = [(row, o) for row in ranked for o in row.best[1].cost_usd_per_million if o.option == option]
    hours = [o.usd_per_hour for _, o in priced if o.usd_per_hour is not None]
    if not hours:
        return ""
    low, high = (units.usd(end(hours)) for end in (min, max))
    values = {"rate": low if low == high else f"{low}-{high}", "date": "", "share": ""}
    row, shown = priced[0]
    result, inputs = row.best[0].result, row.best[0].result.inputs_at(row.best[1].place)
    values["date"] = next((p.date for p in result.prices if p.date and _is_price_of(p.name, shown.title)), "")
    share = inputs.cloud_overhead_share if inputs else 0.0
    if option != "rent" or not values["date"]:
        return tr("{rate} USD an hour", **values)
    if not share:
        return tr("{rate} USD an hour: list price of {date}", **values)
    values["share"] = units.percent(share)
    return tr("{rate} USD an hour: list price of {date} + {share} for hours it stands idle", **values)


def _is_price_of(name: str, title: str) -> bool:
    """Say whether "AWS c7i.large (2 vCPU Intel) [aws-c7i-large]" is the price of what has this title."""
    bare = name.rpartition(" [")[0]
    return bool(bare) and title.startswith(bare)


def _own_money(unit: units.Unit) -> units.Unit | None:
    """Return the money of the reader's country for as many answers as `unit` counts, where the language tells it."""
    if current_language() != "hu":
        return None
    many = unit.title.endswith("billion")
    return units.Unit(tr("HUF per billion") if many else tr("HUF per million"), (1e3 if many else 1.0) / Rates().huf)


def _ways(option: str, row: AnswerRow) -> str:
    entry, cell = row.cell
    title, machine = row.cost_title, entry.result.machine
    other = other_maker(machine.cpu, title) if cell.place == "cpu" else other_card(row.device, title)
    ways = {
        "own": title,  # "NVIDIA T4, bought for 2,000 USD"
        "rent": (
            tr("rented {title}, not the machine measured", title=title)
            if other
            else tr("rented {title}, at the speed measured here", title=title)
        ),
        "colab": "Colab",
        "electricity": tr("electricity alone"),
    }
    return ways.get(option, title)


def _namer(rows: Sequence[AnswerRow], with_machine: bool = True) -> Callable[[AnswerRow], str]:
    """Return the function that names a row by no more than what tells it from the others."""
    several = len({r.provider for r in rows}) > 1
    machines = with_machine and len({r.machine for r in rows}) > 1

    def name(row: AnswerRow) -> str:
        text = tr("{network} on {provider}", network=row.network, provider=row.provider) if several else row.network
        return tr("{what} on machine {label}", what=text, label=row.machine) if machines else text

    return name


def listed(names: Sequence[str]) -> str:
    """Return "a, b and c"; of many the first few and a count, of a long one its beginning."""
    names = [shortened(name, LONGEST_NAME) for name in names]
    if len(names) > _NAMED:
        more = units.number(len(names) - _NAMED, "{:d}")
        return tr("{names} and {n} more", names=", ".join(names[:_NAMED]), n=more)
    return tr("{names} and {last}", names=", ".join(names[:-1]), last=names[-1]) if len(names) > 1 else names[0]


def lost_sentences(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield what could not run, a line a provider and reason."""
    lost: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        for cell in entry.result.cells:
            if cell.verdict == "unavailable":
                lost.setdefault((cell.provider, cell.reason), set()).add(entry.label)
    for (provider, reason), labels in sorted(lost.items()):
        if len(entries) == 1:
            yield tr("{provider} could not run here: {reason}", provider=provider, reason=reason)
        else:
            n = units.number(len(labels), "{:d}")
            yield tr("{provider} could not run on {n} machines: {reason}", provider=provider, n=n, reason=reason)


def trust_sentence(entries: Sequence[Entry]) -> str:
    """Say on what it was measured, and how many rounds found the machine calm."""
    rounds = [r for entry in entries for c in entry.result.cells for r in c.rounds]
    if not rounds:
        return ""
    values = {
        "calm": units.number(sum(r.undisturbed for r in rounds), "{:,d}"),
        "n": units.number(len(rounds), "{:,d}"),
        "cpu": _machine_words(entries[0]),
    }
    if len(entries) > 1:
        values["machines"] = machines_words(entries)
        return tr("Measured: {machines}; calm rounds: {calm} of {n}.", **values)
    undelayed = sum(r.state == "undelayed" for r in rounds)
    if undelayed:
        values["between"] = units.number(undelayed, "{:,d}")
        return tr("Measured on {cpu}; calm rounds: {calm} of {n}, undelayed ones: {between}.", **values)
    return tr("Measured on {cpu}; calm rounds: {calm} of {n}.", **values)


def _machine_words(entry: Entry) -> str:
    """Return the processor with its cores: those that could be used, and of how many; with the GPU that was timed."""
    machine = entry.result.machine
    if machine.usable_cores < machine.logical_cores:
        cores = tr("{n} of {all} cores", n=machine.usable_cores, all=machine.logical_cores)
    else:
        n = machine.physical_cores or machine.logical_cores
        cores = cores_words(n)
    words = f"{processor_name(machine.cpu)}, {cores}"
    names = {runs_on(cell, machine) for _, cell in timed_cells([entry]) if cell.copies_included is not None}
    return ", ".join([words, *sorted(names - {processor_name(machine.cpu)})])


def main_warning(entries: Sequence[Entry]) -> tuple[str, tuple[str, ...]]:
    """Return the warning that matters most, in short, and the others; "" where there is none."""
    everything = tuple(dict.fromkeys(w for entry in entries for w in entry.result.warnings))
    timed = [cell for _, cell in timed_cells(entries)]
    lost = [c for entry in entries for c in entry.result.cells if c.verdict in _NOT_AS_ASKED]
    if lost:
        own = {
            f"{c.model} on {c.provider}, batch {c.batch}: {verdict}: {c.reason}"
            for c in lost
            for verdict in (c.verdict, verdict_words(c.verdict))
        }
        text = tr(
            "{n} cells did not run as asked: {model} on {provider}: {reason}",
            n=units.number(len(lost), "{:d}"),
            model=lost[0].model,
            provider=lost[0].provider,
            reason=lost[0].reason,
        )
        return text, tuple(w for w in everything if w not in own)
    text = _noise_warning(entries, timed)
    if kept := [w for w in everything if w.startswith(NOT_KEPT)]:  # easily mended, and it spoils all later runs too
        return kept[0], tuple(filter(None, (text, *(w for w in everything if w != kept[0]))))
    if text:
        return text, tuple(w for w in everything if "too few calm rounds" not in w)
    return (everything[0], everything[1:]) if everything else ("", ())


def _noise_warning(entries: Sequence[Entry], timed: Sequence[Cell]) -> str:
    disturbed, few = sum(c.disturbed for c in timed), sum(c.interval_covers == "all rounds" for c in timed)
    counted = {
        "n": units.number(disturbed or few, "{:d}"),
        "all": _measurements(entries),
        "budget": longer_budget(max((entry.result.settings.budget_s for entry in entries), default=0.0)),
    }
    if disturbed:
        why = states_sentence(timed)
        if why:
            return tr(
                "{n} of {all} had hardly a calm round (~): {why}; the times hold for that state only. Close other "
                "programs or use `budget` {budget}.",
                why=why,
                **counted,
            )
        return tr("{n} of {all} had hardly a calm round (~), so their times may be overstated.", **counted)
    if few:
        return tr(
            "too few rounds were calm (*) in {n} of {all}, so their intervals are wide; `budget` {budget} narrows "
            "them.",
            **counted,
        )
    return ""


def longer_budget(budget_s: float) -> str:
    """Return the time for measuring to try next where too few rounds were calm, as `budget` takes it."""
    return f"{max(_LEAST_BUDGET_S, 2 * budget_s):g}s"


def _measurements(entries: Sequence[Entry]) -> str:
    """Return how many cells have figures, and of what: "9 measurements (3 networks x 3 batch sizes)"."""
    timed = list(timed_cells(entries))
    n = units.number(len(timed), "{:d}")
    counts = (
        len({entry.label for entry, _ in timed}),
        len({(cell.model, cell.precision) for _, cell in timed}),
        len({where(cell, entry.result) for entry, cell in timed}),
        len({cell.batch for _, cell in timed}),
    )
    words = (
        tr("{n} machines", n=counts[0]),
        tr("{n} networks", n=counts[1]),
        tr("{n} providers", n=counts[2]),
        tr("{n} batch sizes", n=counts[3]),
    )
    parts = [text for text, count in zip(words, counts, strict=True) if count > 1]
    if prod(counts) != len(timed) or len(parts) < 2:  # not each with each, or the count alone says it
        return tr("{n} measurements", n=n)
    return tr("{n} measurements ({parts})", n=n, parts=" x ".join(parts))
