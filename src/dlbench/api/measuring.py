"""Timing from Python: compare models, diff two of them, read results, write reports.

import dlbench

result = dlbench.compare("cnn.onnx", providers="cpu", batch_sizes=[1, 8])
dlbench.write_report(result, "reports")
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dlbench.api.arguments import (
    Inputs,
    Names,
    Numbers,
    PathLike,
    Shapes,
    among,
    given_inputs,
    joined,
    names_arguments,
    numbers,
    shape_texts,
    whole_numbers,
)
from dlbench.api.measured import Diff, History, Result
from dlbench.api.money import price_settings
from dlbench.api.networks import model_paths
from dlbench.api.variants.accuracy_gate import Gate
from dlbench.api.variants.exporting import precision_names
from dlbench.api.variants.making import LostVariant, ReadyModels, in_precisions
from dlbench.bench.cost.catalogue import Catalogue
from dlbench.bench.cost.pricing import PriceSettings
from dlbench.bench.diff.decision import decide
from dlbench.bench.diff.diff_settings import MODELS_BUDGET_S, DiffSettings, parse_share
from dlbench.bench.diff.judge import diff_results
from dlbench.bench.diff.live import diff_models, names_in_turn
from dlbench.bench.diff.over_time import series_over_time
from dlbench.bench.diff.standings import standings
from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.machine.machine_facts import machine_facts, software_facts
from dlbench.bench.measure.compare_settings import DEFAULT_BATCH_SIZES, CompareSettings
from dlbench.bench.measure.comparison import compare as compare_models
from dlbench.bench.measure.measurement import JournalChoice
from dlbench.bench.measure.rounds import Event, OnEvent
from dlbench.bench.providers.options import parse_provider_options
from dlbench.bench.providers.registry import parse_providers
from dlbench.bench.report.writing import FORMATS, write_class_report
from dlbench.bench.results.against_parent import DEFAULT_ALLOWED_DROP, AgainstParent
from dlbench.bench.results.handed_in import read_handed_in
from dlbench.bench.results.kept_results import newest_results
from dlbench.bench.results.merging import Entry, merge, parse_names
from dlbench.bench.results.records import MOST_IN_A_NAME, shortened
from dlbench.bench.results.schema import MOST_WARNINGS, Cell, is_result
from dlbench.bench.results.schema import Result as ResultRecord
from dlbench.bench.results.schema import read_result as read_record
from dlbench.errors import InputError, close_matches
from dlbench.files import Workspace, free_stem
from dlbench.model.inputs.feeds import parse_shape
from dlbench.show.notebook import Pages, Progress, notebook_progress
from dlbench.show.texts import current_language, language
from dlbench.show.units import typed_seconds
from dlbench.system import usable_cores

DEFAULT_PROVIDERS = ",".join(p.name for p in CompareSettings.providers)
Models = PathLike | Sequence[PathLike]
_MOST_KEPT = 200
ProviderOptions = Sequence[str] | Mapping[str, Mapping[str, object]] | None  # ["cuda:use_tf32=0"] or nested


@names_arguments
def compare(
    models: Models = (),
    *,
    providers: Names = DEFAULT_PROVIDERS,
    batch_sizes: Numbers = None,
    threads: Numbers = None,
    streams: Numbers = None,
    scenario: Names | None = None,
    rates: Numbers = None,
    provider_option: ProviderOptions = None,
    cuda_graph: bool = False,
    shape: Shapes = None,
    inputs: Inputs = None,
    profile: bool = False,
    energy: bool = False,
    prices: PathLike | None = None,
    machine_price: float | None = None,
    machine_power: float | None = None,
    machine: str | Sequence[str] | None = None,
    electricity_price: float | None = None,
    country: str | None = None,
    eur_usd: float | None = None,
    huf_usd: float | None = None,
    rent: str | None = None,
    rounds: int = CompareSettings.min_rounds,
    precision_goal: float = CompareSettings.precision_goal,
    budget: str | float = CompareSettings.budget_s,
    round_timeout: str | float = CompareSettings.round_timeout_s,
    seed: int = CompareSettings.seed,
    label: str | None = None,
    precision: Names | None = None,
    max_accuracy_drop: float = 100 * DEFAULT_ALLOWED_DROP,
    data: PathLike | None = None,
    workspace: PathLike | None = None,
    on_progress: Progress | None = None,
) -> Result:
    """Time models on execution providers, prove where they ran, and price them, as `dlbench compare` does.

    Args:
        models: ONNX files or names of the workspace such as "cnn"; none: all of the workspace. A reference network
            (dense, cnn, transfer) that is not there yet is trained first.
        providers: such as "cpu,cuda" or ["cpu", "cuda"].
        batch_sizes: such as [1, 8]; None: 1, 8, 32, or the model's own where it is fixed.
        threads: CPU threads per session; several for a sweep. None: the cores this process may use.
        streams: sessions at once, each with its own threads.
        scenario: MLPerf's names: single-stream, offline, server.
        rates: server: runs offered per second.
        provider_option: such as {"cuda": {"use_tf32": 0}}.
        cuda_graph: replay a captured CUDA graph.
        shape: sizes of inputs whose shape is open, such as {"x": ("N", 3, 224, 224)}; "N" marks the batch axis, without
            it there is no batch.
        inputs: values of inputs, such as {"length": 512} or {"x": "x.npy"}; the rest gets seeded noise, and integers
            what the graph can take.
        profile: also find the slowest operators and the roofline, in separate runs.
        energy: also read the energy counter where there is one (13 s per cell).
        prices: a price file (TOML).
        machine_price: purchase price of this machine, in USD.
        machine_power: its power under load, in W.
        machine: its id in the price list, where its own name is not recognised.
        electricity_price: in USD per kWh.
        country: HU, EU, DE or US, for the household electricity price.
        eur_usd: USD for one EUR.
        huf_usd: USD for one HUF.
        rent: an instance of the price list to compare with.
        rounds: fewest rounds per cell; each round is a fresh process.
        precision_goal: a cell may stop once the half-width of its interval is this small.
        budget: seconds of measuring, or a text such as "2min"; after that, no cell gets more than its fewest rounds.
        round_timeout: seconds, or a text such as "2min", after which a round counts as hung.
        seed: for the inputs and the arrivals.
        label: what to call this run, such as a commit: `history` shows it.
        precision: such as "fp32,fp16,int8": each model in each of them, made where missing; None: the files as given.
        max_accuracy_drop: percentage points that a variant in fewer bits may lose against the network that it was made
            from; one that lost more is marked and has no place in a ranking.
        data: pictures on which variants of foreign files are held against them; others have their own test split.
        workspace: where models are looked up; None: $DLBENCH_WORKSPACE, else ./dlbench-out.
        on_progress: called with what is being done, rounds done and rounds planned; a notebook shows a bar by itself.

    Returns:
        The result. It is not written to a file; `write_report` writes it, and `Result.save` keeps it.

    Raises:
        InputError: an argument that makes no sense, a model that can't be read, a price that can't be used.
    """
    plan = comparison_plan(locals())
    folder = Workspace.at(workspace)
    paths = model_paths(models, folder)
    with telling("compare", on_progress) as on_event:
        return plan.run(paths, on_event, workspace=folder)


@names_arguments
def diff(
    a: PathLike | ResultRecord,
    b: PathLike | ResultRecord,
    *,
    providers: Names = DEFAULT_PROVIDERS,
    batch_sizes: Numbers = None,
    threads: Numbers = None,
    provider_option: ProviderOptions = None,
    shape: Shapes = None,
    inputs: Inputs = None,
    budget: str | float = MODELS_BUDGET_S,
    seed: int = CompareSettings.seed,
    same_within: str | float = DiffSettings.same_within,
    fail_if_slower: str | float | None = None,
    max_accuracy_drop: float = 100 * DEFAULT_ALLOWED_DROP,
    data: PathLike | None = None,
    workspace: PathLike | None = None,
    on_progress: Progress | None = None,
) -> Diff:
    """Say for each cell whether B is faster, slower, the same, or can't be told.

    Args:
        a: a result (or its .json file), or a model: an ONNX file or a name of the workspace.
        b: the other one, of the same kind. Two models are timed in turn, which shows smaller differences.
        providers: models: as in `compare`.
        batch_sizes: models; None: 1, or the models' own where it is fixed.
        threads: models.
        provider_option: models.
        shape: models.
        inputs: models.
        budget: models: most seconds of measuring, or a text such as "2min".
        seed: models: for the inputs.
        same_within: two cells are the same if the whole interval of their ratio is this near to 1.
        fail_if_slower: share that B may be slower by before `decision` says FAIL; None: nothing outside the noise. Two
            models are timed until that is clear, or the budget is spent.
        max_accuracy_drop: models: percentage points that B may lose if it is a variant of A in fewer bits, or A of B;
            with more lost, `decision` says FAIL.
        data: models: as in `compare`.
        workspace: where models are looked up.
        on_progress: as in `compare`.

    Raises:
        InputError: a result beside a model, or what can't be read or timed.
    """
    measuring = among(measure_settings, locals())
    wanted, gate = wanted_of_diff(same_within, fail_if_slower), Gate.of(max_accuracy_drop, data)
    if is_result(a) != is_result(b):
        raise InputError(f"diff: expected two result files or two models, received {_name(a)} and {_name(b)}.")
    if is_result(a):
        return diff_of_results(a, b, wanted)
    settings = measure_settings(**measuring, usual_batch_sizes=(1,))
    folder = Workspace.at(workspace)
    paths = [path for model in (a, b) for path in model_paths(_name(model), folder)]
    with telling("diff", on_progress) as on_event:
        return diff_in_turn(paths, settings, wanted, on_event, gate=gate, workspace=folder)


def wanted_of_diff(same_within: str | float, fail_if_slower: str | float | None) -> DiffSettings:
    """Return what was asked of a diff.

    Raises:
        InputError: a share that makes no sense.
    """
    limit = None if fail_if_slower is None else parse_share("--fail-if-slower", str(fail_if_slower))
    return DiffSettings(same_within=parse_share("--same-within", str(same_within)), slower_by=limit)


def diff_of_results(a: PathLike | ResultRecord, b: PathLike | ResultRecord, wanted: DiffSettings) -> Diff:
    """Compare two results."""
    first, second = _result(a), _result(b)
    names = (Path(_name(a)).name, Path(_name(b)).name)
    return Diff.of(decide(diff_results(first, second, judging(wanted, first), names), wanted.slower_by))


def diff_in_turn(
    models: Sequence[Path],
    settings: CompareSettings,
    wanted: DiffSettings,
    on_event: OnEvent | None = None,
    command: str = "",
    gate: Gate | None = None,
    workspace: Workspace | None = None,
) -> Diff:
    """Time two models in turn; a variant in fewer bits is first held against the one that it was made from."""
    how = judging(wanted, settings)
    variants = _judged(models, gate, workspace, names_in_turn(models[0], models[1]), on_event)
    timed = diff_models((models[0], models[1]), settings, how, on_event, command, history=True)
    return Diff.of(decide(timed.judged_as(variants), how.slower_by))


def _judged(
    models: Sequence[Path],
    gate: Gate | None,
    workspace: Workspace | None,
    names: Sequence[str],
    on_event: OnEvent | None,
) -> tuple[AgainstParent, ...]:
    return (gate or Gate()).judged(models, workspace or Workspace.at(None), names, progress_of(on_event))


@names_arguments
def history(
    model: str | None = None,
    *,
    providers: Names | None = None,
    batch_sizes: Numbers = None,
    threads: Numbers = None,
    results: PathLike | Sequence[PathLike] | None = None,
    last: int = 30,
    workspace: PathLike | None = None,
) -> History:
    """Return how the figures of cells moved over the kept results, with changes marked only outside the noise.

    Args:
        model: a network's name as the results call it; None: all.
        providers: such as "cpu"; None: all.
        batch_sizes: such as 1; None: all.
        threads: None: all.
        results: result files, folders or .zip files of them; None: the workspace's results.
        last: the newest results to use, 2 to 200.
        workspace: whose results; None: $DLBENCH_WORKSPACE, else ./dlbench-out.

    Raises:
        InputError: no result, no such cell, or a number outside its range.
        ResultFileError: a file that was named can't be read.
    """
    if not 2 <= last <= _MOST_KEPT:
        raise InputError(f"--last: expected 2 to {_MOST_KEPT} results, received {last}.")
    given = [Workspace.at(workspace).results] if results is None else _paths(results)
    there = [path for path in given if results is not None or any(path.glob("*.json"))]  # a new workspace has none
    read, left_out = newest_results(there, last)
    if not read:
        raise InputError(
            f"no results: expected files of dlbench compare in {', '.join(map(str, given[:3]))}, received "
            "none; run dlbench compare first, or give --results FOLDER."
        )
    chosen = series_over_time(
        read,
        judging(DiffSettings(), read[-1][1]),
        model,
        tuple(part.strip() for part in joined(providers).split(",")) if providers else (),
        whole_numbers("--batch-sizes", batch_sizes) or (),
        whole_numbers("--threads", threads) or (),
    )
    return History(chosen, tuple(left_out))


def _paths(given: PathLike | Sequence[PathLike]) -> list[Path]:
    return list(map(Path, given)) if isinstance(given, list | tuple) else [Path(given)]  # type: ignore[arg-type]


@names_arguments
def read_result(path: PathLike) -> Result:
    """Read a result file of `dlbench compare`.

    Raises:
        ResultFileError: missing, too large, truncated, of another schema, or with a field that does not fit.
    """
    return Result.of(read_record(Path(path)))


@names_arguments
def write_report(
    results: PathLike | ResultRecord | Sequence[PathLike | ResultRecord],
    out: PathLike | None = None,
    *,
    format: Names = FORMATS,
    name: Sequence[str] | Mapping[str, str] = (),
    lang: str | None = None,
    workspace: PathLike | None = None,
) -> Pages:
    """Write one self-contained page (and Markdown and CSV) from the results of one machine or a whole class.

    Args:
        results: results, their files, or folders and .zip files of them; what is no result in those is passed over.
        out: folder to write to; None: the workspace's reports folder.
        format: html, md, csv.
        name: what to call machines, by fingerprint or file name; they are anonymous otherwise.
        lang: en or hu; None: the language in use: DLBENCH_LANG, else the system's where there is a translation.
        workspace: as in `compare`.

    Returns:
        The paths of the files; a notebook shows the page.

    Raises:
        InputError: no result, one that can't be read, an unknown format, language or machine.
        WorkspaceError: the folder can't be written.
    """
    given = [results] if isinstance(results, str | os.PathLike | ResultRecord) else list(results)
    if not given:
        raise InputError("nothing to report: expected at least one result, received none.")
    names = dict(name) if isinstance(name, Mapping) else parse_names(name)
    read = [pair for each in given for pair in _results(each)]
    folder = Workspace.at(workspace).reports if out is None else Path(out)
    formats = chosen_formats(joined(format), FORMATS)
    return Pages(write_entries(merge(read, names), folder, read[0][0].stem, formats, lang))


@dataclass(frozen=True)
class ComparisonPlan:
    """What one comparison measures, and how it prices it."""

    settings: CompareSettings
    prices: PriceSettings
    catalogue: Catalogue
    label: str = ""
    gate: Gate = field(default_factory=Gate)
    precisions: tuple[str, ...] = ()  # in which each model is timed; none: the files as they are

    def run(
        self,
        models: Sequence[Path],
        on_event: OnEvent | None = None,
        journal: JournalChoice | None = None,
        command: str = "",
        workspace: Workspace | None = None,
    ) -> Result:
        """Make variants where missing, hold them against their parents, and measure; see `dlbench.bench.compare`."""
        place = workspace or Workspace.at(None)
        ready = ReadyModels(tuple(models))
        if self.precisions:
            ready = in_precisions(
                models, self.precisions, place, data=self.gate.data, on_progress=progress_of(on_event)
            )
            models = ready.paths
        variants = _judged(models, self.gate, place, (), on_event) if models else ()
        record = compare_models(
            models, self.settings, self.prices, self.catalogue, on_event, journal, command, history=True
        )
        named = shortened(self.label, MOST_IN_A_NAME)
        record = record.judged_as(variants) if variants else record
        lost = tuple(self._cells_of(ready.lost))
        told = tuple(f"{c.model} on {c.provider}, batch {c.batch}: {c.verdict}: {c.reason}" for c in lost)
        record = record.model_copy(
            update={"cells": (*record.cells, *lost), "warnings": (*told, *record.warnings)[:MOST_WARNINGS]}
        )
        return Result.of(record.model_copy(update={"standings": standings(record), "label": named}))

    def _cells_of(self, lost: Sequence[LostVariant]) -> Iterator[Cell]:
        """Yield a cell for each variant that could not be had: its verdict, and why."""
        settings = self.settings
        batch = min(settings.batch_sizes or settings.usual_batch_sizes)
        for one in lost:
            for provider in settings.providers:
                yield Cell(
                    model=one.model,
                    precision=one.precision,
                    provider=provider.name,
                    batch=batch,
                    threads=settings.all_threads[0],
                    verdict="failed",
                    copies_included=None,
                    reason=one.reason,
                )


def progress_of(on_event: OnEvent | None) -> Progress | None:
    """Adapt what a comparison calls to a callback of a text and two numbers."""
    if on_event is None:
        return None
    return lambda text, done, of: on_event(Event(text, rounds_done=done, rounds_planned=of))


def comparison_plan(asked: Mapping[str, Any]) -> ComparisonPlan:
    """Return the plan from the arguments of `compare`: those of the settings, of the prices and of the accuracy gate.

    Raises:
        InputError: an argument that makes no sense.
    """
    gate = Gate.of(asked["max_accuracy_drop"], asked["data"])
    precisions = () if asked["precision"] is None else precision_names(asked["precision"])
    settings = measure_settings(**among(measure_settings, asked))
    prices = price_settings(**among(price_settings, asked))
    return ComparisonPlan(settings, *prices, (asked["label"] or "").strip(), gate, precisions)


def measure_settings(
    *,
    providers: Names = DEFAULT_PROVIDERS,
    batch_sizes: Numbers = None,
    threads: Numbers = None,
    shape: Shapes = None,
    inputs: Inputs = None,
    provider_option: ProviderOptions = None,
    seed: int = CompareSettings.seed,
    budget: str | float = CompareSettings.budget_s,
    streams: Numbers = None,
    scenario: Names | None = None,
    rates: Numbers = None,
    cuda_graph: bool = False,
    rounds: int = CompareSettings.min_rounds,
    precision_goal: float = CompareSettings.precision_goal,
    round_timeout: str | float = CompareSettings.round_timeout_s,
    profile: bool = False,
    energy: bool = False,
    usual_batch_sizes: tuple[int, ...] = DEFAULT_BATCH_SIZES,
) -> CompareSettings:
    """Turn what was asked for into checked settings.

    Raises:
        InputError: an option that makes no sense.
    """
    chosen = parse_providers(joined(providers))
    at_once, scenarios = _load(streams, scenario)
    counts = whole_numbers("--threads", threads) or (max(1, usable_cores() // max(1, *at_once)),)
    return CompareSettings(
        providers=chosen,
        batch_sizes=whole_numbers("--batch-sizes", batch_sizes),
        threads=counts[0],
        thread_counts=counts,
        streams=at_once,
        scenarios=scenarios,
        rates_per_s=numbers("--rates", rates) or (),
        provider_options=parse_provider_options(_option_texts(provider_option), chosen),
        cuda_graph=cuda_graph,
        shapes=dict(parse_shape(text) for text in shape_texts(shape)),
        inputs=given_inputs(inputs),
        seed=seed,
        min_rounds=rounds,
        precision_goal=precision_goal,
        budget_s=typed_seconds("--budget", budget),
        round_timeout_s=typed_seconds("--round-timeout", round_timeout),
        profile=profile,
        energy=energy,
        usual_batch_sizes=usual_batch_sizes,
    )


def _option_texts(options: ProviderOptions) -> list[str]:
    if isinstance(options, Mapping):
        return [f"{name}:{key}={value}" for name, known in options.items() for key, value in known.items()]
    return list(options or ())


def _load(streams: Numbers, scenario: Names | None) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Settle streams and scenarios together: several streams mean offline, offline means all cores."""
    parts = joined(scenario).split(",") if scenario is not None else []
    scenarios = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
    if scenario is not None and not scenarios:
        raise InputError(f"--scenario: expected single-stream, offline or server, received {scenario!r}.")
    at_once = whole_numbers("--streams", streams)
    if at_once is None:
        loaded = any(name != "single-stream" for name in scenarios)
        return (usable_cores() if loaded else 1,), scenarios or CompareSettings.scenarios
    return at_once, scenarios or (CompareSettings.scenarios if at_once == (1,) else ("offline",))


def judging(wanted: DiffSettings, measured: ResultRecord | CompareSettings) -> DiffSettings:
    """Return the settings with the machine's own A/A floor, if `doctor --noise` has kept one."""
    if isinstance(measured, CompareSettings):
        machine, runtime = machine_facts().fingerprint, software_facts().onnxruntime
        provider, threads = measured.providers[0].name, measured.all_threads[0]
    else:
        first = measured.cells[0] if measured.cells else None
        machine, runtime = measured.machine.fingerprint, measured.software.onnxruntime
        provider = first.provider if first else measured.settings.providers[0]
        threads = first.threads if first else measured.settings.threads
    kept = MachineHistory.load(machine, runtime).noise(provider, threads)
    if kept is None:
        return wanted
    source = f"A/A test of {kept.created[:10]} on this machine, {kept.pairs} pairs of {kept.model}"
    return replace(wanted, floor=max(kept.floor, 1e-6), floor_source=source)


def read_entries(paths: Sequence[PathLike], names: Sequence[str]) -> tuple[tuple[Entry, ...], tuple[str, ...], int]:
    """Read result files, and those in folders and .zip files, and merge those that hold the same run.

    Returns:
        the entries; a line for each file that is left out, for one broken file does not stop a class's report; and how
        many results were read.

    Raises:
        InputError: a file that is missing, none that can be read, or a name for a machine that is not there.
    """
    parsed = parse_names(names)
    handed = read_handed_in([Path(path) for path in paths])
    lines = list(map(str, handed.refused))
    if handed.diffs:
        lines.append("1 file of dlbench diff" if handed.diffs == 1 else f"{handed.diffs} files of dlbench diff")
    return merge(handed.read, parsed), tuple(lines), len(handed.read)


def write_entries(
    entries: Sequence[Entry], folder: Path, stem: str, formats: Sequence[str], lang: str | None = None
) -> tuple[Path, ...]:
    """Write the report of one result under `stem`, of several under a name of its own."""
    with language(lang or current_language()):
        return write_class_report(entries, folder / stem if len(entries) == 1 else free_stem(folder, "class"), formats)


def chosen_formats(text: str, known: Sequence[str]) -> list[str]:
    """Return the formats that were asked for, each once.

    Raises:
        InputError: one that is not known, or none.
    """
    chosen = list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    for name in chosen or [""]:
        if name not in known:
            near = close_matches(name, known)
            raise InputError(f"--format: expected one or more of {', '.join(known)}, received {text!r}.{near}")
    return chosen


def _results(given: PathLike | ResultRecord) -> tuple[tuple[Path, ResultRecord], ...]:
    """Return a result, or those of a folder or .zip."""
    path = Path(_name(given))
    if not isinstance(given, ResultRecord) and (path.is_dir() or path.suffix.lower() == ".zip"):
        return read_handed_in([path]).read
    return ((path, _result(given)),)


def _result(given: PathLike | ResultRecord) -> ResultRecord:
    return given if isinstance(given, ResultRecord) else read_record(Path(given))


def _name(given: PathLike | ResultRecord) -> str:
    if isinstance(given, ResultRecord):
        return f"{given.machine.fingerprint}-{given.created}".replace(":", "-")
    return os.fspath(given)


@contextmanager
def telling(title: str, on_progress: Progress | None) -> Iterator[OnEvent | None]:
    """Adapt a callback that takes a text and two numbers to what a comparison calls."""
    with notebook_progress(title, on_progress) as show:

        def on_event(event: Event) -> None:
            if show is not None:
                show(event.text, event.rounds_done, event.rounds_planned)

        yield on_event if show is not None else None
