"""Which commands there are, each with its line in `dlbench --help`; a command is imported when it is asked for.

    app = typer.Typer(cls=CommandList)

Importing all of them, and reading the options of each, took more than half of the time that `dlbench --help` needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

# A group's module offers NAME_app, that of a single command offers NAME.
SUMMARIES = {
    "demo": "Take a tour of a minute: a network, its time, its cost.",
    "train": "Train a network, test it, and export it to ONNX.",
    "data": "Show what is in a data set: sizes, classes, values, samples.",
    "inspect": "Show a model's layers, or a backbone's stages.",
    "export": "Write a model in fp16, int8 or int4, with its recipe.",
    "compare": "Time networks on execution providers, price them, report.",
    "tune": "Find the fastest settings for a network, as code to paste.",
    "diff": "Compare two models or two results: faster, slower, the same.",
    "history": "Show how figures moved over the kept results.",
    "report": "Write a page from the results of one machine or of a class.",
    "doctor": "Show what can run here, what cannot, and how to fix it.",
    "choose": "Choose a device to buy or rent for a network.",
    "cost": "Price list, buy or rent, training costs, estimates.",
    "viz": "Look inside a network: filters, activations, relevance, errors.",
    "help": "Explain a command, or a word of the tables (help words: all).",
}


class _Commands(Mapping[str, Any]):
    """The commands by name, in the order of the help; each is imported at its first use."""

    def __init__(self) -> None:
        self._ready: dict[str, Any] = {}
        self.prepare: Callable[[Any], None] | None = None  # called with each command that was imported

    def __getitem__(self, name: str) -> Any:
        if name not in self._ready:
            if name not in SUMMARIES:
                raise KeyError(name)
            self._ready[name] = command = _imported(name)
            if self.prepare is not None:
                self.prepare(command)
        return self._ready[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SUMMARIES)

    def __len__(self) -> int:
        return len(SUMMARIES)


def _imported(name: str) -> Any:
    module = import_module(f"dlbench.commands.{name}")
    group = getattr(module, f"{name}_app", None)
    if group is None:
        group = typer.Typer(add_completion=False, rich_markup_mode=None)
        group.command(name)(getattr(module, name))
    command = get_command(group)
    command.name = name
    return command


class CommandList(TyperGroup):
    """`dlbench` itself."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: Any = _Commands()

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the summaries; no command is imported for them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))
