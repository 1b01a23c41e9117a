"""How far two published runs of the same network on the same chip differ: no range for that chip can be narrower.

The same runtime, number format, threads and batch; another board, version, power mode or day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from estimate_fit import Row

from dlbench.bench.cost.latency.network_table import float_or_int

ANCHORS = ("mobilenet_v2", "mobilenet_v2_1.0", "resnet50")  # the known time, whatever the other network is
FEWEST_IN_COMMON = 5  # networks of two runs, to say how alike their chips are


def floor_rows(rows: Sequence[Row]) -> list[list[object]]:
    """Return by class: chips, pairs, and the width that holds nine pairs of ten, alone and after one known time."""
    runs: dict[tuple[object, ...], dict[object, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        p = row.published
        setting = (row.setting.device_class, row.chip, p.runtime, p.number_format, p.threads, p.batch)
        runs[setting][row.run][f"{p.network} {p.image_size}"] = float(np.log(p.latency_s))
    pairs: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for (name, chip, *_), tables in runs.items():
        pairs[str(name)][str(chip)] += list(_pairs(list(tables.values())))
    found = []
    for name, of_chips in sorted(pairs.items()):
        by_chip = {chip: np.array(some) for chip, some in of_chips.items() if some}
        if by_chip:
            alone, known = (_width([v[:, i] for v in by_chip.values()]) for i in (0, 1))
            count = sum(map(len, by_chip.values()))
            found.append([name, len(by_chip), count, f"{alone:.1f}", f"{known:.1f}"])
    return found


def _pairs(tables: Sequence[dict[str, float]]) -> Iterable[tuple[float, float]]:
    for i, one in enumerate(tables):
        for other in tables[:i]:
            both = one.keys() & other.keys()
            anchor = next((f"{a} 224" for a in ANCHORS if f"{a} 224" in both), None)
            if anchor is not None:
                of_anchor = one[anchor] - other[anchor]
                yield from (
                    (abs(one[n] - other[n]), abs(one[n] - other[n] - of_anchor)) for n in sorted(both - {anchor})
                )


def borrowed_rows(rows: Sequence[Row]) -> list[list[object]]:
    """Return how far other chips tell a network's time over that of a known one, without any formula.

    By class: chips, rows, and the width that holds nine rows of ten if the mean of the other chips under the same
    runtime tells it, and if the one chip does that fits best, which nobody knows before.
    """
    runs: dict[tuple[object, ...], dict[tuple[str, object], dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        p = row.published
        kind = (row.setting.device_class, p.runtime, float_or_int(p.number_format))
        runs[kind][row.chip, row.run][f"{p.network} {p.image_size}"] = float(np.log(p.latency_s))
    misses: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for (name, *_), tables in runs.items():
        over = {run: found for run, table in tables.items() if (found := _over_anchor(table))}
        for (chip, _), table in over.items():
            others = [other for (theirs, _), other in over.items() if theirs != chip]
            misses[str(name)][chip] += list(_borrowed(table, others))
    found = []
    for name, of_chips in sorted(misses.items()):
        by_chip = [np.array(some) for some in of_chips.values() if some]
        if by_chip:
            widths = [f"{_width([v[:, i] for v in by_chip]):.1f}" for i in (0, 1)]
            found.append([name, len(by_chip), sum(map(len, by_chip)), *widths])
    return found


def _over_anchor(table: dict[str, float]) -> dict[str, float]:
    anchor = next((f"{a} 224" for a in ANCHORS if f"{a} 224" in table), None)
    return {} if anchor is None else {name: log - table[anchor] for name, log in table.items() if name != anchor}


def _borrowed(table: dict[str, float], others: Sequence[dict[str, float]]) -> Iterable[tuple[float, float]]:
    """Yield for each network how far the others' mean is off, and how far that one of them is that fits best."""
    fits = {}
    for i, other in enumerate(others):
        both = table.keys() & other.keys()
        if len(both) >= FEWEST_IN_COMMON:
            fits[i] = float(np.quantile([abs(table[n] - other[n]) for n in both], 0.9))
    if not fits:
        return
    best = others[min(fits, key=lambda i: fits[i])]
    for name in sorted(table.keys() & best.keys()):
        mean = np.mean([other[name] for other in others if name in other])
        yield abs(table[name] - float(mean)), abs(table[name] - best[name])


def _width(by_chip: Sequence[np.ndarray]) -> float:
    """Return how wide a range around the one time holds nine of ten of the others; chips weigh alike."""
    flat = np.concatenate(by_chip)
    weight = np.concatenate([np.full(len(v), 1 / len(v)) for v in by_chip])
    order = np.argsort(flat)
    return float(np.exp(2 * np.interp(0.9, np.cumsum(weight[order]) / weight.sum(), flat[order])))
