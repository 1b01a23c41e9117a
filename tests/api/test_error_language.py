"""Errors of the Python API speak the reader's language: every class of them, and whatever users can call."""

from __future__ import annotations

import importlib
import inspect
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import onnx
import pytest
import torch
from pseudo_language import TYPED, left_in, pseudo_language
from small_models import dense_model

import dlbench
from dlbench import errors
from dlbench.api.arguments import names_arguments
from dlbench.errors import DlbenchError, InputError
from dlbench.runtime import broken_runtime
from dlbench.show.texts import command_typed, language
from dlbench.train.networks.pretrained_weights import _verified

ARGUMENTS = TYPED | {"batch_sizes", "catalogue", "torch"}


Calls = dict[str, tuple[type[DlbenchError], Callable[[], object]]]


def calls(folder: Path, patch: pytest.MonkeyPatch) -> Calls:
    """Return what a user may call so that each error class is raised: functions, constructors and methods."""
    text, model = folder / "text.onnx", folder / "dense.onnx"
    text.write_text("{}")
    onnx.save_model(dense_model(), model)
    prices, survey = dlbench.price_list("gpu"), dlbench.survey()
    forged = SimpleNamespace(max_bytes=10, backbone="resnet18", sha256="00")

    def without_torch() -> None:
        with patch.context() as inside:
            inside.setattr("importlib.util.find_spec", lambda name, *_: None if name == "torch" else name)
            dlbench.train.expect_installed()

    def without_runtime() -> None:
        with patch.context() as inside:
            inside.setattr("dlbench.model.sessions.onnx_runtime", lambda: raised(broken_runtime("nothing")))
            dlbench.viz.activations(model, numpy.zeros((1, 1, 28, 28), "float32"), layers="all")

    def with_forged_weights() -> None:
        with patch.context() as inside:
            inside.setattr("dlbench.api.networks.train", lambda *_, **__: _verified(text, forged))
            dlbench.train_network("dense", workspace=folder)

    def differs() -> object:
        def nothing(images: torch.Tensor) -> torch.Tensor:
            return torch.full((len(images), 10), 1e6)

        module = torch.nn.Identity()
        module.forward = nothing  # type: ignore[method-assign]
        return dlbench.export.check_parity(module, model, torch.zeros(2, 1, 28, 28))

    return {
        "inspect": (errors.ModelFileError, lambda: dlbench.inspect(text)),
        "viz": (errors.ModelFileError, lambda: dlbench.viz.read_model(text)),
        "compare": (errors.InputError, lambda: dlbench.compare(model, batch_sizes=[0])),
        "provider": (errors.ProviderError, lambda: dlbench.compare(model, providers="xx")),
        "bench": (errors.ProviderError, lambda: dlbench.bench.parse_providers("xx")),
        "settings": (errors.InputError, lambda: dlbench.bench.CompareSettings(min_rounds=0)),
        "result": (errors.ResultFileError, lambda: dlbench.read_result(text)),
        "price": (errors.PriceError, lambda: dlbench.buy_or_rent(own="xx")),
        "data": (errors.DataError, lambda: dlbench.train.load("xx")),
        "table": (errors.InputError, lambda: prices.table("xx")),
        "sample": (errors.InputError, lambda: survey.sample(-1)),
        "extra": (errors.MissingExtraError, without_torch),
        "runtime": (errors.RuntimeBrokenError, without_runtime),
        "workspace": (errors.WorkspaceError, lambda: dlbench.train_network("dense", workspace=text)),
        "weights": (errors.WeightsError, with_forged_weights),
        "parity": (errors.CheckFailedError, differs),
    }


def raised(error: Exception) -> object:
    raise error


def test_every_class_of_error_is_in_the_reader_s_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    every = calls(tmp_path, monkeypatch)
    left, raised_classes = {}, set()
    for name, (kind, call) in every.items():
        with pseudo_language(), pytest.raises(kind) as caught:
            call()
        raised_classes.add(type(caught.value))
        last_line = traceback.format_exception(caught.value)[-1].partition(": ")[2]
        if words := left_in([str(caught.value), last_line], ARGUMENTS):
            left[name] = words
        with language("en"), pytest.raises(kind) as english:
            call()
        assert caught.value.english == str(english.value) == english.value.english != str(caught.value), name
    assert not left
    known = {kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, DlbenchError)}
    assert raised_classes == known - {DlbenchError}


def offered() -> Iterator[tuple[str, Any]]:
    """Yield what users call: the offered functions, and what raises in the offered classes."""
    for package in ("", ".bench", ".viz", ".train", ".export"):
        home = importlib.import_module(f"dlbench{package}")
        for name in home.__all__:
            value = getattr(home, name)
            if inspect.isfunction(value):
                yield f"{package}.{name}", value
            for part, method in inspect.getmembers(value, inspect.isfunction) if inspect.isclass(value) else ():
                public = not part.startswith("_") and "Raises:" in (method.__doc__ or "")
                if method.__module__.startswith("dlbench") and (public or part == "__post_init__"):
                    yield f"{package}.{name}.{part}", method


def test_whatever_users_call_says_errors_in_their_language():
    assert not [name for name, value in offered() if not hasattr(value, "__wrapped__")]
    assert pickle.loads(pickle.dumps(dlbench.viz.relevance)) is dlbench.viz.relevance
    assert dlbench.viz.relevance.__module__ == "dlbench.viz"


def test_inside_a_call_errors_stay_english_and_each_call_names_its_arguments():
    seen = []

    @names_arguments
    def inner(batch_sizes: object) -> None:
        raise InputError(f"--batch-sizes: expected numbers such as 1,8,32, received {batch_sizes!r}.")

    @names_arguments
    def outer(size: str) -> None:
        try:
            inner(size)
        except InputError as error:
            seen.append(str(error))
            raise

    with language("hu"), pytest.raises(InputError) as caught:
        outer("x")
    assert seen == ["batch_sizes: expected numbers such as 1,8,32, received 'x'."] == [caught.value.english]
    assert str(caught.value).startswith("batch_sizes: ") and "expected" not in str(caught.value)
    with language("hu"), command_typed(), pytest.raises(InputError, match=r"^--batch-sizes: expected"):
        outer("x")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.english) == (str(caught.value), caught.value.english)


def test_a_name_of_another_package_that_is_missing_is_said_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dlbench.export._named", lambda _: raised(ModuleNotFoundError("", name="torch")))
    with language("hu"), pytest.raises(errors.MissingExtraError, match="torch") as caught:
        _ = dlbench.export.nosuch
    assert "which is not installed" not in str(caught.value)
