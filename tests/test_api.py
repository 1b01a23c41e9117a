"""The Python API: its names, how its values show themselves, and what its errors call things."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from small_models import dense_model

import dlbench
from dlbench.errors import InputError, MissingExtraError

QUICK = {"rounds": 2, "budget": 0}


@pytest.fixture(scope="module")
def script_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose name is markup."""
    path = tmp_path_factory.mktemp("models") / "<script>alert(1)<script>.onnx"
    onnx.save_model(dense_model(), path)
    return path


@pytest.fixture(scope="module")
def result(script_file: Path) -> dlbench.Result:
    return dlbench.compare(script_file, batch_sizes=[1, 8], **QUICK)


def test_importing_and_comparing_imports_no_torch(dense_file):
    code = "import dlbench, sys; assert not {'numpy', 'rich', 'torch'} & set(sys.modules), 'import'\n"
    code += f"dlbench.compare({str(dense_file)!r}, batch_sizes=1, rounds=2, budget=0)\n"
    code += "assert 'torch' not in sys.modules and 'torchvision' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_every_public_name_is_there():
    for name in dlbench.__all__:
        assert getattr(dlbench, name) is not None
    assert set(dlbench.__all__) <= set(dir(dlbench))
    with pytest.raises(AttributeError):
        _ = dlbench.nothing


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
