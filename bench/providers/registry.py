"""Execution providers: their names, and why one can't run here.

    provider("cuda").ort_name               # 'CUDAExecutionProvider'
    explain_unavailable(provider("cuda"), stderr_text)

`onnxruntime.get_available_providers()` is no evidence (it lists CUDA on machines with no GPU), so a provider counts
as usable only after a session in a process of its own has run on it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from dlbench.errors import ProviderError, close_matches, one_line


@dataclass(frozen=True)
class Provider:
    """An execution provider: the short name that users type, ONNX Runtime's name, and whether it is a device."""

    name: str
    ort_name: str
    is_device: bool = False  # its own memory, so copies are timed apart
    needs: str = ""
    copies: bool = False  # computes in memory of its own, but inputs and outputs are bound on the host

    @property
    def place(self) -> str:
        """Return the memory that inputs and outputs are bound in: cuda or cpu."""
        return "cuda" if self.is_device else "cpu"


PROVIDERS = {
    p.name: p
    for p in (
        Provider("cpu", "CPUExecutionProvider"),
        Provider("cuda", "CUDAExecutionProvider", True, "an NVIDIA GPU"),
        Provider("tensorrt", "TensorrtExecutionProvider", True, "an NVIDIA GPU and TensorRT"),
        Provider("openvino", "OpenVINOExecutionProvider", False, "the package onnxruntime-openvino"),
        Provider("coreml", "CoreMLExecutionProvider", False, "macOS", True),
        Provider("directml", "DmlExecutionProvider", False, "Windows and the package onnxruntime-directml", True),
        Provider("xnnpack", "XnnpackExecutionProvider", False, "an ONNX Runtime built with XNNPACK"),
        Provider("dnnl", "DnnlExecutionProvider", False, "an ONNX Runtime built with oneDNN"),
        Provider("qnn", "QNNExecutionProvider", False, "a Qualcomm processor and the package onnxruntime-qnn", True),
        Provider("acl", "ACLExecutionProvider", False, "an Arm processor and an ONNX Runtime built with ACL"),
        Provider("webgpu", "WebGpuExecutionProvider", False, "an ONNX Runtime built with WebGPU", True),
        Provider("rocm", "ROCMExecutionProvider", False, "an AMD GPU and an ONNX Runtime built for it", True),
        Provider("migraphx", "MIGraphXExecutionProvider", False, "an AMD GPU and an ONNX Runtime built for it", True),
    )
}


def provider(name: str) -> Provider:
    """Return the provider with this name: short or ONNX Runtime's own, any case.

    A name that ends in ExecutionProvider is taken as it is, even where dlbench has no short name for it: whether this
    ONNX Runtime has it is found out when it is tried.

    Raises:
        ProviderError: an unknown name; the line suggests close ones.
    """
    wanted = name.strip().lower()
    for known in PROVIDERS.values():
        if wanted in (known.name, known.ort_name.lower()):
            return known
    if re.fullmatch(r"[A-Za-z0-9]{2,60}ExecutionProvider", name.strip()):
        plain = name.strip()
        return Provider(plain.removesuffix("ExecutionProvider").lower(), plain, False, "an ONNX Runtime that has it")
    raise ProviderError(
        f"unknown provider: expected one of {', '.join(PROVIDERS)}, or ONNX Runtime's own name such as "
        "DnnlExecutionProvider, received "
        f"{name!r}.{' Did you mean cuda?' if wanted in ('gpu', 'nvidia') else close_matches(wanted, PROVIDERS)}"
    )


def parse_providers(asked: str | Provider | Iterable[str | Provider]) -> tuple[Provider, ...]:
    """Return the providers of `cpu,cuda`, of `["cpu", "cuda"]` or of `provider("cpu")`, each once, in the order given.

    Raises:
        ProviderError: an unknown name, or no name at all.
    """
    given = [asked] if isinstance(asked, str | Provider) else list(asked)
    parts = [part for item in given for part in (item.split(",") if isinstance(item, str) else [item])]
    chosen = [part for part in parts if isinstance(part, Provider) or part.strip()]
    if not chosen:
        raise ProviderError(f"no provider: expected names such as cpu,cuda, received {asked!r}.")
    return tuple(dict.fromkeys(part if isinstance(part, Provider) else provider(part) for part in chosen))


_NO_DRIVER = (
    "no NVIDIA driver ({found})",
    "with an NVIDIA GPU, install its driver until nvidia-smi works; without one, use the provider cpu",
)
# (pattern in the runtime's message, the cause, how to fix it); the first match is reported.
_REASONS: tuple[tuple[str, str, str], ...] = (
    (r"libcuda\.so[.\d]*|nvcuda\.dll", "no NVIDIA driver ({found} is missing)", _NO_DRIVER[1]),
    (
        r"lib(?:nvinfer|nvonnxparser)\w*\.so[.\d]*|TensorRT libraries|nvinfer\w*\.dll",
        "TensorRT's libraries are missing",
        "install them (pip install tensorrt) or use the provider cuda",
    ),
    (
        r"lib(?:cudart|cudnn|cublas|cublasLt|curand|cufft|cusparse|nvrtc|nvJitLink)\w*\.so[.\d]*"
        r"|(?:cudart|cudnn|cublas|curand|cufft)\w*\.dll",
        "the CUDA library {found} is missing",
        'pip install "dlbench[cuda]" brings the CUDA and cuDNN libraries',
    ),
    (
        r"CUDA driver version is insufficient|CUDA failure 35|cudaErrorInsufficientDriver",
        "the NVIDIA driver is too old for this ONNX Runtime's CUDA",
        "update the driver",
    ),
    (
        r"no CUDA-capable device|CUDA failure 100|cudaErrorNoDevice",
        "there is no CUDA-capable device",
        "use the provider cpu, or a machine with an NVIDIA GPU",
    ),
    (
        r"no kernel image is available|CUDA failure 209",
        "this GPU is too old or too new for this ONNX Runtime",
        "install an onnxruntime-gpu that supports it",
    ),
    (
        r"out of memory|CUDA failure 2\b|Failed to allocate memory",
        "the device has no free memory",
        "close other programs on the GPU",
    ),
)


def explain_unavailable(wanted: Provider, output: str, has_driver: bool | None = None) -> str:
    """Return one line: why `wanted` can't run here and how to fix it.

    Args:
        wanted: the provider.
        output: the runtime's own output.
        has_driver: whether an NVIDIA driver answers here; None where nobody asked. Without one, a missing library
            is not the first thing to fix.
    """
    if "this build of ONNX Runtime has no" in output:
        return _not_built_in(wanted)
    if wanted.name in ("cuda", "tensorrt") and has_driver is False:
        return f"{_NO_DRIVER[0].format(found='no NVIDIA GPU was found')}: {_NO_DRIVER[1]}."
    for pattern, cause, fix in _REASONS:
        match = re.search(pattern, output)
        if match:
            return f"{cause.format(found=match.group(0))}: {fix}."
    detail = f" ONNX Runtime says: {one_line(output, 160)}" if output.strip() else ""
    need = f" It needs {wanted.needs}." if wanted.needs else ""
    return f"ONNX Runtime could not start {wanted.ort_name}.{need}{detail}"


def _not_built_in(wanted: Provider) -> str:
    if wanted.name == "cuda" and sys.platform == "darwin":
        return "macOS has no CUDA: use the providers cpu and coreml."
    if wanted.name in ("cuda", "tensorrt"):
        return (
            f"this ONNX Runtime was built without {wanted.name.upper() if wanted.name == 'cuda' else 'TensorRT'}: "
            "replace the package onnxruntime (pip uninstall onnxruntime; pip install onnxruntime-gpu)."
        )
    return f"this ONNX Runtime was built without it: {wanted.name} needs {wanted.needs}."
