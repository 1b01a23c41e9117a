"""How pictures become what a model takes: its layout, whole numbers or shares of 1, normalised as it was trained.

    card = normalised(card, workspace, normalise="imagenet")    # as asked for, or as remembered for this file
    feeding = feeding_of(card)
    feeding.feed(pictures)          # (N, C, h, w) in [0, 1] -> the array that the model takes
    feeding.words                   # "(x - mean) / deviation with mean 0.485, ..., as asked for"

Files of dlbench normalise inside their graph. Of a foreign file the leading operators of its graph say it (Sub, Div,
BatchNormalization with a constant for each channel), or its metadata; else the user does, and is told so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError, one_line
from dlbench.files import Workspace
from dlbench.model.card import ModelCard, card_of
from dlbench.model.element_types import by_number
from dlbench.model.graphs import attribute, constants, consumers, is_external, real_inputs
from dlbench.model.inputs.batch_axis import words_of
from dlbench.model.inputs.feeds import make_arrays, parse_shape
from dlbench.model.inputs.given_values import GivenValues, read_inputs
from dlbench.model.inputs.sizes import DEFAULT_SIZE
from dlbench.model.opening import open_model
from dlbench.model.operators import of_node
from dlbench.model.shapes import stated_dims
from dlbench.remembered import recall, remember, remembers_pictures

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

PerChannel = str | float | Sequence[float] | None  # "0.485,0.456,0.406", 0.5 or (0.485, 0.456, 0.406)

# of torchvision's weights: https://docs.pytorch.org/vision/stable/models.html
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_NONE = ((0.0,), (1.0,))
_IMAGENET_OUTPUTS = (1000, 1001)
_CHANNELS = (1, 3)
_LONGEST_CHAIN = 16
_SMALLEST_SIDE = 8
_SIDES = frozenset(("height", "width", "h", "w", "rows", "cols", "row", "col"))
_PICTURES = frozenset(
    ("image", "images", "img", "picture", "pictures", "photo", "pixel", "pixels", "digit", "rgb", "grey", "gray")
)
_LARGEST_SHARE = 1.5  # a mean or deviation above this is in units of 0 to 255
_SMALLEST_FACTOR = 0.1  # a graph that makes its input smaller than this takes 0 to 255
_MEANS = ("mean", "means", "image_mean", "img_mean", "pixel_mean", "rgb_mean", "norm_mean")
_DEVIATIONS = ("std", "stds", "image_std", "img_std", "pixel_std", "rgb_std", "norm_std")
_RANGES = {"NominalRange_0_255": 255.0, "Normalized_0_1": 1.0}  # of Windows ML's metadata
_ADVICE = "`normalise` imagenet|none, or `mean` and `std`, set it"


@dataclass(frozen=True)
class Feeding:
    """What becomes of a picture before a model gets it."""

    name: str  # of the input
    channels: int
    height: int
    width: int
    axes: str  # NCHW, NHWC or NHW; without N it takes one picture a run
    element_type: str  # as numpy names it
    scale: float  # the largest value of a pixel: 1 or 255
    mean: tuple[float, ...]  # subtracted after scaling; one number, or one for each channel
    deviation: tuple[float, ...]
    words: str  # what is fed, and who says so

    @property
    def is_lone(self) -> bool:
        """Say whether a model takes one picture a run, without a batch axis."""
        return "N" not in self.axes

    @cached_property
    def is_plain(self) -> bool:
        """Say whether a model gets (N, C, h, w) in [0, 1] as it is."""
        return self.axes == "NCHW" and self.element_type == "float32" and self.scale == 1 and not self.subtracts

    @property
    def subtracts(self) -> bool:
        """Say whether a mean is subtracted or a deviation divided by."""
        return (self.mean, self.deviation) != _NONE

    def feed(self, pictures: NDArray[np.float32]) -> NDArray[Any]:
        """Return pictures (N, C, h, w) in [0, 1] as the model takes them.

        Raises:
            InputError: several, and it takes one a run.
        """
        if self.is_plain:
            return pictures
        if self.is_lone and len(pictures) != 1:
            raise InputError(f"{self.name} takes one picture a run: expected 1, received {len(pictures):,}.")
        kept = ["NCHW".index(axis) for axis in self.axes]
        dropped = [axis for axis in range(4) if axis not in kept]  # of size 1
        values = self.values(pictures).transpose(dropped + kept)  # (N, C, h, w) -> (1, ..., axes)
        return np.ascontiguousarray(values.reshape(values.shape[len(dropped) :]))

    def values(self, pictures: NDArray[np.float32]) -> NDArray[Any]:
        """Return pictures (N, C, h, w) in [0, 1] as the numbers that the model takes, in the shape that they have."""
        mean, deviation = (np.reshape(each, (1, -1, 1, 1)) for each in (self.mean, self.deviation))
        values: NDArray[Any] = (pictures * self.scale - mean) / deviation
        kind = np.dtype(self.element_type)
        if kind.kind in "iu":
            values = np.rint(values) - (128 if kind == np.int8 else 0)
        return values.astype(kind)


def normalised(
    card: ModelCard, workspace: Workspace, normalise: str | None = None, mean: PerChannel = None, std: PerChannel = None
) -> ModelCard:
    """Return the model with the normalisation that is asked for, which is remembered; else as it is, or was remembered.

    Args:
        card: the model.
        workspace: remembers.
        normalise: imagenet or none.
        mean: one number, or one for each channel, of pictures from 0 to 1, or from 0 to 255 where one is above 1.5.
        std: as many.

    Raises:
        InputError: both, half of a pair, an unknown name, numbers that don't fit, or a file that normalises itself.
    """
    asked = _asked(card, normalise, mean, std)
    if asked is None:
        if card.normalisation is not None or card.facts is not None or not remembers_pictures(workspace):
            return card  # without a reason to hash a file of gigabytes
        known = recall(workspace, card.sha256)
        return replace(card, normalisation=(known.mean, known.std)) if known.mean and known.std else card
    changed = replace(card, normalisation=asked)
    taken = feeding_of(changed)  # refuses numbers that don't fit before they are remembered
    if taken is not None and np.dtype(taken.element_type).kind in "iub":
        raise InputError(f"{card.name} takes whole numbers: leave out --normalise, --mean and --std.")
    remember(workspace, card.sha256, mean=asked[0], std=asked[1])
    return changed


def model_for(
    model: str | PathLike[str] | ModelCard,
    *,
    normalise: str | None = None,
    mean: PerChannel = None,
    std: PerChannel = None,
    shape: str | Sequence[str] = (),
    inputs: str | Sequence[str] = (),
    workspace: str | PathLike[str] | Workspace | None = None,
) -> ModelCard:
    """Return a model made ready to be looked at, for all functions here: what its pictures become, what else it is fed.

    Args:
        model: an ONNX file.
        normalise: as in `normalised`, and `mean` and `std`.
        mean: of each channel.
        std: of each channel.
        shape: sizes of inputs, such as "x=N,3,64,64"; N is the batch.
        inputs: values of inputs beside the picture, such as "scale=0.5" or "mask=mask.npy".
        workspace: remembers the normalisation.

    Raises:
        InputError: there is no such model, a normalisation, size or value that doesn't fit.
        ModelFileError: a file that can't be read, a size that stays open, or an input that can't be fed.
    """
    card = card_of(model)
    shapes, given = ([texts] if isinstance(texts, str) else texts for texts in (shape, inputs))
    card = with_inputs(card, dict(map(parse_shape, shapes)), read_inputs(given))
    return normalised(card, Workspace.at(workspace), normalise, mean, std)


def _asked(
    card: ModelCard, normalise: str | None, mean: PerChannel, std: PerChannel
) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    if normalise is None and mean is None and std is None:
        return None
    if card.facts is not None:
        raise InputError(f"{card.name} normalises pictures itself: leave out --normalise, --mean and --std.")
    if normalise is not None and (mean is not None or std is not None):
        raise InputError("--normalise: expected either a name, or --mean and --std, received both.")
    if normalise is not None:
        if normalise not in ("imagenet", "none"):
            raise InputError(f"--normalise: expected imagenet or none, received {normalise[:80]!r}.")
        return _IMAGENET if normalise == "imagenet" else _NONE
    if mean is None or std is None:
        raise InputError("--mean and --std: expected both, received one; without a deviation, --std 1.")
    pair = _numbers("--mean", mean), _numbers("--std", std)
    if min(pair[1]) <= 0:
        raise InputError(f"--std: expected numbers above 0, received {std!r}.")
    return pair


def _numbers(option: str, given: PerChannel) -> tuple[float, ...]:
    parts: Sequence[Any] = given.split(",") if isinstance(given, str) else np.ravel(np.asarray(given)).tolist()
    try:
        numbers = tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        numbers = ()
    if len(numbers) not in _CHANNELS or not all(np.isfinite(numbers)) or max(map(abs, numbers)) > 1e6:
        raise InputError(
            f"{option}: expected one number, or three with commas (0.485,0.456,0.406), received {str(given)[:80]!r}."
        )
    return numbers


def feeding_of(card: ModelCard) -> Feeding | None:
    """Return how pictures are fed to a model; None where it takes none.

    A picture input has four axes, with 1 or 3 channels behind the batch or at the end; or fewer, see `_axes`.
    """
    for value in real_inputs(card.proto.graph):
        sizes = [*card.sizes.get(value.name, stated_dims(value))]
        axes = _axes(card, value.name, sizes)
        if axes:
            height, width, channels = (
                size if isinstance(size, int) and size else default
                for size, default in (
                    (sizes[axes.index("H")], DEFAULT_SIZE),
                    (sizes[axes.index("W")], DEFAULT_SIZE),
                    (sizes[axes.index("C")] if "C" in axes else 1, 1),
                )
            )
            element = by_number(value.type.tensor_type.elem_type)
            kind = element.numpy if element and element.numpy else "float32"
            settled = _settled(card, Feeding(value.name, channels, height, width, axes, kind, 1, *_NONE, ""))
            beside = f"; beside it {card.beside_note}" if card.beside_note else ""
            return replace(settled, words=settled.words + beside)
    return None


def _axes(card: ModelCard, name: str, sizes: Sequence[int | str | None]) -> str:
    """Return what the axes of an input are, such as NCHW, if it takes pictures; else nothing.

    Four axes are told by their channels alone. Fewer may be anything: then both sides are named as such, or are of
    8 pixels or more, and the input is called a picture or the graph has convolutions over two axes.
    """
    for axes in {4: ("NCHW", "NHWC"), 3: ("CHW", "HWC", "NHW"), 2: ("HW",)}.get(len(sizes), ()):
        if "C" in axes and sizes[axes.index("C")] not in _CHANNELS:
            continue
        if len(sizes) == 4 or _are_sides(card, name, [sizes[axes.index(side)] for side in "HW"]):
            return axes
    return ""


def _are_sides(card: ModelCard, name: str, sides: Sequence[int | str | None]) -> bool:
    fixed = all(isinstance(side, int) and side >= _SMALLEST_SIDE for side in sides)
    named = all(isinstance(side, str) and words_of(side) & _SIDES for side in sides)
    return (fixed or named) and bool(words_of(name) & _PICTURES or _has_convolutions(card.proto.graph))


def _has_convolutions(graph: GraphProto) -> bool:
    """Say whether a graph goes over height and width: with a Conv or a pooling of two axes."""
    kernels = [attribute(node, "kernel_shape", ()) for node in graph.node if of_node(node).reach == "window"]
    stored = constants(graph)
    weights = [stored[node.input[1]].dims for node in graph.node if node.op_type == "Conv" and node.input[1] in stored]
    return any(len(kernel) == 2 for kernel in kernels) or any(len(dims) == 4 for dims in weights)


def with_inputs(
    card: ModelCard, shapes: Mapping[str, Sequence[int | str]], given: Mapping[str, GivenValues]
) -> ModelCard:
    """Return a model of pictures with its open sizes settled, and arrays for the inputs beside the picture.

    By the rules that `compare` and `inspect` follow. Without shapes, values and further inputs it stays as it is.

    Raises:
        InputError: sizes or values that don't fit, or values for the picture's input.
        ModelFileError: a size stays open, or an input can't be fed.
    """
    asked = bool(shapes or given)
    if not asked and len(real_inputs(card.proto.graph)) < 2:
        return card
    feeding = feeding_of(card)
    if feeding is None and not asked:
        return card
    named = [] if feeding is None else [feeding.name]
    for name in named:
        if name in given:
            raise InputError(f"--input {name}: the picture is fed there; leave it out, and give the picture's file.")
    opened = open_model(card, shapes, fed=True, given=given)
    sized = replace(card, sizes={name: opened.shapes[name] for name in named})
    others = [entry for entry in opened.fed if entry["name"] not in named] if named else []
    note = "; ".join(f"{e['name']}: {opened.values[e['name']].source}" for e in others)
    axes = opened.batch_axis.axes
    rows = {
        name: array.take([0], axes[name]) if name in axes and array.ndim else array
        for name, array in make_arrays(others, 0).items()
    }
    return replace(sized, beside=rows, beside_note=one_line(note, 300) if note else "")


def fed_images(card: ModelCard, images: NDArray[np.uint8]) -> NDArray[Any]:
    """Return images of a data set, uint8 (N, C, H, W), as the model takes them."""
    return _fed(card, images, feeding_of(card))


def fed_batches(card: ModelCard, images: NDArray[np.uint8], most: int) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Yield from where to where each run's pictures, uint8 (N, C, H, W), go, and the pictures as the model takes them.

    It gets one a run where it has no axis for more, or has inputs beside the picture.
    """
    feeding = feeding_of(card)
    batch = 1 if (feeding is not None and feeding.is_lone) or card.beside else most
    for start in range(0, len(images), batch):
        part = images[start : start + batch]
        yield start, start + len(part), _fed(card, part, feeding)


def _fed(card: ModelCard, images: NDArray[np.uint8], feeding: Feeding | None) -> NDArray[Any]:
    pictures: NDArray[Any] = images.astype(np.float32) / 255
    if feeding is None:
        return pictures
    return feeding.feed(_in_size(pictures, feeding) if card.facts is not None else pictures)


def _in_size(pictures: NDArray[Any], feeding: Feeding) -> NDArray[Any]:
    """Return pictures in the model's size, grey repeated to its channels, as transfer is trained on digits."""
    height, width = feeding.height, feeding.width
    if pictures.shape[2:] != (height, width):
        rows, columns = _between(pictures.shape[2], height), _between(pictures.shape[3], width)
        pictures = rows @ pictures @ columns.T  # (H, h) @ (N, C, h, w) @ (w, W) -> (N, C, H, W)
    return pictures if pictures.shape[1] != 1 else np.repeat(pictures, feeding.channels, axis=1)


def _between(size: int, wanted: int) -> NDArray[np.float32]:
    """Return the weights of a bilinear scaling, (wanted, size), with the pixels' centres as torch places them."""
    at = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
    low = np.floor(at).astype(int)
    weights = np.zeros((wanted, size), np.float32)
    np.add.at(weights, (np.arange(wanted), low), 1 - (at - low))
    np.add.at(weights, (np.arange(wanted), np.minimum(low + 1, size - 1)), at - low)
    return weights


def rows_of(answer: NDArray[Any], feeding: Feeding | None) -> NDArray[Any]:
    """Return a row for each picture: a model that takes one a run may give (classes,)."""
    return answer[None] if feeding is not None and feeding.is_lone and answer.ndim == 1 else answer


def _settled(card: ModelCard, plain: Feeding) -> Feeding:
    """Return the feeding with its values: what the type, the file, the user, the graph or the metadata say."""
    if np.dtype(plain.element_type).kind in "iub":
        low = "-128 to 127" if plain.element_type == "int8" else "0 to 255"
        return replace(plain, scale=255, words=f"whole numbers from {low}, for the model takes {plain.element_type}")
    if card.facts is not None:
        return replace(plain, words="values from 0 to 1, which the file itself normalises")
    if card.normalisation is not None:
        return _with(plain, *card.normalisation, "as asked for, now or before")
    inner = _inside(card.proto.graph, plain)
    if inner is not None:
        return replace(plain, scale=inner, words=f"values from 0 to {inner:g}, which the graph itself normalises")
    said = _in_metadata(card, plain)
    if said is not None:
        return said
    return replace(plain, words=f"values from 0 to 1; {_unknown(card, plain)}")


def _with(plain: Feeding, mean: tuple[float, ...], deviation: tuple[float, ...], who: str) -> Feeding:
    wrong = [numbers for numbers in (mean, deviation) if len(numbers) not in (1, plain.channels)]
    if wrong:
        raise InputError(
            f"the normalisation doesn't fit {plain.name}: expected 1 or {plain.channels} numbers, received "
            f"{len(wrong[0])}; give others with --mean and --std."
        )
    if (mean, deviation) == _NONE:
        return replace(plain, words=f"values from 0 to 1, {who}")
    scale = 255.0 if max((*mean, *deviation)) > _LARGEST_SHARE else 1.0
    pixels = "x from 0 to 255" if scale == 255 else "x from 0 to 1"
    numbers = f"mean {', '.join(f'{m:g}' for m in mean)}, deviation {', '.join(f'{d:g}' for d in deviation)}"
    return replace(
        plain, scale=scale, mean=mean, deviation=deviation, words=f"(x - mean) / deviation, {pixels}, {numbers}, {who}"
    )


def _unknown(card: ModelCard, plain: Feeding) -> str:
    outputs = [size for size in stated_dims(card.proto.graph.output[0]) if isinstance(size, int) and size > 1]
    if plain.channels == 3 and outputs[-1:] and outputs[-1] in _IMAGENET_OUTPUTS:
        return (
            f"nothing in the file says how they are normalised, and its {outputs[-1]:,} outputs look like a network "
            "trained on ImageNet: try `normalise` imagenet (or `mean` and `std`)"
        )
    return f"nothing in the file says how they are normalised: {_ADVICE}"


def _in_metadata(card: ModelCard, plain: Feeding) -> Feeding | None:
    """Return the feeding that the file's metadata state; None where they don't."""
    entries = {entry.key.lower(): entry.value[:200] for entry in card.proto.metadata_props}
    mean, deviation = (
        next((found for name in names if (found := _stated(entries.get(name, ""), plain.channels))), None)
        for names in (_MEANS, _DEVIATIONS)
    )
    if mean and deviation and min(deviation) > 0:
        return _with(plain, mean, deviation, "as the file's metadata say")
    nominal = entries.get("image.nominalpixelrange", "")
    if nominal == "Normalized_1_1":
        return _with(plain, (0.5,), (0.5,), "as the file's metadata say")
    if nominal not in _RANGES:
        return None
    scale = _RANGES[nominal]
    return replace(plain, scale=scale, words=f"values from 0 to {scale:g}, as the file's metadata say")


def _stated(text: str, channels: int) -> tuple[float, ...] | None:
    numbers = tuple(map(float, re.findall(r"-?\d{1,6}(?:\.\d{1,12})?(?:e-?\d{1,2})?", text)))
    return numbers if len(numbers) in (1, channels) else None


def _inside(graph: GraphProto, plain: Feeding) -> float | None:
    """Return the largest value of a pixel that the graph's own normalisation expects, 1 or 255; None where it has none.

    Followed from the input while one operator after the other makes y = factor x + shift of it, channel by channel.
    """
    stored, takers = constants(graph), consumers(graph)
    name, axis = plain.name, plain.axes.find("C")
    factor, shift = np.ones(plain.channels), np.zeros(plain.channels)
    found = False
    for _ in range(_LONGEST_CHAIN):
        nodes = [node for node in takers.get(name, []) if node.op_type != "Shape"]
        if len(nodes) != 1:
            break
        (node,) = nodes
        if node.op_type == "Transpose":
            order = attribute(node, "perm", ())
            if sorted(order) != list(range(len(plain.axes))):
                break
            axis = order.index(axis) if axis >= 0 else axis
        elif node.op_type not in ("Cast", "Identity", "Dropout"):
            step = _affine(node, name, stored, axis, plain)
            if step is None:
                break
            found = True
            factor, shift = step[0] * factor, step[0] * shift + step[1]
        name = node.output[0]
    if not found or not np.all(np.isfinite([factor, shift])) or not factor.all():
        return None
    return 255.0 if np.abs(factor).max() < _SMALLEST_FACTOR or (-shift / factor).max() > _LARGEST_SHARE else 1.0


def _affine(
    node: NodeProto, name: str, stored: dict[str, Any], axis: int, plain: Feeding
) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return factor and shift of one operator, each (channels,); None where it is something else."""
    channels, rank = plain.channels, len(plain.axes)
    if node.op_type == "BatchNormalization" and axis == 1 and node.input[0] == name:
        numbers = [_per_channel(stored.get(each), None, channels, rank) for each in node.input[1:5]]
        given = [each for each in numbers if each is not None]
        if len(given) != 4:
            return None
        gain, bias, mean, variance = given
        factor = gain / np.sqrt(variance + float(attribute(node, "epsilon", 1e-5)))
        return factor, bias - mean * factor
    if node.op_type not in ("Add", "Sub", "Mul", "Div") or len(node.input) != 2:
        return None
    first = node.input[0] == name
    other = _per_channel(stored.get(node.input[1 if first else 0]), axis, channels, rank)
    if other is None or (node.op_type == "Div" and (not first or not other.all())):
        return None
    one, zero = np.ones(channels), np.zeros(channels)
    match node.op_type:
        case "Add":
            return one, other
        case "Sub":
            return (one, -other) if first else (-one, other)
        case "Mul":
            return other, zero
    return one / other, zero


def _per_channel(tensor: Any, axis: int | None, channels: int, rank: int) -> NDArray[Any] | None:
    """Return a stored tensor as one number for each channel; None where it is none."""
    from onnx import numpy_helper

    if tensor is None or is_external(tensor) or len(tensor.dims) > rank:
        return None
    dims = (1,) * (rank - len(tensor.dims)) + tuple(tensor.dims)
    wanted = (
        tuple(tensor.dims) == (channels,)
        if axis is None
        else all(size == 1 or (place == axis and size == channels) for place, size in enumerate(dims))
    )
    if not wanted:
        return None
    return np.broadcast_to(numpy_helper.to_array(tensor).astype(np.float64).ravel(), (channels,))
