"""The options of execution providers that a user may set, and the check of what was typed.

    parse_provider_options(["cuda:use_tf32=0", "cpu:allow_spinning=0"], providers)
    # {"cuda": {"use_tf32": "0"}, "cpu": {"allow_spinning": "0"}}

The names are ONNX Runtime's own (its pages on each execution provider). For a provider without a row here, options
are passed on unchecked, and ONNX Runtime says what it does not know. The CPU provider's rows are options of the
session.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlbench.bench.providers.registry import Provider, provider
from dlbench.bench.worker.session import LEVELS
from dlbench.errors import ProviderError, close_matches

_MAX_TEXT = 200

# provider -> option -> what it does
PROVIDER_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "cpu": {
        "allow_spinning": "1: idle threads spin between runs (default); 0: they sleep, which is kinder and slower",
        "force_spinning_stop": "1: threads stop spinning when a run ends",
        "thread_affinities": "processors of the pool's threads, counted from 1, such as 2;3; none: not pinned "
        "(default: as in ONNX Runtime's default pool)",
        "denormal_as_zero": "1: treat denormal floats as zero",
        "graph_optimization_level": "disable, basic, extended or all (default)",
        "enable_cpu_mem_arena": "0: memory is not kept between runs (default: it is)",
        "enable_mem_pattern": "0: memory is not planned ahead (default: it is)",
    },
    "cuda": {
        "device_id": "which GPU",
        "use_tf32": "1: matrix products and convolutions may use TensorFloat-32 (default); 0: plain float32",
        "cudnn_conv_algo_search": "EXHAUSTIVE (default), HEURISTIC or DEFAULT",
        "cudnn_conv_use_max_workspace": "1 (default): any workspace; 0: at most 32 MB",
        "cudnn_conv1d_pad_to_nc1d": "1: pad 1-D convolutions to [N, C, 1, D]",
        "prefer_nhwc": "1: convolutions in NHWC",
        "gpu_mem_limit": "bytes that the arena may take",
        "arena_extend_strategy": "kNextPowerOfTwo (default) or kSameAsRequested",
        "do_copy_in_default_stream": "1 (default): copies in the default stream",
        "enable_cuda_graph": "1: capture and replay a CUDA graph (the setting cuda_graph does it)",
        "enable_skip_layer_norm_strict_mode": "1: more exact, slower",
        "fuse_conv_bias": "1: fuse convolution and bias by cuDNN's frontend",
        "sdpa_kernel": "bit mask of attention kernels",
        "tunable_op_enable": "1: use tuned operators",
        "tunable_op_tuning_enable": "1: tune operators while running",
        "use_ep_level_unified_stream": "1: one stream for the provider",
    },
    "tensorrt": {
        "device_id": "which GPU",
        "trt_fp16_enable": "1: may compute in float16",
        "trt_bf16_enable": "1: may compute in bfloat16",
        "trt_int8_enable": "1: may compute in int8",
        "trt_max_workspace_size": "bytes",
        "trt_min_subgraph_size": "smaller groups of nodes stay on the next provider",
        "trt_engine_cache_enable": "1: keep built engines",
        "trt_engine_cache_path": "where",
        "trt_timing_cache_enable": "1: keep timings of kernels",
        "trt_builder_optimization_level": "0 to 5 (default 3)",
        "trt_cuda_graph_enable": "1: capture and replay a CUDA graph",
    },
    "openvino": {
        "device_type": "CPU, GPU, NPU, AUTO:..., HETERO:..., MULTI:...",
        "num_of_threads": "threads of the CPU device",
        "num_streams": "streams of the device",
        "cache_dir": "where compiled models are kept",
        "precision": "FP32, FP16 or ACCURACY",
        "disable_dynamic_shapes": "true: compile for the first shape",
        "enable_opencl_throttling": "true: less work for the CPU while the GPU computes",
        "load_config": "a JSON file of OpenVINO properties",
        "model_priority": "LOW, MEDIUM, HIGH or DEFAULT",
    },
    "coreml": {
        "ModelFormat": "MLProgram or NeuralNetwork",
        "MLComputeUnits": "ALL, CPUOnly, CPUAndGPU or CPUAndNeuralEngine",
        "RequireStaticInputShapes": "1: leave nodes with open shapes",
        "EnableOnSubgraphs": "1: also inside control flow",
        "ModelCacheDirectory": "where compiled models are kept",
    },
    "directml": {
        "device_id": "which adapter",
        "performance_preference": "default, high_performance or minimum_power",
        "device_filter": "gpu, npu or any",
        "disable_metacommands": "true: plain kernels only",
        "enable_graph_capture": "1: capture and replay",
    },
    "xnnpack": {"intra_op_num_threads": "threads of XNNPACK's own pool"},
}

# options of the CPU rows -> ONNX Runtime's session configuration keys
_SESSION_KEYS = {
    "allow_spinning": "session.intra_op.allow_spinning",
    "force_spinning_stop": "session.force_spinning_stop",
    "thread_affinities": "session.intra_op_thread_affinities",
    "denormal_as_zero": "session.set_denormal_as_zero",
    "graph_optimization_level": "graph_optimization_level",  # the last three are attributes of the session's options
    "enable_cpu_mem_arena": "enable_cpu_mem_arena",
    "enable_mem_pattern": "enable_mem_pattern",
}
_VALUES = {"graph_optimization_level": tuple(LEVELS)}  # ONNX Runtime checks those of the rest


def parse_provider_options(texts: Sequence[str], providers: Sequence[Provider]) -> dict[str, dict[str, str]]:
    """Parse `PROVIDER:KEY=VALUE` texts and check them against the table.

    Raises:
        ProviderError: not of that form, a provider that was not asked for, or an option that it does not have.
    """
    options: dict[str, dict[str, str]] = {}
    for text in texts:
        name, colon, rest = text.partition(":")
        key, equals, value = rest.partition("=")
        if not (colon and equals and name.strip() and key.strip() and value.strip()) or len(text) > _MAX_TEXT:
            raise ProviderError(
                f"`provider_options`: expected PROVIDER:KEY=VALUE such as cuda:use_tf32=0, received {text!r}."
            )
        options.setdefault(provider(name).name, {})[key.strip()] = value.strip()
    check_provider_options(options, providers)
    return options


def check_provider_options(options: Mapping[str, Mapping[str, str]], providers: Sequence[Provider]) -> None:
    """Check options by provider against the providers asked for and the table.

    Raises:
        ProviderError: a provider that was not asked for, or an option that it does not have.
    """
    asked = [p.name for p in providers]
    for name, own in options.items():
        if name not in asked:
            raise ProviderError(
                f"`provider_options`: expected one of the providers asked for ({', '.join(asked)}), received "
                f"{name!r}; add it to `providers`."
            )
        known = PROVIDER_OPTIONS.get(name)
        for key in own:
            if known is not None and key not in known:
                raise ProviderError(
                    f"unknown option of {name}: expected one of {', '.join(known)}, received "
                    f"{key!r}.{close_matches(key, known)}"
                )
            if name == "cpu" and own[key] not in _VALUES.get(key, (own[key],)):
                raise ProviderError(f"{key}: expected one of {', '.join(_VALUES[key])}, received {own[key]!r}.")


def session_config(options: Mapping[str, str]) -> dict[str, str]:
    """Return the CPU rows among `options` as ONNX Runtime's session configuration."""
    return {_SESSION_KEYS[key]: value for key, value in options.items() if key in _SESSION_KEYS}


def tf32_allowed(wanted: Provider, effective: Mapping[str, str]) -> bool | None:
    """Say whether the session might compute in TensorFloat-32; None where the provider has no such setting."""
    value = effective.get("use_tf32") if wanted.name == "cuda" else None
    return None if value is None else value == "1"
