"""Foreign files: does dlbench open, time and look into what ONNX itself says every runtime should run?

    python benchmarks/foreign.py                  # every case of the installed onnx
    python benchmarks/foreign.py --only test_lstm --verbose

Each case is a small model with its inputs. dlbench opens it as `compare` does (with the suite's own inputs as --input),
binds and runs it for two rounds in-process, inspects it, and looks at every layer. What it is held against: a plain
ONNX Runtime session with the same inputs for answers and shapes, and `onnx.reference` for the values inside.

right: the same as the reference. refused, as the runtime does: one line from dlbench where a plain session refuses the
model or the inputs too. refused, a limit: one line, of the limits that the table names. wrong: other values, shapes or
a refusal without a documented limit. traceback: any other exception. crashed: the process died.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, keep, print_place, print_table
from onnx import TensorProto, load, numpy_helper

from dlbench.model.element_types import BITS

DOES = ("open and time", "inspect", "activations")
ANSWERS = ("right", "refused, as the runtime does", "refused, a limit", "wrong", "traceback", "crashed")
CASE_S = 60
RANDOM = (
    "Bernoulli",
    "Dropout",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
)
UNREADABLE = frozenset(BITS)  # outputs that can't be brought back as arrays
# What dlbench refuses though ONNX Runtime runs it: a piece of the message, and the limit that the table names.
LIMITS = {
    "a sequence": "inputs that are sequences, maps, or types that numpy lacks",
    "seq(": "inputs that are sequences, maps, or types that numpy lacks",
    "optional input": "optional inputs, which are left out",
    "no layer matches 'all'": "a model with nothing but constants has no layer to look at",
}


@dataclass(frozen=True)
class Case:
    """One model with one set of inputs."""

    name: str
    path: Path
    tensors: dict[str, np.ndarray[Any, Any]]  # the inputs that numpy can hold
    whole: bool = True  # which are all

    @property
    def inputs(self) -> dict[str, np.ndarray[Any, Any]] | None:
        """The inputs; None where one of them is no tensor that numpy can hold."""
        return self.tensors if self.whole else None


class RefusalError(Exception):
    """One line from dlbench."""


def cases(folder: Path) -> Iterator[Callable[[], Case]]:
    """Yield every case of the installed onnx, made when it is asked for; models that need a download are left out."""
    from onnx.backend.test.loader import load_model_tests

    warnings.simplefilter("ignore")
    for kind in ("node", "simple", "pytorch-operator", "pytorch-converted"):
        for case in load_model_tests(kind=kind):
            yield lambda case=case: _in_memory(case, folder) if case.model is not None else _on_disk(case)


def _in_memory(case: Any, folder: Path) -> Case:
    path = folder / f"{case.name[:100]}.onnx"
    path.write_bytes(case.model.SerializeToString())
    names = [value.name for value in case.model.graph.input]
    given = dict(zip(names, map(_array, case.data_sets[0][0]), strict=False))
    tensors = {name: value for name, value in given.items() if value is not None}
    return Case(case.name, path, tensors, len(tensors) == len(given))


def _array(value: Any) -> Any:
    """Return an input that numpy can hold; None: a sequence, or a type that comes as bits."""
    if isinstance(value, TensorProto):
        value = numpy_helper.to_array(value)
    if not isinstance(value, np.ndarray | np.generic) or np.asarray(value).dtype.kind == "V":
        return None
    array = np.asarray(value)
    return array.astype(str) if array.dtype.kind == "O" else array


def _on_disk(case: Any) -> Case:
    path = Path(case.model_dir) / "model.onnx"
    graph = load(path).graph
    weights = {tensor.name for tensor in graph.initializer}
    tensors = {}
    whole = True
    for index, value in enumerate(v for v in graph.input if v.name not in weights):
        raw = (path.parent / "test_data_set_0" / f"input_{index}.pb").read_bytes()
        if value.type.WhichOneof("value") == "tensor_type":
            tensors[value.name] = numpy_helper.to_array(TensorProto.FromString(raw))
        else:
            whole = False
    return Case(case.name, path, tensors, whole)


class Watched:
    """A session that remembers its binding and the order of its outputs, so that its answers can be read."""

    def __init__(self, session: Any) -> None:
        self._session, self.binding = session, None
        self._names: dict[str, None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def io_binding(self) -> Any:
        """Return a binding and keep it."""
        binding = self._session.io_binding()
        bind = binding.bind_output

        def remembering(name: str, *given: Any, **more: Any) -> None:
            self._names[name] = None
            bind(name, *given, **more)

        binding.bind_output = remembering
        self.binding = binding
        return binding

    def answers(self) -> dict[str, Any]:
        """Return what the last run gave, by output."""
        if self.binding is None or any(value.type in UNREADABLE for value in self._session.get_outputs()):
            return {}
        return dict(zip(self._names, self.binding.copy_outputs_to_cpu(), strict=True))


def plain_answers(case: Case) -> tuple[dict[str, Any] | None, str]:
    """Return what a plain session answers, or why it does not."""
    import onnxruntime as ort

    try:
        options = ort.SessionOptions()
        options.log_severity_level = 4
        session = ort.InferenceSession(str(case.path), options, providers=["CPUExecutionProvider"])
        if case.inputs is None:
            return None, ""
        names = [value.name for value in session.get_outputs()]
        answers = dict(zip(names, session.run(None, case.inputs), strict=True))
        random = any(node.op_type.startswith(RANDOM) for node in load(case.path).graph.node)
        return {} if random else answers, ""
    except Exception as error:  # noqa: BLE001  # ONNX Runtime's errors share no base
        return None, str(error) or type(error).__name__


def open_and_time(case: Case, expected: dict[str, Any] | None) -> str:
    """Open as `compare` does, bind, run two rounds; return what is wrong."""
    import onnxruntime as ort

    from dlbench.bench.worker.session import make_runner, open_session
    from dlbench.model.card import read_model
    from dlbench.model.inputs.feeds import make_arrays
    from dlbench.model.inputs.given_values import given_of
    from dlbench.model.opening import open_model

    given = {name: given_of(name, value) for name, value in case.tensors.items()}
    opened = open_model(read_model(case.path), {}, fed=True, given=given)
    request = {"provider": "CPUExecutionProvider", "threads": 1, "loose_outputs": opened.loose_outputs}
    arrays = make_arrays(opened.fed, 0)
    if opened.left_out and _kills(
        lambda: make_runner(ort, open_session(ort, str(case.path), request), arrays, request)
    ):
        raise RefusalError("the runtime ends the timed process, for an optional input is left out")
    try:  # whatever the runtime raises is what the timed process answers with
        session = Watched(open_session(ort, str(case.path), request))
        runner = make_runner(ort, session, arrays, request)
        for _ in range(2):
            runner.run()
    except Exception as error:
        raise RefusalError(str(error)) from error
    return _different(session.answers(), expected, True) if expected else ""


def _kills(run: Callable[[], Any]) -> bool:
    """Say whether this ends a process of its own."""
    child = os.fork()
    if not child:
        with contextlib.suppress(Exception):
            run()
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def inspect_it(case: Case, expected: dict[str, Any] | None) -> str:
    """Inspect with the suite's inputs; return which output's shape is stated wrongly."""
    from dlbench.model.card import read_model
    from dlbench.model.inputs.given_values import given_of
    from dlbench.model.inspection import inspect_model

    card = read_model(case.path)
    inspection = inspect_model(card, given={name: given_of(name, value) for name, value in case.tensors.items()})
    last = {node.output[0]: order for order, node in enumerate(card.proto.graph.node) if node.output}
    by_order = {layer.order: layer for layer in inspection.layers}
    for name, value in (expected or {}).items():
        layer = by_order.get(last.get(name, -2))
        if layer is None or layer.shape is None or not isinstance(value, np.ndarray):
            continue
        if tuple(layer.shape) != value.shape and not _depends_on_values(inspection, layer):
            return f"{name}: expected the shape {value.shape}, received {layer.shape}"
    return ""


def _depends_on_values(inspection: Any, layer: Any) -> bool:
    return bool(getattr(layer, "from_zeros", False) or getattr(layer, "shape_from_run", False))


def look_inside(case: Case, expected: dict[str, Any] | None) -> str:
    """Look at every layer; return which one differs from ONNX Runtime's answer or from `onnx.reference`."""
    from dlbench.viz import activations

    if case.inputs is None:
        raise RefusalError("an input is a sequence")
    received = activations(case.path, case.inputs, layers="all")
    wanted = {name: value for name, value in (expected or {}).items() if isinstance(value, np.ndarray)}
    wrong = _different({k: received[k] for k in wanted if k in received}, wanted, False)
    return wrong or _different(received, _inner_values(case, wanted), False)


def _inner_values(case: Case, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return every value of `onnx.reference`, or none where its answer is not ONNX Runtime's."""
    from onnx.reference import ReferenceEvaluator

    if not wanted:
        return {}
    try:
        values = ReferenceEvaluator(str(case.path)).run(None, case.inputs, intermediate=True)
    except Exception:  # noqa: BLE001  # it lacks an operator or a type
        return {}
    if _different({name: values.get(name) for name in wanted}, wanted, False):
        return {}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def _different(received: dict[str, Any], expected: dict[str, Any], exact: bool) -> str:
    for name, wanted in expected.items():
        if name not in received:
            continue
        got = received[name]
        if not isinstance(wanted, np.ndarray) or not isinstance(got, np.ndarray):
            continue
        if got.shape != wanted.shape:
            return f"{name}: expected the shape {wanted.shape}, received {got.shape}"
        if wanted.dtype.kind not in "fiub" or not wanted.size:
            continue
        a, b = got.astype(np.float64), wanted.astype(np.float64)
        if not np.allclose(a, b, rtol=1e-5 if exact else 1e-2, atol=1e-6 if exact else 1e-3, equal_nan=True):
            return f"{name}: largest difference {np.nanmax(np.abs(a - b)):.3g}"
    return ""


def judge(do: Callable[[Case, Any], str], case: Case, expected: dict[str, Any] | None, why: str) -> tuple[str, str]:
    """Return one of ANSWERS and what was said."""
    from dlbench.errors import DlbenchError

    try:
        with contextlib.redirect_stdout(sys.stderr):
            wrong = do(case, expected)
    except (DlbenchError, RefusalError) as error:
        if why:
            return ANSWERS[1], str(error)
        limit = next((name for piece, name in LIMITS.items() if piece in str(error)), "")
        return (ANSWERS[2], limit) if limit else (ANSWERS[3], f"refused: {error}")
    except Exception as error:  # noqa: BLE001  # whatever comes is what the table counts
        if why and type(error).__module__.startswith("onnxruntime"):
            return ANSWERS[1], str(error)
        return ANSWERS[4], "".join(traceback.format_exception(error)[-2:])
    return (ANSWERS[3], wrong) if wrong else (ANSWERS[0], "")


def work(start: int, only: str) -> None:
    """Judge the cases from `start` on, a line of JSON each, before and after: a parent sees which one killed it."""
    signal.signal(signal.SIGALRM, _too_long)
    with tempfile.TemporaryDirectory() as folder:
        for index, make in enumerate(cases(Path(folder))):
            if index < start:
                continue
            case = make()
            if only not in case.name:
                continue
            print(json.dumps({"index": index, "name": case.name}), flush=True)
            signal.alarm(CASE_S)
            expected, why = plain_answers(case)
            judged = {
                name: judge(do, case, expected, why)
                for name, do in zip(DOES, (open_and_time, inspect_it, look_inside), strict=True)
            }
            signal.alarm(0)
            print(json.dumps({"index": index, "name": case.name, "judged": judged, "runtime": why[:300]}), flush=True)


def _too_long(*_: object) -> None:
    raise TimeoutError(f"over {CASE_S} s")


def all_cases(only: str) -> list[dict[str, Any]]:
    """Run the cases in a process that is started anew behind one that died."""
    results: list[dict[str, Any]] = []
    start = 0
    while True:
        command = [sys.executable, __file__, "--work", str(start), "--only", only]
        last: dict[str, Any] | None = None
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if not line.startswith("{"):
                    continue
                said = json.loads(line)
                last = None if "judged" in said else said
                if "judged" in said:
                    results.append(said)
                    if sys.stderr.isatty():
                        print(f"\r{len(results)} {said['name'][:60]:60s}", end="", file=sys.stderr)
        if process.returncode == 0 or last is None:
            return results
        died = dict.fromkeys(DOES, (ANSWERS[5], f"exit code {process.returncode}"))
        results.append({**last, "judged": died, "runtime": ""})
        start = last["index"] + 1


def main() -> None:
    """Run all cases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--verbose", action="store_true", help="say of each case that is not right why")
    parser.add_argument("--work", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work is not None:
        work(asked.work, asked.only)
        return
    results = all_cases(asked.only)
    import onnx

    print_place()
    counts = {name: Counter(result["judged"][name][0] for result in results) for name in DOES}
    rows = [(name, len(results), *(counts[name][answer] for answer in ANSWERS)) for name in DOES]
    print_table(f"ONNX {onnx.__version__}: its backend test suite", ("dlbench ...", "cases", *ANSWERS), rows)
    limits = Counter(r["judged"][name][1] for r in results for name in DOES if r["judged"][name][0] == ANSWERS[2])
    for limit, number in limits.most_common():
        print(f"- {limit}: {number}")
    if asked.verbose or asked.only:
        _print_why(results)
    if not asked.only:
        keep("foreign", {"onnx": onnx.__version__, "counts": counts, "limits": limits})
        print(f"kept in {RESULTS / 'foreign.json'}")


def _print_why(results: Sequence[dict[str, Any]]) -> None:
    for result in results:
        for name, (answer, said) in result["judged"].items():
            if answer not in ANSWERS[:2]:
                print(f"{result['name']}: {name}: {answer}: {said[-400:]}")


if __name__ == "__main__":
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    main()
