"""Do the estimates for absent hardware hold? Held against published runs and against this machine.

    python benchmarks/estimates.py dlbench-out/results/compare-....json

Three checks: trainings of ResNet-50 (DAWNBench, MLPerf) on chips of the price list; DAWNBench inference; and the cells
of a result of this machine, estimated from its data sheet alone. Printed: the share inside the range, and the ranges'
widths: a range that holds everything says nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median

import psutil
from common import keep, print_place, print_table

from dlbench.bench.cost.catalogue import Device, load_catalogue
from dlbench.bench.cost.estimates import Span, estimate, inference_work, resnet50_training
from dlbench.bench.cost.published import published_runs
from dlbench.bench.report.tables.estimate_tables import network_estimates
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
# DAWNBench ImageNet inference, batch 1: system, row, MACs, parameters, nodes, seconds. Entries on chips without a row
# (P4, K80, P100, Xeon 8124M) can't be estimated.
INFERENCE = (
    ("HaifanData, GTX 1080 Ti, ResNet-50", "gtx-1080-ti", 4_100_000_000, 25_600_000, 122, 1.8571e-3),
    ("Didi, T4, ResNet-50", "t4", 4_100_000_000, 25_600_000, 122, 0.9695e-3),
    ("Alibaba, T4, ResNet-26d", "t4", 2_600_000_000, 16_000_000, 66, 0.637316e-3),
)


def trainings() -> list[tuple[str, Span, float]]:
    catalogue = load_catalogue()
    rows = []
    for run in published_runs():
        chip = CHIPS.get(run.accelerator)
        if chip is None or run.time_s is None:
            continue
        least, most = resnet50_training(run.n_accel)
        span = estimate(least, catalogue.device(chip), ("fp32", "fp16"), run.n_accel, most)
        rows.append(
            (f"{run.date[:7]} {run.benchmark.split(' ')[0]}, {run.n_accel} {run.accelerator}", span, run.time_s)
        )
    return rows


def inferences() -> list[tuple[str, Span, float]]:
    catalogue = load_catalogue()
    rows = []
    for name, chip, macs, parameters, nodes, seconds in INFERENCE:
        work = inference_work(macs, parameters, 150_528, nodes)  # one byte a weight: the fastest format's
        rows.append((name, estimate(work, catalogue.device(chip)), seconds))
    return rows


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
    parser.add_argument("result", type=Path, help="a result of this machine")
    parser.add_argument("--flop-per-cycle", type=int, default=32, help="fp32, of one core (AVX2 and Zen 4: 32)")
    parser.add_argument("--bandwidth-gbs", type=float, required=True, help="of the memory that these cores may use")
    parser.add_argument(
        "--clock-ghz", type=float, default=psutil.cpu_freq().max / 1e3 or psutil.cpu_freq().current / 1e3
    )
    args = parser.parse_args()
    parts = {
        "ResNet-50 trainings as published": trainings(),
        "DAWNBench inference, batch 1": inferences(),
        "This machine, from its data sheet": this_machine(
            args.result, args.flop_per_cycle, args.bandwidth_gbs, args.clock_ghz
        ),
    }
    for title, rows in parts.items():
        show(title, rows)
    keep("estimates", {t: [[n, s.fast_s, s.slow_s, m] for n, s, m in rows] for t, rows in parts.items()})
    print_place()


if __name__ == "__main__":
    main()
