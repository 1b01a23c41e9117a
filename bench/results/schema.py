"""The result file: its schema, and how it is written and read.

    result = read_result("dlbench-out/results/20261123-101500.json")
    write_result(result, path)

JSON, `"schema": "dlbench.result/1"`. SI base units, the unit in the field's name. Files from others are untrusted:
bounded in size and depth, validated field by field, no NaN or infinity.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import inf
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from dlbench.bench.results.against_parent import AgainstParent
from dlbench.bench.results.records import (
    CellName,
    CostInputs,
    CostOption,
    Count,
    Crossover,
    KernelTime,
    LatencySeconds,
    Machine,
    MachineEvidence,
    Many,
    ModelRecord,
    Name,
    NonNegative,
    OperatorTime,
    Positive,
    Price,
    ProbeReference,
    ProviderShare,
    Record,
    Roofline,
    Round,
    Settings,
    Software,
    Standing,
    Text,
    Verdict,
)
from dlbench.errors import InputError, ResultFileError, close_matches, one_line
from dlbench.files import read_bounded, read_json, write_atomic
from dlbench.model.facts import Accuracy
from dlbench.show.texts import says_errors

RESULT_SCHEMA = "dlbench.result/1"
MOST_CELLS, MOST_MODELS, MOST_WARNINGS = 5000, 200, 500
MOST_RESULT_BYTES = 64 * 2**20


class DiffFileError(ResultFileError):
    """A file of `dlbench diff` where a result is expected."""


_DISTURBED = ("nothing", "busy", "slowed", "starved", "mixed")  # what an interval covers if hardly any round was calm


class Cell(CellName):
    """One model x precision x provider x batch x threads (x copies x streams x scenario x rate)."""

    verdict: Verdict
    reason: Text = ""
    nodes_on_provider: Count | None = None
    nodes_total: Count | None = None
    fallback_operators: dict[Name, Count] = Field(default={}, description="operators that ran elsewhere")
    provider_shares: Many[ProviderShare] = ()
    streams: Count = 1
    scenario: Name = Field(default="single-stream", description="MLPerf's: single-stream, offline or server")
    rate_per_s: Positive | None = Field(default=None, description="server: offered runs a second")
    dropped: Count = 0
    provider_options: dict[Name, Text] = Field(default={}, description="as the session ran with them")
    tf32: bool | None = Field(default=None, description="CUDA: TensorFloat-32 allowed; null: no such setting")
    cuda_graph: bool = False
    interval_covers: Name = Field(
        default="",
        description="calm rounds, undelayed samples, or all rounds; where hardly any was calm: busy, slowed, starved "
        "or mixed rounds",
    )
    evidence: MachineEvidence | None = Field(default=None, description="what the machine did; null: older files")
    disturbed: bool = Field(
        default=False, description="hardly any round was calm: time, cost and energy come from disturbed ones"
    )
    latency_s: LatencySeconds | None = None
    throughput_per_s: Positive | None = Field(default=None, description="inferences per second: batch / p50")
    samples: Count = 0
    outliers: Count = 0
    undisturbed_rounds: Count = 0
    disturbed_median_s: Positive | None = None
    rounds: Many[Round] = ()
    stopped: Name = Field(default="", description="precision: goal reached; budget: time was up; interrupted")
    load_s: NonNegative | None = None
    first_run_s: NonNegative | None = None
    peak_rss_bytes: Count | None = None
    gpu_memory_bytes: Count | None = None
    energy_j_per_inference: NonNegative | None = None
    energy_source: Text = "n/a"
    co2_kg_per_million: dict[Name, NonNegative] = Field(
        default={}, description="by country: kWh of a million inferences x its g CO2 per kWh / 1000, PUE 1"
    )
    idle_power_w: NonNegative | None = Field(default=None, description="subtracted from the energy; null: not measured")
    top_operators: Many[OperatorTime] = ()
    kernels: Many[KernelTime] = Field(default=(), description="by the numbers in which they compute; variants")
    roofline: Roofline | None = None
    macs: Count | None = None
    parameters: Count | None = None
    bytes: Count | None = None
    achieved_flops_per_s: NonNegative | None = None
    accuracy: Accuracy | None = None
    lost_accuracy: bool = Field(
        default=False, description="a variant that lost more than was allowed: it has no place in a ranking"
    )
    parity_max_abs_error: NonNegative | None = None
    cost_usd_per_million: Many[CostOption] = ()
    warnings: Many[Text] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_earlier_versions(cls, given: Any) -> Any:
        """Leave out what earlier versions wrote, always null, and say `disturbed`, which they told in words alone."""
        if not isinstance(given, dict):
            return given
        if given.get("roofline_share", ...) is None:  # the roofline has a record of its own
            given = {name: value for name, value in given.items() if name != "roofline_share"}
        return {**given, "disturbed": str(given.get("interval_covers", "")).startswith(_DISTURBED)}

    @property
    def timed(self) -> bool:
        """Whether the cell holds figures of the provider that was asked for."""
        return self.verdict in ("ran", "partial") and self.latency_s is not None

    @property
    def timed_alone(self) -> bool:
        """Whether it is timed, one request at a time."""
        return self.timed and self.scenario == "single-stream"

    @property
    def latency(self) -> LatencySeconds:
        """The latency of a cell that has one."""
        assert self.latency_s is not None
        return self.latency_s

    @property
    def median_s(self) -> float:
        """Median seconds of one run; infinite where it has no time."""
        return self.latency_s.p50 if self.latency_s else inf

    @property
    def ranked(self) -> bool:
        """Whether its speed and cost may be called best: it has figures, and has not lost its answers."""
        return self.timed and not self.lost_accuracy

    @property
    def place(self) -> Literal["cpu", "cuda"]:
        """Where its work is done, as the costs of a machine name it."""
        return "cpu" if self.copies_included is None else "cuda"

    def cost(self, option: str) -> CostOption | None:
        """Return its cost under one way of having the machine; None where that is not in the result."""
        return _option(self.cost_usd_per_million, option)

    def usd(self, option: str) -> float | None:
        """Return USD per million inferences under one way of having the machine; None: no figure."""
        found = self.cost(option)
        return found.usd_per_million if found else None

    @property
    def least_usd(self) -> float | None:
        """USD per million inferences where owning has a price, else where renting has one."""
        owned = self.usd("own")
        return self.usd("rent") if owned is None else owned


class TrainingCost(Record):
    """What it cost to train one network, always beside the accuracy that it reached."""

    model: Name
    device: Name
    training_s: NonNegative
    energy_j: NonNegative | None
    energy_source: Text
    co2_kg: dict[Name, NonNegative] = Field(default={}, description="by country: kWh x its g CO2 per kWh / 1000, PUE 1")
    data: Text
    accuracy: Accuracy | None
    cost: Many[CostOption]

    def usd(self, option: str) -> float | None:
        """Return what it cost under one way of having the machine; None: no figure."""
        found = _option(self.cost, option)
        return found.usd_total if found else None


def _option(options: Sequence[CostOption], option: str) -> CostOption | None:
    return next((o for o in options if o.option == option), None)


class Result(Record):
    """A whole run."""

    result_schema: Literal["dlbench.result/1"] = Field(default="dlbench.result/1", alias="schema")
    created: Name = Field(description="UTC, ISO 8601")
    command: Text = ""
    label: Name = Field(default="", description="what the user called this run, such as a commit; empty: nothing")
    machine: Machine
    software: Software
    settings: Settings
    models: Annotated[Many[ModelRecord], Field(max_length=MOST_MODELS)]
    cells: Annotated[Many[Cell], Field(max_length=MOST_CELLS)]
    training: Annotated[Many[TrainingCost], Field(max_length=200)] = ()
    prices: Annotated[Many[Price], Field(max_length=500)] = ()
    cost_inputs: Annotated[Many[CostInputs], Field(max_length=10)] = ()
    assumptions: Annotated[Many[Text], Field(max_length=200)] = ()
    warnings: Annotated[Many[Text], Field(max_length=MOST_WARNINGS)] = ()
    probes: Many[ProbeReference] = ()
    crossovers: Many[Crossover] = ()
    standings: Annotated[Many[Standing], Field(max_length=MOST_CELLS)] = ()
    variants: Annotated[Many[AgainstParent], Field(max_length=MOST_MODELS)] = Field(
        default=(), description="models in fewer bits, each held against the one that it was made from"
    )
    of_diff: bool = Field(default=False, description="measured by dlbench diff: a model A and a model B, in turn")
    complete: bool = Field(default=True, description="false: interrupted, some cells have fewer rounds or none")

    def __repr__(self) -> str:
        models = ", ".join(model.name for model in self.models)
        state = "" if self.complete else ", interrupted"
        return f"<Result {self.created}: {len(self.cells)} cells of {models[:120]}{state}>"

    __str__ = __repr__

    @property
    def families(self) -> dict[str, tuple[str, ...]]:
        """The networks by the one that they were made from, each with its files in fewer bits."""
        parents = {variant.model: variant.parent for variant in self.variants}
        found: dict[str, tuple[str, ...]] = {}
        for model in self.models:
            parent = parents.get(model.name, model.name)
            found[parent] = (*found.get(parent, ()), model.name)
        return found

    @says_errors
    def family(self, network: str) -> str:
        """Return which of the `families` has this network.

        Raises:
            InputError: none has.
        """
        found = next((parent for parent, some in self.families.items() if network == parent or network in some), None)
        if found is None:
            near = close_matches(network, self.families)
            names = ", ".join(self.families)
            raise InputError(f"`network`: expected one of {names[:200]}, received {network[:80]!r}.{near}")
        return found

    @says_errors
    def only(self, network: str) -> Self:
        """Return the result with the networks of one family.

        Raises:
            InputError: none has this network.
        """
        some = self.families[self.family(network)]
        return self.model_copy(
            update={
                "models": tuple(model for model in self.models if model.name in some),
                "cells": tuple(cell for cell in self.cells if cell.model in some),
            }
        )

    def inputs_at(self, place: str) -> CostInputs | None:
        """Return the numbers behind the costs of the work on `cpu` or `cuda`; None: not in the result."""
        return next((inputs for inputs in self.cost_inputs if inputs.place == place), None)

    def probes_of(self, cell: Cell) -> Iterator[ProbeReference]:
        """Yield what the probe showed with the provider and the threads of a cell."""
        return (p for p in self.probes if (p.provider, p.threads) == (cell.provider, cell.threads))

    @property
    def ran_on(self) -> tuple[str, ...]:
        """The providers that were asked for and can run on this machine."""
        lost = {cell.provider for cell in self.cells if cell.verdict == "unavailable"}
        return tuple(name for name in self.settings.providers if name not in lost)

    @property
    def every_cell_failed(self) -> bool:
        """Say whether cells failed and none has figures; what can't run on this machine is no failure."""
        verdicts = {cell.verdict for cell in self.cells}
        failed = {"failed", "out_of_memory"}
        return bool(failed & verdicts) and verdicts <= failed | {"unavailable"}

    def judged_as(self, variants: Sequence[AgainstParent]) -> Self:
        """Return the same result with what its variants lost: their accuracy, their marks, and what is not known."""
        known = {variant.model: variant for variant in variants}
        models = [m.model_copy(update=_accuracy(known.get(m.name))) for m in self.models]
        cells = [c.model_copy(update=_accuracy(known.get(c.model), with_mark=True)) for c in self.cells]
        unknown = [v.sentence for v in variants if v.verdict == "not judged"]
        warnings = (*self.warnings, *unknown)[-MOST_WARNINGS:]
        return self.model_copy(
            update={"variants": tuple(variants), "models": tuple(models), "cells": tuple(cells), "warnings": warnings}
        )

    def to_json(self) -> str:
        """Return the file's text."""
        return self.model_dump_json(by_alias=True)


def _accuracy(variant: AgainstParent | None, with_mark: bool = False) -> dict[str, Any]:
    """Return what is known of a variant's answers, as fields of a model or, with its mark, of a cell."""
    if variant is None:
        return {}
    mark = {"lost_accuracy": variant.has_lost} if with_mark else {}
    return mark if variant.accuracy is None else {**mark, "accuracy": variant.accuracy}


def write_result(result: Result, path: str | PathLike[str]) -> Path:
    """Write the result whole or not at all; it is validated as a reader would.

    Raises:
        WorkspaceError: the place can't be written.
    """
    text = result.to_json()
    Result.model_validate_json(text)
    return write_atomic(Path(path), text + "\n")


def results_by_age(folder: str | PathLike[str]) -> list[Path]:
    """Return the paths of a folder's comparison results, the newest first."""
    return sorted(Path(folder).glob("compare-*.json"), key=lambda p: p.stat().st_mtime, reverse=True)


def newest_results(folder: str | PathLike[str], most: int = 20) -> Iterator[Result]:
    """Yield the newest comparison results of a folder, the newest first; one that can't be read is passed over."""
    for path in results_by_age(folder)[:most]:
        with suppress(ResultFileError):
            yield read_result(path)


def is_result(given: str | PathLike[str] | Result) -> bool:
    """Say whether this is a result or its file, and not a model."""
    return isinstance(given, Result) or os.fspath(given).endswith(".json")


def newest_result(folder: str | PathLike[str]) -> Path | None:
    """Return the newest comparison result of a folder, or None."""
    return next(iter(results_by_age(folder)), None)


def read_result(path: str | PathLike[str]) -> Result:
    """Read and validate a result file.

    Raises:
        ResultFileError: missing, too large, truncated, of another schema, or with a field that does not fit.
    """
    return parse_result(read_bounded(Path(path), MOST_RESULT_BYTES, ResultFileError, "result file"), str(path))


def parse_result(raw: bytes, path: str) -> Result:
    """Validate what a result file holds; `path` is its name in messages.

    Raises:
        DiffFileError: it is a diff.
        ResultFileError: truncated, of another schema, or with a field that does not fit.
    """
    try:
        document = read_json(raw)
    except ValueError as error:
        raise ResultFileError(
            f"{path} is not a complete JSON file: expected a dlbench result, received text that ends or breaks "
            f"({one_line(error, 100)}); it may be truncated, copy it again."
        ) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if isinstance(schema, str) and schema.startswith("dlbench.diff/"):
        raise DiffFileError(
            f"{path} is a diff, not a result: expected a file of dlbench compare, received one of dlbench diff."
        )
    if schema != RESULT_SCHEMA:
        received = f"schema {one_line(_in_short(schema), 60)}" if schema is not None else "JSON without a schema"
        raise ResultFileError(
            f"{path} is not a result that this version reads: expected schema {RESULT_SCHEMA!r}, received "
            f"{received}; make it again with dlbench compare, or use the version that wrote it."
        )
    del document
    try:
        return Result.model_validate_json(raw)
    except ValidationError as error:
        raise ResultFileError(
            f"{path} does not fit schema {RESULT_SCHEMA}: {_first_problem(error)}; make it again with dlbench compare, "
            "or use the version that wrote it."
        ) from error


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(one_line(str(part), 40) for part in first["loc"])
    received = one_line(_in_short(first.get("input")), 60)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"field {where or 'at the top'}: {one_line(first['msg'], 120)}, received {received}{more}"


def _in_short(value: object) -> str:
    """Return a value as text; Python refuses to write out an integer of many digits."""
    if isinstance(value, int) and value.bit_length() > 64:
        return f"an integer of {value.bit_length()} bits"
    return f"{len(value):,} entries" if isinstance(value, dict | list) else repr(value)
