"""What the commands of `dlbench viz` share: the model and how it is fed, its folder, progress, what is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.commands.options import InputOption, ShapeOption, WorkspaceOption, parameters_of, taking
from dlbench.files import Workspace, plain_name

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard
    from dlbench.viz.capture.picture import OpenedPicture
    from dlbench.viz.figures.drawing import Drawn

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="An ONNX file, a trained network such as cnn, or a network of torchvision such as resnet18.",
    ),
]
NormaliseOption = Annotated[
    str | None,
    typer.Option(
        "--normalise", help="How a foreign model wants pictures: imagenet, or none (0 to 1); remembered for the file."
    ),
]
MeanOption = Annotated[
    str | None,
    typer.Option("--mean", help="In place of --normalise, with --std: one number, or three such as 0.485,0.456,0.406."),
]
StdOption = Annotated[str | None, typer.Option("--std", help="The deviations, as for --mean.")]


@dataclass(frozen=True)
class Looked:
    """The model that a command looks at, as it was typed, with what its pictures become and what else it is fed."""

    model: str
    folder: Workspace  # remembers how pictures are normalised for it
    normalise: str | None = None
    mean: str | None = None
    std: str | None = None
    shape: Sequence[str] | None = None  # None: the model is not run, so no size needs to be settled
    inputs: Sequence[str] = ()

    @cached_property
    def card(self) -> ModelCard:
        """The model; a reference network that is missing is trained first.

        Raises:
            InputError: there is no such model, or its file can't be read, or it normalises pictures itself;
                a size or value that does not fit.
        """
        from dlbench.commands.train.training_with_view import ready_models
        from dlbench.model.card import read_model
        from dlbench.viz.capture.feeding import model_for, normalised

        (path,) = ready_models([self.model], self.folder)
        how = {"normalise": self.normalise, "mean": self.mean, "std": self.std}
        if self.shape is None:
            return normalised(read_model(path), self.folder, **how)
        return model_for(path, **how, shape=self.shape, inputs=self.inputs, workspace=self.folder)

    def picture(self, image: str | None) -> OpenedPicture:
        """Return the picture that was asked for, with its right label where that is known; see `asked_picture`."""
        from dlbench.commands.viz.picture_argument import asked_picture

        return asked_picture(self.card, image, self.folder)

    def place(self, image: str = "") -> Path:
        """Return the folder that holds the pictures of this model, and of this image."""
        return picture_folder(self.folder, self.card, image)


def looks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the argument MODEL and the options that say how it is fed; it takes them as one `Looked`."""

    def with_model(
        model: ModelArgument,
        *,
        normalise: NormaliseOption = None,
        mean: MeanOption = None,
        std: StdOption = None,
        shape: ShapeOption = None,
        inputs: InputOption = None,
        workspace: WorkspaceOption = None,
        **values: Any,
    ) -> None:
        folder = Workspace.at(workspace)
        command(Looked(model, folder, normalise, mean, std, shape or (), inputs or ()), **values)

    first, *options = parameters_of(with_model)
    _, *own = parameters_of(command)
    last = [parameter for parameter in own if parameter.name == "as_json"]
    every = [first, *(parameter for parameter in own if parameter not in last), *options, *last]
    return taking(with_model, command, [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in every])


def picture_folder(folder: Workspace, card: ModelCard, image: str = "") -> Path:
    """Return the folder that holds the pictures of this model, and of this image."""
    return folder.pictures / plain_name(f"{card.path.stem}-{image}" if image else card.path.stem)


def show_drawn(
    pictures: Sequence[Drawn], folder: Path, then: Sequence[str], *, brief: bool = False, notes: Sequence[str] = ()
) -> None:
    """Write the pictures, and print what each shows, what was left out, where it lies and what to run next.

    Brief: titles alone, for the page of them, index.html, tells the rest.
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
