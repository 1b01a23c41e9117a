"""Published times: what is shipped, how a row is found, and the command that shows them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from made_tables import made_result

from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.bench.cost.latency.chip_table import published_offers
from dlbench.bench.cost.latency.known_times import known_times
from dlbench.bench.cost.latency.network_table import recognised
from dlbench.bench.cost.latency.published_inference import packed_rows, published_inference
from dlbench.bench.cost.latency.published_search import beside
from dlbench.bench.report.tables.published_times_tables import published_beside_table
from dlbench.cli import main
from dlbench.errors import InputError

RESNET50 = {"macs": 4_089_184_256, "parameters": 25_557_032, "architecture": "resnet50"}


def test_every_row_has_a_time_a_source_and_a_date():
    rows = published_inference()
    assert len(rows) > 11_000
    assert all(row.latency_s > 0 and row.source and row.date for row in rows)


def test_a_date_in_words_has_a_year_or_none_and_every_network_has_its_rows_beside():
    rows = published_inference()
    assert {row.year for row in rows if not row.date[:4].isdigit()} == {None}
    assert all(2010 < row.year < 2100 for row in rows if row.date[:4].isdigit())
    for name, size in {(row.network, row.image_size) for row in rows}:
        beside(SimpleNamespace(name=name, size=size, macs=1, parameters=1))


def test_a_packed_table_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch):
    from dlbench.bench.cost.latency import published_inference as module

    monkeypatch.setattr(module, "_MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="expected at most 1000 bytes"):
        list(packed_rows("networks.csv.gz"))


def test_the_chips_name_rows_of_the_price_list_once():
    ids = [i for offer in published_offers().values() for i in offer.ids]
    assert len(ids) == len(set(ids)) and set(ids) <= set(load_catalogue().devices)


@pytest.mark.parametrize(
    ("name", "parameters", "macs", "found"),
    [
        ("resnet50", 25_557_032, 4_089_184_256, "resnet50"),
        ("mine", 138_357_544, 15_470_264_320, "vgg16"),  # and vgg16_bn, the same once its normalisation is merged
        ("resnet50", 1_000, 4_089_184_256, None),
        ("mine", 10, 100, None),
    ],
)
def test_a_network_is_recognised_by_its_name_and_counts(name: str, parameters: int, macs: int, found: str | None):
    work = recognised(name, parameters, macs)
    assert (work.name if work else None) == found


def test_published_figures_stand_beside_the_measured_one_each_labelled():
    base = made_result()
    models = [m.model_dump() | RESNET50 for m in base.models]
    result = type(base).model_validate(base.model_dump(by_alias=True) | {"models": models})
    table = published_beside_table(result)
    figures = [row[1] for row in table.rows]
    assert figures[:2] == ["measured", "published"] and figures[-1] == "estimated"
    assert published_beside_table(base).rows == ()
    work = recognised("resnet50", 25_557_032, 4_089_184_256)
    assert work and {row.runs_on for row in beside(work)} >= {"cpu", "gpu"}


def test_the_command_shows_rows_on_one_screen_and_in_json(capsys: pytest.CaptureFixture[str]):
    assert main(["cost", "published", "--network", "resnet50", "--device", "rpi4-4gb"]) == 0
    text = capsys.readouterr().out
    assert "Raspberry Pi 4 B" in text and "263 ms" in text and len(text.splitlines()) < 24
    assert main(["cost", "published", "--network", "resnet50", "--device", "RTX 4090", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)[0]
    assert row["kind"] == "published" and row["picture_s"] == pytest.approx(row["run_s"] / row["batch"])
    assert main(["cost", "published"]) == 0
    assert "onnxruntime-qnn" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["published", "--network", "resnt50"], "Did you mean resnet50"),
        (["published", "--device", "jetsn"], "Did you mean"),
        (["published", "--device", "jetson-orin-nano-super"], "cost estimate --on jetson-orin-nano-super"),
        (["published", "--network", "vit_b_16", "--device", "t4"], "leave one of them out"),
    ],
)
def test_what_was_never_published_is_refused_in_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["cost", *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1


def test_typed_times_name_their_device_where_there_are_several():
    one = known_times(["resnet50=7.1ms"], ["t4"])["t4"][0]
    assert one.seconds == pytest.approx(7.1e-3) and one.work.name == "resnet50"
    assert set(known_times(["t4:resnet50=1 s", "l4:resnet50=900us"], ["t4", "l4"])) == {"t4", "l4"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resnet50", "such as mobilenet_v2=2ms"),
        ("resnet50=0ms", "such as mobilenet_v2=2ms"),
        ("resnet50=7.1ms", "expected one of the devices"),
        ("t4:resnt50=7.1ms", "Did you mean resnet50"),
        ("t9:resnet50=7.1ms", "expected one of the devices"),
    ],
)
def test_a_typed_time_that_can_not_be_used_says_why(text: str, words: str):
    with pytest.raises(InputError, match=words):
        known_times([text], ["t4", "l4"])
