"""`dlbench tune`: the settings with which a network answers fastest here, as code to paste."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.bench.tuning.runtime_setting import TUNE_BUDGET_S
from dlbench.commands.options import (
    InputOption,
    JsonOption,
    ShapeOption,
    WorkspaceOption,
    as_typed,
    shows_tables_late,
    time_option,
)
from dlbench.commands.showing import print_json

if TYPE_CHECKING:
    from dlbench.api.tuning.session_tuning import TunedSession, TuningPlan
    from dlbench.bench.measure.rounds import Event


@functools.partial(shows_tables_late, found=lambda _: "dlbench.api.tuning.session_tuning:TunedSession")
def tune(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="An ONNX file, a network of the workspace or one of torchvision.")
    ],
    accuracy_drop: Annotated[
        float, typer.Option(help="Percentage points of accuracy that fewer bits may lose against fp32.")
    ] = 1.0,
    precision: Annotated[
        str | None, typer.Option(help="Precisions to try, such as fp32,int8 (default: those that may be faster here).")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Pictures for a file whose own are not known: a data set or a folder.")
    ] = None,
    providers: Annotated[str, typer.Option(help="The execution provider.")] = "cpu",
    batch_sizes: Annotated[
        str | None, typer.Option(help="Batch sizes to try; the time of one answer counts (default: 1).")
    ] = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    seed: Annotated[int, typer.Option(help="Seed for the inputs and the calibration pictures.")] = 0,
    budget: Annotated[float, time_option("--budget", "Time for measuring, such as 90s or 2min.")] = TUNE_BUDGET_S,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the fastest settings of ONNX Runtime for a network within an accuracy drop, as code to paste."""
    from dlbench.api.arguments import among
    from dlbench.api.measuring import measure_settings
    from dlbench.api.tuning.session_tuning import tuning_plan

    plan = tuning_plan(precision, accuracy_drop, data, workspace, **among(measure_settings, locals()))
    tuned = _tuned(plan, model)
    if as_json:
        print_json(json.dumps(tuned.document()))
    else:
        _show(tuned, model)
    if not tuned.complete:
        raise typer.Exit(130)


def _tuned(plan: TuningPlan, model: str) -> TunedSession:
    from dlbench.commands.live_views import comparison_view
    from dlbench.commands.train.training_with_view import ready_models
    from dlbench.model.card import read_model

    (path,) = ready_models([model], plan.workspace)
    with comparison_view(plan.settings.min_rounds) as show:

        def on_event(event: Event) -> None:
            show(replace(event, text="trying settings", jobs=()) if event.jobs else event)

        return plan.run(read_model(path), on_event)


def _show(tuned: TunedSession, model: str) -> None:
    from dlbench.commands.one_screen import Screen, show_screen
    from dlbench.show.plain_text import without_controls
    from dlbench.show.table_choice import current_choice

    full = current_choice().full
    tables = tuned.tables() if full else (tuned.short_table(),)
    then = [f"dlbench compare {as_typed(model)}"]
    written = [tuned.file] if tuned.best.setting.saved else []
    show_screen(Screen(tables, tuned.sentences(), tuned.warnings, written, then))
    typer.echo("\n" + without_controls(tuned.code), nl=False)
