"""The data embedded in the report's page: figures for the what-if panel, and for programs that read the page.

document = page_data(entries); document["cells"][0]["latency_s"]

The panel in the page (`templates/report.js`) has the formulas of `dlbench.bench.cost` once more, in JavaScript; a test
holds the two against each other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dlbench.bench.choosing.page_options import page_options
from dlbench.bench.cost.assumptions import Assumptions
from dlbench.bench.cost.countries import Rates
from dlbench.bench.cost.formulas import cloud_usd_per_useful_hour
from dlbench.bench.report.cell_names import network_names, timed_cells, where
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.show.texts import current_language, tr

PAGE_SCHEMA = "dlbench.page/1"
_ANSWERS_PER_DAY = 1_000_000


def page_data(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return machines, cells and defaults, in SI base units and USD; no round's samples."""
    named, number = network_names(entries), {entry.label: i for i, entry in enumerate(entries)}
    rates = Rates()
    return {
        "schema": PAGE_SCHEMA,
        "lang": current_language(),
        "defaults": _defaults(entries),
        "rates_usd": {"USD": 1.0, "EUR": rates.eur, "HUF": rates.huf},
        "machines": [_machine(entry) for entry in entries],
        "cells": [_cell(cell, entry, number[entry.label], named(cell)) for entry, cell in timed_cells(entries)],
        "variants": [
            {"network": v.model, "parent": v.parent, "machine": number[entry.label], "lost": v.has_lost}
            for entry in entries
            for v in entry.result.variants
        ],
        "choosing": page_options([entry.result for entry in entries]),
        "texts": _texts(),
        "scales": [
            {
                "times": 1,
                "words": tr("Amounts in {currency} per million inferences."),
                "cheapest": tr("The cheapest way to a million answers at these settings:"),
            },
            {
                "times": 1000,
                "words": tr("Amounts in {currency} per billion inferences."),
                "cheapest": tr("The cheapest way to a billion answers at these settings:"),
            },
        ],
    }


def _defaults(entries: Sequence[Entry]) -> dict[str, float]:
    given = next((i for entry in entries for i in entry.result.cost_inputs), None)
    base = given or Assumptions()
    return {
        "years": base.years,
        "residual_share": base.residual_share,
        "hours_per_day": base.active_hours_per_day,
        "overhead_share": base.cloud_overhead_share,
        "usd_per_kwh": base.electricity_usd_per_kwh,
        "pue": given.pue if given else Assumptions.pue_home,
        "busy_share": 1.0,
        "answers_per_day": _ANSWERS_PER_DAY,
    }


def _machine(entry: Entry) -> dict[str, Any]:
    machine = entry.result.machine
    shown = {"device", "price_usd", "power_w", "rent", "rent_usd_per_hour", "colab_usd_per_hour"}
    places = {inputs.place: inputs.model_dump(include=shown) for inputs in entry.result.cost_inputs}
    gpu = machine.gpu.name if machine.gpu else None
    return {"label": entry.label, "cpu": machine.cpu, "gpu": gpu, "created": entry.result.created, "places": places}


def _cell(cell: Cell, entry: Entry, machine: int, network: str) -> dict[str, Any]:
    latency = cell.latency
    return {
        "machine": machine,
        "network": network,
        "provider": where(cell, entry.result),
        "place": cell.place,
        "batch": cell.batch,
        "verdict": cell.verdict,
        "latency_s": latency.p50,
        "ci_s": [latency.ci_low, latency.ci_high],
        "disturbed": cell.disturbed,
        "throughput_per_s": cell.throughput_per_s,
        "rent_share": _rent_share(cell, entry),
        "energy_j": cell.energy_j_per_inference,
        "lost_accuracy": cell.lost_accuracy,
        "accuracy": round(cell.accuracy.proportion.value, 6) if cell.accuracy else None,
    }


def _rent_share(cell: Cell, entry: Entry) -> float:
    """Return the share of the instance's price that the cell was charged."""
    rent, inputs = cell.cost("rent"), entry.result.inputs_at(cell.place)
    if rent is None or rent.usd_per_hour is None or inputs is None or not inputs.rent_usd_per_hour:
        return 1.0
    whole = cloud_usd_per_useful_hour(inputs.rent_usd_per_hour, inputs.cloud_overhead_share)
    return round(rent.usd_per_hour / whole, 9)


def _texts() -> dict[str, str]:
    return {
        "unknown": "n/a",
        "cheapest": tr("cheapest"),
        "none": tr("no cell has a price: give a purchase price or a rent."),
        "summary": tr("{network}: {amount} {currency}, {way}, on {name}"),
        "ties": tr("(and {n} more that are not shown to differ)"),
        "saves": tr(
            "{network} in place of {parent} saves {amount} {currency} and {energy} kWh a year ({way}, {name})."
        ),
        "costs_more": tr("{network} in place of {parent} costs {amount} {currency} more a year ({way}, {name})."),
        "same_cost": tr("{network} in place of {parent}: no difference in cost shows outside the noise ({name})."),
        "lost": tr("{network} lost its answers: what it saves is no win."),
        "fold": tr("Fold all parts"),
        "unfold": tr("Open all parts"),
        "left_out": tr(
            "Colab is left out, for its machine is another one, whose speed was not measured; electricity alone is no "
            "way to have a machine."
        ),
        "filtered": tr("Showing {n} of {all} rows of the tables."),
        "shown": tr("Showing {n} of {all} rows."),
        "sort": tr("sort by this column"),
        "bad": tr("not a number in range"),
        "own": tr("own it"),
        "electricity": tr("electricity"),
        "rent": tr("rent"),
        "colab": "Colab",
        "batch": tr("batch"),
        "have": tr("here"),
        "buy": tr("buy"),
        "measured": tr("measured"),
        "published": tr("published"),
        "estimated": tr("estimated"),
        "surely": tr("surely"),
        "may": tr("may"),
        "or_more": tr("or more"),
        "served": tr(
            "{sure} ways surely serve, {may} may. The cheapest that surely serves: {name}, {way}, {amount} USD a "
            "month, {time} an answer ({basis})."
        ),
        "only_may": tr(
            "Nothing surely serves, {may} ways may. The cheapest that might: {name}, {way}, {amount} USD a month, "
            "{time} an answer ({basis}): measure it first."
        ),
        "nothing_serves": tr("Nothing serves: the fastest is {name}, {time} an answer ({basis})."),
    }


def embedded(document: dict[str, Any]) -> str:
    """Return JSON that can stand inside a script element: nothing in it can close the element or open a comment."""
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
