"""`dlbench diff`: same, faster, slower or can't tell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.bench.diff.diff_settings import MODELS_BUDGET_S, DiffSettings, parse_share
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.commands.options import (
    DEFAULT_PROVIDERS,
    InputOption,
    JsonOption,
    KeepPathsOption,
    ProviderOptionOption,
    ProvidersOption,
    ShapeOption,
    ThreadsOption,
    WorkspaceOption,
    shows_tables_late,
    typed_command,
)
from dlbench.commands.showing import print_json
from dlbench.errors import CheckFailedError, InputError
from dlbench.files import Workspace, free_stem, write_atomic

if TYPE_CHECKING:
    from dlbench.api.measured import Diff

__all__ = ["diff"]


@shows_tables_late
def diff(
    a: Annotated[str, typer.Argument(help="A result file (.json), or a model: an ONNX file or a model name.")],
    b: Annotated[str, typer.Argument(help="The other file or model, of the same kind.")],
    providers: ProvidersOption = DEFAULT_PROVIDERS,
    batch_sizes: Annotated[
        str | None, typer.Option(help="Models: batch sizes (default: 1, or their own where it is fixed).")
    ] = None,
    threads: ThreadsOption = None,
    provider_option: ProviderOptionOption = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    budget: Annotated[float, typer.Option(help="Models: time limit for measuring, in seconds.")] = MODELS_BUDGET_S,
    seed: Annotated[int, typer.Option(help="Models: seed for the inputs.")] = CompareSettings.seed,
    same_within: Annotated[
        str, typer.Option(help="Call two cells the same if the whole interval of their ratio is this near to 1.")
    ] = f"{DiffSettings.same_within:.0%}",
    fail_if_slower: Annotated[
        str | None, typer.Option(help="Exit with code 1 if B is shown to be slower by more than this, such as 5%.")
    ] = None,
    keep_paths: KeepPathsOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether B is faster, slower or the same, cell by cell.

    Two result files are compared as they are; two models are timed in turn, which shows smaller differences.
    """
    from dlbench.api import measuring

    limit = parse_share("--fail-if-slower", fail_if_slower) if fail_if_slower is not None else None
    within = parse_share("--same-within", same_within)
    written: list[Path] = []
    if measuring.is_result(a) or measuring.is_result(b):
        compared = measuring.diff(a, b, same_within=same_within)
    else:
        settings = measuring.measure_settings(
            providers=providers,
            batch_sizes=batch_sizes,
            threads=threads,
            shape=shape,
            inputs=inputs,
            provider_option=provider_option,
            seed=seed,
            budget=budget,
            usual_batch_sizes=(1,),
        )
        compared, written = _models((a, b), settings, within, Workspace.at(workspace), typed_command(keep_paths))
    _show(compared, written, as_json)
    if compared.measured is not None and compared.measured.every_cell_failed:
        raise typer.Exit(1)
    if limit is not None:
        _fail_if_slower(compared, limit)


def _models(
    names: tuple[str, str], settings: CompareSettings, within: float, workspace: Workspace, command: str
) -> tuple[Diff, list[Path]]:
    from dlbench.api.measuring import diff_in_turn
    from dlbench.commands.live_views import comparison_view
    from dlbench.commands.train.training_with_view import ready_models

    paths = [ready_models([name], workspace)[0] for name in names]
    with comparison_view(settings.min_rounds) as on_event:
        compared = diff_in_turn(paths, settings, within, on_event, command)
    path = free_stem(workspace.results, "diff").with_suffix(".json")
    write_atomic(path, compared.model_dump_json(by_alias=True) + "\n")
    return compared, [path]


def _show(compared: Diff, written: Sequence[Path], as_json: bool) -> None:
    from dlbench.bench.report.tables.diff_tables import diff_summary
    from dlbench.show.console import messages, output, show_notes, show_tables, show_wrote

    if as_json:
        print_json(compared.model_dump_json(by_alias=True))
        show_wrote(messages(), written, ())
        return
    console = output()
    show_tables(console, compared.tables())
    show_notes(console, "In short", diff_summary(compared), style="")
    show_notes(console, "What else differs", compared.differences)
    show_notes(console, "Warnings", compared.warnings)
    show_wrote(console, written, ())


def _fail_if_slower(compared: Diff, limit: float) -> None:
    slower = compared.slower_than(limit)
    if slower:
        raise typer.Exit(1)
    if all(row.verdict == "not comparable" for row in compared.rows):
        raise InputError(
            "--fail-if-slower: expected cells that can be compared, received none: "
            f"{'; '.join(compared.differences) or 'no cell is in both'}; measure both on one machine with the same "
            "settings."
        )
    if all(row.verdict in ("can't tell", "not comparable") for row in compared.rows):
        raise CheckFailedError(
            "--fail-if-slower: nothing could be told, so B is not shown to be fast enough; measure again with more "
            "rounds or a longer budget."
        )
