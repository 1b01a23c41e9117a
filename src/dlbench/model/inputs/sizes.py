"""All sizes that a file leaves open, settled in one place: what is true of a symbol holds in every input.

    settled = settle(inputs, {"tokens": ("N", 128)}, evidence)
    settled.specs       # tokens [N, 128], mask [N, 128]
    settled.batch       # where the batch is now, and what says so

In order: what --shape says, what --input brings along, the batch by evidence, 224 x 224 for pictures, sums of settled
symbols ("past_length + 1"). Whatever is still open is told in one message, with one example that can be pasted.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dlbench.errors import ModelFileError, close_matches, one_line
from dlbench.model.inputs.batch_axis import BatchAxis, InputSizes, words_of
from dlbench.model.inputs.feeds import BATCH, InputSpec

DEFAULT_SIZE = 224  # pixels a side of a picture whose size the file leaves open
_CHANNELS = (1, 3)
_NO_SIDES = frozenset(
    ("past", "cache", "seq", "sequence", "len", "length", "time", "frame", "frames", "tokens", "samples")
)
_LONGEST_SUM = 200

Sizes = tuple[int | str, ...]
Place = tuple[str, int]  # an input and an axis
# what an open size is called, and a usual one for an example
_USUAL = (
    ("past cache", 0),
    ("height width h w rows cols", DEFAULT_SIZE),
    ("sample samples audio sound wave waveform signal", 16_000),
    ("frame frames time t step steps mel", 100),
    ("node nodes edge edges vertex vertices atom atoms point points", 100),
    ("box boxes anchor anchors", 10),
    ("channel channels", 3),
)
_USUAL_LENGTH = 128
_OTHER_LENGTHS = (512, 16_000, 48, 1)


class OpenSizesError(ModelFileError):
    """Sizes that nothing settles, with sizes that would; whoever can run the model may find the first that it takes."""

    def __init__(self, texts: str, has_batch: bool, examples: Sequence[Mapping[str, Sizes]], example: int = 0) -> None:
        self._texts, self._has_batch, self.examples = texts, has_batch, examples
        options = (f"{name}={','.join(map(str, sizes))}" for name, sizes in examples[example].items())
        super().__init__(
            f"sizes are open that nothing settles: {texts}. Expected `shape` with sizes, for example "
            + " ".join(f"`shape` {shlex.quote(option)}" for option in options)
            + ("" if has_batch else " (N at one axis marks the batch, none: there is no batch)")
        )

    def with_example(self, place: int) -> OpenSizesError:
        """Return the same with another of its examples."""
        return OpenSizesError(self._texts, self._has_batch, self.examples, place)


@dataclass(frozen=True)
class Settled:
    """The inputs with their sizes up to the batch."""

    specs: tuple[InputSpec, ...]
    batch: BatchAxis
    notes: tuple[str, ...] = ()  # what was assumed


@dataclass
class _Known:
    """What is known so far: sizes by symbol, and by place where an open size has no name."""

    inputs: Sequence[InputSizes]
    together: Mapping[Place, str]  # places that are the batch by evidence share one size
    symbols: dict[str, int | str] = field(default_factory=dict)

    def key(self, one: InputSizes, axis: int) -> str | None:
        """Return what the size at this axis is kept under; None where the file fixes it."""
        dim = one.dims[axis]
        if isinstance(dim, int):
            return None
        return self.together.get((one.name, axis)) or dim or f"{one.name}\n{axis}"

    def size(self, one: InputSizes, axis: int) -> int | str | None:
        """Return the size at this axis, BATCH for the batch; None where it is still open."""
        dim, key = one.dims[axis], self.key(one, axis)
        if key is None:
            return dim
        return self.symbols.get(key) if key in self.symbols else _sum(dim, self.symbols)

    def sizes(self, one: InputSizes) -> list[int | str | None]:
        return [self.size(one, axis) for axis in range(len(one.dims))]


def settle(
    inputs: Sequence[InputSizes],
    asked: Mapping[str, Sequence[int | str]],
    evidence: BatchAxis,
    brought: Mapping[str, Sequence[int]] | None = None,
) -> Settled:
    """Settle every size up to the batch.

    `asked` is the user's --shape by input, where N marks the batch; the values that the user `brought` may have fewer
    dimensions.

    Raises:
        ModelFileError: a --shape that doesn't fit, two sizes for one symbol, or sizes that nothing settles.
    """
    by_name = {one.name: one for one in inputs}
    for name in asked:
        if name not in by_name:
            near = close_matches(name, by_name)
            raise ModelFileError(
                f"--shape names no input: expected one of {', '.join(by_name)}, received {name!r}.{near}"
            )
    together = dict.fromkeys(evidence.axes.items(), f"\n{BATCH}")
    together |= _alike(inputs, together)
    known = _Known(inputs, together)
    fixed = [size for name, shape in asked.items() for size in _take(known, by_name[name], shape)]
    for name, shape in (brought or {}).items():
        _bring(known, by_name[name], shape, evidence)
    marked = bool([one for shape in asked.values() for one in shape if one == BATCH])
    batch = _batch(known, evidence, asked, fixed, marked)
    notes = [note for one in inputs if (note := _at_default_size(known, one))]
    _expect_all(known, batch)
    specs = tuple(InputSpec(one.name, one.type, tuple(s for s in known.sizes(one) if s is not None)) for one in inputs)
    return Settled(specs, batch, tuple(notes))


def _alike(inputs: Sequence[InputSizes], together: Mapping[Place, str]) -> dict[Place, str]:
    """Return the further places that have the symbol of one of these: a symbol once settled holds everywhere."""
    symbols = {one.dims[axis] for one in inputs for axis in range(len(one.dims)) if (one.name, axis) in together}
    return {
        (one.name, axis): f"\n{BATCH}"
        for one in inputs
        for axis, dim in enumerate(one.dims)
        if isinstance(dim, str) and dim in symbols
    }


def _take(known: _Known, one: InputSizes, shape: Sequence[int | str]) -> list[int]:
    """Take over one --shape; return the file's own sizes where N stands at them."""
    text = described(one)
    if len(shape) != len(one.dims):
        raise ModelFileError(
            f"{text} has {len(one.dims)} dimensions, received --shape with {len(shape)}; give all of them."
        )
    if list(shape).count(BATCH) > 1:
        raise ModelFileError(f"{text}: expected N (the batch) at one axis, received it at several; mark one of them.")
    fixed = []
    for axis, (want, have) in enumerate(zip(shape, one.dims, strict=True)):
        if isinstance(have, int):
            if want == BATCH:
                fixed.append(have)
            elif want != have:
                raise ModelFileError(
                    f"{text} has a fixed size at axis {axis}: expected {have}, received {want}; give {have} there."
                )
            continue
        _put(known, one, axis, want, "--shape")
    return fixed


def _put(known: _Known, one: InputSizes, axis: int, size: int | str, option: str) -> None:
    key = known.key(one, axis)
    assert key is not None
    before = known.symbols.get(key, size)
    if before != size:
        name = one.dims[axis] or "the batch"
        raise ModelFileError(
            f"{described(one)}: expected one size of {name} in all inputs, received {before} and {size}; give the same "
            f"in each {option}."
        )
    known.symbols[key] = size


def _bring(known: _Known, one: InputSizes, shape: Sequence[int], evidence: BatchAxis) -> None:
    """Take over the sizes of given values, held against the last axes; a size of 1 is repeated along the batch."""
    start = len(one.dims) - len(shape)
    for axis, size in enumerate(shape, start):
        is_batch = evidence.axes.get(one.name) == axis
        if axis < 0 or known.key(one, axis) is None or (is_batch and size == 1):
            continue
        if known.size(one, axis) is None:
            _put(known, one, axis, size, "--input")


def _batch(
    known: _Known, evidence: BatchAxis, asked: Mapping[str, Sequence[int | str]], fixed: Sequence[int], marked: bool
) -> BatchAxis:
    """Return where the batch is, now that --shape was read; the places of the batch become N where it is open."""
    own = f"\n{BATCH}"
    if marked:
        if len(set(fixed)) > 1:
            raise ModelFileError(
                f"--shape: expected N at axes of one size, received {' and '.join(map(str, fixed))}; mark another axis."
            )
        if evidence.size is None and evidence.axes:
            known.symbols.setdefault(own, BATCH)
        if fixed:
            known.symbols = {key: fixed[0] if size == BATCH else size for key, size in known.symbols.items()}
        stated = {one.name: list(asked.get(one.name, known.sizes(one))) for one in known.inputs}  # N also where fixed
        axes = {name: sizes.index(BATCH) for name, sizes in stated.items() if BATCH in sizes}
        return BatchAxis(axes, fixed[0] if fixed else None, "`shape` marks it with N")
    settled = known.symbols.get(own)
    if settled is not None:
        named = [name for name in asked if name in evidence.axes]
        if not named and isinstance(settled, int):  # values of that many rows were given
            return BatchAxis(evidence.axes, settled, evidence.why)
        return BatchAxis({}, None, "`shape` marks no axis with N")
    if evidence.axes and evidence.size is None:
        known.symbols[own] = BATCH
    if evidence.size is not None and any(name in asked for name in evidence.axes) and evidence.size > 1:
        return BatchAxis({}, None, "`shape` marks no axis with N")
    return evidence


def _at_default_size(known: _Known, one: InputSizes) -> str:
    """Settle a picture's open sides at 224, channels first or last; return the note that says so."""
    if len(one.dims) != 4:
        return ""
    for channel, sides in ((1, (2, 3)), (3, (1, 2))):
        opened = [side for side in sides if known.size(one, side) is None]
        named = {word for side in opened for word in words_of(str(one.dims[side] or ""))}
        if one.dims[channel] in _CHANNELS and opened and not named & _NO_SIDES:
            for side in opened:
                if known.size(one, side) is None:
                    _put(known, one, side, DEFAULT_SIZE, "--shape")
            names = [("height", "width")[sides.index(side)] for side in opened]
            sizes = known.sizes(one)
            taken = " x ".join(str(sizes[side]) for side in sides)
            are_open = f"{' and '.join(names)} of {one.name} {'are' if names[1:] else 'is'} open"
            shape = ",".join(BATCH if size is None else str(size) for size in sizes)
            return f"{are_open}: taken as {taken}; another size: `shape` {one.name}={shape}"
    return ""


def _expect_all(known: _Known, batch: BatchAxis) -> None:
    """Refuse sizes that are still open: all of them in one message, with one example that settles them."""
    lacking = [one for one in known.inputs if None in known.sizes(one)]
    if not lacking:
        return
    texts = "; ".join(described(one) for one in lacking[:8]) + ("; ..." if len(lacking) > 8 else "")
    examples = {tuple(_example(known, lacking, length).items()): None for length in (_USUAL_LENGTH, *_OTHER_LENGTHS)}
    raise OpenSizesError(texts, bool(batch.axes), tuple(dict(one) for one in examples))


def _example(known: _Known, lacking: Sequence[InputSizes], length: int) -> dict[str, Sizes]:
    """Return sizes for as few of these inputs as settle all."""
    trial = _Known(known.inputs, known.together, dict(known.symbols))
    example = {}
    for one in sorted(lacking, key=lambda one: any(_is_sum(dim) for dim in one.dims)):  # sums follow from the others
        if None not in trial.sizes(one):
            continue
        for axis, size in enumerate(trial.sizes(one)):
            key = trial.key(one, axis)
            if size is None and key is not None:
                trial.symbols[key] = _usual(one, axis, length)
        example[one.name] = tuple(size for size in trial.sizes(one) if size is not None)
    return example


def _usual(one: InputSizes, axis: int, length: int) -> int:
    """Return a usual size for an open axis, by what it is called."""
    dim = one.dims[axis]
    for called in (words_of(dim) if isinstance(dim, str) else set(), words_of(one.name)):
        for words, size in _USUAL:
            if called & set(words.split()):
                return size
    return length


def _sum(symbol: int | str | None, known: Mapping[str, int | str]) -> int | None:
    """Return a size that the file writes as a sum or product of settled symbols; None where it can't be worked out."""
    if not isinstance(symbol, str) or not _is_sum(symbol):
        return None
    text = symbol
    for name in sorted((name for name in known if name in symbol), key=len, reverse=True):
        if isinstance(known[name], int):
            text = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", str(known[name]), text)
    try:
        value = _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None
    return value if 0 <= value < 2**31 else None


def _is_sum(symbol: object) -> bool:
    return isinstance(symbol, str) and len(symbol) <= _LONGEST_SUM and re.search(r"[-+*/]", symbol) is not None


def _value(node: ast.expr) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.BinOp):
        a, b = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Add):
            return a + b
        if isinstance(node.op, ast.Sub):
            return a - b
        if isinstance(node.op, ast.Mult):
            return a * b
        if isinstance(node.op, ast.Div | ast.FloorDiv):
            return a // b
    raise ValueError("no sum of whole numbers")


def described(one: InputSizes) -> str:
    """Return an input with its type and sizes in words."""
    sizes = ", ".join("?" if dim is None else str(dim) for dim in one.dims)
    return f"input {one_line(one.name, 80)!r} ({one.type}, shape [{one_line(sizes, 120)}])"
