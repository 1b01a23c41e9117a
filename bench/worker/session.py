"""Inside the measuring process: open a session, say where its nodes went, make an inference that is over on return.

    session = open_session(ort, "cnn.onnx", request)
    run = make_runner(ort, session, arrays, request)
    run()

A request is the worker's dictionary: `provider` (ONNX Runtime's name), `place` (the device whose memory it uses, "cpu"
or "cuda"), `provider_options`, `session_config`, `threads`, `copies_included`, `cuda_graph`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["device_index", "make_runner", "open_session", "placement", "without_graph"]

_CPU = "CPUExecutionProvider"


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
    for key, value in (request.get("session_config") or {}).items():
        options.add_session_config_entry(key, value)
    if profile_prefix is not None:
        options.enable_profiling = True
        options.profile_file_prefix = profile_prefix
    return options


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


def make_runner(ort: Any, session: Any, arrays: Mapping[str, Any], request: Mapping[str, Any]) -> Callable[[], Any]:
    """Return a call that makes one inference and is over only when the device is done.

    On the CPU, inputs and outputs are bound once. On a device they live in its memory; with copies, each call brings
    the inputs there and the outputs back, without copies it only waits for the device.
    """
    place, index = request.get("place", "cpu"), device_index(request)
    binding = session.io_binding()
    values = {name: ort.OrtValue.ortvalue_from_numpy(array, place, index) for name, array in arrays.items()}
    for name, value in values.items():
        binding.bind_ortvalue_input(name, value)
    if request.get("cuda_graph"):
        _bind_fixed_outputs(ort, session, binding, arrays, request)
    else:
        for output in session.get_outputs():
            binding.bind_output(output.name, place, index)
    run = session.run_with_iobinding
    if place == "cpu":
        return lambda: run(binding)
    if request.get("copies_included"):

        def with_copies() -> None:
            for name, value in values.items():
                value.update_inplace(arrays[name])
            run(binding)
            binding.copy_outputs_to_cpu()

        return with_copies
    binding.synchronize_inputs()

    def on_device() -> None:
        run(binding)
        binding.synchronize_outputs()

    return on_device


def device_index(request: Mapping[str, Any]) -> int:
    """Return which device of its kind the request's options name; the first where they name none."""
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
