"""Inside the measuring process: open a session, say where its nodes went, and make an inference that is done on return.

    session = open_session(ort, "cnn.onnx", request)
    runner = make_runner(ort, session, arrays, request)      # has run once
    runner.run()

A request is the worker's dictionary: `provider` (ONNX Runtime's name), `place` (the device whose memory it uses, "cpu"
or "cuda"), `provider_options`, `session_config`, `threads`, `copies_included`, `cuda_graph`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dlbench.model.element_types import BITS, by_runtime_name
from dlbench.system import default_affinities

_CPU = "CPUExecutionProvider"
_AFFINITIES = "session.intra_op_thread_affinities"
_NOT_PINNED = "none"
LEVELS = {
    "disable": "ORT_DISABLE_ALL",
    "basic": "ORT_ENABLE_BASIC",
    "extended": "ORT_ENABLE_EXTENDED",
    "all": "ORT_ENABLE_ALL",
}


def open_session(ort: Any, model: str, request: Mapping[str, Any], profile_prefix: str | None = None) -> Any:
    """Open `model` on the request's provider, with the CPU behind it for the nodes that it leaves.

    Raises:
        LookupError: this build of ONNX Runtime has no such provider.
    """
    provider = request["provider"]
    if provider not in ort.get_available_providers():
        raise LookupError(f"this build of ONNX Runtime has no {provider}")
    if request.get("place") == "cuda" and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    chosen: list[Any] = [(provider, dict(request.get("provider_options") or {}))]
    if provider != _CPU:
        chosen.append(_CPU)
    session = ort.InferenceSession(model, _session_options(ort, request, profile_prefix), providers=chosen)
    session.disable_fallback()
    return session


def _session_options(ort: Any, request: Mapping[str, Any], profile_prefix: str | None) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = request["threads"]
    options.inter_op_num_threads = 1
    options.log_severity_level = 2
    # ORT >= 1.24 keeps which node went to which provider: the evidence behind the verdict.
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    config = dict(request.get("session_config") or {})
    affinities = config.pop(_AFFINITIES, None) or default_affinities(request["threads"])
    if affinities and affinities != _NOT_PINNED:
        options.add_session_config_entry(_AFFINITIES, affinities)
    _set_attributes(ort, options, config)
    for key, value in config.items():
        options.add_session_config_entry(key, value)
    if profile_prefix is not None:
        options.enable_profiling = True
        options.profile_file_prefix = profile_prefix
    return options


def _set_attributes(ort: Any, options: Any, config: dict[str, str]) -> None:
    """Take out of the configuration what ONNX Runtime has as attributes of its options, and set those."""
    level = config.pop("graph_optimization_level", None)
    if level is not None:
        options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, LEVELS[level])
    for name in ("enable_cpu_mem_arena", "enable_mem_pattern"):
        if name in config:
            setattr(options, name, config.pop(name) != "0")


def placement(session: Any, provider: str) -> dict[str, Any]:
    """Return the nodes and operators on each provider, and the options that `provider` really runs with."""
    nodes: dict[str, int] = {}
    operators: dict[str, dict[str, int]] = {}
    for part in session.get_provider_graph_assignment_info():
        assigned = part.get_nodes()
        nodes[part.ep_name] = nodes.get(part.ep_name, 0) + len(assigned)
        kinds = operators.setdefault(part.ep_name, {})
        for node in assigned:
            kinds[node.op_type] = kinds.get(node.op_type, 0) + 1
    options = session.get_provider_options().get(provider, {})
    return {
        "providers": session.get_providers(),
        "nodes": nodes,
        "operators": operators,
        "provider_options": {str(key): str(value) for key, value in options.items()},
    }


@dataclass(frozen=True)
class Runner:
    """One inference that ends only when the device is done; it has run once already."""

    run: Callable[[], Any]
    first_run_s: float


def make_runner(ort: Any, session: Any, arrays: Mapping[str, Any], request: Mapping[str, Any]) -> Runner:
    """Bind inputs and outputs, run once, and return a call that makes one inference.

    On the CPU, inputs and outputs are bound once; an output whose size may change is bound anew before each run. On a
    device they live in its memory; with copies, each call brings the inputs there and the outputs back, without copies
    it only waits for the device. Text can't be bound: such a model runs as `session.run` does it.
    """
    if any(array.dtype.kind == "O" for array in arrays.values()):
        given = dict(arrays)
        return _after_first(lambda: session.run(None, given))
    place, index = request.get("place", "cpu"), device_index(request)
    binding = session.io_binding()
    values = {name: _ort_value(ort, session, name, array, place, index) for name, array in arrays.items()}
    for name, value in values.items():
        binding.bind_ortvalue_input(name, value)
    if request.get("cuda_graph"):
        _bind_fixed_outputs(ort, session, binding, arrays, request)
        return _after_first(_inference(binding, _bound(session, binding), values, arrays, request))
    names = [output.name for output in session.get_outputs()]
    for name in names:
        binding.bind_output(name, place, index)
    first = _after_first(_inference(binding, _bound(session, binding), values, arrays, request))
    loose = (set(names) & set(request.get("loose_outputs") or ())) | _not_as_stated(session, binding)
    if not loose:
        return first
    anew = _bound_anew(ort, session, binding, place, index)
    return Runner(_inference(binding, anew, values, arrays, request), first.first_run_s)


def run_once(ort: Any, session: Any, arrays: Mapping[str, Any]) -> int:
    """Run on the CPU as it is and return the bytes of what it gives."""
    text = any(array.dtype.kind == "O" for array in arrays.values())
    if text or not any(value.type in BITS for value in (*session.get_inputs(), *session.get_outputs())):
        answers = session.run(None, dict(arrays))
        return sum(int(getattr(answer, "nbytes", 0)) for answer in answers)
    values = {name: _ort_value(ort, session, name, array, "cpu", 0) for name, array in arrays.items()}
    names = [output.name for output in session.get_outputs()]
    return sum(int(value.tensor_size_in_bytes()) for value in session.run_with_ort_values(names, values))


def _after_first(run: Callable[[], Any]) -> Runner:
    began = time.perf_counter()
    run()
    return Runner(run, time.perf_counter() - began)


def _inference(
    binding: Any,
    run: Callable[[], Any],
    values: Mapping[str, Any],
    arrays: Mapping[str, Any],
    request: Mapping[str, Any],
) -> Callable[[], Any]:
    """Return the run together with the device work around it: copies there and back, or waiting for the device."""
    if request.get("place", "cpu") == "cpu":
        return run
    if request.get("copies_included"):

        def with_copies() -> None:
            for name, value in values.items():
                value.update_inplace(arrays[name])
            run()
            binding.copy_outputs_to_cpu()

        return with_copies
    binding.synchronize_inputs()

    def on_device() -> None:
        run()
        binding.synchronize_outputs()

    return on_device


def _ort_value(ort: Any, session: Any, name: str, array: Any, place: str, index: int) -> Any:
    """Return an array in the memory of the device; types that numpy lacks come as their bits."""
    kind = next(value.type for value in session.get_inputs() if value.name == name)
    if kind in BITS:
        element = by_runtime_name(kind)
        assert element is not None
        return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(array, element.number)
    return ort.OrtValue.ortvalue_from_numpy(array, place, index)


def _bound(session: Any, binding: Any) -> Callable[[], Any]:
    run = session.run_with_iobinding
    return lambda: run(binding)


def _bound_anew(ort: Any, session: Any, binding: Any, place: str, index: int) -> Callable[[], Any]:
    """Return a run before which the outputs are bound anew.

    ONNX Runtime keeps what a run gave as the place of the next run's output, so a size that changes, or that is not
    what the file states, would fail the second run.
    """
    names = [output.name for output in session.get_outputs()]
    # the wrapper's own call makes a new device each time, which costs more than a small model
    raw, run = binding._iobinding, session.run_with_iobinding
    device = ort.OrtDevice.make(place, index)._get_c_device()

    def anew() -> None:
        raw.clear_binding_outputs()
        for name in names:
            raw.bind_output(name, device)
        run(binding)

    return anew


def _not_as_stated(session: Any, binding: Any) -> set[str]:
    """Return the outputs whose shape after a run is not the one that the file states."""
    wrong = set()
    for stated, value in zip(session.get_outputs(), binding.get_outputs(), strict=True):
        if value.is_tensor() and stated.shape:
            shape = value.shape()
            pairs = zip(stated.shape, shape, strict=False)
            if len(shape) != len(stated.shape) or any(isinstance(a, int) and a not in (-1, b) for a, b in pairs):
                wrong.add(stated.name)
    return wrong


def device_index(request: Mapping[str, Any]) -> int:
    """Return the device number that the request's options name, else the first."""
    value = str((request.get("provider_options") or {}).get("device_id", "0"))
    return int(value) if request.get("place") == "cuda" and value.isdigit() else 0


def without_graph(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request for a session that captures no CUDA graph: the probe, the profile, the ceilings."""
    options = {k: v for k, v in (request.get("provider_options") or {}).items() if k != "enable_cuda_graph"}
    return {**request, "provider_options": options, "cuda_graph": False}


def _bind_fixed_outputs(
    ort: Any, session: Any, binding: Any, arrays: Mapping[str, Any], request: Mapping[str, Any]
) -> None:
    """Bind outputs at fixed addresses, which a captured CUDA graph writes to; shapes come from a run on the CPU."""
    plain, index = ort.InferenceSession(request["model"], providers=[_CPU]), device_index(request)
    names = [output.name for output in session.get_outputs()]
    for name, value in zip(names, plain.run(names, dict(arrays)), strict=True):
        binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(value, request["place"], index))
