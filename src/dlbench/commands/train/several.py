"""Several trainings at once: the table of problem types, seeds, networks side by side, a run again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dlbench.commands.train.training_with_view import train_with_view
from dlbench.errors import InputError
from dlbench.files import Workspace, write_atomic

if TYPE_CHECKING:
    from dlbench.show.table import Table
    from dlbench.train import TrainResult, TrainSettings

__all__ = ["compare_networks", "draw_curves", "explain_task", "metric_words", "train_seeds"]

_SHIFTS = tuple(range(7))
_MOST_SEEDS = 100
_SHORT = {"auroc": "AUROC", "f1": "F1", "r2": "R2", "mae": "mean absolute error", "rmse": "root mean squared error"}
_WORDS = {**_SHORT, "exact_match": "all labels right", "label_accuracy": "right labels"}


def explain_task(as_json: bool) -> None:
    """Print which last activation and loss belong to which question."""
    from dlbench.train.tasks.problems import PROBLEMS

    if as_json:
        from dataclasses import asdict

        typer.echo(json.dumps([asdict(problem) for problem in PROBLEMS.values()]))
        return
    from dlbench.show.console import output, show_notes, show_tables
    from dlbench.show.table import Column, Table

    columns = (
        Column("--task", False),
        Column("asked for", False, wraps=True),
        Column("last activation", False),
        Column("loss", False),
        Column("judged by", False, wraps=True),
        Column("example that runs offline", False, wraps=True),
    )
    rows = tuple(
        (p.name, p.title, p.activation, " or\n".join(p.losses), p.metrics, p.example) for p in PROBLEMS.values()
    )
    console = output()
    show_tables(console, (Table("tasks", "Which activation and loss for which question", columns, rows),))
    show_notes(console, "Why", [f"{p.name}: {p.why}" for p in PROBLEMS.values()], style="")
    wrong = "dlbench train dense --task multilabel --activation softmax --loss categorical-cross-entropy --force"
    console.print(f"\nnext: dlbench train cnn --task regression\nnext: {wrong}   (what goes wrong)", markup=False)


def metric_words(metrics: Mapping[str, float], unit: str = "") -> str:
    """Return the metrics of a test in one line."""
    words = []
    for name, value in metrics.items():
        if name in ("accuracy", "exact_match", "label_accuracy"):
            words.append(f"{_WORDS.get(name, name)} {value:.1%}")
        elif name in ("mae", "rmse"):
            words.append(f"{_WORDS[name]} {value:.3g} {unit}".rstrip())
        else:
            words.append(f"{_WORDS.get(name, name)} {value:.4f}")
    return ", ".join(words)


def draw_curves(result: TrainResult, folder: Workspace) -> list[Path]:
    """Write the training curves of a run and return their paths."""
    from dlbench.viz.evaluation.training_curves import curve_charts

    name, unit = result.model_path.stem, result.facts.output
    charts = curve_charts({name: result.history}, {name: result.best_epoch}, "" if unit == "logits" else unit)
    paths = [folder.pictures / f"{name}-{title.lower()}.svg" for title, _, _ in charts]
    return [write_atomic(path, svg) for path, (_, _, svg) in zip(paths, charts, strict=True)]


def train_seeds(settings: TrainSettings, folder: Workspace, count: int, as_json: bool) -> None:
    """Train with `count` seeds and print mean and spread.

    Raises:
        InputError: a count outside 2 to 100.
    """
    if not 2 <= count <= _MOST_SEEDS:
        raise InputError(f"--seeds: expected 2 to {_MOST_SEEDS} seeds, received {count}.")
    results = {}
    for seed in range(settings.seed, settings.seed + count):
        one = replace(settings, seed=seed, name=f"{settings.file_name}-seed{seed}")
        results[seed] = train_with_view(one, folder)
    figures = {seed: _score(result) for seed, result in results.items()}
    if as_json:
        typer.echo(json.dumps([{"seed": s, **r.metrics, "training_s": _seconds(r)} for s, r in results.items()]))
        return
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    console = output()
    show_tables(console, (_seed_table(settings, results),))
    show_notes(console, "In short", (_spread(settings, list(figures.values())),), style="")
    names = [r.model_path for r in results.values()]
    show_wrote(console, names, (f"dlbench compare {names[0].stem} {names[1].stem}",))


def _seconds(result: TrainResult) -> float | None:
    return result.facts.training.training_s if result.facts.training else None


def _score(result: TrainResult) -> float:
    return result.test_accuracy.value if result.test_accuracy else result.metrics["mae"]


def _seed_table(settings: TrainSettings, results: Mapping[int, TrainResult]) -> Table:
    from dlbench.show import units
    from dlbench.show.table import Column, Table

    columns = (Column("seed"), Column("on the test split", False, wraps=True), Column("epoch kept"), Column("time"))
    rows = tuple(
        (str(seed), _judged(r), f"{r.best_epoch} of {len(r.history)}", units.duration(_seconds(r)))
        for seed, r in results.items()
    )
    note = "the split is the same for all seeds: what differs is the start, the order and the moved pictures."
    return Table("seeds", f"{settings.network}, {settings.task}: {len(results)} seeds", columns, rows, (note,))


def _judged(result: TrainResult) -> str:
    if result.test_accuracy is not None:
        return result.test_accuracy.short()
    return metric_words(result.metrics, result.facts.output if result.facts.output != "logits" else "")


def _spread(settings: TrainSettings, scores: Sequence[float]) -> str:
    from statistics import mean, stdev

    what = "mean absolute error" if settings.pairing.problem.is_regression else "accuracy"

    def form(value: float) -> str:
        return f"{value:.3g}" if settings.pairing.problem.is_regression else f"{value:.2%}"

    return (
        f"{what}: mean {form(mean(scores))}, standard deviation over the seeds {form(stdev(scores))}, from "
        f"{form(min(scores))} to {form(max(scores))}."
    )


def compare_networks(text: str, settings: TrainSettings, folder: Workspace, as_json: bool) -> None:
    """Train several networks on the same pictures and put them side by side.

    Raises:
        InputError: fewer than two networks, or one twice.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    if len(names) < 2 or len(set(names)) != len(names):
        raise InputError(f"--compare: expected two networks or more, such as dense,cnn, received {text!r}.")
    asked = [replace(settings, network=name, name=None) for name in names]  # all are checked before one is trained
    runs = [(one, train_with_view(one, folder)) for one in asked]
    shifts = _moved(runs)
    if as_json:
        typer.echo(json.dumps([_document(one, result, shifts) for one, result in runs]))
        return
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    console = output()
    tables = [_network_table(runs)]
    if shifts:
        tables.append(_shift_table(shifts))
    show_tables(console, tables)
    show_notes(console, "In short", _network_sentences(runs, shifts), style="")
    show_notes(console, "Warnings", list(dict.fromkeys(w for _, r in runs for w in r.warnings)))
    written = [r.model_path for _, r in runs] + _network_pictures(runs, shifts, folder)
    show_wrote(console, written, (f"dlbench compare {' '.join(names)}",))


_Runs = Sequence[tuple[Any, Any]]  # settings and result of each network


def _moved(runs: _Runs) -> dict[str, list[float]]:
    """Return accuracy by shift for the networks that read digits; nothing for photos and for numbers."""
    from dlbench.train.network_comparison import accuracy_when_moved

    suited = [(s, r) for s, r in runs if r.test_accuracy is not None and len(r.facts.mean) == 1]
    return {s.network: accuracy_when_moved(s, r, _SHIFTS) for s, r in suited}


def _document(settings: Any, result: Any, shifts: Mapping[str, list[float]]) -> dict[str, Any]:
    return {
        "network": settings.network,
        "facts": result.facts.model_dump(mode="json"),
        "confusion": result.confusion,
        "accuracy_by_shift": dict(zip(map(str, _SHIFTS), shifts.get(settings.network, ()), strict=False)),
    }


def _network_table(runs: _Runs) -> Table:
    from dlbench.show import units
    from dlbench.show.table import Column, Table
    from dlbench.train.network_comparison import confused_pairs

    columns = (
        Column("network", False),
        Column("architecture", False, secondary=True, wraps=True),
        Column("on the test split", False, wraps=True),
        Column("parameters"),
        Column("training time"),
        Column("epochs"),
        Column("images/s"),
        Column("most confused (truth taken for answer: times)", False, wraps=True),
    )
    rows = tuple(
        (
            s.network,
            r.facts.architecture,
            _judged(r),
            f"{r.facts.parameters:,}",
            units.duration(_seconds(r)),
            str(len(r.history)),
            units.thousands(r.facts.training.images_per_s if r.facts.training else None),
            "; ".join(confused_pairs(r.confusion, r.facts.labels)) or "n/a",
        )
        for s, r in runs
    )
    facts = runs[0][1].facts
    note = (
        f"data: {facts.data}; {facts.split}. In brackets: the 95 % interval (Wilson) and the number of test pictures."
    )
    return Table("networks", "The same pictures, another network", columns, rows, (note,))


def _shift_table(shifts: Mapping[str, list[float]]) -> Table:
    from dlbench.show.table import Column, Table

    columns = (Column("network", False), *(Column(f"{by} px") for by in _SHIFTS))
    rows = tuple((name, *(f"{share:.1%}" for share in shares)) for name, shares in shifts.items())
    note = "accuracy on test digits that were moved by so many pixels, mean over left, right, up and down."
    return Table("shift", "Moved digits", columns, rows, (note,))


def _network_sentences(runs: _Runs, shifts: Mapping[str, list[float]]) -> list[str]:
    sentences = []
    if len(shifts) > 1:
        at = 4
        best, worst = (pick(shifts, key=lambda n: shifts[n][at]) for pick in (max, min))
        sentences.append(
            f"Moved by {at} pixels, {best} still reads {shifts[best][at]:.0%} of the digits, {worst} "
            f"{shifts[worst][at]:.0%}: "
            "a dense layer has a weight for each pixel and learns where a stroke is; a convolution learns the stroke."
        )
    if any(s.augment for s, _ in runs) and shifts:
        sentences.append(
            "All saw digits moved by up to 2 pixels while training; --no-augment shows what the networks learn without."
        )
    return sentences


def _network_pictures(runs: _Runs, shifts: Mapping[str, list[float]], folder: Workspace) -> list[Path]:
    from dlbench.viz.evaluation.training_curves import curve_charts, shift_chart

    stem = "compare-" + "-".join(s.network for s, _ in runs)
    charts = curve_charts({s.network: r.history for s, r in runs}, {s.network: r.best_epoch for s, r in runs})
    if shifts:
        classes = len(runs[0][1].facts.labels)
        charts.append(shift_chart(_SHIFTS, shifts, 1 / classes))
    names = [title.lower().replace(" ", "-") for title, _, _ in charts]
    return [
        write_atomic(folder.pictures / f"{stem}-{name}.svg", svg)
        for name, (_, _, svg) in zip(names, charts, strict=True)
    ]
