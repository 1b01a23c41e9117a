"""The small models that dlbench times to know the machine: the probe, and the two ceilings of the roofline.

with probe_model() as path: ...
with peak_models("cpu") as request: ask({"do": "peaks", **request, ...})
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlbench.processes import temporary_folder

_MATMUL_SIZE = {"cpu": 1024, "cuda": 8192}  # large enough to keep all units busy
_CHAIN_WIDTH, _CHAIN_LENGTH = 256, 8
_COPY_FLOATS = {"cpu": 1 << 24, "cuda": 1 << 28}  # 64 MiB and 1 GiB: past every cache


@contextmanager
def probe_model() -> Iterator[Path]:
    """Yield the path of the probe: a 64x256 by 256x256 MatMul as an ONNX file (docs/measuring.md)."""
    with temporary_folder() as folder:
        yield _matmul(folder / "probe.onnx", 64, 256, 256)


@contextmanager
def peak_models(place: str) -> Iterator[dict[str, Any]]:
    """Yield the request for `peaks`: three models, and what one run of them computes (FLOP) and moves (bytes)."""
    size, floats = _MATMUL_SIZE[place], _COPY_FLOATS[place]
    with temporary_folder() as folder:
        yield {
            "matmul_model": str(_matmul(folder / "matmul.onnx", size, size, size)),
            "copy_model": str(_negate(folder / "copy.onnx", floats)),
            "empty_model": str(_negate(folder / "empty.onnx", 1)),
            "flops": 2 * size**3,
            "bytes": 2 * 4 * floats,  # each float is read once and written once
        }


def _matmul(path: Path, rows: int, inner: int, columns: int) -> Path:
    import numpy as np
    from onnx import helper

    weights = np.random.default_rng(0).standard_normal((inner, columns)).astype(np.float32)
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="probe")
    return _save(path, [node], {"x": [rows, inner]}, {"y": [rows, columns]}, {"w": weights})


def chain_model(path: Path) -> Path:
    """Save a chain of equal MatMul + Relu layers with an open batch dimension, and return the path."""
    import numpy as np
    from onnx import helper

    rng = np.random.default_rng(0)
    nodes, weights = [], {}
    for i in range(_CHAIN_LENGTH):
        weights[f"w{i}"] = (rng.standard_normal((_CHAIN_WIDTH, _CHAIN_WIDTH)) / _CHAIN_WIDTH**0.5).astype("f")
        nodes.append(helper.make_node("MatMul", [f"r{i}", f"w{i}"], [f"m{i}"]))
        nodes.append(helper.make_node("Relu", [f"m{i}"], [f"r{i + 1}"]))
    shape: list[int | str] = ["N", _CHAIN_WIDTH]
    return _save(path, nodes, {"r0": shape}, {f"r{_CHAIN_LENGTH}": shape}, weights)


def _negate(path: Path, floats: int) -> Path:
    from onnx import helper

    node = helper.make_node("Neg", ["x"], ["y"], name="probe")
    return _save(path, [node], {"x": [floats]}, {"y": [floats]}, {})


def _save(
    path: Path,
    nodes: list[Any],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
    weights: Mapping[str, Any],
) -> Path:
    from onnx import TensorProto, helper, numpy_helper, save_model

    given, made = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side.items()]
        for side in (inputs, outputs)
    )
    kept = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "probe", given, made, kept)
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
