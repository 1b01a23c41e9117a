"""The page's first screen: the figures that answer the four questions, and what its charts can be filtered by.

first = first_screen(entries, answer); first.tiles, first.plot
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.bench.report.answer import Answer
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.answer_words import marked, tested_alike, times_text
from dlbench.bench.report.cell_names import processor_name, runs_on, timed_cells
from dlbench.bench.report.charts.answer_chart import answer_chart
from dlbench.bench.report.charts.plot import Numbers, Plot
from dlbench.bench.report.held_against import times_of
from dlbench.bench.results.merging import Entry
from dlbench.show import units
from dlbench.show.table import Table
from dlbench.show.texts import tr

_NAMED = 4  # networks that a sentence names
_MOST_DISTURBED = 0.25  # share of disturbed rows with which the others still answer the question
_BY_KIND = ("kinds", "machines")  # tables with a column a network


@dataclass(frozen=True)
class Tile:
    """One large figure: what it answers, the figure, whose it is."""

    question: str
    figure: str
    whose: str
    state: str = ""  # good, fair or poor, where it is a verdict


@dataclass(frozen=True)
class FirstScreen:
    """The answer in sentences and figures, with its chart."""

    sentences: tuple[str, ...]
    tiles: tuple[Tile, ...]
    plot: Plot | None
    answer: Answer


def first_screen(entries: Sequence[Entry], answer: Answer) -> FirstScreen:
    """Return what the page opens with."""
    alone = tuple(filter(None, (*answer.sentences, *answer.pricing, answer.right)))
    return FirstScreen(
        sentences=tuple(_class_sentences(answer)) if len(entries) > 1 else alone,
        tiles=tuple(_tiles(entries, answer)),
        plot=answer_chart(entries, answer),
        answer=answer,
    )


def _class_sentences(answer: Answer) -> Iterator[str]:
    """Yield where each network is fastest, and how far the machines lie apart."""
    parts = []
    networks: dict[str, list[AnswerRow]] = {}
    for row in answer.rows:
        if not row.lost_accuracy:
            networks.setdefault(row.network, []).append(row)
    for network, rows in sorted(networks.items()):
        first = [row for row in rows if row.place == rows[0].place]
        names = list(dict.fromkeys(row.device for row in first))
        time = marked(units.duration(rows[0].latency_s), rows[0].disturbed)
        where = tr("{a} or {b}", a=names[0], b=names[1]) if len(names) == 2 else names[0]
        parts.append(tr("{network} on {device} ({time})", network=network, device=where, time=time))
    if parts:
        yield tr("Fastest for a batch of {batch}: {list}.", batch=answer.rows[0].batch, list=_listed(parts))
    spread = max(networks.values(), key=lambda rows: rows[-1].latency_s / rows[0].latency_s, default=[])
    if spread and spread[-1].latency_s > spread[0].latency_s:
        apart = times_of(spread[0].cell, spread[-1].cell)
        if apart is None or not apart.differs:
            return
        yield tr(
            "{network} takes up to {times} as long on {slow} as on {fast}.",
            network=spread[0].network,
            times=times_text(apart),
            slow=spread[-1].device,
            fast=spread[0].device,
        )


def _listed(parts: Sequence[str]) -> str:
    """Return "a, b and c"; of many the first few."""
    if len(parts) > _NAMED:
        return ", ".join(parts[:_NAMED]) + ", ..."
    return tr("{names} and {last}", names=", ".join(parts[:-1]), last=parts[-1]) if len(parts) > 1 else parts[0]


def _tiles(entries: Sequence[Entry], answer: Answer) -> Iterator[Tile]:
    several = len(entries) > 1

    def whose(rows: Sequence[AnswerRow]) -> str:
        place = f"{rows[0].device} ({rows[0].machine})" if several else rows[0].provider
        name = f"{rows[0].network}, {place}"
        more = units.number(len(rows) - 1, "{:d}")
        return tr("{name}, and {n} more about the same", name=name, n=more) if len(rows) > 1 else name

    fastest = [row for row in answer.rows if row.place == 1]
    if fastest:
        time = marked(units.duration(fastest[0].latency_s), fastest[0].disturbed)
        yield Tile(tr("fastest at batch {batch}", batch=fastest[0].batch), time, whose(fastest))
    cheapest = sorted((r for r in answer.rows if r.cost_place == 1), key=lambda r: r.usd_per_million or 0.0)
    if cheapest:
        unit = answer.price_unit
        cost = marked(unit.figure(cheapest[0].usd_per_million), cheapest[0].best_disturbed)
        question = tr("cheapest, {unit}, batch {batch}", unit=unit.title, batch=cheapest[0].best_batch)
        yield Tile(question, cost, whose(cheapest))
    shares = {r.network: r.accuracy.proportion.value for r in tested_alike(answer.rows) if r.accuracy}
    if shares:
        most = max(shares.values())
        right = [name for name, share in shares.items() if share == most]
        yield Tile(tr("most often right"), units.percent(most, 1), _listed(sorted(right)))
    if answer.rounds:
        yield _trust(answer)


def _trust(answer: Answer) -> Tile:
    """Say whether the figures can be trusted: by how many of them come from disturbed rounds."""
    disturbed = sum(row.disturbed or row.best_disturbed for row in answer.rows)
    calm = units.percent((answer.calm_rounds + answer.undelayed_rounds) / answer.rounds)
    said = {"share": calm, "n": units.number(answer.rounds)}
    if answer.undelayed_rounds:
        whose = tr("{share} of {n} rounds were calm or undelayed", **said)
    else:
        whose = tr("{share} of {n} rounds were calm", **said)
    if disturbed > _MOST_DISTURBED * len(answer.rows):
        return Tile(tr("can I trust it?"), tr("no"), whose, "poor")
    if disturbed or any(row.few_calm for row in answer.rows):
        return Tile(tr("can I trust it?"), tr("mostly"), whose, "fair")
    return Tile(tr("can I trust it?"), tr("yes"), whose, "good")


def machine_choices(entries: Sequence[Entry], machines: Sequence[str]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return what machines can be chosen by: each kind of processor, then each machine; with their numbers."""
    if len(machines) < 2:
        return ()
    processor = {entry.label: processor_name(entry.result.machine.cpu) for entry in entries}
    kinds: dict[str, list[int]] = {}
    for i, label in enumerate(machines):
        kinds.setdefault(processor[label], []).append(i)
    together = [
        (tr("{processor}: {n} machines", processor=name, n=units.number(len(ids), "{:d}")), tuple(ids))
        for name, ids in sorted(kinds.items())
        if len(ids) > 1
    ]
    alone = [(f"{processor[label]} ({label})", (i,)) for i, label in enumerate(machines)]
    return (*together, *sorted(alone))


def filter_names(entries: Sequence[Entry], numbers: Numbers) -> dict[str, Any]:
    """Return what the page's filters number: networks, providers, machines, and of each processor its machines."""
    devices: dict[str, set[int]] = {}
    for entry, cell in timed_cells(entries):
        if entry.label in numbers.machines:
            name = runs_on(cell, entry.result.machine)
            devices.setdefault(name, set()).add(numbers.machines.index(entry.label))
    named = [(name, sorted(ids)) for name, ids in devices.items()]
    return {"n": numbers.networks, "p": numbers.providers, "m": numbers.machines, "d": named}


def filter_role(table: Table, column: int, numbers: Numbers) -> str:
    """Return what a column's cells name: a network (n), a provider (p), machines (m), a processor (d); "": neither.

    A column that holds one network's figures has the network's number behind its n.
    """
    title = table.columns[column].title
    if table.key in _BY_KIND and column >= 3:  # processor, machine or machines, provider; then a network each
        of = (i for i, name in enumerate(numbers.networks) if title == name or title.startswith(f"{name}, "))
        return next((f"n{i}" for i in of), "")
    if table.key == "kinds" and title == tr("processor"):
        return "d"
    return {tr("network"): "n", tr("provider"): "p", tr("on"): "p", tr("machine"): "m"}.get(title, "")
