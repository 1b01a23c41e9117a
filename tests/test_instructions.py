"""Which instructions a processor has, from what its system says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlbench.system import Instructions, _linux_words, instructions_in


@pytest.mark.parametrize(
    ("text", "architecture", "has"),
    [
        ("model name\t: AMD EPYC\nflags\t\t: fpu sse2 avx2 fma\n", "x86_64", ("AVX2",)),
        ("flags : avx2 avx512f avx512_vnni amx_int8\n", "x86_64", ("AVX2", "AVX512", "AVX512-VNNI", "AMX-INT8")),
        ("flags : avx2 avx_vnni\n", "AMD64", ("AVX2", "AVX-VNNI")),
        ("Features\t: fp asimd asimdhp asimddp\n", "aarch64", ("NEON", "dot product", "FP16 arithmetic")),
        ("Features : asimd i8mm sve bf16\n", "aarch64", ("NEON", "i8mm", "SVE", "BF16")),
        ("Features : half neon vfpv4\n", "armv7l", ("NEON",)),
        ("flags : fpu\n", "x86_64", ()),
    ],
)  # fmt: skip
def test_what_linux_lists(tmp_path: Path, text: str, architecture: str, has: tuple[str, ...]):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(text)
    assert instructions_in(_linux_words(tmp_path), architecture) == Instructions(has)


def test_what_cannot_be_read_is_not_taken_for_absent(tmp_path: Path):
    assert _linux_words(tmp_path) == []
    found = instructions_in([], "x86_64")
    assert found.has == () and "AVX512-VNNI" in found.unread
    found = instructions_in(["avx2", "avx512vnni"], "AMD64", ("AVX-VNNI", "AVX2"))
    assert found == Instructions(("AVX2", "AVX512-VNNI"), ("AVX-VNNI",))


def test_macos_names(monkeypatch: pytest.MonkeyPatch):
    from subprocess import CompletedProcess

    from dlbench import system as module

    told = "hw.optional.arm.FEAT_DotProd: 1\nhw.optional.arm.FEAT_I8MM: 0\nhw.optional.AdvSIMD: 1\n"
    monkeypatch.setattr(module.subprocess, "run", lambda *a, **k: CompletedProcess(a, 0, told))
    assert instructions_in(module._macos_words(), "arm64").has == ("NEON", "dot product")
    told = "hw.optional.avx2_0: 1\nmachdep.cpu.leaf7_features: RDWRFSGS AVX512F AVX512VNNI\n"
    assert instructions_in(module._macos_words(), "x86_64").has == ("AVX2", "AVX512", "AVX512-VNNI")
