"""The parts of a result file: machine, software, settings, prices, models, rounds, and the contents of a cell.

Round(load_s=0.01, first_run_s=0.002, values_ns=(1000,), counts=(5,), timer_cost_s=5e-8)

Each is frozen and validated; SI base units, the unit in the field's name. A text that is too long is cut where a record
is made, so that every model file can be written down, and refused where a file is read. Numbers have bounds, so that
sums and ratios of what a foreign file holds stay numbers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from math import prod
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, ValidationInfo, model_validator

from dlbench.model.element_types import element_bytes
from dlbench.model.facts import Accuracy, TrainingFacts

MOST_IN_A_NAME = 200
_MAX_SAMPLES = 1_000_000
_HASH_DIGITS = 8


def shortened(text: str, limit: int) -> str:
    """Return text of at most `limit` characters that UTF-8 can hold; a hash keeps two long ones apart."""
    plain = text.encode("utf-8", "replace").decode()
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return plain if len(plain) <= limit else f"{plain[: limit - _HASH_DIGITS - 4]}... {digest}"


def _up_to(limit: int) -> BeforeValidator:
    def fitting(given: Any, info: ValidationInfo) -> Any:
        return shortened(given, limit) if isinstance(given, str) and info.mode == "python" else given

    return BeforeValidator(fitting)


Verdict = Literal["ran", "partial", "fell_back", "folded", "unavailable", "failed", "out_of_memory"]
Text = Annotated[str, Field(max_length=1000), _up_to(1000)]
Name = Annotated[str, Field(max_length=MOST_IN_A_NAME), _up_to(MOST_IN_A_NAME)]
NonNegative = Annotated[float, Field(ge=0, le=1e30)]
Positive = Annotated[float, Field(ge=1e-30, le=1e30)]
T = TypeVar("T")
Many = Annotated[tuple[T, ...], FailFast()]  # the first wrong one ends the reading: a million errors fill the memory
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class Record(BaseModel):
    """Base of all records: frozen, no unknown field, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Gpu(Record):
    """The first NVIDIA GPU."""

    name: Name
    memory_bytes: Count
    power_limit_w: NonNegative | None = None
    compute_capability: Name | None = Field(default=None, description="NVIDIA's version of what it can do, as 8.6")


class Machine(Record):
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
    instructions: Many[Name] = Field(default=(), description="that matter for numbers of few bits, as AVX512-VNNI")
    instructions_unread: Many[Name] = Field(default=(), description="that may be there: this system doesn't tell")

    def system_name(self, place: str) -> str:
        """Return what the system calls the device of `cpu` or `cuda`; empty: it has none."""
        return self.cpu if place == "cpu" else (self.gpu.name if self.gpu else "")


class Software(Record):
    """Versions and providers."""

    dlbench: Name
    python: Name
    onnxruntime: Name
    packages: dict[Name, Name] = {}
    providers_built_in: Many[Name] = ()
    providers_usable: Many[Name] = Field(default=(), description="ran the probe in a process of its own")


class Settings(Record):
    """What was asked for."""

    providers: Many[Name]
    batch_sizes: Many[Count]
    threads: Count
    spinning: bool = Field(default=True, description="ONNX Runtime's idle threads spin (its default)")
    seed: Whole
    min_rounds: Count
    precision_goal: Positive = Field(description="half-width of the interval at which a cell may stop")
    budget_s: NonNegative
    duration_s: NonNegative | None = Field(default=None, description="wall time of the whole measurement")
    thread_counts: Many[Count] = Field(default=(), description="all thread counts of a sweep")
    streams: Many[Count] = (1,)
    scenarios: Many[Name] = ("single-stream",)
    provider_options: dict[Name, dict[Name, Name]] = {}
    cuda_graph: bool = False
    resumed: Count = Field(default=0, description="rounds taken over from a run that was cut off")


class Price(Record):
    """A number used in a cost, with its origin."""

    name: Text
    value: Annotated[float, Field(ge=-1e30, le=1e30)]
    unit: Name
    date: Name
    source: Text


class FedInput(Record):
    """What one input was fed."""

    name: Text
    type: Name = Field(description="as numpy names it; text")
    shape: Many[Count | Name] = Field(description="N is the batch")
    source: Text = Field(description="where the values come from")


class LayerWork(Record):
    """What the convolutions and matrix products of a model put out, for one inference at batch 1."""

    activations: Count = Field(description="elements that they put out")
    layers: Count
    depthwise_macs: Count = Field(description="multiply-accumulates of convolutions with one channel a group")
    attention: bool = Field(description="a softmax feeds a matrix product")
    recurrent: bool = Field(default=False, description="steps wait for each other")


class ModelRecord(Record):
    """One model file of this run."""

    name: Name
    sha256: Name
    precision: Name
    bytes: Count
    parameters: Count
    macs: Count | None = Field(description="multiply-accumulates of one inference at batch 1; null: can't be counted")
    macs_at_least: Count | None = Field(
        default=None, description="where macs is null: those of the nodes that can be counted"
    )
    work: LayerWork | None = Field(default=None, description="null in older files")
    opset: Whole | None
    inputs: Many[Text] = Field(description="name, type and shape of each input as timed; N is the batch")
    fed: Many[FedInput] = Field(default=(), description="values of each input; empty in older files")
    batch_axis: Text = Field(default="", description="which axis of which input is the batch, and the evidence")
    network: Name | None = None
    architecture: Text | None = None
    data: Text | None = None
    data_note: Text = ""
    accuracy: Accuracy | None = None
    training: TrainingFacts | None = None
    parity_max_abs_error: NonNegative | None = None

    @property
    def input_bytes(self) -> int:
        """The bytes of the inputs at batch 1, from texts such as `image float32 [N, 1, 28, 28]`."""
        total = 0
        for _, element, sizes in self._stated_inputs():
            total += prod(size for size in sizes if isinstance(size, int)) * (element_bytes(element) or 0)
        return total

    @property
    def input_shapes(self) -> dict[str, tuple[int | str, ...]]:
        """The sizes of each input as it was timed; N is the batch."""
        return {name: sizes for name, _, sizes in self._stated_inputs()}

    def _stated_inputs(self) -> Iterator[tuple[str, str, tuple[int | str, ...]]]:
        for text in self.inputs:
            match = re.fullmatch(r"(.*) (\w+) \[([^\]]*)\]", text, re.DOTALL)
            if match is not None:
                sizes = (part.strip() for part in match[3].split(",") if part.strip())
                yield match[1], match[2], tuple(int(size) if size.isdigit() else size for size in sizes)


class Round(Record):
    """One fresh process: its samples as distinct values with counts, ascending."""

    load_s: NonNegative
    first_run_s: NonNegative
    probe_before_s: NonNegative | None = None
    probe_after_s: NonNegative | None = None
    undisturbed: bool = True
    state: Name = Field(default="", description="calm, undelayed, busy, slowed or starved; empty in older files")
    delay_share: NonNegative | None = Field(
        default=None, description="its threads waited for a core, as a share of waiting and running; null: not told"
    )
    cpu_share: NonNegative | None = Field(default=None, description="CPU time over wall time x threads")
    spins: bool | None = Field(default=None, description="its threads spin, so that cpu_share should be 1")
    involuntary_switches: Count | None = Field(default=None, description="a thread was taken off its core")
    clock_hz: NonNegative | None = Field(default=None, description="mean clock of the cores; null: can't be read")
    slow_core_share: NonNegative | None = Field(
        default=None, description="of its threads, on cores weaker than the strongest; null: one kind of core"
    )
    one_thread_probe_s: NonNegative | None = Field(default=None, description="the probe with one thread, before it")
    stream_bytes_per_s: NonNegative | None = Field(default=None, description="one thread reading memory, before it")
    waited_s: NonNegative = Field(default=0.0, description="for other programs to leave the cores, before it")
    undelayed_values_ns: Many[Count] = Field(default=(), description="samples that no other program delayed")
    undelayed_counts: Many[Whole] = Field(default=(), description="empty: all of them, or not told")
    quarter_range: NonNegative | None = Field(default=None, description="how far the medians of its quarters lie apart")
    warm_up_runs: Count = 0
    warm_up_settled: bool = True
    values_ns: Many[Count]
    counts: Many[Whole]
    digits: Whole | None = Field(default=None, description="significant digits kept; null: exact")
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
        if sum(self.counts) > _MAX_SAMPLES or sum(self.undelayed_counts) > _MAX_SAMPLES:
            raise ValueError(f"a round holds at most {_MAX_SAMPLES} samples")
        if len(self.undelayed_values_ns) != len(self.undelayed_counts) or min(self.undelayed_counts, default=1) < 1:
            raise ValueError(
                "undelayed_values_ns and undelayed_counts must be of one length, with counts of at least 1"
            )
        return self


class MachineEvidence(Record):
    """What the machine did while a cell was timed, over all its rounds."""

    shares: dict[Name, NonNegative] = Field(description="of the rounds, by state: calm, undelayed, busy, slowed, ...")
    others_share: NonNegative | None = Field(description="of the cores' time, that other programs took; median")
    probe_ratio: NonNegative | None = Field(description="probe over the reference; median")
    stream_ratio: NonNegative | None = Field(description="stream from memory over the best; median")
    capacity: NonNegative | None = Field(description="work of all threads, in threads that are alone; median")
    clock_hz: NonNegative | None = Field(default=None, description="clock of the cores; median")
    slow_core_share: NonNegative | None = Field(default=None, description="threads on weaker cores; median")
    waited_s: NonNegative = Field(default=0.0, description="for other programs to leave the cores, all rounds together")


class LatencySeconds(Record):
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

    @property
    def ends(self) -> tuple[float, float]:
        """The ends of the interval; without one, of disturbed rounds, the calm time is below the figure."""
        return self.ci_low or 0.0, self.ci_high or self.p50


class CostOption(Record):
    """USD under one way of having the machine: per million inferences, or in total for a training."""

    option: Name = Field(description="own, electricity, rent or colab")
    title: Text
    usd_per_hour: NonNegative | None
    usd_per_million: NonNegative | None = None
    usd_total: NonNegative | None = None
    why: Text = Field(default="", description="why there is no figure")


class CostInputs(Record):
    """The numbers behind the costs of the work on one place of this machine, so that a reader can change them."""

    place: Name = Field(description="cpu or cuda")
    device: Text = Field(default="", description="the price list's row that this machine was matched with")
    price_usd: NonNegative | None
    power_w: NonNegative
    years: Positive
    residual_share: NonNegative
    active_hours_per_day: Positive
    cloud_overhead_share: NonNegative
    pue: NonNegative
    electricity_usd_per_kwh: NonNegative
    rent: Text
    rent_usd_per_hour: NonNegative | None = Field(description="of the whole instance, without the overhead")
    rent_vcpus: Count | None = Field(default=None, description="a cell is charged the share of them that it used")
    colab_usd_per_hour: NonNegative | None


class ProviderShare(Record):
    """The share of a cell that ran on one provider."""

    provider: Name
    nodes: Count
    node_share: NonNegative
    time_share: NonNegative | None = Field(default=None, description="of the kernels' time; null: not profiled")


class OperatorTime(Record):
    """Time that one kind of operator takes in one run, from a profiled run of its own."""

    operator: Name
    provider: Name
    nodes: Count
    seconds: NonNegative
    share: NonNegative


class KernelTime(Record):
    """Time of the kernels that compute in one kind of numbers, from a profiled run of its own."""

    numbers: Name = Field(description="int8, int4, fp16, bf16, fp32, ...; converting: from one kind to another; other")
    kernels: Count
    seconds: NonNegative
    share: NonNegative
    operators: dict[Name, Count] = Field(default={}, description="those kernels by operator, the longest first")


class Roofline(Record):
    """What a cell reaches, compared with the measured ceilings of this machine for its provider and threads."""

    peak_flops_per_s: Positive
    peak_bytes_per_s: Positive
    launch_s: NonNegative = Field(description="the least time of one run of one tiny node")
    bytes_per_run: Count = Field(description="at least: weights, inputs and outputs, each moved once")
    bytes_per_s: NonNegative
    compute_share: NonNegative = Field(description="achieved FLOP/s over the peak")
    bandwidth_share: NonNegative = Field(description="achieved bytes/s over the peak")
    launch_share: NonNegative = Field(description="nodes x launch_s over the latency")
    bound: Name = Field(description="compute-bound, memory-bound, launch-bound or between")


class ProbeReference(Record):
    """What the probe showed of the machine's speed, for one provider and number of threads."""

    provider: Name
    threads: Count
    reference_s: Positive = Field(description="best decile of this run and of the kept history")
    here_s: Positive = Field(description="best decile of this run alone")
    median_s: Positive = Field(description="median of this run")
    history: Count = Field(default=0, description="probes of earlier runs that entered the reference")
    noise_floor: NonNegative | None = Field(
        default=None, description="A/A floor of dlbench doctor --noise, a share; null: not measured"
    )
    stream_bytes_per_s: NonNegative | None = Field(default=None, description="best decile of one thread's stream")


class CellName(Record):
    """What a cell was timed with, as tables name it; streams and load come on top."""

    model: Name
    precision: Name
    provider: Name
    batch: Count
    threads: Count
    copies_included: bool | None = Field(description="host-device copies are in the time; null: no device")

    @property
    def name(self) -> tuple[Any, ...]:
        """All of it as one value."""
        return tuple(getattr(self, field) for field in CellName.model_fields)


class Standing(CellName):
    """A cell against the fastest one of its batch size, in pairs of rounds."""

    place: Count = Field(description="1: none is shown to be faster; cells that are not shown to differ share a place")
    times_fastest: Positive = Field(description="time over that of the fastest")
    times_low: NonNegative | None = Field(description="interval of times_fastest; null: unknown")
    times_high: NonNegative | None
    verdict: Name = Field(description="against the fastest: same, slower, can't tell (or faster)")
    disturbed: bool = Field(description="one of the two has hardly a calm round")


class Crossover(Record):
    """The batch size from which one provider overtakes another."""

    model: Name
    overtakes: Name = Field(description="ahead from `batch` on; where there is no crossing: ahead all the way")
    overtaken: Name
    quantity: Name = Field(description="time or cost")
    batch: Positive | None = Field(description="interpolated between measured batches; null: not in the range")
    note: Text = ""
