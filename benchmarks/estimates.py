"""How narrow and how true are the estimates for hardware that is not here?

    export OPENBLAS_NUM_THREADS=1                           # small matrices: threads take three times as long
    python benchmarks/estimates.py                          # coverage, each chip left out of the fit
    python benchmarks/estimates.py --fit                    # the same, and writes the shares that dlbench ships
    python benchmarks/estimates.py RESULT --bandwidth-gbs 20   # also this machine, from its data sheet

Published rows of inference by class of device and state of knowledge; trainings of ResNet-50 (DAWNBench, MLPerf) on
chips of the price list. Printed: the share inside the range, and the ranges' widths: a range that holds everything
says nothing.
"""

from __future__ import annotations

import argparse
import gzip
import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from common import keep, print_place, print_table
from estimate_coverage import (
    FAMILIES,
    Coverage,
    by_family,
    coverage,
    document_of,
    factor_rows,
    left_out,
    predicted,
    spreads_without,
)
from estimate_fit import Fitted, fit, rows_of_family
from estimate_floor import borrowed_rows, floor_rows
from estimate_spreads import Tried

from dlbench.bench.cost.absent_hardware import network_estimates
from dlbench.bench.cost.catalogue import Device, load_catalogue
from dlbench.bench.cost.estimates import Span, resnet50_span
from dlbench.bench.cost.latency.share_table import STATES, ClassSpread
from dlbench.bench.cost.published import published_runs
from dlbench.bench.results.schema import read_result

# accelerator as the published rows spell it -> row of the price list
CHIPS = {
    "V100": "v100-sxm2-16gb",
    "V100 16GB": "v100-sxm2-16gb",
    "V100 32GB": "v100-sxm2-16gb",
    "A100 40GB": "a100-sxm-40gb",
    "TPU v2": "tpu-v2-chip",
    "TPU v3": "tpu-v3-chip",
    "TPU v4": "tpu-v4-chip",
    "GTX 1080 Ti": "gtx-1080-ti",
}
CATALOGUE = Path(__file__).resolve().parents[1] / "bench" / "cost"


def trainings() -> list[tuple[str, Span, float]]:
    catalogue = load_catalogue()
    rows = []
    for run in published_runs():
        chip = CHIPS.get(run.accelerator)
        if chip is None or run.time_s is None:
            continue
        device = catalogue.device(chip)
        fastest = "fp16" if (device.fp16_tflops or 0) > (device.fp32_tflops or 0) else "fp32"
        span = resnet50_span(device, fastest, run.n_accel)
        rows.append(
            (f"{run.date[:7]} {run.benchmark.split(' ')[0]}, {run.n_accel} {run.accelerator}", span, run.time_s)
        )
    return rows


def fitted_and_tried() -> tuple[dict[str, Fitted], dict[str, list[Tried]]]:
    """Return the fit of all rows of each family, and every row as a fit without its chip predicts it."""
    fitted, tried = {}, {}
    for family in FAMILIES:
        rows = rows_of_family(family)
        fitted[family] = fit(family, rows)
        tried[family] = left_out(family, rows, fitted[family])
    return fitted, tried


def write_shares(fitted: dict[str, Fitted], tried: dict[str, list[Tried]]) -> None:
    """Write what dlbench ships: the shares with their date, and the networks' factors."""
    document = document_of(fitted, tried, date.today().isoformat())
    (CATALOGUE / "latency" / "shares.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    lines = [",".join(map(str, row)) for row in factor_rows(fitted)]
    text = "\n".join(["family,runtime,arithmetic,network,image_size,log,chips,unrest", *lines]) + "\n"
    (CATALOGUE / "catalogue" / "network_factors.csv.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def show_coverage(tried: dict[str, list[Tried]]) -> tuple[list[Coverage], list[list[object]]]:
    """Print what the ranges hold by class and state of knowledge, then by family of networks; the misses by name."""
    found, missed = [], []
    for some in tried.values():
        for name in sorted({t.device_class for t in some}):
            of_class = [t for t in some if t.device_class == name]
            spreads = spreads_without(of_class)
            found += [c for state in STATES if (c := coverage(of_class, spreads, state))]
            missed += missed_chips(of_class, spreads)
    columns = (
        "devices",
        "known",
        "chips",
        "rows",
        "width",
        "width of 9 rows of 10",
        "rows inside",
        "each chip alike",
        "chips with 75 % inside",
        "misses",
    )
    cells = [
        [c.device_class, c.state, c.chips, c.rows, f"{c.width:.1f}", f"{c.width_of_most:.1f}",
         f"{c.inside:.0%}", f"{c.inside_alike:.0%}", f"{c.chips_inside:.0%}", ", ".join(c.misses) or "none"]
        for c in found
    ]  # fmt: skip
    print_table("Published rows inside the range, their chip left out", columns, cells)
    families = [
        row for some in tried.values() for c in sorted({t.device_class for t in some}) for row in by_family(some, c)
    ]
    print_table(
        "By family of networks, nothing known",
        ("devices", "family", "rows", "inside", "median of truth / middle"),
        families,
    )
    columns = ("devices", "chip", "rows", "truth / middle: least", "median", "most")
    print_table("Chips with fewer than three rows of four inside, nothing known", columns, missed)
    return found, missed


def missed_chips(tried: list[Tried], spreads: dict[str, ClassSpread]) -> list[list[object]]:
    """Return how far those chips of a class are off that have too few rows inside with nothing known."""
    found = []
    for chip, spread in spreads.items():
        ranges = list(predicted([t for t in tried if t.row.chip == chip], spread, "nothing"))
        if np.mean([abs(miss) <= spread.reach["nothing"] * sd for _, miss, sd in ranges]) < 0.75:
            off = np.exp([miss for _, miss, _ in ranges])
            found.append([tried[0].device_class, chip, len(off), *(f"{v:.2f}" for v in np.quantile(off, (0, 0.5, 1)))])
    return found


def this_machine(
    path: Path, flop_per_cycle: int, bandwidth_gbs: float, clock_ghz: float
) -> list[tuple[str, Span, float]]:
    result = read_result(path)
    cores = result.machine.usable_cores
    device = Device(
        "here",
        result.machine.cpu,
        "cpu",
        fp32_tflops=cores * clock_ghz * flop_per_cycle / 1e3,
        bandwidth_gbs=bandwidth_gbs,
    )
    print(f"this machine: {cores} cores x {clock_ghz:.2f} GHz x {flop_per_cycle} FLOP a cycle, {bandwidth_gbs:g} GB/s")
    rows = network_estimates(result, [device], load_catalogue())
    return [(f"{r.work}, batch {r.batch}", r.span, r.measured_s or 0.0) for r in rows]


def show(title: str, rows: list[tuple[str, Span, float]]) -> None:
    cells = [
        [n, text(s.fast_s), text(s.slow_s), text(t), "yes" if s.fast_s <= t <= s.slow_s else "NO"] for n, s, t in rows
    ]
    print_table(title, ("what", "fast end", "slow end", "published or measured", "inside"), cells)
    inside = sum(s.fast_s <= t <= s.slow_s for _, s, t in rows)
    width = median(s.slow_s / s.fast_s for _, s, _ in rows)
    print(f"inside: {inside} of {len(rows)} ({inside / len(rows):.0%}); slow end over fast end, median: {width:.1f}\n")


def text(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1e3:.4g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:,.1f} min"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path, nargs="?", help="a result of this machine")
    parser.add_argument("--fit", action="store_true", help="write the fitted shares into the package")
    parser.add_argument("--flop-per-cycle", type=int, default=32, help="fp32, of one core (AVX2 and Zen 4: 32)")
    parser.add_argument("--bandwidth-gbs", type=float, default=20.0, help="of the memory that these cores may use")
    frequency = psutil.cpu_freq()
    clock = (frequency.max or frequency.current) / 1e3 if frequency else 3.0
    parser.add_argument("--clock-ghz", type=float, default=clock)
    args = parser.parse_args()
    fitted, tried = fitted_and_tried()
    if args.fit:
        write_shares(fitted, tried)
    found, missed = show_coverage(tried)
    every = [t.row for some in tried.values() for t in some]
    floor, borrowed = floor_rows(every), borrowed_rows(every)
    columns = ("devices", "chips", "pairs", "width", "width after one known time")
    print_table("Published twice: the same network, runtime and options on the same chip", columns, floor)
    columns = ("devices", "chips", "rows", "by the mean of other chips", "by the chip that fits best")
    print_table("One time known, the others told by other chips, without a formula: widths", columns, borrowed)
    kept: dict[str, object] = {
        "coverage": [asdict(c) for c in found], "missed": missed, "floor": floor, "borrowed": borrowed
    }  # fmt: skip
    parts = {"ResNet-50 trainings as published": trainings()}
    if args.result:
        sheet = (args.flop_per_cycle, args.bandwidth_gbs, args.clock_ghz)
        parts["This machine, from its data sheet"] = this_machine(args.result, *sheet)
    for title, rows in parts.items():
        show(title, rows)
        kept[title] = [[n, s.fast_s, s.slow_s, m] for n, s, m in rows]
    keep("estimates", kept)
    print_place()


if __name__ == "__main__":
    main()
