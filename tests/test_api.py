"""The Python API: its names, how its values show themselves, and what its errors call things."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import onnx
import pytest
from small_models import dense_model

import dlbench
from dlbench.bench.measure import launch
from dlbench.errors import InputError, MissingExtraError
from dlbench.show import notebook

QUICK = {"rounds": 2, "budget": 0}
NAMES = """\
Backbone BuyOrRent Claim ClassCheck DataSurvey Diff DlbenchError Estimates Examination ExportedModel FreezingRuns
HardwareChoice History Inspection LayerList ModelErrors NetworkRuns NoiseFloor Precisions PriceList PublishedTimes
Result Runtime SeedRuns TaskList TaskRuns ThreadAdvice TrainResult TrainingCosts TunedSession __version__ bench
buy_or_rent choose
class_check compare compare_freezing compare_networks compare_precision compare_tasks diff estimate examine export
export_model find_errors find_runtime history inspect inspect_backbone list_layers noise_floor price_list
provider_options published_claim published_times read_result survey tasks thread_advice train train_network train_seeds
training_costs tune viz write_report
"""
VALUES = {
    "inspect": dlbench.inspect,
    "list_layers": dlbench.list_layers,
    "price_list": lambda _: dlbench.price_list("gpu"),
    "training_costs": lambda _: dlbench.training_costs(estimate="t4"),
    "buy_or_rent": lambda _: dlbench.buy_or_rent(),
    "published_claim": lambda _: dlbench.published_claim(),
    "published_times": lambda _: dlbench.published_times("resnet50", device="rpi5-8gb"),
    "provider_options": lambda _: dlbench.provider_options(),
    "tasks": lambda _: dlbench.tasks(),
    "survey": lambda _: dlbench.survey(),
    "backbone": lambda _: dlbench.inspect_backbone("resnet18"),
}


@pytest.fixture(scope="module")
def script_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose name is markup."""
    path = tmp_path_factory.mktemp("models") / "<script>alert(1)<script>.onnx"
    onnx.save_model(dense_model(), path)
    return path


@pytest.fixture(scope="module")
def result(script_file: Path) -> dlbench.Result:
    return dlbench.compare(script_file, batch_sizes=[1, 8], **QUICK)


@pytest.mark.usefixtures("replayed_rounds")
def test_importing_and_comparing_imports_no_torch(dense_file):
    code = "import dlbench, sys; assert not {'numpy', 'rich', 'torch'} & set(sys.modules), 'import'\n"
    code += f"from dlbench.bench.measure import launch; launch.WORKER = {launch.WORKER}\n"
    code += f"dlbench.compare({str(dense_file)!r}, batch_sizes=1, rounds=2, budget=0)\n"
    code += "assert 'torch' not in sys.modules and 'torchvision' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_the_public_names_are_those_that_are_promised():
    assert dlbench.__all__ == NAMES.split()
    for name in NAMES.split():
        assert getattr(dlbench, name) is not None
    assert set(NAMES.split()) <= set(dir(dlbench))
    with pytest.raises(AttributeError):
        _ = dlbench.nothing


def test_no_function_hides_the_module_of_its_name():
    def walk(package: ModuleType) -> list[str]:
        hidden = []
        for info in pkgutil.iter_modules(package.__path__):
            if info.name == "__main__":
                continue
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            hidden += walk(module) if info.ispkg else []
            if getattr(package, info.name) is not module:
                hidden.append(module.__name__)
        return hidden

    assert walk(dlbench) == []


@pytest.mark.parametrize("name", VALUES)
def test_every_value_is_short_and_prints_its_tables(name, dense_file):
    value = VALUES[name](dense_file)
    assert len(repr(value)) < 300 and len(str(value)) < 300
    assert len(value.tables()) >= 1 and value.table().to_frame().shape[0] == len(value.tables()[0].rows)
    assert value.tables()[0].title.split()[0] in str(value.table())
    assert value._repr_html_().startswith("<table") and "<script" not in value._repr_html_()
    assert len(value.to_frame()) >= 1


@pytest.mark.usefixtures("replayed_rounds")
def test_progress_is_told_to_whoever_asks(dense_file):
    told = []
    dlbench.compare(dense_file, batch_sizes=1, on_progress=lambda *event: told.append(event), **QUICK)
    assert told[0] == ("opening the models", 0, 0) and told[-1][0] == "working out costs"
    assert any(done and total for _, done, total in told)


def test_a_notebook_shows_a_bar_and_takes_it_away(monkeypatch):
    shown = []
    handle = SimpleNamespace(update=shown.append)
    display = SimpleNamespace(HTML=str, display=lambda html, display_id: shown.append(html) or handle)
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()), display=display)
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    with notebook.notebook_progress("<b>") as on_progress:
        on_progress("looking", 1, 2)
    assert "&lt;b&gt;" in shown[0] and 'value="1"' in shown[1] and shown[-1] == ""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    with notebook.notebook_progress("cnn") as on_progress:
        assert on_progress is None


def test_a_result_is_short_in_a_session_and_a_table_in_a_notebook(result):
    assert len(repr(result)) < 300 and len(str(result)) < 300
    assert "Speed, and where it ran" in repr(result.table())
    html = result._repr_html_()
    assert "<table" in html and "&lt;script&gt;" in html and "<script>" not in html
    assert "<script>" not in result.tables()._repr_html_()
    assert [table.key for table in result.tables()][:1] == ["speed"]
    assert "USD" in str(result.table("cost"))
    with pytest.raises(InputError, match="key: expected one of speed"):
        result.table("nothing")


def test_a_result_as_a_data_frame_has_a_row_a_cell(result, monkeypatch):
    pandas = pytest.importorskip("pandas")
    frame = result.to_frame()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == len(result.cells) == 2
    assert list(frame["batch"]) == [1, 8] and (frame["latency_p50_s"] > 0).all()


def test_without_pandas_to_frame_says_what_to_install(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        result.to_frame()


def test_results_are_written_read_held_against_each_other_and_reported(result, tmp_path):
    path = result.save(str(tmp_path / "r.json"))
    read = dlbench.read_result(str(path))
    assert isinstance(read, dlbench.Result) and read.to_json() == result.to_json()
    held = dlbench.diff(path, read)
    assert isinstance(held, dlbench.Diff) and len(held.rows) == 2
    assert len(repr(held)) < 300 and "<script>" not in held._repr_html_()
    pages = dlbench.write_report([path, read], tmp_path / "reports", format=["html", "csv"])
    assert [page.suffix for page in pages] == [".html", ".csv"]


def test_errors_name_the_arguments_of_python(dense_file, tmp_path):
    with pytest.raises(InputError, match=r"^batch_sizes: expected") as caught:
        dlbench.compare(dense_file, batch_sizes=[0])
    assert "--" not in str(caught.value)
    with pytest.raises(InputError, match=r"^same_within: expected"):
        dlbench.diff(dense_file, dense_file, same_within="500%")
    with pytest.raises(InputError, match=r"^scenario: expected"):
        dlbench.compare(dense_file, scenario="none")
    with pytest.raises(InputError, match="two result files or two models"):
        dlbench.diff(dense_file, tmp_path / "r.json")
