"""The settings with which a network answers fastest on this machine, within what it may lose.

import dlbench

best = dlbench.tune("cnn", accuracy_drop=1)
print(best.table(), best.code)
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from dlbench.api.arguments import Inputs, Names, Numbers, PathLike, Shapes, among, names_arguments
from dlbench.api.measuring import measure_settings, progress_of, telling
from dlbench.api.networks import model_card
from dlbench.api.variants.accuracy_gate import Gate
from dlbench.api.variants.exporting import precision_names
from dlbench.api.variants.making import made_variant
from dlbench.bench.machine.machine_facts import machine_facts
from dlbench.bench.machine.precision_support import precision_support
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.rounds import OnEvent
from dlbench.bench.results.against_parent import DEFAULT_ALLOWED_DROP
from dlbench.bench.tuning.runtime_setting import TUNE_BUDGET_S
from dlbench.bench.tuning.search import Trial, Tuning, search
from dlbench.bench.tuning.session_code import session_code
from dlbench.errors import DlbenchError, InputError, ModelFileError
from dlbench.export.precision import PRECISIONS
from dlbench.export.precision.output_forms import save_graph
from dlbench.files import Workspace
from dlbench.model.card import ModelCard
from dlbench.processes import temporary_folder
from dlbench.show import units
from dlbench.show.locale.typed_options import as_arguments
from dlbench.show.notebook import Progress
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.show.texts import tr

_SHORT_ROWS = 6
_COLUMNS = (
    Column("setting", False, key=True, wraps=True),
    Column("rounds"),
    Column("one answer"),
    Column("load", secondary=1),
    Column("outcome", False),
)


@dataclass(frozen=True, repr=False)
class TunedSession(WithTables, Tuning):
    """What was found for one network."""

    every_column: ClassVar = _COLUMNS
    file: Path  # of the best setting
    notes: tuple[str, ...] = ()  # what was left out, and why

    def __repr__(self) -> str:
        return f"<TunedSession for {self.model[:80]}: {self.best.setting.words}>"

    @property
    def code(self) -> str:
        """The best setting as Python code."""
        return session_code(self.best.setting, self.file.name, self.provider)

    def tables(self) -> TableView:
        """Return every setting that was timed, the ones that came furthest first."""
        return TableView((self._table(None),))

    def short_table(self) -> Table:
        """Return the settings that came furthest."""
        return self._table(_SHORT_ROWS)

    def _table(self, most: int | None) -> Table:
        timed = [trial for trial in self.trials if trial.answer_s is not None]
        order = sorted(timed, key=lambda t: (-t.rounds, t.answer_s or 0.0))
        rows = tuple(
            (
                trial.setting.words,
                str(trial.rounds),
                units.duration(trial.answer_s),
                units.duration(trial.load_s),
                self._outcome(trial),
            )
            for trial in order[:most]
        )
        return Table("settings", f"Settings for {self.model} on {self.provider}", _COLUMNS, rows)

    def _outcome(self, trial: Trial) -> str:
        if trial is self.best:
            return tr("best") if trial is not self.default else tr("best: nothing proved faster")
        if trial is self.default:
            return tr("what nothing sets")
        return tr("not shown to be faster") if trial is self.challenger else trial.outcome

    def sentences(self) -> list[str]:
        """Say what is best, how much it gains, and whether that is outside the noise."""
        times = self.times
        if times is None and self.challenger is not self.default:
            first = (
                f"there was no time to hold the nearest setting, {self.challenger.setting.words}, against the default"
            )
        elif times is None:
            timed = sum(trial.rounds > 0 for trial in self.trials)
            first = f"no setting was faster than what ONNX Runtime does by itself, of {timed} that were timed"
        else:
            interval = f"{times.ratio:.2f} times as long, 99 % interval {times.low:.2f}-{times.high:.2f}"
            pairs = f"{times.rounds} pairs of rounds of their own"
            if self.verdict == "faster":
                first = f"best here: {self.best.setting.words}. An answer takes {interval} ({pairs})"
            else:
                first = (
                    f"no setting proved faster than what ONNX Runtime does by itself; the nearest, "
                    f"{self.challenger.setting.words}, takes {interval} ({pairs})"
                )
        return [f"{first}.", *self._cut(), *self.notes]

    def _cut(self) -> list[str]:
        """Say what the budget left no time for."""
        if self.enough_s is None:
            return []
        untimed = sum(trial.rounds == 0 for trial in self.trials)
        enough_s = 10 * math.ceil(self.enough_s / 10)
        enough = f"`budget` {enough_s}s would be enough"
        if untimed:
            return [f"{untimed} of {len(self.trials)} settings were left out to keep to the budget; {enough}."]
        return [f"the search was cut short to keep to the budget; {enough}."]

    def document(self) -> dict[str, Any]:
        """Return the machine form, `dlbench.tuning/1`."""
        return {
            "schema": "dlbench.tuning/1",
            "model": self.model,
            "file": self.file.name,
            "provider": self.provider,
            "trials": [asdict(trial) for trial in self.trials],
            "best": asdict(self.best.setting),
            "times": asdict(self.times) if self.times else None,
            "verdict": self.verdict,
            "code": self.code,
            "notes": list(self.notes),
            "evidence": self.evidence.model_dump(),
            "warnings": list(self.warnings),
            "complete": self.complete,
        }


@names_arguments
def tune(
    model: PathLike,
    *,
    precision: Names | None = None,
    accuracy_drop: float = 100 * DEFAULT_ALLOWED_DROP,
    data: PathLike | None = None,
    providers: Names = "cpu",
    batch_sizes: Numbers = None,
    shape: Shapes = None,
    inputs: Inputs = None,
    seed: int = CompareSettings.seed,
    budget: str | float = TUNE_BUDGET_S,
    workspace: PathLike | None = None,
    on_progress: Progress | None = None,
) -> TunedSession:
    """Search what can be set in ONNX Runtime for the setting in which one answer takes least time.

    Args:
        model: an ONNX file, or a name of the workspace or of torchvision.
        precision: such as "fp32,int8"; None: fp32, and what this machine may be faster with.
        accuracy_drop: percentage points of accuracy that a precision may lose against fp32.
        data: pictures for a file whose own are not known.
        providers: one execution provider.
        batch_sizes: several: what counts is the time of one answer. None: 1.
        shape: as in `compare`.
        inputs: as in `compare`.
        seed: for the inputs and the choice of calibration pictures.
        budget: most seconds of searching, or a text such as "2min"; making and judging variants takes from it, at most
            half.
        workspace: where models are looked up and variants are kept.
        on_progress: as in `compare`.

    Raises:
        InputError: an argument that makes no sense, or a model that can't be read or run.
        CheckFailedError: the network does not run as it is.
    """
    plan = tuning_plan(precision, accuracy_drop, data, workspace, **among(measure_settings, locals()))
    card = model_card(model, plan.workspace)
    with telling("tune", on_progress) as on_event:
        return plan.run(card, on_event)


def tuning_plan(
    precision: Names | None,
    accuracy_drop: float,
    data: PathLike | None,
    workspace: PathLike | Workspace | None,
    **measuring: Any,
) -> TuningPlan:
    """Check what was asked, before anything is made or measured.

    Raises:
        InputError: an argument that makes no sense.
    """
    settings = measure_settings(**measuring, rounds=2, usual_batch_sizes=(1,))
    if len(settings.providers) > 1:
        raise InputError("--providers: expected one provider, received several; give one at a time.")
    wanted = None if precision is None else precision_names(precision)
    try:
        gate = Gate.of(accuracy_drop, data)
    except InputError as error:
        raise InputError(str(error).replace("--max-accuracy-drop", "--accuracy-drop")) from error
    return TuningPlan(settings, gate, wanted, Workspace.at(workspace))


@dataclass(frozen=True)
class TuningPlan:
    """What is searched, and within what."""

    settings: CompareSettings
    gate: Gate
    wanted: tuple[str, ...] | None  # precisions; None: what may be faster here
    workspace: Workspace

    def run(self, card: ModelCard, on_event: OnEvent | None = None) -> TunedSession:
        """Make the variants that are missing, leave out those that lost too much, and search.

        What comes before the search takes from the budget, at most half of it.
        """
        began, budget_s = time.perf_counter(), self.settings.budget_s
        files, notes = self._files(card, progress_of(on_event))
        provider = self.settings.providers[0].name
        with _saved_graphs(files if provider == "cpu" else {}) as saved:
            left_s = max(budget_s / 2, budget_s - (time.perf_counter() - began))
            found = search(files, replace(self.settings, budget_s=left_s), saved, on_event)
        file = files[found.best.setting.precision]
        if found.best.setting.saved:
            self.workspace.check_writable()
            saved_as = self.workspace.models / f"{file.stem}.optimised.onnx"
            save_graph(file, saved_as, any_cpu=False)
            file = saved_as
        support = precision_support(machine_facts(), found.best.setting.precision, provider)
        notes += [f"{found.best.setting.precision}: {support.reason}."] if support else []
        return TunedSession(**{**vars(found), "model": card.name}, file=file, notes=tuple(notes))

    def _files(self, card: ModelCard, on_progress: Progress | None) -> tuple[dict[str, Path], list[str]]:
        """Return the files that may be used, by precision, and what was left out."""
        own = card.variant.precision if card.variant else card.precision
        if own != "fp32":  # nothing is made of a variant
            return {own: card.path}, []
        files, notes = {own: card.path}, list[str]()
        for name in self.wanted or self._promising():
            try:
                made = made_variant(card, name, self.workspace, data=self.gate.data, on_progress=on_progress)
                files[name] = made.path
            except DlbenchError as error:
                if self.wanted is not None:
                    raise
                notes.append(f"without {name}: {as_arguments(str(error))}")
        return self._within_accuracy(files, notes, on_progress), notes

    def _promising(self) -> tuple[str, ...]:
        """Return the precisions that may be faster on this machine than fp32."""
        machine, provider = machine_facts(), self.settings.providers[0].name
        support = {name: precision_support(machine, name, provider) for name in PRECISIONS}
        faster = [name for name, known in support.items() if known is not None and known.native]
        return tuple(dict.fromkeys([*faster, *(["int8"] if provider == "cpu" else [])]))

    def _within_accuracy(
        self, files: Mapping[str, Path], notes: list[str], on_progress: Progress | None
    ) -> dict[str, Path]:
        """Return the files without those that lost more than is allowed, or of which that can't be told."""
        if len(files) == 1:
            return dict(files)
        judged = self.gate.judged(list(files.values()), self.workspace, list(files), on_progress)
        notes += [each.sentence for each in judged]
        lost = {each.model for each in judged if each.verdict != "kept"}
        return {name: path for name, path in files.items() if name not in lost}


@contextmanager
def _saved_graphs(files: Mapping[str, Path]) -> Iterator[dict[str, Path]]:
    """Have ONNX Runtime save the graph of each file as it optimises it, in a folder that goes afterwards."""
    with temporary_folder() as folder:
        saved = {}
        for name, path in files.items():
            target = folder / f"{path.stem}.optimised.onnx"
            try:
                save_graph(path, target, any_cpu=False)
            except ModelFileError:
                continue  # what can't be saved is not tried; whether the file itself runs is found out when it is timed
            saved[name] = target
        yield saved
