"""Results of a whole class, made up but whole: real statistics and prices of rounds that were never measured.

    entries = merge([(path, read_result(path)) for path in hand_in(folder)])

Five kinds of processor; one machine has an NVIDIA GPU, and the others say why cuda could not run. Some are disturbed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.bench.cost.pricing import PriceSettings, Pricing
from dlbench.bench.results.records import (
    FedInput,
    Gpu,
    Machine,
    ModelRecord,
    Round,
    Settings,
    Software,
)
from dlbench.bench.results.schema import Cell, Result, TrainingCost, write_result
from dlbench.bench.results.sketch import Sketch
from dlbench.bench.results.statistics import summarise
from dlbench.model.facts import Accuracy, TrainingFacts

# as `dlbench compare` says it
NO_DRIVER = (
    "no NVIDIA driver (no NVIDIA GPU was found): with an NVIDIA GPU, install its driver until nvidia-smi works; "
    "without one, use the provider cpu."
)
NO_WHEEL = "macOS has no CUDA: use the providers cpu and coreml."
MACHINES = 30
_ROUNDS, _BATCHES, _GPU_AT = 8, (1, 8, 32), 11

# name, architecture, cores, memory in GiB, system, how many times as slow as the first, and how many machines
_KINDS = (
    ("Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "x86_64", 8, 16, "Windows 11", 1.0, 9),
    ("AMD Ryzen 7 5700U with Radeon Graphics", "x86_64", 16, 16, "Linux 6.8", 0.9, 7),
    ("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", "x86_64", 8, 8, "Windows 10", 1.7, 7),
    ("Apple M1", "arm64", 8, 8, "Darwin 24.1", 0.55, 4),
    ("Intel(R) N100", "x86_64", 4, 8, "Linux 6.1", 2.6, 3),
)
# name, architecture, seconds of one run at batch 1 and of each further input, MACs, parameters, right of 1,000
_NETWORKS = (
    ("cnn", "conv 16, 32, 64 - dense 128 - 10", 80e-6, 55e-6, 2_194_944, 98_810, 983, "mnist-sample"),
    ("dense", "784-512-10", 11e-6, 3e-6, 406_528, 407_050, 946, "mnist-sample"),
    ("transfer", "mobilenet_v2 - 2", 7.4e-3, 5.2e-3, 299_496_832, 2_226_434, 962, "photos"),
)


def hand_in(folder: Path, machines: int = MACHINES) -> list[Path]:
    """Write a class's result files, and return their paths."""
    return [write_result(result, folder / f"student-{i + 1:02}.json") for i, result in enumerate(classroom(machines))]


@cache
def classroom(machines: int = MACHINES) -> tuple[Result, ...]:
    """Return the results of the first machines of the class."""
    kinds = [kind for kind in _KINDS for _ in range(kind[-1])]
    order = np.random.default_rng(1).permutation(len(kinds))[:machines]
    return tuple(_result(number, kinds[at]) for number, at in enumerate(order))


def _result(number: int, kind: tuple[str, str, int, int, str, float, int]) -> Result:
    rng = np.random.default_rng(number)
    machine = _machine(number, kind)
    pricing = Pricing.build(load_catalogue(), PriceSettings(), machine, machine.gpu is not None)
    slower = kind[5] * float(np.exp(rng.normal(0, 0.06)))
    disturbed = 0.05 if number % 7 else 0.8
    models = tuple(_model(network) for network in _NETWORKS)
    cells = tuple(_cells(rng, machine, models, slower, disturbed, pricing))
    busy = [cell for cell in cells if cell.interval_covers not in ("", "calm rounds")]
    warnings = [f"{len(busy)} of {len(cells)} cells had too few calm rounds: another program was busy."] if busy else []
    if number % 5 == 2:
        warnings.append("the machine ran on battery: many laptops are slower then.")
    return Result(
        created=f"2026-11-{10 + number % 12:02}T{8 + number % 11:02}:30:00+00:00",
        machine=machine,
        software=Software(
            dlbench="0.1.0",
            python="3.12.4",
            onnxruntime="1.31.1",
            providers_usable=("cpu", "cuda") if machine.gpu else ("cpu",),
        ),
        settings=Settings(
            providers=("cpu", "cuda"),
            batch_sizes=_BATCHES,
            threads=machine.usable_cores,
            seed=0,
            min_rounds=5,
            precision_goal=0.01,
            budget_s=60,
            duration_s=71.5,
        ),
        models=models,
        cells=cells,
        training=tuple(
            TrainingCost(
                model=model.name,
                device="cpu",
                training_s=model.training.training_s,
                energy_j=None,
                energy_source="n/a",
                data=model.data or "",
                accuracy=model.accuracy,
                cost=pricing.training("cpu", model.training.training_s),
            )
            for model in models
            if model.training
        ),
        prices=pricing.prices,
        cost_inputs=pricing.inputs,
        assumptions=pricing.assumptions,
        warnings=tuple(warnings),
    )


def _machine(number: int, kind: tuple[str, str, int, int, str, float, int]) -> Machine:
    cpu, architecture, cores, memory, system, _, _ = kind
    with_gpu = number == _GPU_AT
    return Machine(
        cpu=cpu,
        architecture=architecture,
        logical_cores=cores,
        physical_cores=cores // 2,
        usable_cores=cores,
        memory_bytes=memory << 30,
        gpu=Gpu(name="NVIDIA GeForce RTX 3060", memory_bytes=12 << 30, power_limit_w=170) if with_gpu else None,
        gpu_driver="550.54" if with_gpu else None,
        os=system,
        fingerprint=f"{(number * 2654435761 + 0x5EED) % 2**32:08x}",
    )


def _model(network: tuple[str, str, float, float, int, int, int, str]) -> ModelRecord:
    name, architecture, _, _, macs, parameters, right, data = network
    side = 224 if name == "transfer" else 28
    return ModelRecord(
        name=name,
        sha256=f"{parameters:064x}",
        precision="fp32",
        bytes=4 * parameters + 2000,
        parameters=parameters,
        macs=macs,
        opset=20,
        inputs=(f"image float32 [N, 3, {side}, {side}]",),
        fed=(FedInput(name="image", type="float32", shape=("N", 3, side, side), source="seeded noise"),),
        network=name,
        architecture=architecture,
        data=data,
        accuracy=Accuracy(correct=right, samples=1000),
        training=TrainingFacts(training_s=12.0 + macs / 1e7, device="cpu", epochs=5),
    )


def _cells(
    rng: np.random.Generator,
    machine: Machine,
    models: tuple[ModelRecord, ...],
    slower: float,
    disturbed: float,
    pricing: Pricing,
) -> Iterator[Cell]:
    for network, model in zip(_NETWORKS, models, strict=True):
        for batch in _BATCHES:
            base = network[2] + (batch - 1) * network[3]
            yield _timed(rng, model, "cpu", batch, base * slower, disturbed, pricing, machine.usable_cores)
        for batch in _BATCHES:
            if machine.gpu:
                base = 45e-6 + batch * network[3] / 40
                yield _timed(rng, model, "cuda", batch, base, disturbed, pricing, machine.usable_cores)
            else:
                yield _missing(model, batch, machine)


def _missing(model: ModelRecord, batch: int, machine: Machine) -> Cell:
    return Cell(
        model=model.name,
        precision="fp32",
        provider="cuda",
        batch=batch,
        threads=machine.usable_cores,
        copies_included=True,
        verdict="unavailable",
        reason=NO_WHEEL if machine.architecture == "arm64" else NO_DRIVER,
    )


def _timed(
    rng: np.random.Generator,
    model: ModelRecord,
    provider: str,
    batch: int,
    seconds: float,
    disturbed: float,
    pricing: Pricing,
    threads: int,
) -> Cell:
    rounds = tuple(_round(rng, seconds, rng.random() >= disturbed) for _ in range(_ROUNDS))
    calm = [r for r in rounds if r.undisturbed]
    samples = [Sketch(r.values_ns, r.counts) for r in calm or rounds]
    latency = summarise(samples)
    return Cell(
        model=model.name,
        precision="fp32",
        provider=provider,
        batch=batch,
        threads=threads,
        copies_included=True if provider == "cuda" else None,
        verdict="ran",
        reason=f"all 6 nodes ran on {provider}",
        nodes_on_provider=6,
        nodes_total=6,
        interval_covers="calm rounds" if len(calm) >= 5 else "all rounds" if calm else "nothing: no round was calm",
        latency_s=latency,
        throughput_per_s=batch / latency.p50,
        samples=sum(map(len, samples)),
        undisturbed_rounds=len(calm),
        rounds=rounds,
        stopped="precision",
        energy_j_per_inference=(28 if provider == "cpu" else 170) * latency.p50 / batch,
        energy_source="estimated: power x time",
        macs=model.macs,
        parameters=model.parameters,
        bytes=model.bytes,
        accuracy=model.accuracy,
        cost_usd_per_million=pricing.options(provider, batch / latency.p50),
    )


def _round(rng: np.random.Generator, seconds: float, calm: bool) -> Round:
    slower = float(np.exp(rng.normal(0, 0.006))) * (1.0 if calm else 1.0 + 0.4 * rng.random())
    samples = np.sort(np.maximum(1, 1e9 * seconds * slower * np.exp(rng.normal(0, 0.01, 7)))).astype(int)
    values, counts = np.unique(samples, return_counts=True)
    return Round(
        load_s=0.01,
        first_run_s=10 * seconds,
        undisturbed=calm,
        values_ns=tuple(values.tolist()),
        counts=tuple((60 * counts).tolist()),
        timer_cost_s=5e-8,
        at_s=None,
    )
