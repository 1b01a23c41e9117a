"""Wait until other programs leave the cores that the next round needs.

patience = Patience(budget_s=2)
waited_s = patience.wait(cores=2, tell=print)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

_LOOK_S = 0.05
_LOOK_AGAIN_S = 0.1
_IN_THE_WAY = 0.25  # of a core: less is the system's own housekeeping,
_HOUSEKEEPING = 0.05  # or so much of each core that is needed
_SHARE = 0.15  # of the budget, for all waiting together
_ONCE_S = 5.0
_LASTS_S = 10.0  # who did not leave within one wait is not waited for again so soon


def cores_in_use(seconds: float) -> tuple[float, int]:
    """Return how many cores are at work now, of how many; those of this process's affinity, itself being idle."""
    import psutil

    used = psutil.cpu_percent(interval=seconds, percpu=True)
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(used))
    shares = [share / 100 for cpu, share in enumerate(used) if cpu in allowed]
    return float(sum(shares)), len(shares)


class Patience:
    """How long a measurement may still wait for gaps.

    Args:
        budget_s: of the whole measurement; 15 % of it may be spent on waiting.
        look: tells the cores in use over so many seconds, and of how many.
        clock: tells the time in seconds.
    """

    def __init__(
        self,
        budget_s: float,
        look: Callable[[float], tuple[float, int]] = cores_in_use,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._left_s, self._look, self._clock = _SHARE * budget_s, look, clock
        self._not_before: float | None = None

    def wait(self, cores: int, tell: Callable[[float, int], None]) -> float:
        """Wait until so many cores are free, the others stay, or patience ends; return the seconds.

        Args:
            cores: that the next round needs.
            tell: is called with the cores in use, and of how many, while it waits.
        """
        began = self._clock()
        if self._left_s <= 0 or (self._not_before is not None and began < self._not_before):
            return 0.0
        in_use, of = self._look(_LOOK_S)
        most_s = min(_ONCE_S, self._left_s)
        if not _in_the_way(in_use, of, cores):
            return 0.0
        while _in_the_way(in_use, of, cores):
            if self._clock() - began >= most_s:
                self._not_before = self._clock() + _LASTS_S
                break
            tell(in_use, of)
            in_use, of = self._look(_LOOK_AGAIN_S)
        waited_s = self._clock() - began
        self._left_s -= waited_s
        return waited_s


def _in_the_way(in_use: float, of: int, cores: int) -> bool:
    return in_use > max(0, of - cores) + max(_IN_THE_WAY, _HOUSEKEEPING * cores)
