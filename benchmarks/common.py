"""What the scripts here share: models to time, a printed table, a line that says where it was run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table, so that it can be put into README.md as it is."""
    table = Table(title=title, title_justify="left", box=MARKDOWN, show_edge=True)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=240, highlight=False).print(table)


def print_place() -> None:
    """Say on what machine and with what software the table was made."""
    from dlbench.bench.machine.machine_facts import machine_facts, software_facts

    machine, software = machine_facts(), software_facts()
    print(
        f"{machine.cpu}, {machine.usable_cores} usable cores, {machine.os}; ONNX Runtime {software.onnxruntime}, "
        f"Python {software.python}, dlbench {software.dlbench}; {datetime.now(UTC):%Y-%m-%d}\n"
    )


def keep(name: str, document: Any) -> None:
    """Write the numbers behind a table beside this script."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


def chain(path: Path, width: int, length: int, rows: int = 1, name: str = "chain") -> Path:
    """Save a chain of equal MatMul + Relu layers: `length` sets its cost, in equal steps."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    for i in range(length):
        weights.append(numpy_helper.from_array((rng.standard_normal((width, width)) / width**0.5).astype("f"), f"w{i}"))
        nodes.append(helper.make_node("MatMul", [last, f"w{i}"], [f"m{i}"]))
        nodes.append(helper.make_node("Relu", [f"m{i}"], [f"r{i}"]))
        last = f"r{i}"
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", width] if rows == 1 else [rows, width])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, None)],
        weights,
    )
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@contextmanager
def own_cache() -> Iterator[Path]:
    """Keep this machine's history of the run in a folder of its own, so that the first comparison knows nothing."""
    import os

    before = os.environ.get("DLBENCH_CACHE")
    with tempfile.TemporaryDirectory(prefix="dlbench-") as folder:
        os.environ["DLBENCH_CACHE"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("DLBENCH_CACHE")
            if before is not None:
                os.environ["DLBENCH_CACHE"] = before


def reference_models(workspace: Path) -> list[Path]:
    """Return dense, cnn and transfer of a workspace; train them first with `dlbench compare` where they are missing."""
    paths = [workspace / "models" / f"{name}.onnx" for name in ("dense", "cnn", "transfer")]
    missing = [path.stem for path in paths if not path.exists()]
    if missing:
        raise SystemExit(f"no {', '.join(missing)} in {workspace / 'models'}: run `dlbench compare` once")
    return paths
