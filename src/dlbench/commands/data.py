"""`dlbench data`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.commands.options import JsonOption, WorkspaceOption
from dlbench.errors import InputError
from dlbench.files import Workspace, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from dlbench.show.table import Table
    from dlbench.train import Dataset
    from dlbench.train.data.folders import FolderSet
    from dlbench.train.data.survey import Duplicates, Sample, Survey

__all__ = ["data"]

_SMALLEST, _LARGEST = 8, 1024  # pixels
_MOST_CLASSES = 100  # in the table; --json has them all
_CELL = 4  # columns that a number takes: up to three digits and a space
_MOST_NUMBERS = (32, 32)


def data(
    name_or_path: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|PATH",
            help="mnist-sample (default), mnist, fashion-mnist, cifar10, oxford-pets, or a folder of pictures.",
        ),
    ] = None,
    size: Annotated[int, typer.Option(help="Height and width, in pixels, to which picture files are scaled.")] = 64,
    show: Annotated[
        int | None, typer.Option(help="Index of the image to print as numbers, from 0 (default: one is chosen).")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is in a data set: sizes, classes, values, duplicates, one image as numbers and a picture of samples."""
    if not _SMALLEST <= size <= _LARGEST:
        raise InputError(f"--size: expected {_SMALLEST} to {_LARGEST} pixels, received {size}.")
    folder = Workspace.at(workspace)
    folder.check_writable()
    from dlbench.commands.live_views import training_view
    from dlbench.show.console import output
    from dlbench.train.data.loading import load_with_files
    from dlbench.train.data.survey import sample_of, survey

    with training_view("data") as on_progress:
        found = load_with_files(name_or_path, size, on_progress)
    index = _index(show, found.dataset)
    facts = survey(found.dataset, found.files)
    console = output()
    columns = _MOST_NUMBERS[1] if as_json else max(8, min(_MOST_NUMBERS[1], console.width // _CELL))
    sample = sample_of(found.dataset, index, found.files, (_MOST_NUMBERS[0], columns))
    picture, words = _draw(found.dataset, folder)
    if as_json:
        typer.echo(_as_json(facts, sample, picture))
        return
    _show(console, facts, sample, found, size)
    _then(console, found, name_or_path, picture, words)


def _index(show: int | None, dataset: Dataset) -> int:
    last = len(dataset.images) - 1
    if show is not None and not 0 <= show <= last:
        raise InputError(f"--show: expected an image of {dataset.name}, 0 to {last:,}, received {show:,}.")
    return int(dataset.split.train[0]) if show is None else show


def _draw(dataset: Dataset, folder: Workspace) -> tuple[Path, str]:
    from dlbench.viz.figures.class_samples import sample_grid

    # not the test images: whoever looks at them before choosing a network has used them
    train = dataset.split.train
    png, words = sample_grid(dataset.name, dataset.images[train], dataset.labels[train], dataset.classes)
    return write_atomic(folder.pictures / f"data-{dataset.name[:80]}.png", png), words


def _as_json(facts: Survey, sample: Sample, picture: Path) -> str:
    import json
    from dataclasses import asdict

    document: dict[str, Any] = {"schema": "dlbench.data/1", **asdict(facts), "imbalance": facts.imbalance}
    document["sample"] = {**asdict(sample), "values": sample.values.tolist()}
    document["picture"] = str(picture)
    return json.dumps(document)


def _show(console: Console, facts: Survey, sample: Sample, found: FolderSet, size: int) -> None:
    from dlbench.show.console import show_notes, show_tables

    show_tables(console, (_facts_table(facts, size), _classes_table(facts)))
    show_notes(console, "Duplicates", _duplicate_words(facts.duplicates, bool(found.files), facts.shape), style="")
    show_notes(console, "Warnings", _warnings(facts))
    _show_numbers(console, sample)


def _facts_table(facts: Survey, size: int) -> Table:
    from dlbench.show import units
    from dlbench.show.table import Column, Table

    channels, height, width = facts.shape
    kind = {1: "grey", 3: "red, green, blue"}.get(channels, "")
    values = f"{facts.lowest} to {facts.highest}; the network takes them as {facts.lowest / 255:.3g} to "
    rows = [
        ("images", f"{facts.images:,}"),
        ("shape", f"{channels} x {height} x {width} (channels: {kind}; height; width), {facts.dtype}"),
        ("memory", str(units.size(facts.memory_bytes))),
        ("pixel values", f"{values}{facts.highest / 255:.3g}"),
        ("mean", f"{_figures(facts.mean)} of the training images, in [0, 1]"),
        ("deviation", f"{_figures(facts.deviation)}; the network takes (value - mean) / deviation"),
        ("split", facts.split),
        *_file_rows(facts, size),
        *([("that is", facts.note)] if facts.note else []),
    ]
    return Table(
        "data", f"The data set {facts.name}", (Column("fact", False), Column("value", False, wraps=True)), tuple(rows)
    )


def _figures(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4f}" for value in values)


def _file_rows(facts: Survey, size: int) -> list[tuple[str, str]]:
    if facts.files is None:
        return []
    files = facts.files
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in files.kinds.items())
    smallest, largest = (f"{w:,} x {h:,}" for w, h in (files.smallest, files.largest))
    sizes = f"all {smallest}" if files.sizes == 1 else f"{files.sizes:,} sizes from {smallest} to {largest}"
    turned = f"; {files.turned:,} turned as their EXIF tag says" if files.turned else ""
    return [
        ("files", f"{kinds}{turned}"),
        ("their pixels", f"{sizes} (width x height), the centre square read as {size} x {size} (--size)"),
    ]


def _classes_table(facts: Survey) -> Table:
    from dlbench.show import units
    from dlbench.show.table import Column, Table

    columns = (Column("class", False), *map(Column, ("training", "validation", "test", "all", "share")))
    rows = tuple(
        (c.name, f"{c.train:,}", f"{c.validation:,}", f"{c.test:,}", f"{c.total:,}", str(units.percent(share, 1)))
        for c in facts.classes[:_MOST_CLASSES]
        for share in (c.total / facts.images,)
    )
    parts = zip(*((c.train, c.validation, c.test, c.total) for c in facts.classes), strict=True)
    total = ("all classes", *(f"{sum(part):,}" for part in parts), str(units.percent(1, 1)))
    notes = [_balance(facts)]
    if len(facts.classes) > _MOST_CLASSES:
        notes.append(f"{_MOST_CLASSES} of {len(facts.classes):,} classes shown; --json has them all.")
    return Table("classes", "Images per class", columns, (*rows, total), tuple(notes))


def _balance(facts: Survey) -> str:
    smallest, largest = (pick(facts.classes, key=lambda c: c.total) for pick in (min, max))
    if smallest.total == largest.total:
        share = 1 / len(facts.classes)
        return f"balanced: {largest.total:,} images of each class; who always gives one answer is right in {share:.1%}."
    how = "nearly balanced" if facts.imbalance < 1.5 else "unbalanced"
    return (
        f"{how}: {largest.total:,} of {largest.name}, {smallest.total:,} of {smallest.name}, {facts.imbalance:.2f} "
        f"to 1; "
        f"who always says {largest.name} is right in {largest.total / facts.images:.1%}."
    )


def _duplicate_words(found: Duplicates, by_file: bool, shape: tuple[int, int, int]) -> tuple[str, ...]:
    scaled = f" at {shape[1]} x {shape[2]}" if by_file else ""
    if not found.images:
        return (f"no image: each has its own pixels{scaled}.",)
    words = [f"{found.images:,} images repeat another, pixel by pixel{scaled} ({found.groups:,} pictures)."]
    if found.across_test:
        words.append(
            f"leak: {found.across_test:,} test images are also among the training or validation images, so the test is "
            "too kind; remove the copies."
        )
    if found.other_label:
        words.append(f"{found.other_label:,} of the pictures carry different labels: one of them is wrong.")
    words.extend(" = ".join(group) for group in found.named)
    if found.groups > len(found.named):
        words.append(f"and {found.groups - len(found.named):,} more.")
    return tuple(words)


def _warnings(facts: Survey) -> tuple[str, ...]:
    constant = (
        (f"{facts.constant:,} images have one value all over: nothing to see in them.",) if facts.constant else ()
    )
    return (*facts.warnings, *constant)


def _show_numbers(console: Console, sample: Sample) -> None:
    from rich.text import Text

    of = f", file {sample.file}" if sample.file else ""
    how = f"; {sample.how}" if sample.how else ""
    title = f"Image {sample.index:,} as numbers: label {sample.label}, {sample.part} split{of}"
    console.print()
    console.print(Text(title, style="bold"), soft_wrap=True)
    console.print(Text(f"  {sample.channel}, 0 dark to 255 bright{how}", style="dim"), soft_wrap=True)
    for row in sample.values.tolist():
        line = Text.assemble(*((f"{value:{_CELL}d}", "" if value else "dim") for value in row))
        console.print(line, soft_wrap=True)


def _then(console: Console, found: FolderSet, name_or_path: str | None, picture: Path, words: str) -> None:
    import shlex

    from dlbench.show.console import show_wrote

    given = "" if name_or_path in (None, "mnist-sample") else f" --data {shlex.quote(str(name_or_path))}"
    network = "transfer" if found.files else "cnn"
    console.print(f"\nthe picture: {words}", markup=False)
    show_wrote(console, (picture,), (f"dlbench train {network}{given}",))
