"""What is kept of this machine from run to run, and options of providers."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlbench.bench.diff.noise_floor import measure_noise
from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.machine.machine_facts import machine_facts
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.comparison import compare
from dlbench.bench.providers.options import parse_provider_options, session_config, tf32_allowed
from dlbench.bench.providers.registry import parse_providers, provider
from dlbench.errors import ProviderError
from dlbench.files import cache_dir

pytestmark = pytest.mark.usefixtures("short_rounds")

PLACE = ("cpu", 2)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "cache"))


def test_the_usual_speed_is_the_median_over_runs_so_that_one_lucky_day_does_not_set_it():
    history = MachineHistory.load("abcd", "1.0")
    assert history.best_probe_s(*PLACE) == (None, 0)
    for best in (4e-5, 4.1e-5, 2e-5):
        history.add_probes(*PLACE, [best] * 20)
    assert history.save() == ""
    usual, runs = MachineHistory.load("abcd", "1.0").best_probe_s(*PLACE)
    assert usual == pytest.approx(4e-5) and runs == 3
    history.add_probes(*PLACE, [1e-5] * 3)  # too few probes say too little
    assert history.best_probe_s(*PLACE)[1] == 3


def test_a_run_that_is_slower_than_earlier_ones_is_called_disturbed_and_says_so(dense_file: Path):
    settings = CompareSettings(batch_sizes=(1,), min_rounds=2, budget_s=0)
    first = compare([dense_file], settings, history=True)
    history = MachineHistory.load(machine_facts().fingerprint, first.software.onnxruntime)
    for _ in range(3):
        # more than any load on this machine slows it
        history.add_probes("cpu", settings.threads, [first.probes[0].here_s / 20] * 20)
    history.save()
    second = compare([dense_file], settings, history=True)
    assert second.cells[0].undisturbed_rounds == 0
    assert second.cells[0].disturbed and second.cells[0].latency_s.ci_low is not None
    assert any("slower than usual in 3 earlier runs" in w for w in second.warnings)
    assert any("hardly any of 2 rounds was calm" in w for w in second.cells[0].warnings)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "dlbench.machine/9"}', "\x00" * 50])
def test_a_history_that_can_not_be_read_is_started_anew_and_told(text: str):
    path = cache_dir() / "machine" / "abcd.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    history = MachineHistory.load("abcd", "1.0")
    assert "started anew" in history.note and "\n" not in history.note
    assert history.best_probe_s(*PLACE) == (None, 0)


def test_a_cache_that_can_not_be_written_is_a_warning_and_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "file"))
    history = MachineHistory.load("abcd", "1.0")
    history.add_probes(*PLACE, [4e-5] * 20)
    assert "could not be kept" in history.save()


@pytest.mark.slow
@pytest.mark.usefixtures("short_rounds")
def test_the_noise_floor_of_this_machine_is_measured_and_kept():
    settings = CompareSettings(batch_sizes=(1,), threads=1, budget_s=0)
    report = measure_noise(settings)
    assert report.floor > 0 and report.pairs >= 8 and report.worst >= 1
    from dlbench.bench.machine.machine_facts import software_facts

    kept = MachineHistory.load(machine_facts().fingerprint, software_facts().onnxruntime).noise("cpu", 1)
    assert kept is not None and kept.floor == pytest.approx(report.floor)


def test_options_of_a_provider_reach_the_session_and_the_result(dense_file: Path):
    options = parse_provider_options(["cpu:allow_spinning=0"], parse_providers("cpu"))
    assert session_config(options["cpu"]) == {"session.intra_op.allow_spinning": "0"}
    settings = CompareSettings(batch_sizes=(1,), min_rounds=2, budget_s=0, provider_options=options)
    result = compare([dense_file], settings)
    assert result.settings.spinning is False
    assert result.cells[0].provider_options == {"allow_spinning": "0"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cuda:use_tf23=0", "Did you mean use_tf32"),
        ("cuda", "PROVIDER:KEY=VALUE"),
        ("cuda:=1", "PROVIDER:KEY=VALUE"),
        ("tensorrt:device_id=0", "add it to `providers`"),
        ("nothing:a=b", "unknown provider"),
    ],
)
def test_an_option_that_does_not_fit_is_refused_in_one_line(text: str, words: str):
    with pytest.raises(ProviderError, match=words) as caught:
        parse_provider_options([text], parse_providers("cpu,cuda"))
    assert "\n" not in str(caught.value)


def test_a_provider_that_only_onnx_runtime_knows_is_taken_by_its_own_name():
    assert provider("VitisAIExecutionProvider").name == "vitisai"
    assert parse_provider_options(["VitisAIExecutionProvider:x=1"], [provider("VitisAIExecutionProvider")]) == {
        "vitisai": {"x": "1"}
    }


def test_the_tf32_setting_is_read_from_what_the_session_runs_with():
    assert tf32_allowed(provider("cuda"), {"use_tf32": "1"}) is True
    assert tf32_allowed(provider("cuda"), {"use_tf32": "0"}) is False
    assert tf32_allowed(provider("cpu"), {}) is None
