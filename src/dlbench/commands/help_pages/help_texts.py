"""The help of the commands in the language in use: Typer's own texts and ours, translated where they are shown.

command = translated_command(app)
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from dlbench.show.texts import current_language, said

_Context: Any = TyperCommand.context_class
_Formatter: Any = _Context.formatter_class
_EXTRAS = re.compile(r"  \[([^\]]*)\]$")  # Typer adds [default: 8; required]


def asked_language(arguments: Sequence[str]) -> str | None:
    """Return what follows `--lang`, wherever it stands; the last one counts."""
    before = list(arguments[: list(arguments).index("--")] if "--" in arguments else arguments)
    given = [value for option, value in itertools.pairwise(before) if option == "--lang"]
    given += [argument.partition("=")[2] for argument in before if argument.startswith("--lang=")]
    return given[-1] if given else None


def without_language(arguments: Sequence[str]) -> list[str]:
    """Return the arguments without `--lang` and what follows it."""
    pairs = itertools.pairwise(["", *arguments])
    return [own for before, own in pairs if before != "--lang" and own.partition("=")[0] != "--lang"]


def translated_command(app: typer.Typer) -> Any:
    """Return the command line, with `--lang` in every command, and its help in the language in use."""
    root: Any = typer.main.get_command(app)
    option = next(parameter for parameter in root.params if parameter.name == "lang")
    abroad = current_language() != "en"

    def prepare(imported: Any) -> None:
        for command in _below(imported):
            own = copy.copy(option)
            own.expose_value = False
            command.params.append(own)
            if abroad:
                _translate(command)

    root.commands.prepare = prepare
    if abroad:
        _translate(root)
    return root


def help_texts(app: typer.Typer) -> list[str]:
    """Return the texts of the help of every command, as they stand before translation."""
    root: Any = typer.main.get_command(app)
    return [
        " ".join(text.split())
        for command in _below(root)
        for text in (command.help, *(parameter.help for parameter in command.params))
        if text
    ]


def _below(command: Any) -> list[Any]:
    groups = command.commands.values() if isinstance(command, TyperGroup) else ()
    return [command, *(inner for group in groups for inner in _below(group))]


def _translate(command: Any) -> None:
    command.context_class = _TranslatedContext
    command.help = said(" ".join(command.help.split())) if command.help else command.help


class _TranslatedFormatter(_Formatter):  # type: ignore[misc]  # Typer keeps its formatter private
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        for part in ("[OPTIONS]", "COMMAND [ARGS]..."):
            args = args.replace(part, said(part))
        super().write_usage(prog, args, prefix or said("Usage: "))

    def write_heading(self, heading: str) -> None:
        super().write_heading(said(heading))

    def write_dl(self, rows: Sequence[tuple[str, str]], *sizes: int, **named: int) -> None:
        super().write_dl([(first, _extras(second)) for first, second in rows], *sizes, **named)


def _extras(text: str) -> str:
    found = _EXTRAS.search(text)
    if not found:
        return said(text)
    return f"{said(text[: found.start()])}  [{'; '.join(map(_extra, found[1].split('; ')))}]"


def _extra(text: str) -> str:
    name, mark, value = text.partition(": ")  # a value stays as it is typed
    return said(f"{name}: ") + value if mark else said(name)


class _TranslatedContext(_Context):  # type: ignore[misc]
    formatter_class = _TranslatedFormatter
