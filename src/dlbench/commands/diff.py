"""`dlbench diff`: same, faster, slower or can't tell."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.bench.diff.diff_settings import MODELS_BUDGET_S, DiffSettings
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.results.against_parent import DEFAULT_ALLOWED_DROP
from dlbench.commands import options
from dlbench.commands.model_data import AccuracyDropOption, GateDataOption
from dlbench.commands.showing import print_json
from dlbench.errors import CheckFailedError, InputError
from dlbench.files import Workspace, free_stem, write_atomic
from dlbench.show.texts import tr
from dlbench.show.units import utc_minute

if TYPE_CHECKING:
    from dlbench.api.measured import Diff
    from dlbench.api.variants.accuracy_gate import Gate

_FORMATS = ("terminal", "md", "json")


@functools.partial(options.shows_tables_late, found=lambda _: "dlbench.api.measured:Diff")
def diff(
    a: Annotated[
        str | None,
        typer.Argument(
            help="A result file (.json), or a model: ONNX file or name (default: the result before the newest)."
        ),
    ] = None,
    b: Annotated[
        str | None, typer.Argument(help="The other file or model, of the same kind (default: the newest result).")
    ] = None,
    providers: options.ProvidersOption = options.DEFAULT_PROVIDERS,
    batch_sizes: Annotated[
        str | None, typer.Option(help="Models: batch sizes (default: 1, or their own where it is fixed).")
    ] = None,
    threads: options.ThreadsOption = None,
    provider_option: options.ProviderOptionOption = None,
    shape: options.ShapeOption = None,
    inputs: options.InputOption = None,
    budget: Annotated[
        float, options.time_option("--budget", "Models: time limit for measuring, such as 90s or 2min.")
    ] = MODELS_BUDGET_S,
    seed: Annotated[int, typer.Option(help="Models: seed for the inputs.")] = CompareSettings.seed,
    same_within: Annotated[
        str, typer.Option(help="Call two cells the same if the whole interval of their ratio is this near to 1.")
    ] = f"{DiffSettings.same_within:.0%}",
    fail_if_slower: Annotated[
        str | None, typer.Option(help="Exit with code 1 if B is shown to be slower by more than this, such as 5%.")
    ] = None,
    fail_if_unclear: Annotated[
        bool, typer.Option("--fail-if-unclear", help="Exit with code 1 if nobody can tell of a cell.")
    ] = False,
    max_accuracy_drop: AccuracyDropOption = 100 * DEFAULT_ALLOWED_DROP,
    data: GateDataOption = None,
    form: Annotated[str | None, typer.Option("--format", help="terminal (default), md or json.")] = None,
    keep_paths: options.KeepPathsOption = False,
    workspace: options.WorkspaceOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Say whether B is faster, slower or the same, cell by cell.

    Two result files are compared as they are; two models are timed in turn, which shows smaller differences.
    """
    from dlbench.api import measuring
    from dlbench.api.arguments import among
    from dlbench.api.variants.accuracy_gate import Gate
    from dlbench.bench.results.schema import is_result

    form = _format(form, as_json)
    wanted = measuring.wanted_of_diff(same_within, fail_if_slower)
    gate = Gate.of(max_accuracy_drop, data)
    folder = Workspace.at(workspace)
    a, b = _both(a, b, folder)
    if is_result(a) or is_result(b):
        compared = measuring.diff(a, b, same_within=same_within, fail_if_slower=fail_if_slower)
    else:
        settings = measuring.measure_settings(**among(measuring.measure_settings, locals()), usual_batch_sizes=(1,))
        compared = _models((a, b), settings, wanted, gate, folder, options.typed_command(keep_paths))
    path = free_stem(folder.diffs, "diff").with_suffix(".json")
    write_atomic(path, compared.model_dump_json(by_alias=True) + "\n")
    if compared.measured is not None:  # nothing measured is lost: all its figures can be had from a report
        from dlbench.bench.results.schema import write_result

        write_result(compared.measured, free_stem(folder.results, "diff").with_suffix(".json"))
    _show(compared, [path], form, _dates(a, b) if form == "terminal" and is_result(a) and is_result(b) else ())
    if compared.measured is not None and compared.measured.every_cell_failed:
        raise typer.Exit(1)
    if fail_if_slower is not None:
        _fail_if_slower(compared)
    if fail_if_unclear:
        _fail_if_unclear(compared)


def _format(form: str | None, as_json: bool) -> str:
    """Return the one form that was asked for."""
    from dlbench.api.measuring import chosen_formats

    chosen = chosen_formats(form, _FORMATS) if form is not None else ["json" if as_json else "terminal"]
    if len({*chosen, *(["json"] if as_json else [])}) > 1:
        raise InputError(
            f"--format: expected one form, received {', '.join([*chosen, *(['--json'] if as_json else [])])}."
        )
    return chosen[0]


def _both(a: str | None, b: str | None, folder: Workspace) -> tuple[str, str]:
    """Return what is compared: where nothing was named, the newest result with the one before it."""
    from dlbench.bench.results.kept_results import newest_kept
    from dlbench.bench.results.schema import is_result

    if a is not None and b is not None:
        return a, b
    if a is None:
        newest, before = newest_kept(folder.results, 2)
        return str(before), str(newest)
    if not is_result(a):
        raise InputError(
            f"diff: expected two models, received {a} alone; name the other one, as in dlbench diff {a} B."
        )
    others = [path for path in newest_kept(folder.results) if path.resolve() != Path(a).resolve()]
    if not others:
        raise InputError(
            f"diff: expected two results, received {a} alone, and it is the newest one in {folder.results}; name the "
            "other one, or run dlbench compare again."
        )
    return a, str(others[0])


def _dates(a: str, b: str) -> tuple[str, ...]:
    """Say when the two results, whose files head the table, were measured."""
    from dlbench.bench.results.schema import read_result

    first, second = (utc_minute(read_result(each).created) for each in (a, b))
    return (tr("measured: A {a}, B {b}", a=first, b=second),)


def _models(
    names: tuple[str, str],
    settings: CompareSettings,
    wanted: DiffSettings,
    gate: Gate,
    workspace: Workspace,
    command: str,
) -> Diff:
    from dlbench.api.measuring import diff_in_turn
    from dlbench.commands.live_views import comparison_view
    from dlbench.commands.train.training_with_view import ready_models

    paths = [ready_models([name], workspace)[0] for name in names]
    with comparison_view(settings.min_rounds) as on_event:
        return diff_in_turn(paths, settings, wanted, on_event, command, gate, workspace)


def _show(compared: Diff, written: Sequence[Path], form: str, dates: Sequence[str]) -> None:
    from dlbench.bench.report.tables.diff_tables import diff_markdown
    from dlbench.show.console import messages, show_wrote
    from dlbench.show.plain_text import without_controls

    if form == "terminal":
        _show_screen(compared, written, dates)
        return
    if form == "json":
        print_json(compared.model_dump_json(by_alias=True))
    else:
        typer.echo(without_controls(diff_markdown(compared)), nl=False)
    show_wrote(messages(), written, ())


def _show_screen(compared: Diff, written: Sequence[Path], dates: Sequence[str]) -> None:
    from dlbench.bench.report.diff_words import decision_sentence, left_out, rule_sentence
    from dlbench.bench.report.tables.diff_tables import diff_summary, diff_warnings, short_diff_table
    from dlbench.commands.one_screen import Screen, show_screen
    from dlbench.show.table_choice import current_choice

    assert compared.decision is not None
    full = current_choice().full
    tables = compared.tables() if full else (short_diff_table(compared),)
    in_short = [
        *(diff_summary(compared) if full else ()),
        decision_sentence(compared),
        *(variant.sentence for variant in compared.variants if variant.verdict == "kept"),  # the others are told above
        rule_sentence(compared.decision),
    ]
    notes = [*left_out(compared), *compared.differences]
    marks = [tr("(): the 95% interval.")] if any(row.ratio_low is not None for row in compared.rows) else []
    foot = (*marks, *dates)
    show_screen(Screen(tables, in_short, tuple(diff_warnings(compared)), written, _then(compared), notes, foot=foot))


def _then(compared: Diff) -> list[str]:
    assert compared.decision is not None
    if compared.decision.unclear:
        if compared.measured is not None:
            again = options.with_longer_budget(compared.measured.settings.budget_s, compared.measured.ran_on)
            return [tr("close other programs, then {command}", command=again)]
        return [tr("dlbench diff A.onnx B.onnx, which times both in turn")]
    if compared.decision.verdict == "FAIL" and compared.decision.slower_by is None:
        return [tr("{option} ends with exit code 1, for a script", option="--fail-if-slower 5%")]
    return []


def _fail_if_slower(compared: Diff) -> None:
    assert compared.decision is not None
    if compared.decision.verdict == "FAIL":
        raise typer.Exit(1)
    if all(row.verdict == "not comparable" for row in compared.rows):
        why = "; ".join(compared.differences) or ("no cell ran in either" if compared.rows else "no cell is in both")
        raise InputError(
            f"--fail-if-slower: expected cells that can be compared, received none: {why}; measure both on one machine "
            "with the same settings."
        )
    if not compared.decision.passed and all(row.verdict in ("can't tell", "not comparable") for row in compared.rows):
        raise CheckFailedError(
            "--fail-if-slower: nothing could be told, so B is not shown to be fast enough; measure again with more "
            "rounds or a longer budget."
        )


def _fail_if_unclear(compared: Diff) -> None:
    assert compared.decision is not None
    if compared.decision.verdict == "UNCLEAR":
        cells = compared.decision.unclear or ("any cell",)
        more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
        raise CheckFailedError(
            f"--fail-if-unclear: nobody can tell of {cells[0]}{more}; measure again with more rounds, a longer budget, "
            "or two models in turn."
        )
