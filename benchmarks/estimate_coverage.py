"""How many published rows lie in the ranges, with their chip left out of everything; and how wide the ranges must be.

Four states of knowledge: nothing, the network's shipped factor, one measured network on the target (of those that
dlbench proposes to time there, the one that narrows the range most; no measured time decides which that is), both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from estimate_fit import RUNTIME_SD, Fitted, Row, fit, measured
from estimate_spreads import Tried, likeliest_spreads

from dlbench.bench.cost.latency.latency_range import effects_of
from dlbench.bench.cost.latency.latency_terms import formula
from dlbench.bench.cost.latency.network_table import canonical_name, network_factor
from dlbench.bench.cost.latency.random_effects import Effects, told_by
from dlbench.bench.cost.latency.share_table import STATES, ClassSpread
from dlbench.bench.cost.latency.work_columns import columns_of
from dlbench.bench.cost.latency.worth_timing import USUAL_NETWORKS

FAMILIES = ("processor", "gpu", "gpu-batch")
# Of the rows of chips that the fit has seen, so that nine of ten of unseen chips are inside: few chips say little about
# how far the next one lies. All were chosen with the coverage in sight; no width was.
INSIDE, INSIDE_OF_FEW, FEW_CHIPS = 0.92, 0.95, 8
INSIDE_IN_ALL = 0.915  # the same, where every row weighs the same: chips with many rows count by them
CHIPS_INSIDE = 0.9  # of the chips, with three rows of four
SHARE_OF_MOST = 0.8  # of the rows: a tiny network may wait for launches nearly all its time, few published ones do
FEWEST_OF_A_CHIP = 4  # rows, to weigh as much as every other chip


def left_out(family: str, rows: Sequence[Row], start: Fitted) -> list[Tried]:
    """Return every row as the other chips predict it."""
    tried = []
    for chip in sorted({r.chip for r in rows}):
        fitted = fit(family, [r for r in rows if r.chip != chip], start)
        held = [r for r in rows if r.chip == chip]
        columns = columns_of([r.setting for r in held])
        _, terms = formula(fitted.shares, columns, held[0].setting.offer.on_gpu)
        for row, off, of_time in zip(held, measured(held) - fitted.expected(held), terms, strict=True):
            runtime = fitted.runtimes.get(row.setting.runtime_key)
            p = row.published
            factor = network_factor(family, p.runtime, p.number_format, row.setting.work, fitted.networks)
            tried.append(Tried(row, float(off), runtime.sd if runtime else RUNTIME_SD, factor, tuple(of_time)))
    return tried


def spread_of(tried: Sequence[Tried]) -> ClassSpread:
    """Return the spreads of a class, and how far its ranges must reach in each state of knowledge."""
    found = likeliest_spreads(tried)
    shares = np.quantile([t.terms for t in tried], SHARE_OF_MOST, axis=0)
    most = tuple(round(float(v), 3) for v in shares)
    alike = found.common, found.rest_common, found.distance
    spread = ClassSpread(found.device, found.network, found.rest, found.terms, most, *alike, {})
    reach = {state: _reach(tried, spread, state) for state in STATES}
    nothing, factor = (
        np.array([sd for t, _, sd in predicted(tried, spread, state) if t.factor]) for state in ("nothing", "factor")
    )
    if len(factor):  # who knows more gets no wider range: the two reach for other rows
        reach["factor"] = round(min(reach["factor"], reach["nothing"] * float(np.median(nothing / factor))), 3)
    return replace(spread, reach=reach)


def _reach(tried: Sequence[Tried], spread: ClassSpread, state: str) -> float:
    """Return how many standard deviations hold enough rows, and three rows of four on enough chips.

    Enough rows both where chips weigh about the same and where rows do.
    """
    by_chip = defaultdict(list)
    for t, miss, sd in predicted(tried, spread, state):
        by_chip[t.row.chip].append(abs(miss) / sd)
    if len(by_chip) < 3:
        return 1.645
    flat = np.concatenate([np.array(v) for v in by_chip.values()])
    weight = np.concatenate([np.full(len(v), min(1 / len(v), 1 / FEWEST_OF_A_CHIP)) for v in by_chip.values()])
    order = np.argsort(flat)
    level = INSIDE if len(by_chip) >= FEW_CHIPS else INSIDE_OF_FEW
    of_rows = np.interp(level, np.cumsum(weight[order]) / weight.sum(), flat[order])
    of_chips = np.quantile([np.quantile(v, 0.75) for v in by_chip.values()], CHIPS_INSIDE)
    return round(float(max(of_rows, np.quantile(flat, INSIDE_IN_ALL), of_chips)), 3)


def predicted(tried: Sequence[Tried], spread: ClassSpread, state: str) -> Iterable[tuple[Tried, float, float]]:
    """Yield each row with its distance from the prediction and the prediction's standard deviation, in log."""
    with_factor, with_known = state in ("factor", "both"), state in ("measured", "both")
    anchors = _anchors(tried) if with_known else {}
    for t in tried:
        if with_factor and not t.factor:
            continue
        off = t.off - (t.factor_log if with_factor else 0.0)
        effects = _effects(t, spread, with_factor)
        if not with_known:
            yield t, off, float(np.sqrt(effects.variance))
            continue
        others = (a for a in anchors.get(t.row.run, ()) if a is not t)
        # a network that everybody measures has its factor
        told = [told_by(effects, [(_effects(a, spread, True), a.off - a.factor_log)]) for a in others]
        if told:
            mean, variance = min(told, key=lambda pair: pair[1])
            yield t, off - mean, float(np.sqrt(variance))


def _anchors(tried: Sequence[Tried]) -> dict[tuple[object, ...], list[Tried]]:
    """Return by run its first time of each usual network."""
    by_run = defaultdict(dict)
    for t in tried:
        by_run[t.row.run].setdefault(canonical_name(t.row.published.network), t)
    return {
        run: [some[name] for name in USUAL_NETWORKS if name in some] for run, some in by_run.items() if len(some) >= 3
    }


def _effects(t: Tried, spread: ClassSpread, with_factor: bool) -> Effects:
    return effects_of(t.row.setting, spread, t.runtime_sd, t.factor if with_factor else None, t.terms)


@dataclass(frozen=True)
class Coverage:
    """What the ranges of a class hold in one state of knowledge."""

    device_class: str
    state: str
    chips: int
    rows: int
    width: float  # slow end over fast end: the median of the chips' medians
    width_of_most: float  # the same, that nine rows of ten of the middle chip do not exceed
    inside: float  # share of the rows
    inside_alike: float  # the same, where each chip weighs the same
    chips_inside: float  # share of the chips with three rows of four inside
    misses: tuple[str, ...]  # the chips with fewer


def spreads_without(tried: Sequence[Tried]) -> dict[str, ClassSpread]:
    """Return the spreads of a class as they are without each of its chips."""
    return {chip: spread_of([t for t in tried if t.row.chip != chip]) for chip in sorted({t.row.chip for t in tried})}


def coverage(some: Sequence[Tried], spreads: dict[str, ClassSpread], state: str) -> Coverage | None:
    """Return what the ranges of a class hold whose spreads and reach were set without the chip."""
    inside, widths = defaultdict(list), defaultdict(list)
    for chip, spread in spreads.items():
        reach = spread.reach[state]
        for _, miss, sd in predicted([t for t in some if t.row.chip == chip], spread, state):
            inside[chip].append(abs(miss) <= reach * sd)
            widths[chip].append(np.exp(2 * reach * sd))
    if not inside:
        return None
    shares = {chip: float(np.mean(v)) for chip, v in inside.items()}
    misses = tuple(f"{chip} {share:.0%}" for chip, share in sorted(shares.items(), key=lambda i: i[1]) if share < 0.75)
    hits = [hit for v in inside.values() for hit in v]
    return Coverage(
        some[0].device_class, state, len(shares), len(hits),
        float(np.median([np.median(v) for v in widths.values()])),
        float(np.median([np.quantile(v, 0.9) for v in widths.values()])),
        float(np.mean(hits)), float(np.mean(list(shares.values()))),
        float(np.mean([s >= 0.75 for s in shares.values()])), misses,
    )  # fmt: skip


def by_family(tried: Sequence[Tried], device_class: str) -> list[list[object]]:
    """Return the coverage by family of networks where nothing is known: class, family, rows, share inside, off by."""
    some = [t for t in tried if t.device_class == device_class]
    spread = spread_of(some)
    families = defaultdict(list)
    for t, miss, sd in predicted(some, spread, "nothing"):
        families[_family_of(t)].append((abs(miss) <= spread.reach["nothing"] * sd, miss))
    return [
        [
            device_class,
            name,
            len(hits),
            f"{np.mean([h for h, _ in hits]):.0%}",
            f"{np.exp(np.median([m for _, m in hits])):.2f}",
        ]
        for name, hits in sorted(families.items())
    ]


def _family_of(t: Tried) -> str:
    work = t.row.setting.work
    if work.attention:
        return "attention"
    return "depthwise" if (work.depthwise_macs or 0) > 0.02 * work.macs else "dense convolutions"


def document_of(fitted: dict[str, Fitted], tried: dict[str, list[Tried]], date: str) -> dict[str, object]:
    """Return the table that ships with dlbench."""
    every = [t for some in tried.values() for t in some]
    classes = sorted({t.device_class for t in every})
    return {
        "fitted": date,
        "rows": len(every),
        "families": {
            name: {"shares": f.shares, "runtimes": {n: asdict(r) for n, r in f.runtimes.items()}}
            for name, f in fitted.items()
        },
        "spreads": {c: asdict(spread_of([t for t in every if t.device_class == c])) for c in classes},
    }


def factor_rows(fitted: dict[str, Fitted]) -> list[list[object]]:
    """Return the factors of networks as rows: family, runtime, arithmetic, network, size, log, chips, unrest."""
    return [
        [name, runtime, arithmetic, network, size, factor.log, factor.chips, factor.unrest]
        for name, f in fitted.items()
        for (network, size), kinds in sorted(f.networks.items())
        for (runtime, arithmetic), factor in sorted(kinds.items())
    ]
