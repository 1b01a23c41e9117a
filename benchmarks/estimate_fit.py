"""The fit behind `benchmarks/estimates.py`: published rows -> shares, factors, spreads; one chip left out at a time.

The numbers of a left-out chip never enter what it is predicted with: neither the shares, the runtimes' and networks'
factors, nor the spreads that set how wide its range is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import least_squares

from dlbench.bench.cost.latency.chip_table import published_offer
from dlbench.bench.cost.latency.latency_terms import GPU_START, PROCESSOR_START, formula
from dlbench.bench.cost.latency.network_table import NetworkFactor, float_or_int, network_work
from dlbench.bench.cost.latency.published_inference import PublishedInference, published_inference
from dlbench.bench.cost.latency.share_table import RuntimeFactor, family_name
from dlbench.bench.cost.latency.work_columns import FORMATS, Setting, columns_of

NOISE = 0.4  # of one row, in log, against the ridge
RUNTIME_SD = 0.45
LEAST_OF_A_RUN = 4  # networks, to say how one of them stands beside the others
UNREST_WORTH = 8  # chips that the usual unrest of a network weighs against its own
MOST_ROWS = 300  # of a chip and runtime in the fit: the rest of timm's 1,400 networks is predicted, not fitted


@dataclass(frozen=True)
class Row:
    """A published row that can be predicted."""

    published: PublishedInference
    setting: Setting

    @property
    def chip(self) -> str:
        """Return what is left out as a whole."""
        return self.setting.offer.chip

    @property
    def run(self) -> tuple[object, ...]:
        """Return what was held when the networks of one table were measured: two rows of it differ in the network."""
        p = self.published
        note = p.runtime_note.replace(" (min: avg disturbed)", "")
        place = p.source if p.source.startswith("Tencent") else p.source.split("/")[0]
        return p.device, p.runs_on, p.threads, p.number_format, note, place, p.batch

    @property
    def network(self) -> tuple[str, int]:
        """Return its name and the pixels of a side."""
        return self.published.network, self.published.image_size


def rows_of_family(family: str) -> list[Row]:
    """Return the rows of a family: processor, gpu (below a batch of 8) or gpu-batch."""
    rows = (_row(published) for published in published_inference())
    return [row for row in rows if row and family_name(row.setting.device_class) == family]


def _row(p: PublishedInference) -> Row | None:
    work = network_work(p.network, p.image_size)
    offer = published_offer(p.device, p.runs_on == "gpu")
    if work is None or offer is None or not p.batch or p.number_format not in FORMATS or "Offline" in p.runtime_note:
        return None
    if p.runs_on not in ("cpu", "gpu"):
        return None
    if offer.cores and "powersave=1" in p.runtime_note:  # ncnn: the little cores alone
        offer = replace(offer, cores=offer.cores[-1:])
    if offer.cores and "powersave=2" in p.runtime_note:  # the big ones alone
        offer = replace(offer, cores=tuple(g for g in offer.cores if not g.in_order) or offer.cores)
    return Row(p, Setting(work, offer, p.batch, p.number_format, p.runtime, p.threads))


@dataclass
class Fitted:
    """One fit: shares, the runtimes' factors, the networks' factors by runtime."""

    family: str
    shares: dict[str, float]
    runtimes: dict[str, RuntimeFactor]
    networks: dict[tuple[str, int], dict[tuple[str, str], NetworkFactor]] = field(default_factory=dict)

    def expected(self, rows: Sequence[Row]) -> np.ndarray:
        """Return the logarithm of the expected seconds."""
        logs, _ = formula(self.shares, columns_of([r.setting for r in rows]), self.family != "processor")
        return logs + np.array([self._runtime(r.setting.runtime_key) for r in rows])

    def _runtime(self, name: str) -> float:
        return self.runtimes[name].log if name in self.runtimes else 0.0


def measured(rows: Sequence[Row]) -> np.ndarray:
    return np.log([r.published.latency_s for r in rows])


def fit(family: str, rows: Sequence[Row], start: Fitted | None = None) -> Fitted:
    """Return the factors that fit these rows best: each device weighs the same, outliers count little."""
    every, rows = rows, _thinned(rows)
    starts = PROCESSOR_START if family == "processor" else GPU_START
    names, runtimes = list(starts), sorted({r.setting.runtime_key for r in rows})
    columns, truth, weights = columns_of([r.setting for r in rows]), measured(rows), _weights(rows)
    kind = np.array([runtimes.index(r.setting.runtime_key) for r in rows])
    centre = np.array([starts[n][0] for n in names] + [0.0] * len(runtimes))
    give = np.array([starts[n][1] for n in names] + [RUNTIME_SD] * len(runtimes))

    def misses(p: np.ndarray) -> np.ndarray:
        shares = dict(zip(names, p, strict=False))
        off = truth - formula(shares, columns, family != "processor")[0] - p[len(names) :][kind]
        return np.concatenate([weights * off / NOISE, (p - centre) / give])

    first = centre
    if start is not None:
        old = [start.runtimes[n].log if n in start.runtimes else 0.0 for n in runtimes]
        first = np.array([start.shares[n] for n in names] + old)
    p = least_squares(misses, first, loss="soft_l1", max_nfev=80).x
    chips = {n: {r.chip for r in rows if r.setting.runtime_key == n} for n in runtimes}
    counts = {n: sum(r.setting.runtime_key == n for r in rows) for n in runtimes}
    factors = {
        n: RuntimeFactor(round(float(p[len(names) + i]), 3), _runtime_sd(len(chips[n])), len(chips[n]), counts[n])
        for i, n in enumerate(runtimes)
    }
    fitted = Fitted(family, {n: round(float(v), 3) for n, v in zip(names, p, strict=False)}, factors)
    fitted.networks = network_factors(fitted, every)
    return fitted


def _runtime_sd(chips: int, device_sd: float = 0.35) -> float:
    """Return how sure a runtime's factor is: each chip with rows of it tells as much as chips differ."""
    return round(float(1 / np.sqrt(1 / RUNTIME_SD**2 + chips / device_sd**2)), 3)


def _thinned(rows: Sequence[Row]) -> list[Row]:
    by_run = defaultdict(list)
    for row in rows:
        by_run[row.chip, row.published.runtime].append(row)
    return [row for some in by_run.values() for row in some[:: max(1, len(some) // MOST_ROWS)]]


def _weights(rows: Sequence[Row]) -> np.ndarray:
    """Return the weights: each device as much as every other one, about twice its own row's worth."""
    counts = defaultdict(int)
    for row in rows:
        counts[row.published.device] += 1
    weights = np.array([1 / np.sqrt(counts[r.published.device]) for r in rows])
    return 2 * weights * np.sqrt(len(counts)) / np.sqrt((weights**2).sum())


def network_factors(fitted: Fitted, rows: Sequence[Row]) -> dict[tuple[str, int], dict[tuple[str, str], NetworkFactor]]:
    """Return each network's factors: how its time stands to the formula, beside the others of its run."""
    off = measured(rows) - fitted.expected(rows)
    by_run = defaultdict(list)
    for i, row in enumerate(rows):
        by_run[row.run].append(i)
    found = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for some in by_run.values():
        if len(some) < LEAST_OF_A_RUN:
            continue
        middle = np.median(off[some])
        for i in some:
            p = rows[i].published
            found[rows[i].network][p.runtime, float_or_int(p.number_format)][rows[i].chip].append(off[i] - middle)
    of_chips = {
        (network, kind): np.array([np.mean(v) for v in chips.values()])
        for network, kinds in found.items()
        for kind, chips in kinds.items()
        if len(chips) > 1
    }
    usual = float(np.mean([np.std(v, ddof=1) ** 2 for v in of_chips.values()])) if of_chips else 1.0
    factors = defaultdict(dict)
    for (network, kind), logs in of_chips.items():
        factors[network][kind] = _factor(logs, usual)
    return dict(factors)


def _factor(logs: np.ndarray, usual: float) -> NetworkFactor:
    """Return a network's factor from its chips' logarithms, and its unrest: few chips leave both near the usual."""
    chips = len(logs)
    own = float(((logs - logs.mean()) ** 2).sum()) / usual
    unrest = np.sqrt((own + UNREST_WORTH) / (chips - 1 + UNREST_WORTH))
    return NetworkFactor(round(float(logs.mean()) * chips / (chips + 1), 3), chips, round(float(unrest), 3))
