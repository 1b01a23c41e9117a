"""From finished rounds to the result: cells, costs, training costs, warnings.

result = assemble(measured, settings, prices, catalogue, command)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from dlbench.bench.cost.catalogue import Catalogue
from dlbench.bench.cost.crossover import crossovers
from dlbench.bench.cost.formulas import kg_co2_by_country, kwh_per_million
from dlbench.bench.cost.pricing import PriceSettings, Pricing
from dlbench.bench.cost.renting import cores_used
from dlbench.bench.measure.cell_evidence import energy_of, kernels_of, operators_of, roofline_of, shares_of
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.measurement import Measured
from dlbench.bench.measure.plan import Job
from dlbench.bench.measure.warnings import cell_warnings, run_warnings
from dlbench.bench.providers.options import tf32_allowed
from dlbench.bench.results.evidence import evidence_of, middle
from dlbench.bench.results.headline import headline
from dlbench.bench.results.records import LatencySeconds, ModelRecord, Round, Settings
from dlbench.bench.results.schema import MOST_WARNINGS, Cell, Result, TrainingCost
from dlbench.bench.results.sketch import Sketch
from dlbench.bench.results.statistics import summarise


def current_latency(job: Job, min_rounds: int) -> LatencySeconds | None:
    """Return the cell's statistics so far, or None before its first round."""
    return headline(job.rounds, min_rounds).latency() if job.rounds else None


def assemble(
    measured: Measured, settings: CompareSettings, prices: PriceSettings, catalogue: Catalogue, command: str
) -> Result:
    """Assemble a run; every figure comes from the rounds, the model files, or a price with its source."""
    jobs, subjects = measured.jobs, measured.subjects
    trained_on_gpu = any(s.record.training and s.record.training.device != "cpu" for s in subjects)
    with_gpu = any(job.provider.is_device and job.rounds for job in jobs) or trained_on_gpu
    usable = measured.machine.usable_cores
    cores = [cores_used(job.threads, job.streams, usable) for job in jobs]
    pricing = Pricing.build(catalogue, prices, measured.machine, with_gpu, max(cores, default=None))
    cells = tuple(_cell(job, settings, pricing, used, measured) for job, used in zip(jobs, cores, strict=True))
    return Result(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        machine=measured.machine,
        software=measured.software,
        settings=_settings(settings, measured),
        models=tuple(s.record for s in subjects),
        cells=cells,
        training=tuple(_training(s.record, pricing) for s in subjects if s.record.training and not s.card.variant),
        prices=pricing.prices,
        cost_inputs=pricing.inputs,
        assumptions=pricing.assumptions,
        warnings=(measured.warnings + tuple(run_warnings(cells)))[:MOST_WARNINGS],
        probes=tuple(measured.references.values()),
        crossovers=tuple(crossovers(cells)),
        complete=measured.complete,
    )


def _settings(settings: CompareSettings, measured: Measured) -> Settings:
    spinning = settings.provider_options.get("cpu", {}).get("allow_spinning", "1")
    asked = {
        **{name: getattr(settings, name) for name in Settings.model_fields if hasattr(settings, name)},
        "providers": tuple(p.name for p in settings.providers),
        "batch_sizes": settings.batch_sizes or settings.usual_batch_sizes,
        "threads": settings.all_threads[0],
        "thread_counts": settings.all_threads,
        "provider_options": {name: dict(options) for name, options in settings.provider_options.items()},
    }
    return Settings(**asked, spinning=spinning != "0", duration_s=measured.duration_s, resumed=measured.resumed)


# what a cell takes over from what was planned, from its model, and from where its nodes went
_PLANNED = ("batch", "threads", "copies_included", "reason", "streams", "scenario", "rate_per_s", "cuda_graph")
_OF_MODEL = ("precision", "macs", "parameters", "bytes", "accuracy", "parity_max_abs_error")
_PLACED = ("nodes_on_provider", "nodes_total", "fallback_operators")


def _cell(job: Job, settings: CompareSettings, pricing: Pricing, cores: int, measured: Measured) -> Cell:
    record = job.subject.record
    reference = measured.references.get((job.provider.name, job.threads))
    stands = headline(job.rounds, settings.min_rounds) if job.rounds else None
    latency = stands.latency() if stands and job.verdict in ("ran", "partial") else None
    chosen, samples = (stands.rounds if stands else ()), (stands.samples if stands and latency else None)
    throughput = _throughput(job, latency, chosen)
    place = job.provider.place
    energy = energy_of(job, pricing, throughput)
    rounds, placed = job.rounds, job.placed
    disturbed = [r for r in rounds if not r.undisturbed]
    macs = record.macs
    flops_per_s = 2 * macs * throughput if macs is not None and throughput else None
    return Cell(
        **{name: getattr(job, name) for name in _PLANNED},
        **{name: getattr(record, name) for name in _OF_MODEL},
        **({name: getattr(placed, name) for name in _PLACED} if placed else {}),
        model=record.name,
        provider=job.provider.name,
        verdict=job.verdict or "failed",
        provider_shares=shares_of(job),
        dropped=sum(r.dropped for r in chosen),
        provider_options={k: v[:1000] for k, v in (job.effective_options or job.options).items()},
        tf32=tf32_allowed(job.provider, job.effective_options),
        interval_covers=stands.covers if stands and latency else "",
        evidence=evidence_of(rounds, reference) if rounds else None,
        latency_s=latency,
        throughput_per_s=throughput,
        samples=len(samples) if samples else 0,
        outliers=samples.outliers() if samples else 0,
        undisturbed_rounds=len(rounds) - len(disturbed),
        disturbed_median_s=summarise([Sketch(r.values_ns, r.counts) for r in disturbed]).p50 if disturbed else None,
        rounds=tuple(rounds),
        stopped=job.stopped,
        load_s=middle(r.load_s for r in rounds),
        first_run_s=middle(r.first_run_s for r in rounds),
        peak_rss_bytes=_largest(r.peak_rss_bytes for r in rounds),
        gpu_memory_bytes=_largest(r.gpu_memory_bytes for r in rounds),
        energy_j_per_inference=energy.energy_j,
        energy_source=energy.source,
        co2_kg_per_million=kg_co2_by_country(kwh_per_million(energy.energy_j) if energy.energy_j is not None else None),
        idle_power_w=energy.idle_w,
        top_operators=operators_of(job),
        kernels=kernels_of(job),
        roofline=roofline_of(job, latency.p50 if latency else None, throughput),
        achieved_flops_per_s=flops_per_s,
        cost_usd_per_million=pricing.options(place, throughput, cores) if latency and throughput else (),
        warnings=tuple(cell_warnings(job, latency, settings)),
    )


def _throughput(job: Job, latency: LatencySeconds | None, chosen: Sequence[Round]) -> float | None:
    """Return inferences a second: batch / p50 for one stream, what all streams did together for several."""
    if latency is None:
        return None
    if job.scenario == "single-stream":
        return job.batch / latency.p50
    return job.batch * (middle(r.runs_per_s for r in chosen if r.runs_per_s) or 0.0) or None


def _largest(values: Iterable[int | None]) -> int | None:
    return max((v for v in values if v is not None), default=None)


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
        co2_kg=kg_co2_by_country(kwh_per_million(facts.energy_j / 1e6) if facts.energy_j is not None else None),
        data=record.data or "unknown",
        accuracy=record.accuracy,
        cost=pricing.training(place, facts.training_s),
    )
