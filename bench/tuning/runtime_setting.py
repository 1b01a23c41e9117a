"""What a user may set in ONNX Runtime for one network, as points of a search.

    for setting in settings_for("cpu", threads=2, precisions=("fp32", "int8")): setting.words

The first is what a session has when nothing is set. The others follow in the order in which they are worth a try.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from dlbench.show.texts import tr

TUNE_BUDGET_S = 90.0  # of measuring, all settings together

_LEVELS = ("all", "extended", "basic")  # without basic ones no network gains, and each trial costs time


@dataclass(frozen=True)
class RuntimeSetting:
    """One way of running a network; the defaults are ONNX Runtime's own."""

    precision: str = "fp32"
    batch: int = 1
    threads: int = 0  # 0: ONNX Runtime chooses
    level: str = "all"  # of graph optimisation: basic, extended, all (with the CPU's layout NCHWc)
    spinning: bool = True
    arena: bool = True
    saved: bool = False  # the optimised graph comes from a file
    nhwc: bool = False  # cuda: convolutions in NHWC
    cuda_graph: bool = False

    @property
    def changes(self) -> int:
        """How many things are set, beside the precision and the batch."""
        plain = RuntimeSetting(self.precision, self.batch)
        return sum(getattr(self, name) != getattr(plain, name) for name in self.__dataclass_fields__)

    @property
    def words(self) -> str:
        """The setting in words."""
        parts = [self.precision]
        if self.batch > 1:
            parts.append(tr("batch {n}", n=self.batch))
        if self.threads == 1:
            parts.append(tr("1 thread"))
        elif self.threads:
            parts.append(tr("{n} threads", n=self.threads))
        if self.level != "all":
            parts.append(tr("graph optimisation {level}", level=self.level))
        for is_set, words in (
            (not self.spinning, tr("no spinning")),
            (not self.arena, tr("no arena")),
            (self.saved, tr("saved optimised model")),
            (self.nhwc, tr("layout NHWC")),
            (self.cuda_graph, tr("CUDA graph")),
        ):
            if is_set:
                parts.append(words)
        return ", ".join(parts if len(parts) > 1 else [*parts, tr("nothing set")])

    def options(self, provider: str) -> dict[str, str]:
        """Return the provider options that make a session so."""
        if provider != "cpu":
            return {"prefer_nhwc": "1"} if self.nhwc else {}
        options = {"thread_affinities": "none"} if self.threads else {}  # as in the code to paste, nothing is pinned
        if self.level != "all" or self.saved:
            options["graph_optimization_level"] = "disable" if self.saved else self.level
        if not self.spinning:
            options["allow_spinning"] = "0"
        if not self.arena:
            options["enable_cpu_mem_arena"] = "0"
        return options


def settings_for(
    provider: str, threads: int, precisions: Sequence[str], batches: Sequence[int] = (1,), saved: Sequence[str] = ()
) -> tuple[RuntimeSetting, ...]:
    """Return all settings of a provider, those that change less first, each once.

    Args:
        provider: its short name; of others than cpu and cuda only precision and batch are varied.
        threads: cores that the process may use.
        precisions: of the files that are there; the first is the network's own.
        batches: inferences in a run.
        saved: precisions whose optimised graph was saved to a file.
    """
    found = []
    for precision, batch in product(precisions, batches):
        ways = {"cpu": _on_cpu(threads, precision in saved), "cuda": _on_cuda()}.get(provider, iter([{}]))
        found += [RuntimeSetting(precision, batch, **way) for way in ways]
    return tuple(dict.fromkeys(sorted(found, key=lambda s: s.changes)))


def _on_cpu(threads: int, saved: bool) -> Iterator[dict[str, Any]]:
    counts = dict.fromkeys((0, 1, max(1, threads // 2), threads)) if threads > 1 else (0,)
    for arena, level, spinning, count in product((True, False), _LEVELS, (True, False), counts):
        if spinning or (count != 1 and threads > 1):  # a lone thread has nobody to wait for
            yield {"threads": count, "level": level, "arena": arena, "spinning": spinning}
    if saved:
        yield {"saved": True}


def _on_cuda() -> Iterator[dict[str, Any]]:
    for nhwc, cuda_graph in product((False, True), (False, True)):
        yield {"nhwc": nhwc, "cuda_graph": cuda_graph}
