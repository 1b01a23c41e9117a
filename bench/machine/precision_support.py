"""What a machine has for a precision, in a sentence: why int8 or fp16 is faster here, or is not.

    found = precision_support(machine, "int8", "cpu")
    found.native, found.reason      # False, "this CPU has no VNNI ..."

Sources: ONNX Runtime's page "Quantize ONNX models" (when int8 helps), its lists of kernels (OperatorKernels.md), and
NVIDIA's tables of compute capabilities (CUDA C++ Programming Guide).
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlbench.bench.results.records import Gpu, Machine
from dlbench.show.texts import tr
from dlbench.system import ARM, EIGHT_BIT, instructions

_EIGHT_BITS = ("int8", "int8-dynamic")
_WITHOUT_TENSOR_CORES = (
    "GTX 16",
    "MX450",
    "MX550",
    "T400",
    "T500",
    "T550",
    "T600",
    "T1000",
    "T1200",
    "T2000",
)  # Turing
# from this compute capability on, tensor cores take
_TENSOR_CORES = (((7, 0), "fp16"), ((7, 2), "int8"), ((8, 0), "bf16"), ((8, 9), "fp8"))


@dataclass(frozen=True)
class PrecisionSupport:
    """Whether the processor computes in a precision, and what follows."""

    native: bool | None  # None: can't be told
    reason: str  # one sentence without a full stop


def precision_support(machine: Machine, precision: str, provider: str = "cpu") -> PrecisionSupport | None:
    """Return what the machine has for numbers of that precision; None for fp32, and where nothing is known."""
    if provider == "cpu":
        is_arm = machine.architecture.lower() in ARM
        if precision in _EIGHT_BITS:
            return _eight_bits(machine, is_arm)
        if precision == "fp16":
            return _half(machine, is_arm)
        return _others(precision)
    if provider in ("cuda", "tensorrt") and machine.gpu is not None:
        return _on_gpu(machine.gpu, precision, provider)
    return None


def _eight_bits(machine: Machine, is_arm: bool) -> PrecisionSupport:
    has = [name for name in machine.instructions if name in EIGHT_BIT]
    if has:
        return PrecisionSupport(True, tr("this CPU has instructions for int8 ({names})", names=", ".join(has)))
    wanted = tr("dot product") if is_arm else "VNNI"
    if set(machine.instructions_unread) & set(EIGHT_BIT) or not machine.instructions:
        return PrecisionSupport(None, tr("int8 gains most with {wanted}, which can't be read here", wanted=wanted))
    return PrecisionSupport(
        False, tr("this CPU has no {wanted}: three instructions do what one would, so int8 gains less", wanted=wanted)
    )


def other_cpu_note(recipe: Mapping[str, Any]) -> str:
    """Say that an int8 file was made for a CPU with other instructions than this one; empty where that shows nowhere.

    Without VNNI its weights have 7 bits (`reduce_range` of `VariantFacts.recipe`).
    """
    here, short = instructions(), recipe.get("reduce_range")
    native = bool(set(here.has) & set(EIGHT_BIT))
    if platform.machine().lower() in ARM or set(here.unread) & set(EIGHT_BIT) or short is not native:
        return ""
    if short:
        return tr("its weights have 7 bits, as CPUs without VNNI need; this CPU takes all 8, and more answers may stay")
    return tr("its weights have 8 bits, for CPUs with VNNI; on this CPU sums may overflow, so that answers change")


def _half(machine: Machine, is_arm: bool) -> PrecisionSupport:
    if not is_arm:  # ONNX Runtime's fp16 kernels are written for Arm
        return PrecisionSupport(False, tr("fp16 runs as fp32 with casts on this CPU, which takes longer than fp32"))
    if "FP16 arithmetic" in machine.instructions:
        return PrecisionSupport(True, tr("this CPU computes in fp16"))
    if "FP16 arithmetic" in machine.instructions_unread or not machine.instructions:
        return PrecisionSupport(None, tr("whether this CPU computes in fp16 can't be read here"))
    return PrecisionSupport(False, tr("this CPU has no fp16 arithmetic: fp16 runs as fp32 with casts"))


def _others(precision: str) -> PrecisionSupport | None:
    if precision == "bf16":
        return PrecisionSupport(False, tr("ONNX Runtime has no bf16 arithmetic for CPUs: at best fp32 with casts"))
    if precision == "int4":
        text = tr("int4 weights are unpacked in each run: that saves memory, and time only where memory is the limit")
        return PrecisionSupport(False, text)
    return None


def _on_gpu(gpu: Gpu, precision: str, provider: str) -> PrecisionSupport | None:
    wanted = "int8" if precision in _EIGHT_BITS else precision
    if wanted == "int8" and provider == "cuda":
        text = tr("the provider cuda computes quantised convolutions in float: int8 is for the provider tensorrt")
        return PrecisionSupport(False, text)
    if wanted not in {name for _, name in _TENSOR_CORES}:
        return None
    if gpu.compute_capability is None:
        return PrecisionSupport(None, tr("which types this GPU's tensor cores take can't be read here"))
    if wanted in tensor_core_types(gpu):
        return PrecisionSupport(True, tr("this GPU has tensor cores for {precision}", precision=wanted))
    return PrecisionSupport(False, tr("this GPU has no tensor cores for {precision}", precision=wanted))


def tensor_core_types(gpu: Gpu) -> tuple[str, ...]:
    """Return the types of few bits that the GPU's tensor cores take, by its compute capability."""
    if gpu.compute_capability is None or any(name in gpu.name for name in _WITHOUT_TENSOR_CORES):
        return ()
    major, _, minor = gpu.compute_capability.partition(".")
    if not (major.isdigit() and minor.isdigit()):
        return ()
    return tuple(name for since, name in _TENSOR_CORES if (int(major), int(minor)) >= since)
