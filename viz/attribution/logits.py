"""A network's logits for many changed copies of one picture: what every relevance method asks.

    scorer = open_scorer(card, received)        # received: (1, C, h, w), as the model takes it
    scorer.logits(pictures)                     # (N, C, h, w) -> (N, classes)
    scorer.shares(logits)                       # softmax, sigmoid, or the number itself

Where a file gives probabilities, the tensor before its last softmax or sigmoid is taken: probabilities near 1 hardly
move when a part of the picture is hidden, logits do. One logit of two classes counts for class 1 as it is and for class
0 with its sign turned. A number (regression) is explained as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import CheckFailedError, InputError, ModelFileError, close_matches
from dlbench.model.graphs import producers, with_outputs
from dlbench.model.operators import of_node
from dlbench.show.notebook import Progress
from dlbench.viz.capture.activations import Viewed, view
from dlbench.viz.capture.feeding import Feeding, rows_of

if TYPE_CHECKING:
    from onnx import GraphProto

    from dlbench.model.card import ModelCard

Pictures = NDArray[np.float32]  # (N, C, h, w)
Problem = Literal["multiclass", "binary", "multilabel", "regression"]

_BATCH_BYTES = 5 << 20  # of pictures in one run: 8 at 224 x 224, where MobileNetV2 is fastest on a laptop
_LARGEST_BATCH = 256


@dataclass(frozen=True)
class Scorer:
    """A session that gives the logits, and what they stand for."""

    card: ModelCard  # the file's graph with the logits as its only output
    viewed: Viewed
    problem: Problem
    labels: tuple[str, ...]  # one for each column of the logits
    at_once: int  # pictures in one run
    notes: tuple[str, ...] = ()
    feeding: Feeding | None = None  # what becomes of a picture before the model gets it

    def fed(self, images: Pictures) -> NDArray[Any]:
        """Return pictures (N, C, h, w) as the model takes them."""
        return images if self.feeding is None else self.feeding.feed(images)

    def logits(self, images: Pictures) -> NDArray[np.float64]:
        """Return the logits, (N, C, h, w) -> (N, classes); two columns where two classes share one logit.

        Raises:
            CheckFailedError: they are not finite.
        """
        batches = (images[start : start + self.at_once] for start in range(0, len(images), self.at_once))
        answers = [self.columns(self._answer(self.fed(b))[: len(b)]) for b in batches]
        return expect_finite(np.concatenate(answers), self.card.name)

    def _answer(self, fed: NDArray[Any]) -> NDArray[Any]:
        return rows_of(self.viewed.run(fed)[self.viewed.outputs[0]], self.feeding)

    def columns(self, raw: NDArray[Any]) -> NDArray[np.float64]:
        """Return one column for each class from what the graph gives, (N, K) or (N, K, 1, 1) -> (N, classes)."""
        flat = np.asarray(raw, np.float64).reshape(len(raw), -1)
        return np.concatenate([-flat, flat], axis=1) if self.problem == "binary" else flat

    def each(
        self, count: int, make: Callable[[int, int], Pictures], phase: str, on_progress: Progress | None = None
    ) -> NDArray[np.float64]:
        """Return the logits of `count` pictures, (count, classes); `make` gives those from start to stop."""
        parts = []
        for start in range(0, count, self.at_once):
            stop = min(count, start + self.at_once)
            parts.append(self.logits(make(start, stop)))
            if on_progress:
                on_progress(phase, stop, count)
        return np.concatenate(parts)

    def shares(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities of logits (N, classes); a number stays as it is."""
        from scipy.special import expit, softmax

        if self.problem == "regression":
            return logits
        return np.asarray(softmax(logits, axis=1) if self.problem == "multiclass" else expit(logits))

    @property
    def unit(self) -> str:
        """What is explained, in words."""
        return "number" if self.problem == "regression" else "logit"

    def first_two(self, logits: NDArray[np.float64]) -> tuple[int, ...]:
        """Return the class that the logits (classes,) put first and the runner-up; one alone where there is one."""
        if self.problem == "regression":
            return (0,)
        return tuple(int(index) for index in np.argsort(-logits, kind="stable")[:2])

    def target(self, wanted: str | int) -> int:
        """Return the place of a class given by its label or its index.

        Raises:
            InputError: there is no such class.
        """
        text = str(wanted).strip()
        exact = [i for i, label in enumerate(self.labels) if label.casefold() == text.casefold()]
        if exact and not isinstance(wanted, int):
            return exact[0]
        if text.isdecimal() and len(text) < 10 and int(text) < len(self.labels):
            return int(text)
        labels = ", ".join(self.labels[:10]) + (", ..." if len(self.labels) > 10 else "")
        raise InputError(
            f"no class {text[:80]!r}: expected a label or an index from 0 to {len(self.labels) - 1}, this model has "
            f"{labels}.{close_matches(text, self.labels)}"
        )


def expect_finite(values: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Return the values if all are numbers.

    Raises:
        CheckFailedError: NaN or infinite ones among them.
    """
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise CheckFailedError(
            f"{name} gives NaN or infinite outputs: expected finite logits, received {bad:,} of {values.size:,} that "
            "are not; there is nothing to explain, look at its layers with dlbench viz activations."
        )
    return values


def open_scorer(card: ModelCard, image: Pictures, feeding: Feeding | None = None) -> Scorer:
    """Return the scorer of a model that gives one number for each class, (N, K); its session is proven on the picture.

    Raises:
        InputError: the model gives something else, or does not take the picture.
        CheckFailedError: its logits are not finite.
    """
    task = card.facts.task if card.facts else ""
    tensor, ending = logits_tensor(card.proto.graph)
    if "regression" in task:
        tensor, ending = card.proto.graph.output[0].name, ""
    proto = with_outputs(card.proto, [tensor])
    _sort(proto.graph)
    own = replace(card, proto=proto)
    fed = image if feeding is None else feeding.feed(image)
    alone = feeding is not None and feeding.is_lone
    batch = 1 if alone else view(own, ()).batch
    viewed = view(own, (), np.repeat(fed, batch or 1, axis=0))
    raw = rows_of(viewed.run(np.repeat(fed, batch or 1, axis=0))[tensor], feeding)[:1]
    if batch is None and not _takes_two(viewed, fed, raw):
        batch = 1
    outputs = _outputs(card, raw)
    problem = _problem(task, ending, outputs)
    scorer = Scorer(
        own,
        viewed,
        problem,
        _labels(card, problem, outputs),
        batch or max(1, min(_LARGEST_BATCH, _BATCH_BYTES // image.nbytes)),
        _notes(card, problem, ending, tensor),
        feeding,
    )
    expect_finite(scorer.columns(raw), card.name)
    return scorer


def _takes_two(viewed: Viewed, fed: NDArray[Any], alone: NDArray[Any]) -> bool:
    """Say whether two pictures at once get two answers: a Reshape to 1 x ... takes one, whatever the file declares."""
    try:
        both = viewed.run(np.repeat(fed, 2, axis=0))[viewed.outputs[0]]
    except ModelFileError:
        return False
    return both.shape == (2, *alone.shape[1:])


def _sort(graph: GraphProto) -> None:
    """Put the nodes into the order in which they run: some converters write casts at the end, which ONNX forbids."""
    made = {name for node in graph.node for name in node.output}
    waiting, ready = list(graph.node), []
    while waiting:
        left = []
        for node in waiting:
            if made.isdisjoint(node.input):
                ready.append(node)
                made.difference_update(node.output)
            else:
                left.append(node)
        if len(left) == len(waiting):
            return  # a circle: ONNX Runtime says more
        waiting = left
    del graph.node[:]
    graph.node.extend(ready)


def logits_tensor(graph: GraphProto) -> tuple[str, str]:
    """Return the tensor that holds the logits, and what the file makes of it: softmax, sigmoid or nothing."""
    output = name = graph.output[0].name
    makers = producers(graph)
    while name in makers:
        node = makers[name]
        operator = of_node(node)
        if operator.probabilities:
            return node.input[0], operator.probabilities
        if not operator.passes_on:
            break
        name = node.input[0]
    return output, ""


def _outputs(card: ModelCard, raw: NDArray[Any]) -> int:
    if raw.ndim < 2 or raw.size != raw.shape[1] or not np.issubdtype(raw.dtype, np.number):
        raise InputError(
            f"{card.name} gives no single answer for a picture: expected N x classes, received "
            f"{' x '.join(map(str, raw.shape)) or 'one number for all'} for one picture; relevance explains "
            "classifiers and regressions."
        )
    return int(raw.shape[1])


def _problem(task: str, ending: str, outputs: int) -> Problem:
    if "regression" in task or (outputs == 1 and not ending and task != "binary"):
        return "regression"
    if outputs == 1:
        return "binary"
    return "multilabel" if task == "multilabel" or (ending == "sigmoid" and task != "multiclass") else "multiclass"


def _labels(card: ModelCard, problem: Problem, outputs: int) -> tuple[str, ...]:
    count = 2 if problem == "binary" else outputs
    known = card.facts.labels if card.facts else ()
    if len(known) == count:
        return known
    if problem == "regression":
        return ("the number",) if count == 1 else tuple(f"number {i}" for i in range(count))
    return tuple(f"class {i}" for i in range(count))


def _notes(card: ModelCard, problem: Problem, ending: str, tensor: str) -> tuple[str, ...]:
    notes = []
    if ending:
        notes.append(f"the file gives probabilities; {tensor}, before its {ending}, is explained")
    elif card.facts and card.facts.output == "probabilities" and problem != "regression":
        notes.append(
            "the file gives probabilities without a softmax or sigmoid at its end, so the probabilities are explained"
        )
    if card.facts is None and problem == "regression":
        notes.append("the file has one output and names no task, so it is treated as a number")
    return tuple(notes)
