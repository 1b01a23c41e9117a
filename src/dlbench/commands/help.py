"""`dlbench help`: the commands, one command, or the words of the tables in a sentence each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import JsonOption
from dlbench.commands.showing import print_json

if TYPE_CHECKING:
    from dlbench.show.table import Table

help_app = typer.Typer(add_completion=False, rich_markup_mode=None)


@help_app.command("help")
def help_command(
    context: typer.Context,
    topic: Annotated[
        list[str] | None, typer.Argument(help="A command, a word of the tables such as MACs, or words: all of them.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Explain a command, or a word of the tables; `dlbench help words` explains all words."""
    from dlbench.show.console import output, show_tables
    from dlbench.show.locale.word_list import WORDS, explained
    from dlbench.show.texts import said

    asked, whole = " ".join(topic or ()), context.find_root()
    commands = getattr(whole.command, "commands", {})
    if not asked:
        typer.echo(whole.get_help())
    elif topic and topic[0] in commands:
        commands[topic[0]].main(
            [*topic[1:], "--help"], prog_name=f"{whole.info_name} {topic[0]}", standalone_mode=False
        )
    elif as_json:
        print_json(json.dumps(WORDS if asked == "words" else dict([explained(asked)])))
    elif asked == "words":
        show_tables(output(), (words_table(),))
    else:
        typer.echo(": ".join(explained(asked, said)))


def words_table() -> Table:
    """Return all words of the tables with what they mean, in the language in use."""
    from dlbench.show.locale.word_list import WORDS
    from dlbench.show.table import Column, Table
    from dlbench.show.texts import said, tr

    columns = (Column(tr("word"), False, key=True), Column(tr("what it means"), False, wraps=True))
    rows = sorted(((said(word), said(meaning)) for word, meaning in WORDS.items()), key=lambda row: row[0].lower())
    return Table("words", tr("The words of the tables"), columns, tuple(rows))
