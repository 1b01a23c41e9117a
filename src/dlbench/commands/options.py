"""Options that several commands share, and those that would hide what `compare` does."""

from __future__ import annotations

import functools
import inspect
import os
import pkgutil
import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dlbench.bench.cost.countries import COUNTRY_CODES, Rates
from dlbench.bench.measure.compare_settings import DEFAULT_BATCH_SIZES, CompareSettings
from dlbench.errors import InputError
from dlbench.show.units import typed_seconds

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        help="Folder for everything that dlbench writes (default: $DLBENCH_WORKSPACE, else ./dlbench-out).",
    ),
]
KeepPathsOption = Annotated[
    bool,
    typer.Option("--keep-paths", help="Keep the folders of what was typed in what is written (default: names only)."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
FullOption = Annotated[bool, typer.Option("--full", help="Print all tables (default: what fits a screen of 80 x 24).")]
ColumnsOption = Annotated[
    str | None,
    typer.Option(help="Columns of the tables to print, in this order, such as network,median; all: each one."),
]
SortOption = Annotated[
    str | None, typer.Option(help="Columns to sort the tables by; a minus in front, as in -median: largest first.")
]
DEFAULT_PROVIDERS = ",".join(p.name for p in CompareSettings.providers)
ProvidersOption = Annotated[str, typer.Option(help="Execution providers, such as cpu,cuda.")]
BatchOption = Annotated[
    str | None, typer.Option(help=f"Batch sizes (default: {','.join(map(str, DEFAULT_BATCH_SIZES))}).")
]
ThreadsOption = Annotated[
    str | None,
    typer.Option(
        help="CPU threads per session; several for a sweep, such as 1,2,4 (default: the cores this process may use)."
    ),
]
ShapeOption = Annotated[
    list[str] | None,
    typer.Option(
        help="NAME=N,3,224,224: the sizes of an input whose shape is open; N marks the batch axis (may be repeated)."
    ),
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME=VALUE",
        help="Values of an input: NAME=512, NAME=1,2,3, NAME=FILE.npy or FILE.npz (may be repeated).",
    ),
]
ProviderOptionOption = Annotated[
    list[str] | None,
    typer.Option(help="PROVIDER:KEY=VALUE, such as cuda:use_tf32=0 or cpu:allow_spinning=0 (may be repeated)."),
]

StreamsOption = Annotated[
    str | None, typer.Option(help="Sessions at once, each with its own threads; several for a sweep, such as 1,2,4.")
]
ScenarioOption = Annotated[
    str | None,
    typer.Option(
        help="As in MLPerf: single-stream (default), offline (streams always busy) or server (Poisson arrivals)."
    ),
]
RatesOption = Annotated[
    str | None,
    typer.Option(
        help="Server scenario: runs offered per second, such as 50,100 (default: shares of the measured capacity)."
    ),
]
ProfileOption = Annotated[
    bool, typer.Option("--profile", help="Also show the slowest operators and the roofline, from separate runs.")
]
EnergyOption = Annotated[
    bool, typer.Option("--energy", help="Also read the energy counter where there is one (13 s per cell).")
]
PricesOption = Annotated[Path | None, typer.Option(help="A price file (TOML; see `dlbench cost template`).")]
MachineOption = Annotated[
    list[str] | None,
    typer.Option(help="Id of this machine in the price list, if its own name is not recognised (may be repeated)."),
]
MachinePriceOption = Annotated[float | None, typer.Option(help="Purchase price of this machine, in USD.")]
MachinePowerOption = Annotated[float | None, typer.Option(help="Power of this machine under load, in W.")]
ElectricityOption = Annotated[float | None, typer.Option(help="Electricity price, in USD per kWh.")]
CountryOption = Annotated[
    str | None, typer.Option(help=f"Country for the household electricity price: {COUNTRY_CODES}.")
]
RentOption = Annotated[str | None, typer.Option(help="Instance to compare with: an id of the price list.")]
EurOption = Annotated[
    float | None, typer.Option(help=f"USD for one EUR (default: {Rates.eur}, a rate of 2025 from memory).")
]
HufOption = Annotated[
    float | None, typer.Option(help=f"USD for one HUF (default: {Rates.huf}, a rate of 2025 from memory).")
]


def time_option(option: str, words: str) -> Any:
    """Return an option that takes a time: seconds, or with its unit."""

    def seconds(typed: str) -> float:
        return typed_seconds(option, typed)

    return typer.Option(option, parser=seconds, metavar="<float>", help=words)


def shows_tables(
    command: Callable[..., None],
    late: Callable[[Mapping[str, Any]], bool] = lambda _: False,
    found: Callable[[Mapping[str, Any]], str] = lambda _: "",
) -> Callable[..., None]:
    """Give a command the options --full, --columns and --sort: each table that it shows follows them.

    A command whose default fits one screen asks `current_choice().full`. One that works for long, with these values,
    before it shows a table is `late`: an unknown column is told before the work where the class of what will be
    `found` (module:Class) knows every column; else when the whole tables are shown, so that nothing is lost.
    """

    def with_options(
        *args: Any, full: FullOption = False, columns: ColumnsOption = None, sort: SortOption = None, **values: Any
    ) -> None:
        from dlbench.show.table_choice import TableChoice, choosing

        refuse_without_tables({"--columns": columns, "--sort": sort}, values)
        wrong: list[InputError] | None = [] if late(values) else None
        choice = TableChoice.of(columns, sort, full, wrong)
        if choice.of_tables and (known := found(values)):
            choice.expect(pkgutil.resolve_name(known).every_column)
        with choosing(choice):
            command(*args, **values)
        if wrong:
            raise wrong[0]

    return taking(with_options, command, [*parameters_of(command), *parameters_of(with_options)])


def parameters_of(command: Callable[..., None]) -> list[inspect.Parameter]:
    """Return the parameters that a function names."""
    known = inspect.signature(command, eval_str=True).parameters.values()
    return [p for p in known if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def taking(
    function: Callable[..., None], command: Callable[..., None], parameters: Sequence[inspect.Parameter]
) -> Callable[..., None]:
    """Return a function in place of a command: under its name, with its help, and with these parameters for Typer."""
    decorated = functools.wraps(command)(function)
    decorated.__annotations__ = {p.name: p.annotation for p in parameters}
    decorated.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return decorated


def refuse_without_tables(chosen: Mapping[str, str | None], values: Mapping[str, Any]) -> None:
    """Refuse a choice of columns where no table is printed.

    Raises:
        InputError: --json, or a --format without the terminal.
    """
    typed = [f"{option} {value}" for option, value in chosen.items() if value is not None]
    form = values.get("form")
    if not typed:
        return
    if values.get("as_json"):
        instead = "--json, which prints all; leave one of the two out"
    elif form is not None and "terminal" not in form.split(","):
        instead = f"--format {form}, which holds all; give --format terminal to choose what is printed"
    else:
        return
    raise InputError(f"{typed[0].split()[0]}: expected tables in the terminal, received {typed[0]} with {instead}.")


_PLAIN_WORD = re.compile(r"[\w.,=:%+-]{1,80}")
_OF_PLACES = ("--workspace", "--prices", "--data", "--shape", "--input")
_OF_FILES = (".onnx", ".toml", ".npy", ".npz")
_OF_ONE_RUN = ("--full", "--json", "--resume", "--keep-paths")
shows_tables_late = functools.partial(shows_tables, late=lambda _: True)


def typed_command(keep_paths: bool = False) -> str:
    """Return what the user typed, for the result file: names of files and folders, not where they lie."""
    return "dlbench " + " ".join(sys.argv[1:] if keep_paths else map(_without_folders, sys.argv[1:]))


def with_longer_budget(budget_s: float, ran: Sequence[str] = (), typed: Sequence[str] | None = None) -> str:
    """Return what was typed with a longer budget of measuring, and of providers those that can run here."""
    from dlbench.bench.report.answer_words import longer_budget

    rest, _ = _taken_out(sys.argv[1:] if typed is None else typed, "--budget")
    others, asked = _taken_out(rest, "--providers")
    if asked and ran:
        rest = [*others, "--providers", ",".join(ran)]
    return " ".join(["dlbench", *map(_quoted, rest), "--budget", longer_budget(budget_s)])


def typed_again(command: str) -> list[str]:
    """Return the arguments of a recorded command, to be typed again; none where it names what lies elsewhere.

    It may come from a stranger's result: only plain words are repeated.
    """
    words = command.split()
    plain = all(_PLAIN_WORD.fullmatch(word) for word in words)
    elsewhere = any(word.partition("=")[0] in _OF_PLACES or word.endswith(_OF_FILES) for word in words)
    if words[:2] != ["dlbench", "compare"] or not plain or elsewhere:
        return []
    return [word for word in words[1:] if word not in _OF_ONE_RUN]


def _taken_out(arguments: Sequence[str], option: str) -> tuple[list[str], bool]:
    """Return the arguments without an option and its value, and whether it was there."""
    kept, left = [], iter(arguments)
    for argument in left:
        if argument == option:
            next(left, None)
        elif not argument.startswith(f"{option}="):
            kept.append(argument)
    return kept, len(kept) < len(arguments)


def _without_folders(argument: str) -> str:
    """Return an argument, or the value behind its `=`, with only the last part of a path; the home folder has none."""
    option, mark, value = argument.rpartition("=")
    name = re.split(r"[\\/]", value.rstrip("\\/"))[-1]
    return option + mark + ("~" if Path(value) == Path.home() else name)


def as_typed(*arguments: object) -> str:
    """Return arguments as a user types them after a command, quoted where a shell needs it; None is left out."""
    texts = [str(each) for each in arguments if each is not None]
    # a leading dash would make a file name an option
    return " ".join(_quoted(f"./{text}" if text.startswith("-") else text) for text in texts)


def _quoted(text: str) -> str:
    """Quote for a shell; a name with control codes or with bytes that are no UTF-8 is written by its bytes."""
    if text.isprintable():
        return shlex.quote(text)
    return (
        "$'" + "".join(chr(b) if 31 < b < 127 and b not in b"'\\" else f"\\x{b:02x}" for b in os.fsencode(text)) + "'"
    )
