"""Prices and costs of hardware present, absent or historic, as values with tables.

import dlbench

dlbench.price_list("gpu").table()
dlbench.estimate("result.json", on=["t4", "rpi4-4gb"]).to_frame()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dlbench.api.arguments import Names, PathLike, joined, names_arguments
from dlbench.api.choosing.asked_networks import published_as
from dlbench.api.money import chosen_devices, priced_catalogue
from dlbench.bench.cost.absent_hardware import (
    Estimate,
    has_estimate,
    network_estimates,
    own_training_estimates,
    training_estimates,
)
from dlbench.bench.cost.assumptions import ESTIMATED_BY_DEFAULT, TRAINED_BY_DEFAULT
from dlbench.bench.cost.catalogue import Device
from dlbench.bench.cost.latency.known_times import known_of_results, known_times
from dlbench.bench.cost.latency.published_inference import PublishedInference
from dlbench.bench.cost.latency.published_search import published_rows
from dlbench.bench.cost.published import PublishedRun, published_runs
from dlbench.bench.measure.subjects import counted_from_files
from dlbench.bench.report.charts.training_comparison import (
    COMPARED_DEVICES,
    ComparedTraining,
    compared_trainings,
    comparison_chart,
    comparison_table,
)
from dlbench.bench.report.tables.estimate_tables import (
    device_ids,
    estimate_chart,
    estimate_document,
    estimate_sentences,
    inference_table,
    no_estimate,
    some_of_each,
    training_estimates_table,
)
from dlbench.bench.report.tables.published_tables import own_table, published_chart, published_table, training_sentences
from dlbench.bench.report.tables.published_times_tables import (
    published_document,
    published_overview,
    published_times_table,
)
from dlbench.bench.report.tables.result_tables import catalogue_table
from dlbench.bench.results.kept_results import newest_kept
from dlbench.bench.results.schema import Result, TrainingCost, newest_results, read_result, results_by_age
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.show.svg import Chart
from dlbench.show.table import Table
from dlbench.show.table_view import TableView, WithTables


@dataclass(frozen=True, repr=False)
class PriceList(WithTables):
    """Devices with their prices, dates and sources."""

    devices: tuple[Device, ...]

    def __repr__(self) -> str:
        return f"<PriceList of {len(self.devices)} devices>"

    def tables(self) -> TableView:
        """Return the table of `dlbench cost catalogue`."""
        return TableView((catalogue_table(self.devices),))

    def _records(self) -> list[dict[str, Any]]:
        return self.document()

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return [
            {**asdict(d), "from_memory": sorted(d.from_memory), "old": d.old, "age_years": d.age_years}
            for d in self.devices
        ]


@names_arguments
def price_list(kind: str | None = None, *, prices: PathLike | None = None) -> PriceList:
    """Return the price list, as `dlbench cost catalogue` shows it.

    Args:
        kind: edge, cpu, gpu, tpu, cloud or service; None: all.
        prices: a price file (TOML) whose rows are added to the list or replace its rows.

    Raises:
        PriceError: an unknown kind, or a file that can't be used.
    """
    return PriceList(tuple(priced_catalogue(prices).of_kind(kind)))


@dataclass(frozen=True, repr=False)
class Estimates(WithTables):
    """Times of measured networks on hardware that is not here, as ranges."""

    rows: tuple[Estimate, ...]
    source: str  # what was measured
    without: tuple[str, ...] = ()  # ids of devices that there is no estimate for
    parents: Mapping[str, str] = field(default_factory=dict)  # of what each file in fewer bits was made

    def __repr__(self) -> str:
        return f"<Estimates: {len(self.rows)} rows from {self.source[:120]}>"

    def tables(self) -> TableView:
        """Return the table of `dlbench cost estimate`."""
        return TableView((inference_table(self.rows),))

    def short_table(self, every_column: bool = False) -> Table:
        """Return the rows of each network's smallest batch, in few columns if not every one is asked for."""
        return inference_table(self._at_smallest_batch(), short=not every_column)

    def some_rows(self, table: Table, rows: int) -> Table:
        """Return so many rows of the table: each network's first device before anyone's second."""
        return some_of_each(table, rows, self.parents)

    def device_ids(self) -> str:
        """Return the ids of the devices, and which of them have numbers that were written from memory."""
        return device_ids(self.rows)

    def sentences(self) -> tuple[str, ...]:
        """Return which devices are faster or slower than this machine for sure, at each network's smallest batch."""
        return (*estimate_sentences(self._at_smallest_batch()), *no_estimate(self.without))

    def _at_smallest_batch(self) -> tuple[Estimate, ...]:
        least = {row.work: min(r.batch for r in self.rows if r.work == row.work) for row in self.rows}
        return tuple(row for row in self.rows if row.batch == least[row.work])

    def chart(self) -> Chart:
        """Return the picture: title, alternative text, SVG."""
        return estimate_chart(self.rows, "Estimates")

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return estimate_document(self.rows)


@names_arguments
def estimate(
    result: PathLike | Result | None = None,
    *,
    on: Names = ESTIMATED_BY_DEFAULT,
    network: str | None = None,
    known: Sequence[str] = (),
    prices: PathLike | None = None,
    workspace: PathLike | None = None,
) -> Estimates:
    """Estimate the time of measured networks on other hardware: a range from a stated model.

    Args:
        result: a result or its file; None: the newest one of the workspace.
        on: devices of the price list.
        network: only this network, with its files in fewer bits; None: all.
        known: measured times that narrow the ranges: "mobilenet_v2=2ms", or "t4:mobilenet_v2=2ms" for one of several
            devices. Earlier results of a device in the workspace count too.
        prices: a price file (TOML).
        workspace: where the newest result is looked up.

    Raises:
        InputError: no result, one that can't be read, an unknown device, or a network that is not in it.
    """
    folder = Workspace.at(workspace).results
    given = newest_kept(folder)[0] if result is None else result
    catalogue = priced_catalogue(prices)
    models = Workspace.at(workspace).models
    record = counted_from_files(given if isinstance(given, Result) else read_result(Path(given)), models)
    devices = chosen_devices(on, catalogue, "--on")
    typed = known_times(known, [d.id for d in devices], record.models)
    earlier = tuple(counted_from_files(each, models) for each in newest_results(folder))
    told = {d.id: (*typed.get(d.id, ()), *known_of_results(earlier, d, catalogue)) for d in devices}
    asked = record if network is None else record.only(network)
    rows = network_estimates(asked, devices, catalogue, told)
    without = tuple(d.id for d in devices if not has_estimate(d))
    parents = {variant.model: variant.parent for variant in record.variants}
    return Estimates(tuple(rows), repr(given) if isinstance(given, Result) else str(given), without, parents)


@dataclass(frozen=True, repr=False)
class TrainingCosts(WithTables):
    """What training ResNet-50 cost over the years, beside the trainings of this machine and of absent hardware."""

    published: tuple[PublishedRun, ...]
    own: tuple[TrainingCost, ...]
    estimates: tuple[Estimate, ...]
    compared: tuple[ComparedTraining, ...] = ()  # the lecture's chart: 8 V100 against a TPU v2 Pod

    def __repr__(self) -> str:
        return (
            f"<TrainingCosts: {len(self.published)} published, {len(self.own)} of your own, "
            f"{len(self.estimates)} estimates>"
        )

    def tables(self) -> TableView:
        """Return the tables of `dlbench cost training`."""
        tables = [comparison_table(self.compared)] if self.compared else []
        tables += [published_table(self.published)]
        tables += [own_table(self.own)] if self.own else []
        return TableView([*tables, *([training_estimates_table(self.estimates)] if self.estimates else [])])

    def sentences(self) -> Sequence[str]:
        """Return a short summary in sentences."""
        return training_sentences(self.published)

    def chart(self) -> Chart:
        """Return the picture: title, alternative text, SVG."""
        return published_chart(self.published, self.own, self.estimates)

    def comparison_chart(self) -> Chart:
        """Return the lecture's picture, 8 V100 against a TPU v2 Pod: title, alternative text, SVG."""
        return comparison_chart(self.compared)

    def document(self) -> dict[str, Any]:
        """Return the machine form."""
        return {
            "comparison": [asdict(row) for row in self.compared],
            "published": [asdict(run) for run in self.published],
            "own": [training.model_dump(mode="json") for training in self.own],
            "estimates": estimate_document(self.estimates),
        }


@names_arguments
def training_costs(
    results: Sequence[PathLike | Result] = (),
    *,
    estimate: Names = TRAINED_BY_DEFAULT,
    prices: PathLike | None = None,
    workspace: PathLike | None = None,
) -> TrainingCosts:
    """Return what training cost: published runs, your own, and estimates for other hardware.

    Args:
        results: results or their files that hold your own trainings; none: the newest one of the workspace.
        estimate: devices of the price list to estimate for, or "none".
        prices: a price file (TOML).
        workspace: where the newest result is looked up.

    Raises:
        InputError: a result that can't be read, or an unknown device.
    """
    catalogue = priced_catalogue(prices)
    no_estimates = joined(estimate).strip().lower() in ("", "none")
    devices = () if no_estimates else chosen_devices(estimate, catalogue, "--estimate")
    measured = _with_trainings(results, Workspace.at(workspace))
    rows = training_estimates(devices, catalogue)
    rows += [row for result in measured for row in own_training_estimates(result, devices, catalogue)]
    both = [catalogue.device(name) for name in COMPARED_DEVICES]
    own = tuple(training for result in measured for training in result.training)
    aside = [row for result in measured for row in own_training_estimates(result, both, catalogue)]
    runs = tuple(published_runs())
    return TrainingCosts(runs, own, tuple(rows), compared_trainings(runs, own, aside))


def _with_trainings(results: Sequence[PathLike | Result], folder: Workspace) -> tuple[Result, ...]:
    """Return the given results, or the workspace's newest one that has trainings."""
    if results:
        return tuple(each if isinstance(each, Result) else read_result(Path(each)) for each in results)
    newest = (read_result(path) for path in results_by_age(folder.results))
    return tuple(next(([result] for result in newest if result.training), []))


@dataclass(frozen=True, repr=False)
class PublishedTimes(WithTables):
    """Published times, the fastest picture first."""

    rows: tuple[PublishedInference, ...]
    chosen: bool = True  # by a network or a device

    def __repr__(self) -> str:
        return f"<PublishedTimes: {len(self.rows)} rows>"

    def tables(self) -> TableView:
        """Return the table of `dlbench cost published --full`."""
        return TableView((published_times_table(self.rows) if self.chosen else published_overview(self.rows),))

    def short_table(self) -> Table:
        """Return what fits one screen: each device's fastest row; without a choice, what there is."""
        return published_times_table(self.rows, short=True) if self.chosen else published_overview(self.rows)

    def _records(self) -> list[dict[str, Any]]:
        return self.document()

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return published_document(self.rows)


@names_arguments
def published_times(network: str | None = None, *, device: str | None = None) -> PublishedTimes:
    """Return published inference times of others, as `dlbench cost published` shows them.

    Args:
        network: as torchvision, timm or ncnn call it; None: all.
        device: an id of the price list, or a part of a device's name; None: all.

    Raises:
        InputError: an unknown network or device, or no row with both.
    """
    if network is not None and (layers := published_as(network, Workspace.at(None))) not in ("", network):
        raise InputError(
            f"--network: expected a network of the published rows, received {network[:80]!r}, which is built on "
            f"{layers}: give --network {layers}"
        )
    return PublishedTimes(published_rows(network, device), network is not None or device is not None)
