"""Results, journals, prices, checkpoints, records and pictures under attack: an answer, or one line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from damage import broken_bytes, broken_document, survives
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reports import INPUTS, document, machine_document
from safetensors.torch import save

from dlbench.bench.cost.price_file import EXAMPLE, read_price_file
from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import diff_results
from dlbench.bench.measure.journal import JournalHeader, JournalLine, find_journal, read_journal
from dlbench.bench.report.page import make_page
from dlbench.bench.report.result_csv import class_csv
from dlbench.bench.report.writing import page_html, page_markdown
from dlbench.bench.results.merging import merge
from dlbench.bench.results.schema import Result, read_result
from dlbench.model.facts import read_facts
from dlbench.picture_files import read_picture
from dlbench.train.checkpoint import rebuild
from dlbench.train.networks.architectures import build
from dlbench.train.run_record import recorded_run

SEEDS = st.integers(0, 2**32 - 1)


def attack(examples: Callable[[int], Any], usual: int, once: Callable[[int], object]) -> None:
    examples(usual)(given(SEEDS)(once))()


def dumped(document: Any, seed: int) -> bytes:
    """A broken document, and in one of four cases broken text."""
    text = json.dumps(broken_document(document, seed)).encode("utf-8", "surrogatepass")
    return text if seed % 4 else broken_bytes(json.dumps(document).encode(), seed)


@pytest.mark.parametrize("kind", ["small", "machine"])
def test_a_broken_result_is_refused_or_everything_is_made_of_it(kind: str, tmp_path: Path, examples: Callable):
    rounds = document()["cells"][0]["rounds"] * 4
    whole = document(cost_inputs=[INPUTS]) if kind == "small" else machine_document(1, 1.0, 0.02)
    for cell in whole["cells"]:
        if cell["rounds"]:
            cell.update(rounds=rounds, interval_covers="calm rounds")
    sound, path = Result.model_validate_json(json.dumps(whole)), tmp_path / "result.json"

    def read() -> None:
        result = read_result(path)
        entries = merge([(path, result), (Path("sound.json"), sound)])
        page = make_page(entries)
        page_html(page), page_markdown(page), class_csv(entries)
        diff_results(result, sound, DiffSettings()), diff_results(sound, result, DiffSettings())

    def once(seed: int) -> None:
        path.write_bytes(dumped(whole, seed))
        survives(read)

    attack(examples, 8, once)


def test_a_broken_journal_is_read_or_refused(tmp_path: Path, examples: Callable):
    header = json.loads(JournalHeader(command="dlbench compare", identity={"seed": 0}).model_dump_json(by_alias=True))
    line = json.loads(
        JournalLine(
            key=("cnn", "cpu", 1, 2, None, 1, "server", 2.5),
            verdict="ran",
            reason="",
            nodes_on_provider=4,
            nodes_total=4,
            fallback_operators={"Conv": 1},
            shares=(),
            options={"a": "b"},
            round=Result.model_validate_json(json.dumps(document())).cells[0].rounds[0],
        ).model_dump_json()
    )
    path = tmp_path / "compare-1.rounds.jsonl"

    def once(seed: int) -> None:
        path.write_bytes(dumped(header, seed // 2 * 2) + b"\n" + dumped(line, seed) + b"\n" + dumped(line, seed + 1))
        survives(lambda: read_journal(path))
        survives(lambda: find_journal(tmp_path, {"seed": 0}))

    attack(examples, 40, once)


def test_a_broken_price_file_is_read_or_refused(tmp_path: Path, examples: Callable):
    path = tmp_path / "prices.toml"

    def once(seed: int) -> None:
        path.write_bytes(broken_bytes(EXAMPLE.encode(), seed))
        survives(lambda: read_price_file(path))

    attack(examples, 60, once)


RECORD = {
    "schema": "dlbench.run/1",
    "settings": {"network": "dense", "data": "mnist-sample", "epochs": 1, "learning_rate": 0.1, "seed": 0},
    "task": {"name": "multiclass", "activation": "softmax", "loss": "cross-entropy", "outputs": 3, "unit": ""},
    "input": {"channels": 1, "size": [8, 8], "mean": [0.5], "std": [0.5]},
    "labels": ["a", "b", "c"],
    "trained_sha256": "0" * 64,
}


def test_a_broken_checkpoint_or_record_is_read_or_refused(tmp_path: Path, examples: Callable):
    network = build("dense", 1, (8, 8), 3)
    state, path = save(dict(network.state_dict())), tmp_path / "run.safetensors"

    def once(seed: int) -> None:
        path.write_bytes(broken_bytes(state, seed) if seed % 3 == 0 else state)
        path.with_suffix(".json").write_bytes(dumped(RECORD, seed))
        survives(lambda: rebuild(path))
        survives(lambda: recorded_run(path))

    attack(examples, 12, once)
    assert isinstance(network, torch.nn.Module)


def test_broken_facts_in_a_model_file_are_read_or_refused(examples: Callable):
    from onnx import ModelProto

    from dlbench.model.facts import Accuracy, ModelFacts, TrainingFacts, write_facts

    training = TrainingFacts(training_s=1, device="cpu", epochs=1, energy_j=1, images_per_s=1, batch_size=2)
    facts = ModelFacts(
        network="cnn",
        architecture="a",
        labels=("a", "b"),
        mean=(0.5,),
        std=(0.5,),
        data="d",
        split="s",
        accuracy=Accuracy(correct=1, samples=2),
        metrics={"f1": 0.5},
        training=training,
        parameters=1,
        trained_parameters=1,
        version="1",
        layers={"a": "b"},
    )
    write_facts(model := ModelProto(), facts)
    texts = {entry.key: json.loads(entry.value) for entry in model.metadata_props}

    def once(seed: int) -> None:
        broken = ModelProto()
        for key, value in broken_document(texts, seed).items():
            broken.metadata_props.add(key=key, value=json.dumps(value))
        survives(lambda: read_facts(broken))

    attack(examples, 60, once)


PICTURES = {
    "png": ("PNG", Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))),
    "deep": ("PNG", Image.fromarray(np.arange(16, dtype=np.uint16).reshape(4, 4))),
    "palette": ("GIF", Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4)).convert("P")),
    "jpeg": ("JPEG", Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))),
    "tiff": ("TIFF", Image.fromarray(np.arange(16, dtype=np.float32).reshape(4, 4))),
    "webp": ("WEBP", Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))),
    "bmp": ("BMP", Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))),
    "ppm": ("PPM", Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_broken_picture_is_read_or_refused(kind: str, tmp_path: Path, examples: Callable, card: Any):
    from dlbench.viz.capture.picture import open_picture

    form, picture = PICTURES[kind]
    picture.save(stream := io.BytesIO(), form)
    path = tmp_path / f"picture.{kind}"

    def once(seed: int) -> None:
        path.write_bytes(broken_bytes(stream.getvalue(), seed))
        survives(lambda: open_picture(card, path))

    attack(examples, 25, once)
    path.write_bytes(stream.getvalue())
    assert read_picture(path, 4).pixels.mode == "RGB"


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from small_models import dense_model

    from dlbench.model.card import read_model

    path = tmp_path_factory.mktemp("card") / "net.onnx"
    path.write_bytes(dense_model(inner=2).SerializeToString())
    return read_model(path)
