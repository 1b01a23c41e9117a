"""Shared by all tests: small real ONNX models, a workspace of their own, where the photos lie."""

from __future__ import annotations

import atexit
import functools
import gc
import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import onnx
import psutil
import pytest
from forked_worker import forked_workers
from onnx import helper, numpy_helper
from photos import SHARED_PHOTOS, copy_photos
from replayed_worker import replaying
from sharing import Shared, export_quickly, use_own_cores
from short_rounds import COMMAND
from small_models import dense_model

from dlbench.bench.machine.gaps import Patience

use_own_cores()
for name in ("COLUMNS", "LINES"):  # whoever runs the tests may have a narrow screen
    os.environ.pop(name, None)


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled modules even where PYTHONDONTWRITEBYTECODE is set, but not beside the sources.

    Without them each of the hundreds of processes that the tests start compiles torch, numpy and dlbench again.
    """
    if sys.dont_write_bytecode and hasattr(config, "cache"):
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(config.cache.mkdir("bytecode"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        _compile_once()


def _compile_once() -> None:
    """Where nothing is compiled yet, have two processes do half each; else every worker would compile all of it."""
    torch = importlib.util.find_spec("torch")
    compiled = torch is None or Path(importlib.util.cache_from_source(str(torch.origin))).exists()
    if compiled or sys.dont_write_bytecode:
        return
    others = (
        "scipy.stats, sklearn.calibration, sklearn.metrics, matplotlib.figure, onnx, onnxruntime, onnxscript, pandas"
    )
    halves = [[sys.executable, "-c", f"import {names}"] for names in ("torchvision", others)]
    for process in [subprocess.Popen(half, stderr=subprocess.DEVNULL) for half in halves]:
        process.wait()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", type=int, default=0, metavar="N", help="tests/fuzz: try N new examples in each attack")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from what the imports leave: to walk through torch takes half a second each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        atexit.register(gc.unfreeze)  # libraries complain at exit of what they still hold
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)  # short tests last: two workers share them evenly
    for item in items:
        if item.get_closest_marker("shared") and not SHARED_PHOTOS.is_dir():
            item.add_marker(pytest.mark.skip(reason="the cats-and-dogs photos are not beside this checkout"))


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the user's cache, and one worker away from what another has measured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        patch.setenv("DLBENCH_LANG", "en")  # whatever language the machine speaks
        yield


@pytest.fixture(autouse=True, scope="session")
def _nobody_waits_for_gaps() -> Iterator[None]:
    """Start every round at once: the other worker uses the machine all the time; tests of waiting have their own.

    And look only briefly for what else uses the machine, once a comparison.
    """
    look = psutil.cpu_percent
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psutil, "cpu_percent", lambda interval, **named: look(min(interval, 0.02), **named))
        patch.setattr("dlbench.bench.measure.rounds.Patience", lambda budget_s: Patience(0.0))
        yield


@pytest.fixture(autouse=True, scope="session")
def _one_table_of_operators() -> Iterator[None]:
    """Have torch build its table of 500 operators once, not at each export: that is half of an export's time."""
    if "torch" not in sys.modules:
        yield
        return
    import torch

    def export(*args: Any, **named: Any) -> Any:
        from torch.onnx._internal.exporter._registration import ONNXRegistry

        if not hasattr(ONNXRegistry.from_torchlib, "cache_info"):
            ONNXRegistry.from_torchlib = staticmethod(functools.cache(ONNXRegistry.from_torchlib))
        return original(*args, **named)

    original = torch.onnx.export
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.onnx, "export", export)
        yield


@pytest.fixture
def quick_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Export with torch's older exporter where training is the subject: quicker by far, without layer names."""
    export_quickly(monkeypatch)


@pytest.fixture(scope="session")
def _workspaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Name a workspace a test; pytest's own numbers cost a look at all folders of all tests each time."""
    base = tmp_path_factory.mktemp("workspaces")
    return (str(base / str(number)) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_workspace(_workspaces: Iterator[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's workspace and from the working folder."""
    monkeypatch.setenv("DLBENCH_WORKSPACE", next(_workspaces))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """What is made once a run, for all workers."""
    base = tmp_path_factory.getbasetemp()
    return Shared((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared")


@pytest.fixture
def few_photos(shared: Shared) -> str:
    """A folder of 180 photos of cats and dogs to train on and 100 to test on, the same for all tests."""
    return str(shared.once("photos", copy_photos))


@pytest.fixture
def few_digits(shared: Shared) -> str:
    """A folder of 480 digits to train on and 100 to test on, the same for all tests."""
    from digits import write_few_digits

    return str(shared.once("digits", write_few_digits))


@pytest.fixture(scope="session")
def _short_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    if sys.platform != "linux":
        yield COMMAND
        return
    with forked_workers(tmp_path_factory.mktemp("forked")) as command:
        yield command


@pytest.fixture
def short_rounds(_short_worker: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure in rounds of 20 ms, each in a process of its own as ever."""
    monkeypatch.setattr("dlbench.bench.measure.launch.WORKER", _short_worker)


@pytest.fixture
def replayed_rounds(shared: Shared, _short_worker: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure the same only once in this run of the tests, in rounds of 20 ms; then answer as before."""
    monkeypatch.setattr("dlbench.bench.measure.launch.WORKER", replaying(shared.folder / "answers", _short_worker))


@pytest.fixture
def short_tour(replayed_rounds: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tour time for as long as three rounds take, and not for six seconds."""
    from dlbench.api.classroom import tour

    compare = tour.compare
    monkeypatch.setattr(tour, "compare", lambda *a, **named: compare(*a, **named | {"budget": 0}))


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    monkeypatch.setenv("DLBENCH_WORKSPACE", str(folder))
    return folder


@pytest.fixture
def dense_file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.onnx"
    onnx.save_model(dense_model(), path)
    return path


@pytest.fixture
def save(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Save nodes, inputs and outputs as an ONNX file: save(name, nodes, inputs, outputs, weights)."""

    def make(name: str, nodes: list, inputs: list, outputs: list, weights: dict | None = None, opset: int = 18) -> Path:
        graph = helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
            [helper.make_tensor_value_info(n, t, s) for n, t, s in outputs],
            [numpy_helper.from_array(v, k) for k, v in (weights or {}).items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
        path = tmp_path / f"{name}.onnx"
        onnx.save_model(model, path)
        return path

    yield make


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from browsing import CHROMIUM

    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic"])
        yield chromium
        chromium.close()
