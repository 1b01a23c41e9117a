"""`dlbench diff`: same, faster, slower or can't tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.bench.diff.diff_settings import MODELS_BUDGET_S, DiffSettings, parse_share
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.commands.options import (
    DEFAULT_PROVIDERS,
    JsonOption,
    ProviderOptionOption,
    ProvidersOption,
    ShapeOption,
    ThreadsOption,
    WorkspaceOption,
    free_stem,
    measure_settings,
    typed_command,
)
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.bench.diff.judge import Diff

__all__ = ["diff"]


def diff(
    a: Annotated[str, typer.Argument(help="A result file (.json), or a model: an ONNX file or a model name.")],
    b: Annotated[str, typer.Argument(help="The other file or model, of the same kind.")],
    providers: ProvidersOption = DEFAULT_PROVIDERS,
    batch_sizes: Annotated[str, typer.Option(help="Models: batch sizes.")] = "1",
    threads: ThreadsOption = None,
    provider_option: ProviderOptionOption = None,
    shape: ShapeOption = None,
    budget: Annotated[float, typer.Option(help="Models: time limit for measuring, in seconds.")] = MODELS_BUDGET_S,
    seed: Annotated[int, typer.Option(help="Models: seed for the inputs.")] = CompareSettings.seed,
    same_within: Annotated[
        str, typer.Option(help="Call two cells the same if the whole interval of their ratio is this near to 1.")
    ] = f"{DiffSettings.same_within:.0%}",
    fail_if_slower: Annotated[
        str | None, typer.Option(help="Exit with code 1 if B is shown to be slower by more than this, such as 5%.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two models or two results, cell by cell: faster, slower, same or can't tell.

    Two result files are compared as they are; two models are timed in turn, which shows smaller differences.
    """
    limit = parse_share("--fail-if-slower", fail_if_slower) if fail_if_slower is not None else None
    within = parse_share("--same-within", same_within)
    if _is_result(a) != _is_result(b):
        raise InputError(f"diff: expected two result files or two models, received {a} and {b}.")
    if _is_result(a):
        found = _files(Path(a), Path(b), within)
        written: tuple[Path, ...] = ()
    else:
        settings = measure_settings(
            providers=providers,
            batch_sizes=batch_sizes,
            threads=threads,
            shape=shape,
            provider_option=provider_option,
            seed=seed,
            budget_s=budget,
        )
        found, path = _models(a, b, settings, within, Workspace.at(workspace))
        written = (path,)
    _show(found, written, as_json)
    if limit is not None:
        _fail_if_slower(found, limit)


def _is_result(name: str) -> bool:
    return name.endswith(".json")


def _files(a: Path, b: Path, within: float) -> Diff:
    from dlbench.bench.diff.judge import diff_results
    from dlbench.bench.results.schema import read_result

    one, other = read_result(a), read_result(b)
    first = one.cells[0] if one.cells else None
    settings = _floor(
        one.machine.fingerprint,
        first.provider if first else one.settings.providers[0],
        first.threads if first else one.settings.threads,
        one.software.onnxruntime,
        within,
    )
    return diff_results(one, other, settings, (a.name, b.name))


def _models(a: str, b: str, settings: CompareSettings, within: float, workspace: Workspace) -> tuple[Diff, Path]:
    from dlbench.bench.diff.live import diff_models
    from dlbench.bench.machine.machine_facts import machine_facts, software_facts
    from dlbench.commands.compare import ready_models
    from dlbench.commands.live_views import comparison_view
    from dlbench.files import write_atomic

    paths = [ready_models([name], workspace)[0] for name in (a, b)]
    machine, version = machine_facts().fingerprint, software_facts().onnxruntime
    how = _floor(machine, settings.providers[0].name, settings.all_threads[0], version, within)
    with comparison_view(settings.min_rounds) as on_event:
        found = diff_models((paths[0], paths[1]), settings, how, on_event, typed_command(), history=True)
    path = free_stem(workspace.results, "diff").with_suffix(".json")
    write_atomic(path, found.model_dump_json(by_alias=True) + "\n")
    return found, path


def _floor(fingerprint: str, provider: str, threads: int, runtime: str, within: float) -> DiffSettings:
    """Return the settings with this machine's own A/A floor, where `doctor --noise` has kept one."""
    from dlbench.bench.machine.history import MachineHistory, history_key

    kept = MachineHistory.load(fingerprint).noise(history_key(provider, threads, runtime))
    if kept is None:
        return DiffSettings(same_within=within)
    source = f"A/A test of {kept.created[:10]} on this machine, {kept.pairs} pairs of {kept.model}"
    return DiffSettings(floor=max(kept.floor, 1e-6), floor_source=source, same_within=within)


def _show(found: Diff, written: tuple[Path, ...], as_json: bool) -> None:
    from dlbench.bench.report.tables.diff_tables import diff_summary, diff_table
    from dlbench.show.console import messages, output, show_notes, show_tables, show_wrote

    if as_json:
        typer.echo(found.model_dump_json(by_alias=True))
        show_wrote(messages(), written, ())
        return
    console = output()
    show_tables(console, (diff_table(found),))
    show_notes(console, "In short", diff_summary(found), style="")
    show_notes(console, "What else differs", found.differences)
    show_notes(console, "Warnings", found.warnings)
    show_wrote(console, written, ())


def _fail_if_slower(found: Diff, limit: float) -> None:
    slower = found.slower_than(limit)
    if slower:
        raise typer.Exit(1)
    if all(row.verdict == "not comparable" for row in found.rows):
        raise InputError(
            "--fail-if-slower: expected cells that can be compared, received none: "
            f"{'; '.join(found.differences) or 'no cell is in both'}; measure both on one machine with the same "
            f"settings."
        )
