"""Which axis of which input is the batch, and what says so. The one place that answers this.

    batch = find_batch(inputs, outputs, metadata)
    batch.axes          # {"input": 0, "state": 1}; empty: none, one run is one inference
    batch.size          # 8 where the file fixes it; None: open
    batch.why           # "both inputs call that axis 'batch'"

Evidence: an axis called batch; an open first axis that all inputs share and that is called nothing else (seq, time,
nodes, height ...); a fixed first size of 1; of n for a stack of pictures whose outputs have n too; the file's metadata.
Without any there is no batch, whatever the first size. No input has a special standing for being listed first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Dims = tuple[int | str | None, ...]  # text or None where a size is open

_NO_BATCH = frozenset(
    (
        *("seq", "seqs", "seqlen", "sequence", "sequences", "len", "lens", "length", "lengths", "t", "l"),
        *("time", "times", "timestep", "timesteps", "step", "steps", "frame", "frames", "window", "chunk"),
        *("sample", "samples", "audio", "sound", "wave", "waveform", "signal", "mel", "mels", "bins"),
        *("node", "nodes", "edge", "edges", "vertex", "vertices", "atom", "atoms", "point", "points"),
        *("height", "width", "h", "w", "row", "rows", "col", "cols", "column", "columns", "pixel", "pixels"),
        *("token", "tokens", "word", "words", "char", "chars", "phoneme", "phonemes"),
        *("box", "boxes", "anchor", "anchors", "past", "cache", "context", "position", "positions"),
        *("channel", "channels", "feature", "features", "depth", "layer", "layers", "head", "heads"),
        *("class", "classes"),
    )
)
_COUNTED_UP = frozenset(
    ("unk", "unknown", "none", "dynamic", "dimension", "dynamicdimension", "dim", "axes", "axis", "p", "o")
)
_ANY = frozenset(("-1", "none", "null", "nan", "any", "unk", "unknown", "dynamic"))  # in place of a name
_CALLED_BATCH = re.compile(r"batch|^bs(z|ize)?$|^minibatch", re.IGNORECASE)
_ONE_LETTER = frozenset("nNbB")
_STATE = re.compile(r"state|hidden|cell|cache|memory|^(h|c|hn|cn|h0|c0|h_0|c_0|h_in|c_in)$", re.IGNORECASE)
_NO_PICTURES = re.compile(r"len|mask|size|scale|thresh|shape", re.IGNORECASE)
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class InputSizes:
    """One input of a file: its name, its type as ONNX Runtime writes it, and what the file says of its sizes."""

    name: str
    type: str
    dims: Dims

    def __post_init__(self) -> None:
        """Take what stands for any size ("?", -1) as no name: two such axes need not be alike."""
        dims = tuple(None if isinstance(dim, str) and _stands_for_any(dim) else dim for dim in self.dims)
        object.__setattr__(self, "dims", dims)


@dataclass(frozen=True)
class BatchAxis:
    """Where the batch is."""

    axes: Mapping[str, int]  # by input; empty: there is none
    size: int | None  # where the file fixes it
    why: str


def find_batch(
    inputs: Sequence[InputSizes], outputs: Callable[[], Sequence[Dims | None]], metadata: Mapping[str, str]
) -> BatchAxis:
    """Return the batch's axes with the evidence; what the outputs' sizes are is asked only where they decide."""
    data = _data(inputs)
    for look in (_called_batch, _shared_first, _open_pictures, _first_is_one):
        found = look(data)
        if found is not None:
            return _with_states(found, data)
    stack = _fixed_stack(data, outputs, metadata)
    return stack or BatchAxis({}, None, _why_none(data))


def words_of(name: str) -> set[str]:
    """Return the words of a name, in lower case: past_seqLen2 -> past, seq, len."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def _data(inputs: Sequence[InputSizes]) -> list[InputSizes]:
    """Return the inputs that hold data: not single numbers and fixed rows beside others, and not what is empty."""
    with_axes = [one for one in inputs if one.dims]
    there = [one for one in with_axes if 0 not in one.dims] or with_axes
    larger = [one for one in there if len(one.dims) > 1 or not isinstance(one.dims[0], int)]
    return larger or there


def _stands_for_any(symbol: str) -> bool:
    return symbol.lower() in _ANY or not any(map(str.isalnum, symbol))


def _is_plain(symbol: object) -> bool:
    return isinstance(symbol, str) and re.fullmatch(r"[\w.:/ -]+", symbol) is not None and "+" not in symbol


def _is_anonymous(symbol: object) -> bool:
    """Say whether an open size has no name, or one that an exporter has counted up (unk__12, DynamicDimension.0)."""
    if symbol is None:
        return True
    return isinstance(symbol, str) and (not words_of(symbol) or words_of(symbol) <= _COUNTED_UP)


def _is_other(symbol: object) -> bool:
    """Say whether the name of an open size says that it is no batch."""
    return isinstance(symbol, str) and bool(words_of(symbol) & _NO_BATCH)


def _axes_of(symbol: str, data: Sequence[InputSizes]) -> dict[str, int] | None:
    """Return the axis of that symbol in each input that has it; None where an input has it twice."""
    axes = {}
    for one in data:
        if one.dims.count(symbol) > 1:
            return None
        if symbol in one.dims:
            axes[one.name] = one.dims.index(symbol)
    return axes


def _called_batch(data: Sequence[InputSizes]) -> BatchAxis | None:
    symbols = [dim for one in data for dim in one.dims if isinstance(dim, str) and _is_plain(dim)]
    named = [symbol for symbol in dict.fromkeys(symbols) if _CALLED_BATCH.search(symbol) and not _is_other(symbol)]
    if len(named) != 1:
        return None
    axes = _axes_of(named[0], data)
    return BatchAxis(axes, None, f"the file calls that axis {named[0]!r}") if axes else None


def _shared_first(data: Sequence[InputSizes]) -> BatchAxis | None:
    """An open first axis that all data inputs have, under one name or under none."""
    with_first = [one for one in data if not _is_state(one)]
    firsts = [one.dims[0] for one in with_first]
    if not firsts or any(isinstance(first, int) or _is_other(first) for first in firsts):
        return None
    alone = len(with_first) == 1 and len(with_first[0].dims) == 1
    if all(_is_anonymous(first) for first in firsts):
        if alone or any(words_of(one.name) & _NO_BATCH and len(one.dims) == 1 for one in with_first):
            return None
        return BatchAxis({one.name: 0 for one in with_first}, None, "the first axis is open in every input")
    symbol = firsts[0]
    if len(set(firsts)) > 1 or not isinstance(symbol, str) or not _is_plain(symbol):
        return None
    if alone and symbol not in _ONE_LETTER:
        return None
    axes = _axes_of(symbol, data)
    return BatchAxis(axes, None, f"the first axis is open and every input has it, called {symbol!r}") if axes else None


def _open_pictures(data: Sequence[InputSizes]) -> BatchAxis | None:
    """An open first axis of pictures beside inputs that have nothing to do with it."""
    stacks = [one for one in data if _is_stack(one) and not isinstance(one.dims[0], int)]
    symbols = {one.dims[0] for one in stacks}
    if len(symbols) != 1 or any(_is_other(symbol) for symbol in symbols):
        return None
    (symbol,) = symbols
    axes = _axes_of(symbol, data) if isinstance(symbol, str) else {one.name: 0 for one in stacks}
    return BatchAxis(axes, None, "a stack of pictures whose first axis is open") if axes else None


def _first_is_one(data: Sequence[InputSizes]) -> BatchAxis | None:
    if not data or any(one.dims[0] != 1 for one in data):
        return None
    return BatchAxis({one.name: 0 for one in data}, 1, "the first size is 1 in every input")


def _fixed_stack(
    data: Sequence[InputSizes], outputs: Callable[[], Sequence[Dims | None]], metadata: Mapping[str, str]
) -> BatchAxis | None:
    """A fixed first size of n: said by the metadata, or of pictures whose outputs have n too."""
    said = metadata.get("batch", metadata.get("batch_size", ""))
    stacks = [one for one in data if _is_stack(one) and isinstance(one.dims[0], int)]
    sizes = {one.dims[0] for one in stacks} - {1} or {one.dims[0] for one in stacks}
    if said.isdigit() and data and all(one.dims[0] == int(said) for one in data):
        return BatchAxis({one.name: 0 for one in data}, int(said), "the file's metadata say so")
    if len(sizes) != 1:
        return None
    (size,) = sizes
    known = [dims for dims in outputs() if dims]
    if not isinstance(size, int) or not known or any(dims[0] != size for dims in known):
        return None
    axes = {one.name: 0 for one in data if one.dims[0] == size}
    return BatchAxis(axes, size, f"a stack of pictures, and each output has as many rows: {size}")


def _is_stack(one: InputSizes) -> bool:
    """Say whether an input is pictures by rank and channels: N x C x H x W or N x H x W x C."""
    if len(one.dims) != 4 or _NO_PICTURES.search(one.name):
        return False
    first, last = one.dims[1] in _CHANNELS, one.dims[3] in _CHANNELS
    sides = one.dims[2:] if first else one.dims[1:3]
    return (first or last) and all(not isinstance(side, int) or side > 4 for side in sides)


def _is_state(one: InputSizes) -> bool:
    """Say whether an input is the state of recurrent layers: layers x batch x width."""
    open_second = len(one.dims) >= 3 and not isinstance(one.dims[1], int)
    return open_second and isinstance(one.dims[0], int) and _STATE.search(one.name) is not None


def _with_states(found: BatchAxis, data: Sequence[InputSizes]) -> BatchAxis:
    """Add the second axis of states, where it is open and has no name."""
    if found.size is not None:
        return found
    states = {one.name: 1 for one in data if _is_state(one) and _is_anonymous(one.dims[1])}
    return BatchAxis({**states, **found.axes}, None, found.why)


def _why_none(data: Sequence[InputSizes]) -> str:
    firsts = list(dict.fromkeys(str(one.dims[0]) for one in data if one.dims[0] is not None))
    if not firsts:
        return "nothing in the file says which axis it is"
    return f"nothing says that the first axis ({', '.join(firsts[:3])}) is one"
