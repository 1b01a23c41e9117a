"""`dlbench viz relevance`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.commands.options import JsonOption, as_typed
from dlbench.commands.showing import print_json
from dlbench.commands.viz.looking import Looked, looking_view, looks, show_drawn
from dlbench.commands.viz.picture_argument import PictureArgument, reference_name
from dlbench.errors import InputError, close_matches

if TYPE_CHECKING:
    from dlbench.viz.attribution.methods import Relevance


@looks
def relevance(
    looked: Looked,
    image: PictureArgument = None,
    method: Annotated[
        str,
        typer.Option(
            help="auto (cam where the head allows it, else occlusion), all, cam, occlusion, rise, score-cam, "
            "ablation-cam, eigen-cam."
        ),
    ] = "auto",
    wanted: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            metavar="NAME|INDEX",
            help="Class to explain beside the predicted one, or two classes (default: the runner-up).",
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(
            help="score-cam, ablation-cam, eigen-cam: layer by name or position (default: the last that has maps)."
        ),
    ] = None,
    patch: Annotated[
        int | None,
        typer.Option(help="occlusion: side of the hidden square in pixels (default: a seventh of the picture)."),
    ] = None,
    stride: Annotated[
        int | None,
        typer.Option(
            help="occlusion: pixels from square to square (default: half the patch; 1 for pictures below 64 pixels)."
        ),
    ] = None,
    masks: Annotated[
        int | None,
        typer.Option(help="rise: number of random masks (default: 500; 1,000 for pictures below 64 pixels)."),
    ] = None,
    channels: Annotated[
        int | None, typer.Option(help="score-cam, ablation-cam: number of channels (default: 256 and 2,048).")
    ] = None,
    hide: Annotated[
        str | None,
        typer.Option(
            help="What hides a part: mean, black or white (default: the picture's mean colour; black if it is grey)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed for masks, random orders and shuffled weights.")] = 0,
    sanity: Annotated[bool, typer.Option(help="Shuffle the weights and draw the map again; it must change.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Show which part of a picture decided. With a deletion curve and a sanity check; needs no gradients."""
    from dlbench.viz.attribution.relevance_settings import METHODS, Settings

    known = ("auto", "all", *METHODS)
    if method not in known:
        raise InputError(
            f"--method: expected {', '.join(known)}, received {method[:80]!r}.{close_matches(method, known)}"
        )
    if wanted and len(wanted) > 2:
        raise InputError(f"--class: expected at most two, side by side, received {len(wanted)}.")
    if seed < 0:
        raise InputError(f"--seed: expected 0 or more, received {seed}.")
    card = looked.card
    from dlbench.viz.figures.relevance_pictures import draw_relevance, relevance_results

    picture = looked.picture(image)
    asked = Settings(layer, patch, stride, masks, channels, hide, seed, sanity=sanity)
    with looking_view() as on_progress:
        results, refused = relevance_results(card, picture, method, on_progress, targets=wanted, asked=asked)
        pictures = draw_relevance(card, picture, results, refused)
    target = looked.place(reference_name(image))
    if as_json:
        from dlbench.viz.figures.drawing import write_drawn

        paths = [path for drawn in pictures for path in write_drawn(drawn, target)]
        print_json(_as_json(card.name, picture.name, results, paths, refused))
        return
    show_drawn(pictures, target, _then(as_typed(looked.model, image), results[0][0], method))


def _then(both: str, result: Relevance, method: str) -> tuple[str, ...]:
    base = f"dlbench viz relevance {both}"
    if method == "all":
        return (f"dlbench viz activations {both}",)
    other = "occlusion" if result.method != "occlusion" else "rise"
    return (f"{base} --method {other}", f"{base} --method all")


def _as_json(
    model: str, picture: str, results: Sequence[Sequence[Relevance]], paths: Sequence[Path], refused: Sequence[str]
) -> str:
    import json

    records = [_record(result) for explained in results for result in explained]
    document = {"schema": "dlbench.relevance/1", "model": model, "picture": picture, "results": records}
    return json.dumps({**document, "left_out": list(refused), "files": [str(path) for path in paths]})


def _record(result: Relevance) -> dict[str, Any]:
    names = ("method", "target", "label", "rank", "logit", "probability", "unit", "signed", "class_specific")
    record = {name: getattr(result, name) for name in (*names, "settings", "why", "seconds", "notes")}
    if curve := result.deletion:
        areas = {
            "area": curve.area,
            "random_area": curve.random_area,
            "passed": curve.passed,
            "verdict": curve.verdict(),
        }
        record["deletion"] = {**areas, "shares": curve.shares.tolist(), "scores": curve.scores.tolist()}
    if result.sanity:
        record["sanity"] = {name: getattr(result.sanity, name) for name in ("head", "all", "limit", "passed", "words")}
    return record
