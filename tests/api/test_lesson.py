"""What the notebooks of the lesson need: the runtime and its price, values that show themselves, errors of one line."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

import dlbench
from dlbench.errors import DataError, InputError
from dlbench.show.notebook import Pages
from dlbench.show.svg import Charts

ROOT = Path(__file__).resolve().parents[2]


def _script():
    spec = importlib.util.spec_from_file_location("notebooks_script", ROOT / ".ci" / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()
NOTEBOOKS = [(s, lang) for s in sorted((ROOT / "notebooks").glob("[0-9]*.py")) for lang in SCRIPT.LANGUAGES]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """A machine of which the GPU is chosen, on Colab or not."""

    def make(gpu: str | None = None, colab: bool = True, **marks: str) -> None:
        facts = SimpleNamespace(cpu="A CPU", usable_cores=2, gpu=gpu and SimpleNamespace(name=gpu))
        monkeypatch.setattr("dlbench.api.lesson.hosted_runtime.machine_facts", lambda: facts)
        monkeypatch.setattr("dlbench.api.lesson.hosted_runtime._TPU_FILES", ())
        for name in ("COLAB_RELEASE_TAG", "COLAB_TPU_ADDR", "TPU_NAME", "TPU_ACCELERATOR_TYPE", "TPU_WORKER_ID"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**marks, **({"COLAB_RELEASE_TAG": "release"} if colab else {})}.items():
            monkeypatch.setenv(name, value)

    return make


@pytest.mark.parametrize(
    ("gpu", "kind", "row"),
    [
        (None, "cpu", "colab-cpu"),
        ("Tesla T4", "gpu", "colab-t4-2026"),
        ("NVIDIA L4", "gpu", "colab-l4"),
        ("NVIDIA A100-SXM4-40GB", "gpu", "colab-a100"),
        ("Tesla V100-SXM2-16GB", "gpu", "colab-v100"),
        ("NVIDIA H100 80GB HBM3", "gpu", None),
    ],
)
def test_a_runtime_of_colab_is_found_and_priced(machine, gpu, kind, row):
    machine(gpu)
    found = dlbench.find_runtime()
    assert (found.kind, found.device and found.device.id) == (kind, row)
    assert found.providers == ("cpu,cuda" if gpu else "cpu")
    price = found.tables()[0].rows[-1][1]
    assert "not in the price list" in price if row is None else "USD an hour" in price


def test_a_tpu_is_said_to_be_of_no_use_with_the_published_rows_beside(machine):
    machine(TPU_ACCELERATOR_TYPE="v5e-1")
    found = dlbench.find_runtime()
    assert (found.kind, found.hardware) == ("tpu", "TPU v5e-1")
    assert "of no use to ONNX Runtime" in found.sentences()[0]
    assert found.published and all(run.kind == "TPU" and run.cost_usd for run in found.published)
    assert len(found.tables()) == 2 and found._repr_html_().count("<table") == 2


def test_outside_colab_marks_of_a_tpu_mean_nothing_and_no_price_is_made_up(machine):
    machine(colab=False, TPU_NAME="x")
    found = dlbench.find_runtime()
    assert (found.kind, found.device, found.colab) == ("cpu", None, False)


def test_a_runtime_that_lacks_what_is_wanted_stops_with_one_line(machine):
    machine()
    with pytest.raises(InputError, match="this runtime has no GPU: expected one, received A CPU, 2 cores") as caught:
        dlbench.find_runtime(wanted="gpu")
    assert caught.value._render_traceback_() == [f"InputError: {caught.value}"]
    with pytest.raises(InputError, match="wanted: expected any, cpu, gpu, tpu, received 'npu'"):
        dlbench.find_runtime(wanted="npu")


def test_charts_show_themselves_in_notebooks_and_are_still_triples():
    chart = dlbench.training_costs(estimate="none").chart()
    title, words, svg = chart
    assert chart._repr_html_().startswith("<div") and svg in chart._repr_html_() and words and title in repr(chart)
    assert Charts((chart, chart))._repr_html_().count("<svg") == 2


def test_a_report_is_shown_in_a_frame_that_reaches_nothing(tmp_path):
    page = tmp_path / "a<b.html"
    page.write_text('<p title="x">"</p><script>1</script>', encoding="utf-8")
    shown = Pages((tmp_path / "a.csv", page))._repr_html_()
    assert 'sandbox="allow-scripts allow-downloads"' in shown and "<script>" not in shown and "a&lt;b.html" in shown
    assert "iframe" not in Pages((tmp_path / "a.csv",))._repr_html_()


def test_a_digit_is_shown_as_shaded_numbers():
    digits = dlbench.survey()
    assert digits.sample()._repr_html_().count("<td") == 28 * 28
    png, words = digits.picture()
    assert png.startswith(b"\x89PNG") and words in digits.picture()._repr_html_()


def test_a_folder_of_mixed_formats_is_read_and_a_notebook_says_what_was_passed_over(tmp_path):
    from PIL import Image

    endings = ("jpg", "PNG", "webp", "gif", "bmp", "tiff", "JPEG", "jpg", "jpg", "jpg")
    for kind, shade in (("cat", 1), ("dog", 90)):
        (tmp_path / kind).mkdir()
        for place, ending in enumerate(endings):
            Image.new("RGB", (20, 30), (shade, 9 * place, 0)).save(tmp_path / kind / f"{place}.{ending}")
    (tmp_path / "cat" / "broken.jpg").write_bytes(b"\xff\xd8<script>")
    (tmp_path / "dog" / "IMG_1.HEIC").write_bytes(b"ftypheic")
    found = dlbench.survey(tmp_path)
    assert found.images == 20
    shown = found._repr_html_()
    assert "broken.jpg" in shown and "HEIC" in shown and "<script>" not in shown and shown.count("<table") == 2


def test_the_sample_photos_need_no_internet_and_their_parts_share_no_piece():
    photos = dlbench.train.load("sample-photos", size=32)
    assert photos.images.shape == (120, 3, 32, 32) and photos.counts() == {"temple": 60, "flower": 60}
    assert len(set(map(bytes, photos.images))) == 120
    assert sorted(place for part in photos.split.parts for place in part) == list(range(120))


def test_a_photo_that_is_another_is_one_line(monkeypatch, tmp_path):
    from PIL import Image

    folder = tmp_path / "datasets" / "images"
    folder.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "china.jpg")
    found = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr("dlbench.train.data.photo_sample.importlib.util.find_spec", lambda name: found)
    with pytest.raises(DataError, match="expected 640 x 427 pixels, received 8 x 8 pixels; install scikit-learn again"):
        dlbench.train.load("sample-photos")


@pytest.mark.parametrize(("source", "language"), NOTEBOOKS)
def test_the_notebooks_are_those_of_their_source_and_hold_no_outputs(source, language):
    kept = nbformat.read(ROOT / "notebooks" / SCRIPT.file_name(source, language), 4)
    made = SCRIPT.in_language(source, language)
    assert nbformat.writes(kept) == nbformat.writes(made), "run: uv run python .ci/notebooks.py"
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in kept.cells)
    assert not any("# hu:" in cell.source or "say(" in cell.source or "{setup}" in cell.source for cell in kept.cells)


@pytest.mark.parametrize("source", sorted({source for source, _ in NOTEBOOKS}))
def test_both_languages_hold_the_same_cells_in_the_same_order(source):
    english, hungarian = (SCRIPT.in_language(source, language).cells for language in ("en", "hu"))
    assert [cell.cell_type for cell in english] == [cell.cell_type for cell in hungarian]
    for one, other in zip(english, hungarian, strict=True):
        assert one.source.count("<details>") == other.source.count("<details>")
        assert (one.source == other.source) <= (one.cell_type == "code")


@pytest.fixture(params=["en", "hu"])
def first_cell(request, monkeypatch: pytest.MonkeyPatch):
    """The first cell of a notebook in which dlbench is missing, and what pip was asked."""
    (source, *_) = (source for source, _ in NOTEBOOKS)
    asked = []

    def run(
        answer: SimpleNamespace, version: tuple[int, int] = (3, 12), present=("torch", "numpy"), home="someone/dlbench"
    ) -> list[str]:
        monkeypatch.setattr(SCRIPT, "REPOSITORY", home)
        code = SCRIPT.in_language(source, request.param).cells[1].source
        monkeypatch.setenv("DLBENCH_LANG", "en")
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in present or None)
        monkeypatch.setattr(sys, "version_info", version)
        monkeypatch.setattr(subprocess, "run", lambda command, **_: asked.append(command) or answer)
        exec(compile(code, "first cell", "exec"), {})
        return asked

    return run


def test_on_colab_the_first_cell_installs_beside_the_torch_that_is_there(first_cell):
    (_, _, _, install, _, constraint, file, source), weights = first_cell(SimpleNamespace(returncode=0))
    assert (install, constraint) == ("install", "--constraint") and source.startswith("dlbench[train] @ git+https://")
    kept = Path(file).read_text(encoding="utf-8").split()
    assert [line.split("==")[0] for line in kept] == ["torch", "numpy"]
    locked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["weights"]
    assert weights[-2:] == ["--no-deps", *locked]


def test_a_wheel_beside_the_notebook_comes_first_and_without_any_source_one_line_says_what_to_do(
    first_cell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Exception, match="whl") as caught:
        first_cell(SimpleNamespace(returncode=0), home="")
    (line,) = caught.value._render_traceback_()
    assert "\n" not in line
    (tmp_path / "dlbench-1.0-py3-none-any.whl").touch()
    command, _ = first_cell(SimpleNamespace(returncode=0), home="")
    assert command[-1] == f"{tmp_path / 'dlbench-1.0-py3-none-any.whl'}[train]"


@pytest.mark.parametrize("language", SCRIPT.LANGUAGES)
def test_a_published_home_makes_the_buttons_and_without_one_no_link_is_dead(
    language: str, monkeypatch: pytest.MonkeyPatch
):
    source = NOTEBOOKS[0][0]
    for home, expected in (("someone/dlbench", "/github/someone/dlbench/blob/main/notebooks/1-first"), ("", ".whl")):
        monkeypatch.setattr(SCRIPT, "REPOSITORY", home)
        assert expected in SCRIPT.in_language(source, language).cells[0].source
    assert "OWNER" not in "".join(cell.source for cell in SCRIPT.in_language(source, language).cells)


def test_where_dlbench_is_there_the_first_cell_changes_nothing(first_cell):
    assert first_cell(SimpleNamespace(returncode=1), present=("dlbench",)) == []


@pytest.mark.parametrize(
    ("version", "answer", "words"),
    [
        ((3, 10), 0, "3.10"),
        ((3, 12), 1, "ERROR: Could not find a version"),
        ((3, 12), 2, "fatal: unable to access"),
    ],
    ids=["an old Python", "no internet", "no repository"],
)
def test_what_hinders_the_set_up_is_one_line(first_cell, version, answer, words):
    stderr = ("", "WARNING: x\nERROR: Could not find a version\nERROR: No match\n", "x\n    fatal: unable to access\n")
    said = SimpleNamespace(returncode=answer, stderr=stderr[answer])
    with pytest.raises(Exception, match=words) as caught:
        first_cell(said, version)
    (line,) = caught.value._render_traceback_()
    assert "\n" not in line and words in line


def test_a_notebook_names_arguments_where_the_terminal_names_options():
    shown = dlbench.tasks()._repr_html_()
    assert "<code>task</code>" in shown and "<code>loss</code>" in shown and "--" not in shown


def test_too_few_networks_are_told_by_the_name_of_the_argument(tmp_path):
    with pytest.raises(InputError, match=r"^networks: expected two networks or more, each once"):
        dlbench.compare_networks(["dense"], workspace=tmp_path)


def test_a_wrong_pairing_is_told_in_words_of_python_and_its_error_has_a_unit(tmp_path):
    with pytest.raises(InputError, match="Leave out activation, or add force=True to see what goes wrong"):
        dlbench.train_network("dense", task="regression", activation="sigmoid", workspace=tmp_path)
    wrong = dlbench.train_network(
        "dense", task="regression", activation="sigmoid", force=True, epochs=1, workspace=tmp_path
    )
    assert "degrees" in wrong.judged() and "degrees" in wrong._repr_html_()
