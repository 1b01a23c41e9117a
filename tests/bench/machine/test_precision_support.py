"""Why a precision is fast on a machine, or is not."""

from __future__ import annotations

from typing import Any

import pytest

from dlbench.bench.machine.machine_facts import machine_facts
from dlbench.bench.machine.precision_support import other_cpu_note, precision_support, tensor_core_types
from dlbench.bench.results.records import Gpu, Machine
from dlbench.system import Instructions


def made(architecture: str = "x86_64", **fields: Any) -> Machine:
    return machine_facts().model_copy(update={"architecture": architecture, "gpu": None, **fields})


@pytest.mark.parametrize(
    ("machine", "precision", "native", "words"),
    [
        (made(instructions=("AVX2",)), "int8", False, "no VNNI"),
        (made(instructions=("AVX2",)), "int8-dynamic", False, "no VNNI"),
        (made(instructions=("AVX2", "AVX512-VNNI")), "int8", True, "AVX512-VNNI"),
        (made(instructions=("AVX2",), instructions_unread=("AVX-VNNI",)), "int8", None, "can't be read"),
        (made(instructions=()), "int8", None, "can't be read"),  # a result of an older version
        (made("aarch64", instructions=("NEON",)), "int8", False, "no dot product"),
        (made("aarch64", instructions=("NEON", "dot product")), "int8", True, "dot product"),
        (made(instructions=("AVX2", "AVX512-FP16")), "fp16", False, "fp32 with casts"),
        (made("arm64", instructions=("NEON", "FP16 arithmetic")), "fp16", True, "computes in fp16"),
        (made("arm64", instructions=("NEON",)), "fp16", False, "no fp16 arithmetic"),
        (made(), "bf16", False, "no bf16"),
        (made(), "int4", False, "unpacked"),
    ],
)
def test_a_processor(machine: Machine, precision: str, native: bool | None, words: str):
    found = precision_support(machine, precision)
    assert found is not None
    assert found.native is native and words in found.reason


def test_nothing_is_said_where_nothing_is_known():
    assert precision_support(made(), "fp32") is None
    assert precision_support(made(), "int8", "openvino") is None
    assert precision_support(made(), "fp16", "cuda") is None  # no GPU


@pytest.mark.parametrize(
    ("name", "capability", "types"),
    [
        ("NVIDIA GeForce GTX 1080", "6.1", ()),
        ("Tesla V100", "7.0", ("fp16",)),
        ("Tesla T4", "7.5", ("fp16", "int8")),
        ("NVIDIA GeForce GTX 1650", "7.5", ()),  # Turing without tensor cores
        ("NVIDIA A100", "8.0", ("fp16", "int8", "bf16")),
        ("NVIDIA H100", "9.0", ("fp16", "int8", "bf16", "fp8")),
        ("NVIDIA B200", "10.0", ("fp16", "int8", "bf16", "fp8")),
        ("hostile", "a.b", ()),
    ],
)
def test_tensor_cores_by_compute_capability(name: str, capability: str, types: tuple[str, ...]):
    gpu = Gpu(name=name, memory_bytes=1, compute_capability=capability)
    assert tensor_core_types(gpu) == types
    found = precision_support(made(gpu=gpu), "fp16", "cuda")
    assert found is not None and found.native is ("fp16" in types)


def test_int8_on_a_gpu_needs_tensorrt():
    machine = made(gpu=Gpu(name="Tesla T4", memory_bytes=1, compute_capability="7.5"))
    found, other = (precision_support(machine, "int8", name) for name in ("cuda", "tensorrt"))
    assert found is not None and found.native is False and "tensorrt" in found.reason
    assert other is not None and other.native is True


@pytest.mark.parametrize(
    ("architecture", "has", "reduced", "words"),
    [
        ("x86_64", ("AVX2", "AVX512-VNNI"), True, "takes all 8"),
        ("x86_64", ("AVX2",), False, "may overflow"),
        ("x86_64", ("AVX2", "AVX512-VNNI"), False, ""),
        ("x86_64", ("AVX2",), True, ""),
        ("x86_64", ("AVX2",), None, ""),  # fp16, or another tool's file
        ("aarch64", ("NEON",), False, ""),
    ],
)
def test_an_int8_file_for_another_cpu_is_told(
    architecture: str, has: tuple[str, ...], reduced: bool | None, words: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("platform.machine", lambda: architecture)
    monkeypatch.setattr("dlbench.bench.machine.precision_support.instructions", lambda: Instructions(has))
    note = other_cpu_note({} if reduced is None else {"reduce_range": reduced})
    assert words in note and bool(note) == bool(words)
