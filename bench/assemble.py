"""From finished rounds to the result: cells, costs, training costs, warnings.

result = assemble(jobs, subjects, settings, machine=..., software=..., prices=..., catalogue=...)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from dlbench.bench.catalogue import Catalogue
from dlbench.bench.plan import DEFAULT_BATCH_SIZES, CompareSettings, Job, Subject
from dlbench.bench.pricing import PriceSettings, Pricing
from dlbench.bench.results import (
    Cell,
    LatencySeconds,
    Machine,
    ModelRecord,
    Result,
    Round,
    Settings,
    Software,
    TrainingCost,
)
from dlbench.bench.statistics import Latency, Sketch, summarise, undisturbed

__all__ = ["assemble", "current_latency", "headline_rounds", "mark_undisturbed"]


def mark_undisturbed(jobs: Sequence[Job]) -> None:
    """Mark each round by its probes, against the best decile of its provider's probes in this run (rule 4)."""
    for name in {job.provider.name for job in jobs}:
        mine = [job for job in jobs if job.provider.name == name]
        flags = iter(undisturbed([(r.probe_before_s, r.probe_after_s) for job in mine for r in job.rounds]))
        for job in mine:
            job.rounds = [r.model_copy(update={"undisturbed": next(flags)}) for r in job.rounds]


def headline_rounds(rounds: Sequence[Round], min_rounds: int) -> Sequence[Round]:
    """Return the rounds that stand for the cell: the undisturbed ones where there are enough, else all."""
    calm = [r for r in rounds if r.undisturbed]
    return calm if len(calm) >= min_rounds else rounds


def current_latency(job: Job, min_rounds: int) -> Latency | None:
    """Return the cell's statistics so far, or None before its first round."""
    rounds = headline_rounds(job.rounds, min_rounds)
    return summarise([Sketch(r.values_ns, r.counts) for r in rounds]) if rounds else None


def assemble(
    jobs: Sequence[Job],
    subjects: Sequence[Subject],
    settings: CompareSettings,
    *,
    machine: Machine,
    software: Software,
    prices: PriceSettings,
    catalogue: Catalogue,
    warnings: tuple[str, ...],
    complete: bool,
    duration_s: float,
    command: str,
) -> Result:
    """Put a run together; every figure comes from the rounds, the model files, or a price with its source."""
    mark_undisturbed(jobs)
    trained_on_gpu = any(s.record.training and s.record.training.device != "cpu" for s in subjects)
    with_gpu = any(job.provider.is_device and job.rounds for job in jobs) or trained_on_gpu
    pricing = Pricing.build(catalogue, prices, machine, with_gpu)
    cells = tuple(_cell(job, settings, pricing) for job in jobs)
    return Result(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        machine=machine,
        software=software,
        settings=Settings(
            providers=tuple(p.name for p in settings.providers),
            batch_sizes=settings.batch_sizes or DEFAULT_BATCH_SIZES,
            threads=settings.threads,
            seed=settings.seed,
            min_rounds=settings.min_rounds,
            precision_goal=settings.precision_goal,
            budget_s=settings.budget_s,
            duration_s=duration_s,
        ),
        models=tuple(s.record for s in subjects),
        cells=cells,
        training=tuple(_training(s.record, pricing) for s in subjects if s.record.training),
        prices=pricing.prices,
        assumptions=pricing.assumptions,
        warnings=warnings + tuple(_run_warnings(cells)),
        complete=complete,
    )


def _cell(job: Job, settings: CompareSettings, pricing: Pricing) -> Cell:
    record = job.subject.record
    latency = current_latency(job, settings.min_rounds) if job.verdict in ("ran", "partial") else None
    throughput = job.batch / latency.p50 if latency else None
    place = "cuda" if job.provider.is_device else "cpu"
    energy_j, energy_source = pricing.energy(place, throughput) if throughput else (None, "n/a")
    rounds = job.rounds
    disturbed = [r for r in rounds if not r.undisturbed]
    return Cell(
        model=record.name,
        precision=record.precision,
        provider=job.provider.name,
        batch=job.batch,
        threads=job.threads,
        copies_included=job.copies_included,
        verdict=job.verdict or "failed",
        reason=job.reason,
        nodes_on_provider=job.nodes_on_provider,
        nodes_total=job.nodes_total,
        fallback_operators=job.fallback_operators,
        latency_s=LatencySeconds(**latency.as_dict()) if latency else None,
        throughput_per_s=throughput,
        samples=latency.samples if latency else 0,
        outliers=latency.outliers if latency else 0,
        undisturbed_rounds=len(rounds) - len(disturbed),
        disturbed_median_s=summarise([Sketch(r.values_ns, r.counts) for r in disturbed]).p50 if disturbed else None,
        rounds=tuple(rounds),
        stopped=job.stopped,
        load_s=_median([r.load_s for r in rounds]),
        first_run_s=_median([r.first_run_s for r in rounds]),
        peak_rss_bytes=_largest([r.peak_rss_bytes for r in rounds]),
        gpu_memory_bytes=_largest([r.gpu_memory_bytes for r in rounds]),
        energy_j_per_inference=energy_j,
        energy_source=energy_source,
        macs=record.macs,
        parameters=record.parameters,
        bytes=record.bytes,
        achieved_flops_per_s=2 * record.macs * throughput if record.macs is not None and throughput else None,
        accuracy=record.accuracy,
        parity_max_abs_error=record.parity_max_abs_error,
        cost_usd_per_million=pricing.options(place, throughput) if latency else (),
        warnings=tuple(_cell_warnings(job, latency, settings)),
    )


def _median(values: Sequence[float]) -> float | None:
    from statistics import median

    return median(values) if values else None


def _largest(values: Sequence[int | None]) -> int | None:
    known = [v for v in values if v is not None]
    return max(known) if known else None


def _cell_warnings(job: Job, latency: Latency | None, settings: CompareSettings) -> Iterator[str]:
    if latency is None:
        return
    calm = sum(r.undisturbed for r in job.rounds)
    if calm < settings.min_rounds:
        yield (
            f"only {calm} of {len(job.rounds)} rounds were calm, so the figures cover all rounds; "
            "a longer --budget finds more."
        )
    if job.stopped == "budget":
        yield f"stopped at the time budget before the interval reached +-{settings.precision_goal:.0%}."
    if job.stopped == "interrupted" and len(job.rounds) < settings.min_rounds:
        yield f"interrupted after {len(job.rounds)} of at least {settings.min_rounds} rounds."
    unsettled = sum(not r.warm_up_settled for r in job.rounds)
    if unsettled:
        yield f"the warm-up did not settle in {unsettled} of {len(job.rounds)} rounds."
    if latency.outliers:
        yield f"{latency.outliers} of {latency.samples} samples lie over 10 MAD-sigmas from the median (kept)."
    short = [name for name in ("p90", "p95", "p99") if getattr(latency, name) is None]
    if short:
        yield f"{', '.join(short)} need more samples than the {latency.samples} here."


def _run_warnings(cells: Sequence[Cell]) -> Iterator[str]:
    timed = [c for c in cells if c.timed]
    few = [c for c in timed if any("were calm" in w for w in c.warnings)]
    if few:
        yield (
            f"{len(few)} of {len(timed)} cells had too few calm rounds: another program, or the host of a virtual "
            "machine, changed this machine's speed meanwhile, so their intervals cover all rounds; a longer --budget "
            "(such as 120) buys more."
        )
    for cell in cells:
        if cell.verdict in ("fell_back", "partial", "failed", "out_of_memory"):
            yield f"{cell.model} on {cell.provider}, batch {cell.batch}: {cell.verdict}: {cell.reason}"


def _training(record: ModelRecord, pricing: Pricing) -> TrainingCost:
    facts = record.training
    assert facts is not None
    place = "cpu" if facts.device == "cpu" else "cuda"
    return TrainingCost(
        model=record.name,
        device=facts.device,
        training_s=facts.training_s,
        energy_j=facts.energy_j,
        energy_source=facts.energy_source,
        data=record.data or "unknown",
        accuracy=record.accuracy,
        cost=pricing.training(place, facts.training_s),
    )
