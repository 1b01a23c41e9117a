"""How fast one machine is compared with another, from two result files.

ratio, sentence = speed_ratio(read_result(own), read_result(rented))
"""

from __future__ import annotations

from statistics import median

from dlbench.bench.results.schema import Cell, Result
from dlbench.errors import PriceError


def speed_ratio(own: Result, rented: Result) -> tuple[float, str]:
    """Return T_own / T_rented over the cells that both have, each with its fastest provider, and a sentence about it.

    Raises:
        PriceError: no network and batch size that both have measured.
    """
    a, b = _fastest(own), _fastest(rented)
    shared = [key for key in a if key in b]
    if not shared:
        raise PriceError("expected results that share a network and a batch size, received none in common.")
    ratios = {key: a[key] / b[key] for key in shared}
    middle = median(ratios.values())
    lowest, highest = min(ratios.values()), max(ratios.values())
    sentence = (
        f"speed of own to rented: {middle:.3g}, the median of {len(shared)} cells measured on both machines "
        f"({lowest:.3g} to {highest:.3g})."
    )
    return middle, sentence


def _fastest(result: Result) -> dict[tuple[str, int], float]:
    """Return the highest throughput of each network and batch size, inferences a second."""
    best: dict[tuple[str, int], float] = {}
    for cell in (c for c in result.cells if _counts(c)):
        key = (cell.model, cell.batch)
        best[key] = max(best.get(key, 0.0), cell.throughput_per_s or 0.0)
    return best


def _counts(cell: Cell) -> bool:
    return cell.timed_alone and bool(cell.throughput_per_s)
