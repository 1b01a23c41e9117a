"""`dlbench demo`: a tour of a minute, on a small network that comes with dlbench."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.commands.options import JsonOption
from dlbench.commands.showing import print_json

if TYPE_CHECKING:
    from rich.console import Console

    from dlbench.api.classroom.tour import Look
    from dlbench.api.measured import Result

_NEXT = ("dlbench doctor --class", "dlbench train cnn", "dlbench viz all cnn", "dlbench compare cnn")


def demo(
    digit: Annotated[int, typer.Option(help="The digit to look at, 0 to 9.")] = 7, as_json: JsonOption = False
) -> None:
    """Take a tour of a minute: a small network, what it sees, its time and its cost. Works offline; writes nothing."""
    from dlbench.api.classroom.tour import look, time_it
    from dlbench.show.console import messages, output, show_wrote
    from dlbench.show.texts import said

    with messages().status(said("looking")):
        seen = look(digit)
    console = output()
    if not as_json:
        _show_look(console, seen)
    with messages().status(said("timing a small network")) as status:
        result = time_it(on_progress=lambda text, done, total: status.update(said(text)))
    if as_json:
        print_json(json.dumps(_document(seen, result)))
        return
    _show_time(console, result)
    show_wrote(console, (), _NEXT)


def _show_look(console: Console, seen: Look) -> None:
    from dlbench.commands.demo.text_pictures import beside, grey_lines, signed_lines
    from dlbench.show import units
    from dlbench.show.console import show_note
    from dlbench.show.texts import tr

    facts = seen.card.facts
    assert facts is not None and facts.accuracy is not None
    accuracy, count = facts.accuracy.proportion.text(), units.count(seen.card.parameters)
    _head(console, tr("1. A small CNN that was trained on handwritten digits"))
    console.print(tr("{n} parameters, accuracy on test digits: {accuracy}", n=count, accuracy=accuracy))
    _head(console, tr("2. A digit that it has not seen, and which part of it decided"))
    for line in beside(grey_lines(seen.pixels), signed_lines(seen.map)):
        console.print(line, soft_wrap=True)
    show_note(
        console,
        tr("Right: red (+, strongest #) speaks for the answer, blue (-, =) against it: {how}.", how=seen.method),
    )
    _head(console, tr("3. What it answers"))
    first, second = units.percent(seen.probability, 1), units.percent(seen.second_probability, 1)
    console.print(tr("{answer}, with {share}; in second place {other}, with {rest}",
                     answer=seen.label, share=first, other=seen.second, rest=second))  # fmt: skip


def _show_time(console: Console, result: Result) -> None:
    from dlbench.bench.report.answer import answer_of
    from dlbench.bench.report.answer_words import marked
    from dlbench.bench.results.merging import Entry
    from dlbench.show import units
    from dlbench.show.texts import said, tr

    answer = answer_of([Entry.of(result)])
    _head(console, tr("4. How long it takes on this machine"))
    for cell in result.cells:
        if cell.latency_s is not None:
            time = marked(units.duration(cell.latency_s.p50), cell.disturbed)
            each = marked(units.duration(cell.latency_s.p50 / cell.batch), cell.disturbed)
            values = {"n": units.count(cell.batch), "time": time, "each": each}
            console.print(tr("batch {n}: {time}, that is {each} a digit", **values))
    console.print(said(answer.trust))
    _head(console, tr("5. What that costs"))
    best = tr("That is at batch {batch}, the best one here.", batch=answer.rows[0].best_batch)
    for sentence in (f"{answer.sentences[-1]} {best}", *answer.pricing):
        console.print(said(sentence))


def _head(console: Console, text: str) -> None:
    from rich.text import Text

    console.print()
    console.print(Text(text, style="bold"))


def _document(seen: Look, result: Result) -> dict[str, Any]:
    return {
        "digit": seen.digit,
        "answer": seen.label,
        "probability": seen.probability,
        "second": seen.second,
        "method": seen.method,
        "relevance": seen.map.round(6).tolist(),
        "result": json.loads(result.to_json()),
    }
