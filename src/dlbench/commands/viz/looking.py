"""What the commands of `dlbench viz` share: the model, the folder of its pictures, progress, what is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard
    from dlbench.viz.figures.drawing import Drawn

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="An ONNX file, a trained network such as cnn, or a network of torchvision such as resnet18.",
    ),
]


def model_card(
    model: str,
    folder: Workspace,
    normalise: str | None = None,
    mean: str | None = None,
    std: str | None = None,
    shape: Sequence[str] | None = None,
    inputs: Sequence[str] | None = None,
) -> ModelCard:
    """Return the model that was named; a reference network that is missing is trained first.

    Args:
        model: its file or name.
        folder: the workspace, which remembers how pictures are normalised for it.
        normalise: of `NormaliseOption`.
        mean: of `MeanOption`.
        std: of `StdOption`.
        shape: of `ShapeOption`; None: the model is not run, so no size needs to be settled.
        inputs: of `InputOption`.

    Raises:
        InputError: there is no such model, or its file can't be read, or it normalises pictures itself;
            a size or value that does not fit.
    """
    from dlbench.commands.train.training_with_view import ready_models
    from dlbench.model.card import read_model
    from dlbench.viz.capture.feeding import model_for, normalised

    (path,) = ready_models([model], folder)
    if shape is None:
        return normalised(read_model(path), folder, normalise, mean, std)
    return model_for(path, normalise=normalise, mean=mean, std=std, shape=shape, inputs=inputs or (), workspace=folder)


def picture_folder(folder: Workspace, card: ModelCard, image: str = "") -> Path:
    """Return the folder that holds the pictures of this model, and of this image."""
    from dlbench.files import plain_name

    return folder.pictures / plain_name(f"{card.path.stem}-{image}" if image else card.path.stem)


def show_drawn(
    pictures: Sequence[Drawn], folder: Path, then: Sequence[str], *, brief: bool = False, notes: Sequence[str] = ()
) -> None:
    """Write the pictures, and print what each shows, what was left out, where it lies and what to run next.

    Args:
        pictures: what to write.
        folder: where.
        then: the next steps.
        brief: print titles alone, for the page of them, index.html, tells the rest.
        notes: what holds for all of them.
    """
    from dlbench.show.console import output, show_notes, show_wrote
    from dlbench.viz.figures.drawing import write_drawn

    paths = [path for drawn in pictures for path in write_drawn(drawn, folder)]
    console = output()
    for drawn in () if brief else pictures:
        show_notes(console, drawn.title, (drawn.words, *drawn.notes), style="")
    if brief:
        show_notes(
            console, f"Drawn, as PNG, SVG and numbers in {folder}", [drawn.title for drawn in pictures], style=""
        )
        paths = [folder / "index.html"]
    if any(notes):
        show_notes(console, "For all of them", [note for note in notes if note], style="")
    show_wrote(console, paths, then)


@contextmanager
def looking_view() -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on standard error, where it is a terminal."""
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    from dlbench.show.console import messages
    from dlbench.show.texts import said

    console = messages()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks = {}

        def on_progress(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bar.add_task(escape(said(phase)), total=total)
            bar.update(tasks[phase], completed=done, total=total)

        yield on_progress
