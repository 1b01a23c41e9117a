"""The settings of one comparison, checked when they are made.

    CompareSettings(providers="cpu,cuda", batch_sizes=[1, 8])

A message names the Python argument in backquotes; the command line turns it into its own option.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from dlbench.bench.providers.options import check_provider_options
from dlbench.bench.providers.registry import Provider, parse_providers, provider
from dlbench.errors import InputError, close_matches
from dlbench.model.inputs.given_values import GivenValues
from dlbench.show.texts import says_errors
from dlbench.system import usable_cores

DEFAULT_BATCH_SIZES = (1, 8, 32)
SCENARIOS = ("single-stream", "offline", "server")  # of MLPerf Inference

# argument -> its type, least, most, what it is
_LIMITS: dict[str, tuple[type[int] | type[float], float, float, str]] = {
    "batch_sizes": (int, 1, 65536, "a batch size"),
    "threads": (int, 1, 1024, "a number of threads"),
    "thread_counts": (int, 1, 1024, "a number of threads"),
    "streams": (int, 1, 256, "a number of streams"),
    "rates_per_s": (float, 0.01, 1e6, "runs a second"),
    "seed": (int, 0, 2**32 - 1, "a seed"),
    "min_rounds": (int, 2, 1000, "a number of rounds"),
    "precision_goal": (float, 1e-4, 1.0, "a share such as 0.01"),
    "budget_s": (float, 0, 7 * 24 * 3600, "seconds"),
    "round_timeout_s": (float, 1, 24 * 3600, "seconds"),
}
_SEVERAL = ("batch_sizes", "thread_counts", "streams", "rates_per_s")


@dataclass(frozen=True)
class CompareSettings:
    """The settings of one comparison.

    Where a tuple is expected, one value or any sequence will do; providers may be names.

    Raises:
        InputError: a value that makes no sense; the line names the argument.
    """

    providers: tuple[Provider, ...] = (provider("cpu"),)
    batch_sizes: tuple[int, ...] | None = None  # None: the usual ones, or the model's own where it is fixed
    usual_batch_sizes: tuple[int, ...] = DEFAULT_BATCH_SIZES
    threads: int = field(default_factory=usable_cores)
    thread_counts: tuple[int, ...] = ()  # a sweep; empty: `threads` alone
    streams: tuple[int, ...] = (1,)  # sessions at once; each has its own threads
    scenarios: tuple[str, ...] = ("single-stream",)  # MLPerf Inference's names
    rates_per_s: tuple[float, ...] = ()  # server: runs offered a second; empty: shares of what offline reaches
    provider_options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cuda_graph: bool = False
    shapes: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    inputs: Mapping[str, GivenValues] = field(default_factory=dict)  # values, by input
    seed: int = 0
    min_rounds: int = 5
    precision_goal: float = 0.01  # half-width of the interval, a share of the median
    budget_s: float = 35.0
    round_timeout_s: float = 600.0
    profile: bool = False  # a further run of each cell under the profiler
    energy: bool = False  # a further run of 10 s beside an energy counter

    @says_errors
    def __post_init__(self) -> None:
        self._set("providers", parse_providers(self.providers))
        self._set("scenarios", _tuple(self.scenarios))
        for name, limits in _LIMITS.items():
            value = getattr(self, name)
            checked = tuple(_checked(name, item, *limits) for item in _tuple(value))
            if value is not None:
                self._set(name, checked if name in _SEVERAL else checked[0])
        for scenario in self.scenarios:
            if scenario not in SCENARIOS:
                raise InputError(
                    f"`scenarios`: expected one of {', '.join(SCENARIOS)}, received "
                    f"{scenario!r}.{close_matches(str(scenario), SCENARIOS)}"
                )
        if self.rates_per_s and "server" not in self.scenarios:
            raise InputError("`rates_per_s`: expected together with `scenarios` server, received without; add it.")
        if self.cuda_graph and not any(p.name == "cuda" for p in self.providers):
            raise InputError("`cuda_graph`: expected together with `providers` cuda, received without; add it.")
        check_provider_options(self.provider_options, self.providers)
        self._set("shapes", {name: tuple(shape) for name, shape in self.shapes.items()})

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # frozen for everybody else

    @property
    def all_threads(self) -> tuple[int, ...]:
        """Return every thread count that is asked for."""
        return self.thread_counts or (self.threads,)


def _tuple(value: Any) -> tuple[Any, ...]:
    """Return one or more values as a tuple without repeats; an empty tuple for None."""
    if value is None:
        return ()
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return tuple(dict.fromkeys(value if several else (value,)))


def _checked(name: str, value: Any, kind: type[int] | type[float], low: float, high: float, what: str) -> float:
    """Return the value as a plain number of its kind."""
    fits = isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
    if not (fits and low <= value <= high):
        received = f"{value:g}" if isinstance(value, float) else repr(value)
        raise InputError(f"`{name}`: expected {what} from {low:g} to {high:g}, received {received}.")
    return kind(value)
