"""What is asked of one comparison, checked where it is made.

CompareSettings(providers=parse_providers("cpu,cuda"), batch_sizes=(1, 8))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dlbench.bench.providers.registry import Provider, provider
from dlbench.errors import InputError, close_matches
from dlbench.system import usable_cores

__all__ = ["DEFAULT_BATCH_SIZES", "SCENARIOS", "CompareSettings"]

DEFAULT_BATCH_SIZES = (1, 8, 32)
SCENARIOS = ("single-stream", "offline", "server")  # of MLPerf Inference
_MAX_BATCH = 65536


@dataclass(frozen=True)
class CompareSettings:
    """What is asked of one comparison.

    Raises:
        InputError: a batch size, thread count, goal, budget, stream count or rate that makes no sense.
    """

    providers: tuple[Provider, ...] = (provider("cpu"),)
    batch_sizes: tuple[int, ...] | None = None  # None: 1, 8, 32, or the model's own where it is fixed
    threads: int = field(default_factory=usable_cores)
    thread_counts: tuple[int, ...] = ()  # a sweep; empty: `threads` alone
    streams: tuple[int, ...] = (1,)  # sessions at once; each has its own threads
    scenarios: tuple[str, ...] = ("single-stream",)  # MLPerf Inference's names
    rates_per_s: tuple[float, ...] = ()  # server: runs offered a second; empty: shares of what offline reaches
    provider_options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cuda_graph: bool = False
    shapes: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    seed: int = 0
    min_rounds: int = 5
    precision_goal: float = 0.01
    budget_s: float = 35.0
    round_timeout_s: float = 600.0
    profile: bool = False  # a further run of each cell under the profiler
    energy: bool = False  # a further run of 10 s beside an energy counter

    def __post_init__(self) -> None:
        for batch in self.batch_sizes or ():
            _within("--batch-sizes", batch, 1, _MAX_BATCH, "a batch size")
        for threads in (self.threads, *self.thread_counts):
            _within("--threads", threads, 1, 1024, "a number of threads")
        for streams in self.streams:
            _within("--streams", streams, 1, 256, "a number of streams")
        for rate in self.rates_per_s:
            _within("--rates", rate, 0.01, 1e6, "runs a second")
        _within("--rounds", self.min_rounds, 2, 1000, "a number of rounds")
        _within("--precision-goal", self.precision_goal, 1e-4, 1.0, "a share such as 0.01")
        _within("--budget", self.budget_s, 0, 7 * 24 * 3600, "seconds")
        _within("--round-timeout", self.round_timeout_s, 1, 24 * 3600, "seconds")
        for scenario in self.scenarios:
            if scenario not in SCENARIOS:
                raise InputError(
                    f"--scenario: expected one of {', '.join(SCENARIOS)}, received {scenario!r}."
                    f"{close_matches(scenario, SCENARIOS)}"
                )
        if self.rates_per_s and "server" not in self.scenarios:
            raise InputError("--rates: expected together with --scenario server, received without; add it.")
        if self.cuda_graph and not any(p.name == "cuda" for p in self.providers):
            raise InputError("--cuda-graph: expected together with --providers cuda, received without; add it.")

    @property
    def all_threads(self) -> tuple[int, ...]:
        """Return every thread count that is asked for."""
        return self.thread_counts or (self.threads,)


def _within(option: str, value: float, low: float, high: float, what: str) -> None:
    if not low <= value <= high:
        raise InputError(f"{option}: expected {what} from {low:g} to {high:g}, received {value:g}.")
