"""Values for every input that nobody gives values for: noise for floats, integers by what the graph does with them.

    values = values_for(graph, entries, shapes, names)
    values["ids"].source        # "ids below 30,522, the rows of table"

An integer is followed through the graph to where it decides something: an index stays below the size of the table, an
end of a slice is the size of the axis, a divisor is not 0, a shape holds as many numbers as there are. Where nothing
is found its name may say that it is a length or a mask; else it is 0 or 1, a guess that is stated. Whether sizes or
time may depend on what was fed is said by `decides`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.model.element_types import RANDOM_BITS, by_runtime_name
from dlbench.model.graphs import all_graphs, attribute, constants, is_external
from dlbench.model.inputs.batch_axis import words_of
from dlbench.model.inputs.feeds import Values

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

Shapes = Mapping[str, tuple[int, ...]]

# what gives the values that it takes, and what gives sums and products of them
_PASS = frozenset(
    (
        *("Cast", "CastLike", "Identity", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "Expand", "Tile"),
        *("Gather", "GatherElements", "GatherND", "Slice", "Split", "Concat", "Compress", "Where", "Clip"),
        *("Max", "Min", "Pad", "Dropout", "Neg", "Abs", "ReduceMax", "ReduceMin", "ReduceSum", "ReverseSequence"),
    )
)
_SUMS = frozenset(("Add", "Sub", "Sum"))
_SCALES = frozenset(("Mul", "Div", "Mod", "Floor", "Ceil", "Round", "Pow", "Sqrt"))
_COMPARE = frozenset(("Less", "LessOrEqual", "Greater", "GreaterOrEqual"))
# how many values these give depends on what they take
_COUNTS = frozenset(("NonZero", "NonMaxSuppression", "Compress", "Unique"))
# floats that decide sizes
_FACTORS = frozenset((("Resize", 2), ("Upsample", 1), ("Range", 1), ("Range", 2)))
_LENGTHS = frozenset(["len", "lens", "length", "lengths", "seqlen", "seqlens"])
_MOST_STEPS = 200


@dataclass(frozen=True)
class _Use:
    """One thing that the graph does with an integer."""

    kind: str  # index, number, numbers, positive
    limit: int = 0  # index: below this; number: this
    numbers: tuple[int, ...] = ()
    words: str = ""
    decides: bool = True


@dataclass(frozen=True)
class _Graph:
    """What is looked up again and again."""

    users: Mapping[str, list[NodeProto]]
    shapes: Shapes
    stored: Mapping[str, Any]  # constants, by name

    @classmethod
    def of(cls, graph: GraphProto, shapes: Shapes) -> _Graph:
        users: dict[str, list[NodeProto]] = {}
        stored: dict[str, Any] = {}
        for part in all_graphs(graph):
            stored |= constants(part)
            for node in part.node:
                for name in dict.fromkeys(node.input):
                    users.setdefault(name, []).append(node)
        return cls(users, {**{name: tuple(t.dims) for name, t in stored.items()}, **shapes}, stored)

    def shape(self, node: NodeProto, place: int) -> tuple[int, ...]:
        return self.shapes.get(node.input[place], ()) if place < len(node.input) else ()

    def size(self, node: NodeProto, place: int, axis: int) -> int:
        """Return the size of an input of a node along an axis; 0: not known."""
        shape = self.shape(node, place)
        return shape[axis] if -len(shape) <= axis < len(shape) else 0

    def whole(self, name: str) -> list[int] | None:
        """Return the numbers of a small constant; None where it is none."""
        array = self._array(name, 64)
        return None if array is None else [int(value) for value in array]

    def largest(self, name: str) -> int:
        """Return the largest of the whole numbers that a constant lists; 0 where it lists none."""
        array = self._array(name, 1 << 16)
        several = array is not None and array.size > 1 and array.dtype.kind in "iu"
        return int(array.max()) if several and array is not None else 0

    def _array(self, name: str, most: int) -> Any:
        from onnx import numpy_helper

        tensor = self.stored.get(name)
        if tensor is None or math.prod(tensor.dims) > most or is_external(tensor):
            return None
        return np.asarray(numpy_helper.to_array(tensor)).ravel()


def values_for(
    graph: Callable[[], GraphProto],
    entries: Sequence[Mapping[str, Any]],
    shapes: Callable[[], Shapes],
    names: Sequence[str],
) -> dict[str, Values]:
    """Return how the values of these inputs are made.

    The graph has its own functions inlined; `entries` are all inputs as `resolve` gives them.
    """
    wanted = [entry for entry in entries if entry["name"] in names]
    known = _Graph.of(graph(), {**shapes(), **{e["name"]: tuple(e["shape"]) for e in entries}}) if wanted else None
    found = {}
    for entry in wanted:
        assert known is not None
        element = by_runtime_name(entry["type"])
        if entry["type"] in RANDOM_BITS:
            found[entry["name"]] = Values("noise", source="random bits")
        elif element is not None and element.is_float:
            found[entry["name"]] = _noise(entry["name"], known)
        else:
            found[entry["name"]] = _whole(entry, entries, known)
    return found


def _noise(name: str, known: _Graph) -> Values:
    if any((node.op_type, list(node.input).index(name)) in _FACTORS for node in known.users.get(name, ())):
        return Values("numbers", numbers=(1.0,), source="1: a factor of sizes, or the end of a Range", decides=True)
    counts = _counting(name, known)
    words = f", and {counts} gives as many values as they decide" if counts else ""
    return Values("noise", source=f"seeded noise in [0, 1){words}", decides=bool(counts))


def _counting(name: str, known: _Graph) -> str:
    """Return the first operator behind an input that gives as many values as its values decide; empty: none."""
    seen, stack = {name}, [name]
    while stack:
        for node in known.users.get(stack.pop(), ()):
            if node.op_type in _COUNTS:
                return str(node.op_type)
            if node.op_type not in ("Shape", "Size"):
                new = [output for output in node.output if output and output not in seen]
                seen.update(new)
                stack += new
    return ""


def _whole(entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], known: _Graph) -> Values:
    """Return values for integers, bools and texts."""
    name, kind, shape = entry["name"], entry["type"], tuple(entry["shape"])
    if kind == "tensor(string)":
        return Values("integers", 0, 10, source="a guess: the texts 0 to 9", decides=True)
    uses = list(_uses(name, known, shape))
    indices = [use for use in uses if use.kind == "index" and use.limit > 0]
    if indices:
        least = min(indices, key=lambda use: use.limit)
        return Values("integers", 0, least.limit, source=f"below {least.limit:,}, {least.words}")
    numbers = [use for use in uses if use.kind in ("number", "numbers")]
    if numbers:
        use = min(numbers, key=lambda one: (one.kind == "number", one.limit))
        fits = bool(use.numbers) and shape == (len(use.numbers),)
        chosen = use.numbers if fits else (use.numbers or (use.limit,))[:1]
        return Values(
            "numbers",
            numbers=chosen,
            shape=shape if fits else (),
            source=f"{','.join(map(str, chosen[:4]))}: {use.words}",
            decides=use.decides,
        )
    return _by_name(entry, entries, uses)


def _by_name(entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], uses: Sequence[_Use]) -> Values:
    name, kind = entry["name"], entry["type"]
    words = words_of(name)
    if "mask" in words or "mask" in name.lower():
        return Values("numbers", numbers=(1,), source="1: a mask by its name, which hides nothing")
    if words & _LENGTHS:
        size, of = _longest(entry, entries)
        if size:
            source = f"{size}: a length by its name, that of {of}"
            return Values("numbers", numbers=(size,), source=source, decides=True)
    if any(use.kind == "positive" for use in uses):
        return Values("numbers", numbers=(1,), source="1: a divisor, a guess", decides=True)
    if kind == "tensor(bool)":
        return Values("integers", 0, 2, source="a guess: true or false", decides=any(use.decides for use in uses))
    if kind in ("tensor(uint8)", "tensor(int32)") and len(entry["shape"]) == 4:
        return Values("integers", 0, 256, source="seeded noise from 0 to 255, as in pictures")
    return Values("integers", 0, 2, source="a guess: 0 or 1", decides=any(use.decides for use in uses) or not uses)


def _longest(entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Return the size that a length most probably stands for: the longest axis of the data, and its input."""
    data = [one for one in entries if one["name"] != entry["name"] and len(one["shape"]) > 1]
    named = [one for one in data if one["name"] in entry["name"] or entry["name"].startswith(one["name"].split("_")[0])]
    sizes = [(size, one["name"]) for one in named or data for size in one["shape"][1:]]
    return max(sizes, default=(0, ""))


def _uses(name: str, known: _Graph, shape: tuple[int, ...]) -> Iterator[_Use]:
    """Follow an integer through the graph and yield what decides something; sums of two make room for both."""
    seen, stack = {name}, [(name, 1, True)]
    while stack and len(seen) < _MOST_STEPS:
        tensor, share, exact = stack.pop()
        for node in known.users.get(tensor, ()):
            for place, taken in enumerate(node.input):
                if taken != tensor:
                    continue
                use = _use(node, place, known, shape, share) if exact else _after_scale(node, place)
                if use is not None:
                    yield use
                follow = _follows(node, place)
                if follow:
                    more = share * (2 if node.op_type in _SUMS else 1)
                    new = [output for output in node.output if output and output not in seen]
                    seen.update(new)
                    stack += [(output, more, exact and node.op_type not in _SCALES) for output in new]


def _follows(node: NodeProto, place: int) -> bool:
    op = node.op_type
    if op in _PASS:
        return place == 0 or op in ("Concat", "Where", "Clip", "Max", "Min")
    return op in _SUMS or op in _SCALES


def _after_scale(node: NodeProto, place: int) -> _Use | None:
    """Behind a product or quotient the number itself is not known, only that it decides something."""
    decides = (node.op_type, place) in _DECIDES or (node.op_type in ("Range", "If", "Loop"))
    return _Use("decides") if decides else None


def _use(node: NodeProto, place: int, known: _Graph, own: tuple[int, ...], share: int) -> _Use | None:
    """Return what a node does with the integer at this place; None where it decides nothing there."""
    index = _index(node, place, known)
    if index is not None:
        size, of = index
        return _Use("index", max(1, size // share) if size else 0, words=f"the {of}", decides=False)
    find = _DECIDES.get((node.op_type, place))
    if find is not None:
        return find(node, known, own)
    if node.op_type == "Equal":
        most = known.largest(node.input[1 - place])
        words = "the numbers that it is compared with"
        return _Use("index", max(1, (most + 1) // share), words=words, decides=False) if most else None
    if node.op_type in _COMPARE:
        size = max((size for size in known.shapes.get(node.input[1 - place], ()) if size > 1), default=0)
        return (
            _Use("number", size, words=f"the size of {node.input[1 - place]}, with which it is compared")
            if size
            else None
        )
    return None


def _index(node: NodeProto, place: int, known: _Graph) -> tuple[int, str] | None:
    """Return the size below which an index must stay, and what has it; None where it is no index. 0: not known."""
    op, axis = node.op_type, int(attribute(node, "axis", 0) or 0)
    if op in ("Gather", "GatherElements", "ScatterElements", "Scatter") and place == 1:
        return known.size(node, 0, axis), f"size of {node.input[0]}"
    if op in ("GatherND", "ScatterND") and place == 1:
        depth = known.size(node, 1, -1)
        return min(known.shape(node, 0)[: depth or 1], default=0), f"size of {node.input[0]}"
    if op == "EmbedLayerNormalization" and place in (0, 1):
        return known.size(node, 2 if place == 0 else 4, 0), f"rows of {node.input[2 if place == 0 else 4]}"
    if op == "OneHot" and place == 0:
        stated = known.whole(node.input[1]) if len(node.input) > 1 else None
        return (stated[0] if stated else 0), "depth of OneHot"
    return None


def _end(node: NodeProto, known: _Graph, own: tuple[int, ...]) -> _Use | None:
    """An end of a Slice: the sizes of the axes that it cuts."""
    shape = known.shape(node, 0)
    axes = known.whole(node.input[3]) if len(node.input) > 3 and node.input[3] else list(range(own[0] if own else 1))
    sizes = tuple(shape[axis] for axis in axes or () if -len(shape) <= axis < len(shape))
    return _numbers(sizes, f"the size of the axis of {node.input[0]} that it cuts")


def _numbers(sizes: tuple[int, ...], words: str) -> _Use | None:
    if not sizes:
        return _Use("decides")
    return _Use("number", sizes[0], words=words) if len(sizes) == 1 else _Use("numbers", numbers=sizes, words=words)


def _fixed(number: int, words: str) -> Callable[[NodeProto, _Graph, tuple[int, ...]], _Use]:
    return lambda node, known, own: _Use("number", number, words=words)


def _new_shape(node: NodeProto, known: _Graph, own: tuple[int, ...]) -> _Use:
    """A shape: that of the data, with ones before it, or with the last axes in one."""
    shape, count = known.shape(node, 0), own[0] if len(own) == 1 else 0
    if not shape or not count:
        return _Use("decides")
    padded = (1,) * (count - len(shape)) + shape
    fitted = padded if len(padded) == count else (*shape[: count - 1], math.prod(shape[count - 1 :]))
    return _Use("numbers", numbers=fitted, words=f"a shape for all that {node.input[0]} holds")


def _ones(node: NodeProto, known: _Graph, own: tuple[int, ...]) -> _Use:
    return _Use("numbers", numbers=(1,) * (own[0] if own else 1), words="a guess, 1 along each axis")


def _parts(node: NodeProto, known: _Graph, own: tuple[int, ...]) -> _Use:
    """Sizes of the parts of a Split: as even as can be."""
    size, count = known.size(node, 0, int(attribute(node, "axis", 0) or 0)), own[0] if len(own) == 1 else 0
    if not size or not count:
        return _Use("decides")
    parts = tuple(size // count + (place < size % count) for place in range(count))
    return _Use("numbers", numbers=parts, words=f"even parts of {node.input[0]}")


def _steps_of(place: int, axis: Callable[[NodeProto], int], words: str) -> Callable[..., _Use | None]:
    def find(node: NodeProto, known: _Graph, own: tuple[int, ...]) -> _Use | None:
        size = known.size(node, place, axis(node))
        return _Use("number", size, words=words) if size else _Use("decides")

    return find


def _most(node: NodeProto, known: _Graph, own: tuple[int, ...]) -> _Use:
    """How many TopK keeps: ten, or all where there are fewer."""
    size = known.size(node, 0, int(attribute(node, "axis", -1) or -1))
    return _Use("number", min(10, size or 1), words="a guess of how many TopK keeps")


_RECURRENT = _steps_of(0, lambda node: 0, "the number of steps that it counts")
_DECIDES: Mapping[tuple[str, int], Callable[..., _Use | None]] = {
    ("Slice", 1): _fixed(0, "where it starts to cut"),
    ("Slice", 2): _end,
    ("Slice", 4): _fixed(1, "the step of a Slice"),
    ("Reshape", 1): _new_shape,
    ("Expand", 1): _new_shape,
    ("Resize", 3): _new_shape,
    ("Tile", 1): _ones,
    ("ConstantOfShape", 0): _ones,
    ("Split", 1): _parts,
    ("Div", 1): lambda node, known, own: _Use("positive"),
    ("Mod", 1): lambda node, known, own: _Use("positive"),
    ("Range", 0): _fixed(0, "where a Range starts"),
    ("Range", 1): lambda node, known, own: _Use("decides"),
    ("Range", 2): _fixed(1, "the step of a Range"),
    ("LSTM", 4): _RECURRENT,
    ("GRU", 4): _RECURRENT,
    ("RNN", 4): _RECURRENT,
    ("ReverseSequence", 1): _steps_of(0, lambda node: int(attribute(node, "time_axis", 0)), "the number of steps"),
    ("TopK", 1): _most,
    ("Loop", 0): _fixed(1, "a guess of how often a Loop runs"),
    ("If", 0): _fixed(0, "a guess of which branch of an If runs"),
    ("Pad", 1): _fixed(0, "how much Pad adds"),
    ("CumSum", 1): _fixed(0, "the axis of CumSum"),
    ("Trilu", 1): _fixed(0, "the diagonal of Trilu"),
    ("NonMaxSuppression", 2): _fixed(100, "a guess of how many boxes are kept"),
}
