"""The result file: its schema, how it is written and how it is read.

    result = read_result(Path("dlbench-out/results/20261123-101500.json"))
    write_result(result, path)

JSON, `"schema": "dlbench.result/1"`. SI base units, the unit in the field's name. Files from others are untrusted:
bounded in size and depth, validated field by field, no NaN or infinity.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dlbench.errors import ResultFileError, one_line
from dlbench.files import read_bounded, write_atomic
from dlbench.modelfile import Accuracy, TrainingFacts

__all__ = [
    "RESULT_SCHEMA",
    "Cell",
    "CostOption",
    "Crossover",
    "Gpu",
    "LatencySeconds",
    "Machine",
    "ModelRecord",
    "OperatorTime",
    "Price",
    "ProbeReference",
    "ProviderShare",
    "Result",
    "Roofline",
    "Round",
    "Settings",
    "Software",
    "TrainingCost",
    "read_result",
    "write_result",
]

RESULT_SCHEMA = "dlbench.result/1"
_MAX_BYTES = 64 * 2**20
_MAX_SAMPLES = 1_000_000

Verdict = Literal["ran", "partial", "fell_back", "unavailable", "failed", "out_of_memory"]
Text = Annotated[str, Field(max_length=1000)]
Name = Annotated[str, Field(max_length=200)]
NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Gpu(_Record):
    """The first NVIDIA GPU."""

    name: Name
    memory_bytes: Count
    power_limit_w: NonNegative | None = None


class Machine(_Record):
    """The machine that was measured, without names of its host or its user."""

    cpu: Name
    architecture: Name
    logical_cores: Count
    physical_cores: Count | None
    usable_cores: Count = Field(description="that this process may use: affinity and cgroup")
    memory_bytes: Count
    gpu: Gpu | None = None
    gpu_driver: Name | None = None
    os: Name
    fingerprint: Name = Field(description="8 hex digits of a hash of the hardware's names")
    on_battery: bool | None = None


class Software(_Record):
    """Versions and providers."""

    dlbench: Name
    python: Name
    onnxruntime: Name
    packages: dict[Name, Name] = {}
    providers_built_in: tuple[Name, ...] = ()
    providers_usable: tuple[Name, ...] = Field(default=(), description="ran the probe in a process of its own")


class Settings(_Record):
    """What was asked for."""

    providers: tuple[Name, ...]
    batch_sizes: tuple[int, ...]
    threads: Count
    spinning: bool = Field(default=True, description="ONNX Runtime's idle threads spin (its default)")
    seed: int
    min_rounds: Count
    precision_goal: Positive = Field(description="half-width of the interval at which a cell may stop")
    budget_s: NonNegative
    duration_s: NonNegative | None = Field(default=None, description="wall time of the whole measurement")
    thread_counts: tuple[Count, ...] = Field(default=(), description="all thread counts of a sweep")
    streams: tuple[Count, ...] = (1,)
    scenarios: tuple[Name, ...] = ("single-stream",)
    provider_options: dict[Name, dict[Name, Name]] = {}
    cuda_graph: bool = False
    resumed: Count = Field(default=0, description="rounds taken over from a run that was cut off")


class Price(_Record):
    """A number that entered a cost, with its origin."""

    name: Text
    value: float
    unit: Name
    date: Name
    source: Text


class ModelRecord(_Record):
    """One model file of this run."""

    name: Name
    sha256: Name
    precision: Name
    bytes: Count
    parameters: Count
    macs: Count | None = Field(description="multiply-accumulates of one inference at batch 1; null: can't be counted")
    opset: int | None
    inputs: tuple[Text, ...] = Field(description="name, type and shape of each input as timed; N is the batch")
    network: Name | None = None
    architecture: Text | None = None
    data: Text | None = None
    data_note: Text = ""
    accuracy: Accuracy | None = None
    training: TrainingFacts | None = None
    parity_max_abs_error: NonNegative | None = None


class Round(_Record):
    """One fresh process: its samples as distinct values with counts, ascending."""

    load_s: NonNegative
    first_run_s: NonNegative
    probe_before_s: NonNegative | None = None
    probe_after_s: NonNegative | None = None
    undisturbed: bool = True
    quarter_range: NonNegative | None = Field(default=None, description="how far the medians of its quarters lie apart")
    warm_up_runs: Count = 0
    warm_up_settled: bool = True
    values_ns: tuple[Count, ...]
    counts: tuple[int, ...]
    digits: int | None = Field(default=None, description="significant digits kept; null: exact")
    timer_cost_s: NonNegative
    peak_rss_bytes: Count | None = None
    gpu_memory_bytes: Count | None = None
    cpu_s: NonNegative = 0.0
    at_s: NonNegative | None = Field(default=None, description="when it ended, since the start of the measurement")
    window_s: NonNegative | None = Field(default=None, description="wall time in which the samples were taken")
    runs_per_s: NonNegative | None = Field(default=None, description="runs of all streams together, a second")
    offered_per_s: NonNegative | None = Field(default=None, description="server: arrivals a second, as drawn")
    dropped: Count = Field(default=0, description="server: requests given up because the server was 5 s late")

    @model_validator(mode="after")
    def _sketch_is_whole(self) -> Round:
        if not self.values_ns or len(self.values_ns) != len(self.counts) or min(self.counts) < 1:
            raise ValueError("values_ns and counts must be of one length, not empty, with counts of at least 1")
        # a count of 10^12 in a small file would fill the reader's memory
        if sum(self.counts) > _MAX_SAMPLES:
            raise ValueError(f"a round holds at most {_MAX_SAMPLES} samples")
        return self


class LatencySeconds(_Record):
    """Latency of one run of the whole batch, in seconds; a percentile is null below its number of samples."""

    p50: Positive
    p90: Positive | None
    p95: Positive | None
    p99: Positive | None
    p999: Positive | None
    mean: Positive
    min: NonNegative
    ci_low: NonNegative | None
    ci_high: NonNegative | None
    ci_level: Positive


class CostOption(_Record):
    """USD under one way of having the machine: per million inferences, or in total for a training."""

    option: Name = Field(description="own, electricity, rent or colab")
    title: Text
    usd_per_hour: NonNegative | None
    usd_per_million: NonNegative | None = None
    usd_total: NonNegative | None = None
    why: Text = Field(default="", description="why there is no figure")


class ProviderShare(_Record):
    """How much of a cell one provider did."""

    provider: Name
    nodes: Count
    node_share: NonNegative
    time_share: NonNegative | None = Field(default=None, description="of the kernels' time; null: not profiled")


class OperatorTime(_Record):
    """Time that one kind of operator takes in one run, from a profiled run of its own."""

    operator: Name
    provider: Name
    nodes: Count
    seconds: NonNegative
    share: NonNegative


class Roofline(_Record):
    """What a cell reaches, against the measured ceilings of this machine for its provider and threads."""

    peak_flops_per_s: Positive
    peak_bytes_per_s: Positive
    launch_s: NonNegative = Field(description="the least time of one run of one tiny node")
    bytes_per_run: Count = Field(description="at least: weights, inputs and outputs, each moved once")
    bytes_per_s: NonNegative
    compute_share: NonNegative = Field(description="achieved FLOP/s over the peak")
    bandwidth_share: NonNegative = Field(description="achieved bytes/s over the peak")
    launch_share: NonNegative = Field(description="nodes x launch_s over the latency")
    bound: Name = Field(description="compute-bound, memory-bound, launch-bound or between")


class ProbeReference(_Record):
    """What the probe showed of the machine's speed, for one provider and number of threads."""

    provider: Name
    threads: Count
    reference_s: Positive = Field(description="best decile of this run and of the kept history")
    here_s: Positive = Field(description="best decile of this run alone")
    median_s: Positive = Field(description="median of this run")
    history: Count = Field(default=0, description="probes of earlier runs that entered the reference")


class Crossover(_Record):
    """The batch size from which one provider overtakes another."""

    model: Name
    overtakes: Name = Field(description="ahead from `batch` on; where there is no crossing: ahead all the way")
    overtaken: Name
    quantity: Name = Field(description="time or cost")
    batch: Positive | None = Field(description="interpolated between measured batches; null: not in the range")
    note: Text = ""


class Cell(_Record):
    """One model x precision x provider x batch x threads (x copies x streams x scenario x rate)."""

    model: Name
    precision: Name
    provider: Name
    batch: Count
    threads: Count
    copies_included: bool | None = Field(description="host-device copies are in the time; null: no device")
    verdict: Verdict
    reason: Text = ""
    nodes_on_provider: Count | None = None
    nodes_total: Count | None = None
    fallback_operators: dict[Name, int] = Field(default={}, description="operators that ran elsewhere")
    provider_shares: tuple[ProviderShare, ...] = ()
    streams: Count = 1
    scenario: Name = Field(default="single-stream", description="MLPerf's: single-stream, offline or server")
    rate_per_s: Positive | None = Field(default=None, description="server: offered runs a second")
    dropped: Count = 0
    provider_options: dict[Name, Text] = Field(default={}, description="as the session ran with them")
    tf32: bool | None = Field(default=None, description="CUDA: TensorFloat-32 allowed; null: no such setting")
    cuda_graph: bool = False
    interval_covers: Name = Field(default="", description="calm rounds, all rounds, or nothing: none was calm")
    latency_s: LatencySeconds | None = None
    throughput_per_s: Positive | None = Field(default=None, description="inferences per second: batch / p50")
    samples: Count = 0
    outliers: Count = 0
    undisturbed_rounds: Count = 0
    disturbed_median_s: Positive | None = None
    rounds: tuple[Round, ...] = ()
    stopped: Name = Field(default="", description="precision: goal reached; budget: time was up; interrupted")
    load_s: NonNegative | None = None
    first_run_s: NonNegative | None = None
    peak_rss_bytes: Count | None = None
    gpu_memory_bytes: Count | None = None
    energy_j_per_inference: NonNegative | None = None
    energy_source: Text = "n/a"
    idle_power_w: NonNegative | None = Field(default=None, description="subtracted from the energy; null: not measured")
    top_operators: tuple[OperatorTime, ...] = ()
    roofline: Roofline | None = None
    macs: Count | None = None
    parameters: Count | None = None
    bytes: Count | None = None
    achieved_flops_per_s: NonNegative | None = None
    roofline_share: NonNegative | None = None
    accuracy: Accuracy | None = None
    parity_max_abs_error: NonNegative | None = None
    cost_usd_per_million: tuple[CostOption, ...] = ()
    warnings: tuple[Text, ...] = ()

    @property
    def timed(self) -> bool:
        """Whether the cell holds figures of the provider that was asked for."""
        return self.verdict in ("ran", "partial") and self.latency_s is not None


class TrainingCost(_Record):
    """What it cost to train one network, always beside the accuracy that it reached."""

    model: Name
    device: Name
    training_s: NonNegative
    energy_j: NonNegative | None
    energy_source: Text
    data: Text
    accuracy: Accuracy | None
    cost: tuple[CostOption, ...]


class Result(_Record):
    """A whole run."""

    result_schema: Literal["dlbench.result/1"] = Field(default="dlbench.result/1", alias="schema")
    created: Name = Field(description="UTC, ISO 8601")
    command: Text = ""
    machine: Machine
    software: Software
    settings: Settings
    models: Annotated[tuple[ModelRecord, ...], Field(max_length=200)]
    cells: Annotated[tuple[Cell, ...], Field(max_length=5000)]
    training: Annotated[tuple[TrainingCost, ...], Field(max_length=200)] = ()
    prices: Annotated[tuple[Price, ...], Field(max_length=500)] = ()
    assumptions: Annotated[tuple[Text, ...], Field(max_length=200)] = ()
    warnings: Annotated[tuple[Text, ...], Field(max_length=500)] = ()
    probes: tuple[ProbeReference, ...] = ()
    crossovers: tuple[Crossover, ...] = ()
    complete: bool = Field(default=True, description="false: interrupted, some cells have fewer rounds or none")

    def to_json(self) -> str:
        """Return the file's text."""
        return self.model_dump_json(by_alias=True)


def write_result(result: Result, path: Path) -> Path:
    """Write the result whole or not at all; it is validated as a reader would.

    Raises:
        WorkspaceError: the place can't be written.
    """
    text = result.to_json()
    Result.model_validate_json(text)
    return write_atomic(path, text + "\n")


def read_result(path: Path) -> Result:
    """Read and validate a result file.

    Raises:
        ResultFileError: missing, too large, truncated, of another schema, or with a field that does not fit.
    """
    raw = read_bounded(path, _MAX_BYTES, ResultFileError, "result file")
    try:
        document: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ResultFileError(
            f"{path} is no whole JSON file: expected a dlbench result, received text that ends or breaks "
            f"({one_line(error, 100)}); it may be truncated, copy it again."
        ) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != RESULT_SCHEMA:
        received = f"schema {one_line(str(schema), 60)!r}" if schema is not None else "JSON without a schema"
        raise ResultFileError(
            f"{path} is not a result that this version reads: expected schema {RESULT_SCHEMA!r}, received {received}; "
            "make it again with dlbench compare, or use the version that wrote it."
        )
    try:
        return Result.model_validate_json(raw)
    except (ValidationError, RecursionError) as error:
        raise ResultFileError(
            f"{path} does not fit schema {RESULT_SCHEMA}: {_first_problem(error)}; make it again with dlbench compare."
        ) from error


def _first_problem(error: ValidationError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    first = error.errors(include_url=False)[0]
    where = ".".join(one_line(str(part), 40) for part in first["loc"])
    received = one_line(repr(first.get("input")), 60)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"field {where or 'at the top'}: {one_line(first['msg'], 120)}, received {received}{more}"
