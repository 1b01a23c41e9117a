"""The one table of operators: what each does, what it sees, where its weights are and how its work is counted.

    of_node(node).kind                  # conv, dense, activation, pool, norm, arithmetic, recurrent, ...
    of_node(node).is_pointwise          # Relu and Mish: yes; Conv: no
    named("QLinearConv").weights        # (3, 8): the places of its weights and bias among its inputs

To teach dlbench an operator, add a row to operators.toml, beside this file. Operators are those of the ONNX standard
(onnx.ai/onnx/operators) and the ones that ONNX Runtime adds (its docs/ContribOperators.md). One that has no row is
unknown: its work can't be counted.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from onnx import NodeProto

Reach = Literal["place", "channels", "window", "map", "whole", "unknown"]
Work = Literal["none", "convolution", "transposed convolution", "product", "unknown"]
Linear = Literal["", "first", "either", "all"]

MICROSOFT = "com.microsoft"
_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", MICROSOFT, "com.microsoft.nchwc", "com.ms.internal.nhwc"})
_PASS_ON = frozenset({"identity", "reshape", "reorder", "convert"})
_ONLY_MOVE = _PASS_ON | {"select", "constant", "shape"}


@dataclass(frozen=True)
class Operator:
    """One row of the table."""

    name: str
    kind: str  # conv, dense, activation, pool, norm, arithmetic, elementwise, reshape, ...; empty: unknown
    domain: str = ""  # where it is defined; empty: the ONNX standard
    # what one value depends on: the same place of its own map or of all maps, a window, its whole map, everything
    reach: Reach = "unknown"
    weights: tuple[int, ...] = ()  # places of inputs that hold what training learned, the main one first
    settings: tuple[int, ...] = ()  # places of inputs that set it up and are not learned
    integer_bias: int | None = None  # place of an input whose 32-bit integers are a bias, not indices
    scale: tuple[int, int] | None = None  # places of the output's scale and zero point
    keeps_scale: bool = False  # gives some of the values that it takes, so quantised values keep their meaning
    gives_sums: bool = False  # gives 32-bit sums whose scale is found at every run
    work: Work = "none"  # how its multiply-accumulates are counted
    linear: Linear = ""  # in its first input, in either of two, in all
    probabilities: str = ""  # softmax or sigmoid, where it makes probabilities of logits
    words: str = ""  # what it does, in a sentence; {window} stands for the size of its window
    brief: str = ""  # the same in at most some 30 characters

    @property
    def is_pointwise(self) -> bool:
        """Say whether each value depends on the same place of the inputs alone."""
        return self.reach in ("place", "channels")

    @property
    def keeps_maps(self) -> bool:
        """Say whether each map that it gives comes from the same map of its input."""
        return self.reach in ("place", "map") or (self.kind == "pool" and self.reach == "window")

    @property
    def sees_everything(self) -> bool:
        """Say whether each value depends on whole maps."""
        return self.reach in ("map", "whole")

    @property
    def passes_on(self) -> bool:
        """Say whether it gives the values that it takes, renamed, reshaped, reordered or converted."""
        return self.kind in _PASS_ON

    @property
    def only_moves(self) -> bool:
        """Say whether it moves, selects, renames or converts values and computes nothing of the network."""
        return self.kind in _ONLY_MOVE

    @property
    def is_weighted(self) -> bool:
        """Say whether it multiplies with weights: a convolution, a dense or a recurrent layer."""
        return self.kind in ("conv", "dense", "recurrent")

    @property
    def is_average(self) -> bool:
        """Say whether it takes means: a linear pooling or reduction."""
        return self.kind in ("pool", "reduce") and bool(self.linear)


def named(name: str) -> Operator:
    """Return the operator of that name; one of no kind and of unknown work where the table has none."""
    return OPERATORS.get(name) or Operator(name, "", work="unknown")


def of_node(node: NodeProto) -> Operator:
    """Return a node's operator; unknown where its domain is neither the standard's nor ONNX Runtime's."""
    return named(node.op_type) if node.domain in _DOMAINS else Operator(node.op_type, "", work="unknown")


def _rows() -> Iterator[Operator]:
    table = tomllib.loads((resources.files("dlbench.model") / "operators.toml").read_text(encoding="utf-8"))
    for domain, rows in table.items():
        for names, row in rows.items():
            facts: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
            }
            for name in names.split():
                yield Operator(name, domain=domain, **facts)


OPERATORS: Mapping[str, Operator] = {row.name: row for row in _rows()}
