"""Real comparisons of small models on the CPU: verdicts, figures that can be recomputed, cells that fail alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from small_models import dense_model

from dlbench.bench.machine.probe_models import probe_model
from dlbench.bench.measure import launch
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.comparison import compare
from dlbench.bench.measure.launch import ask, provider_problem
from dlbench.bench.measure.plan import plan_jobs
from dlbench.bench.measure.rounds import Event
from dlbench.bench.measure.subjects import distinct_names, open_subjects
from dlbench.bench.providers.registry import explain_unavailable, parse_providers, provider
from dlbench.bench.providers.verdict import place
from dlbench.bench.results.headline import headline
from dlbench.bench.results.schema import Result, read_result, write_result
from dlbench.errors import InputError, ModelFileError, ProviderError

pytestmark = pytest.mark.usefixtures("short_rounds")  # the fixture `result` has rounds of full length

F, I64 = TensorProto.FLOAT, TensorProto.INT64


def quick(providers: str = "cpu", **others: object) -> CompareSettings:
    return CompareSettings(
        providers=parse_providers(providers), **{"batch_sizes": (1, 4), "min_rounds": 2, "budget_s": 0.0, **others}
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """One comparison of a small model on cpu and cuda, shared by the tests that only read it."""
    folder = tmp_path_factory.mktemp("model")
    onnx.save_model(dense_model(), folder / "tiny.onnx")
    return compare([folder / "tiny.onnx"], quick("cpu,cuda"), journal=folder / "rounds.jsonl")


def test_every_node_of_a_cpu_cell_is_shown_to_have_run_on_the_cpu(result: Result):
    cells = [c for c in result.cells if c.provider == "cpu"]
    assert [(c.batch, c.verdict) for c in cells] == [(1, "ran"), (4, "ran")]
    for cell in cells:
        assert cell.nodes_on_provider == cell.nodes_total > 0
        assert len(cell.rounds) >= 2


def test_a_cuda_request_without_a_gpu_is_reported_as_unavailable_with_its_reason(result: Result):
    cells = [c for c in result.cells if c.provider == "cuda"]
    if result.machine.gpu:
        pytest.skip("this machine has an NVIDIA GPU")
    assert {c.verdict for c in cells} == {"unavailable"}
    assert all(c.latency_s is None and not c.cost_usd_per_million for c in cells)
    assert "driver" in cells[0].reason
    assert any(w.startswith("cuda is unavailable") for w in result.warnings)


def test_every_printed_statistic_can_be_recomputed_from_the_rounds(result: Result):
    for cell in (c for c in result.cells if c.timed):
        used = headline(cell.rounds, result.settings.min_rounds).rounds
        alone = [r.state == "undelayed" for r in used]
        values = [r.undelayed_values_ns if a else r.values_ns for r, a in zip(used, alone, strict=True)]
        counts = [r.undelayed_counts if a else r.counts for r, a in zip(used, alone, strict=True)]
        if any(r.state == "slowed" and r.undelayed_counts for r in used):
            continue  # a slowed round beside another program: see test_round_states
        samples = np.concatenate([np.repeat(np.array(v) / 1e9, c) for v, c in zip(values, counts, strict=True)])
        assert cell.latency_s is not None
        assert cell.latency_s.p50 == pytest.approx(np.median(samples))
        assert cell.latency_s.p99 == pytest.approx(np.quantile(samples, 0.99))
        assert cell.throughput_per_s == pytest.approx(cell.batch / np.median(samples))
        if len(cell.rounds) > 1:
            assert cell.latency_s.ci_low <= cell.latency_s.p50 <= cell.latency_s.ci_high


def test_the_measured_time_is_that_of_a_bare_loop_over_the_same_model(result: Result, tmp_path: Path):
    """An independent oracle with a wide margin, because the machine changes state: the right order of size."""
    import time

    import onnxruntime as ort

    onnx.save_model(dense_model(), tmp_path / "tiny.onnx")
    session = ort.InferenceSession(tmp_path / "tiny.onnx", providers=["CPUExecutionProvider"])
    feed = {"image": np.random.default_rng(0).random((1, 1, 28, 28), dtype=np.float32)}
    times = []
    for _ in range(3000):
        began = time.perf_counter()
        session.run(None, feed)
        times.append(time.perf_counter() - began)
    cell = next(c for c in result.cells if c.timed and c.batch == 1)
    assert cell.latency_s is not None
    assert 0.2 < cell.latency_s.p50 / np.median(times) < 5


def test_load_and_first_run_stand_apart_from_the_latency(result: Result):
    cell = next(c for c in result.cells if c.timed)
    assert cell.load_s > 0 and cell.first_run_s > 0
    assert cell.peak_rss_bytes is not None
    assert cell.macs == cell.parameters == 784 * 16 + 160


def test_the_result_file_reads_back_as_it_was(result: Result, tmp_path: Path):
    path = write_result(result, tmp_path / "result.json")
    assert read_result(path) == result
    assert json.loads(path.read_text())["schema"] == "dlbench.result/1"


def test_the_result_file_names_no_host_user_or_path(result: Result):
    import getpass
    import platform

    text = result.to_json()
    assert platform.node() not in text or len(platform.node()) < 4
    assert str(Path.home()) not in text.replace(result.command, "") or str(Path.home()) == "/"
    assert f"/{getpass.getuser()}/" not in text


def test_the_measuring_process_imports_no_torch():
    code = "import sys, dlbench.bench.worker, onnxruntime; print([m for m in sys.modules if m.split('.')[0] in "
    code += "('torch', 'torchvision', 'onnx', 'typer', 'rich', 'pydantic', 'scipy', 'matplotlib')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.usefixtures("replayed_rounds")
def test_a_comparison_of_ready_models_imports_no_torch(dense_file: Path, tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from dlbench.bench.measure.comparison import compare; "
        "from dlbench.bench.measure.compare_settings import CompareSettings; "
        "from dlbench.bench.report.writing import write_reports; from dlbench.bench.measure import launch; "
        f"launch.WORKER = {launch.WORKER}; "
        f"r = compare([Path({str(dense_file)!r})], CompareSettings(batch_sizes=(1,), min_rounds=2, budget_s=0)); "
        f"write_reports(r, {str(tmp_path / 'run')!r}); "
        "print([m for m in sys.modules if m in ('torch', 'torchvision', 'onnxruntime')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.usefixtures("replayed_rounds")
def test_rounds_go_through_the_cells_there_and_back(dense_file: Path):
    order: list[int] = []

    def watch(event: Event) -> None:
        if event.running is not None:
            order.append(event.running.batch)

    compare([dense_file], quick(batch_sizes=(1, 2, 3)), on_event=watch)
    assert order == [1, 2, 3, 3, 2, 1]


@pytest.mark.usefixtures("replayed_rounds")
def test_each_finished_round_is_a_line_of_the_journal(dense_file: Path, tmp_path: Path):
    journal = tmp_path / "rounds.jsonl"
    result = compare([dense_file], quick(), journal=journal)
    header, *lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert header["schema"] == "dlbench.journal/1" and header["identity"]["batch_sizes"] == {"tiny": [1, 4]}
    assert len(lines) == sum(len(c.rounds) for c in result.cells) == 4
    assert {(line["key"][0], line["key"][2]) for line in lines} == {("tiny", 1), ("tiny", 4)}


@pytest.mark.usefixtures("replayed_rounds")
def test_ctrl_c_keeps_what_was_measured(dense_file: Path):
    def interrupt(event: Event) -> None:
        if event.rounds_done == 2:
            raise KeyboardInterrupt

    result = compare([dense_file], quick(min_rounds=5), on_event=interrupt)
    assert not result.complete
    assert sum(len(c.rounds) for c in result.cells) == 2
    assert all(c.stopped == "interrupted" for c in result.cells)


def test_a_model_with_several_inputs_of_integer_and_float_types_is_timed(save):
    path = save(
        "mixed",
        [
            helper.make_node("Gather", ["table", "ids"], ["e"]),
            helper.make_node("Mul", ["e", "scale"], ["m"]),
            helper.make_node("ReduceSum", ["m", "axes"], ["y"], keepdims=0),
        ],
        [("ids", I64, ["n", "length"]), ("scale", F, ["n", "length", 4])],
        [("y", F, ["n", 4])],
        {"table": np.ones((10, 4), np.float32), "axes": np.array([1])},
    )
    shapes = {"ids": ("N", 7)}  # a symbol once settled holds in all inputs
    result = compare([path], quick(shapes=shapes))
    assert [c.verdict for c in result.cells] == ["ran", "ran"]
    assert result.models[0].inputs == ("ids int64 [N, 7]", "scale float32 [N, 7, 4]")
    assert [(fed.name, fed.shape) for fed in result.models[0].fed] == [("ids", ("N", 7)), ("scale", ("N", 7, 4))]
    assert [fed.source for fed in result.models[0].fed] == ["below 10, the size of table", "seeded noise in [0, 1)"]
    assert result.models[0].batch_axis.startswith("axis 0 of ids, axis 0 of scale")
    assert result.models[0].accuracy is None


def test_a_model_with_external_data_is_timed(tmp_path: Path):
    path = tmp_path / "outside.onnx"
    onnx.save_model(dense_model(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    result = compare([path], quick(batch_sizes=(1,)))
    assert result.cells[0].verdict == "ran"
    assert result.models[0].bytes > 4 * 784 * 16


@pytest.mark.usefixtures("replayed_rounds")
def test_a_model_of_fixed_batch_is_timed_at_its_own_and_says_so(tmp_path: Path):
    path = tmp_path / "fixed.onnx"
    onnx.save_model(dense_model(batch=3), path)
    result = compare([path], quick(batch_sizes=None))
    assert [c.batch for c in result.cells] == [3]
    assert any("fixed to batch size 3" in w for w in result.warnings)
    assert result.models[0].macs == 784 * 16 + 160
    with pytest.raises(ModelFileError, match="fixed to batch size 3"):
        compare([path], quick(batch_sizes=(1, 8)))


@pytest.mark.parametrize(("kind", "words"), [("opset", "can't be loaded"), ("operator", "can't be loaded")])
def test_a_model_that_the_runtime_refuses_is_refused_before_anything_is_measured(
    tmp_path: Path, dense_file: Path, kind: str, words: str
):
    model = dense_model(opset=99) if kind == "opset" else dense_model()
    if kind == "operator":
        model.graph.node[2].op_type = "MyCustomRelu"
    path = tmp_path / "refused.onnx"
    path.write_bytes(model.SerializeToString())
    journal = tmp_path / "rounds.jsonl"
    with pytest.raises(ModelFileError, match=words) as caught:
        compare([dense_file, path], quick(), journal=journal)
    assert "\n" not in str(caught.value) and "refused.onnx" in str(caught.value)
    assert not journal.exists()


def test_a_shape_that_the_graph_refuses_is_told_with_what_was_fed(save):
    path = save(
        "pick",
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [("x", F, ["n", "k"])],
        [("y", F, ["n", 2])],
        {"w": np.ones((4, 2), np.float32)},
    )
    with pytest.raises(ModelFileError, match=r"can't be run with x tensor\(float\) \[1, 5\]"):
        compare([path], quick(shapes={"x": ("N", 5)}))


def test_a_shape_for_an_input_that_no_model_has_is_refused(dense_file: Path):
    with pytest.raises(InputError, match="names no input"):
        compare([dense_file], quick(shapes={"pixels": (1, 2)}))


def test_files_of_one_name_are_told_apart_by_their_folders():
    paths = [Path("/x/a/model.onnx"), Path("/x/b/model.onnx"), Path("/y/b/model.onnx"), Path("/x/net.onnx")]
    assert distinct_names(paths) == ["a/model", "x/b/model", "y/b/model", "net"]
    with pytest.raises(ModelFileError, match="twice"):
        distinct_names([paths[0], paths[0]])


def open_dense(save: Callable[..., Path], *sizes: int | str) -> Path:
    weights = {"w": np.ones((4, 2), np.float32)}
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    return save("net", nodes, [("x", F, list(sizes))], [("y", F, None)], weights)


@pytest.mark.parametrize(
    ("sizes", "settings", "batches"),
    [
        (("n", 4), {"batch_sizes": (2, 3)}, (2, 3)),
        (("n", 4), {"batch_sizes": None, "usual_batch_sizes": (1,)}, (1,)),
        ((5, 4), {"batch_sizes": None}, (1,)),
        (("n", 4), {"batch_sizes": None, "shapes": {"x": (5, 4)}}, (1,)),
        ((5, 6, 4), {"batch_sizes": None, "shapes": {"x": (5, "N", 4)}}, (6,)),
        (("time", "k", 4), {"batch_sizes": (1, 2), "shapes": {"x": (5, "N", 4)}}, (1, 2)),
    ],
)
def test_the_batch_is_what_evidence_or_n_says(save, sizes, settings, batches):
    (subject,) = open_subjects([open_dense(save, *sizes)], quick(**settings))
    assert subject.batch_sizes == batches
    without = not subject.opened.batch_axis.axes
    assert any("no batch axis" in note and "`shape` x=N" in note for note in subject.warnings) == without


def test_batches_without_a_batch_axis_are_refused_with_the_way_to_mark_it(save):
    with pytest.raises(InputError, match=r"no batch axis.*`shape` x=N,4"):
        open_subjects([open_dense(save, 5, 4)], quick(batch_sizes=(1, 8)))


def needs(save: Callable[..., Path], length: int, *sizes: int | str) -> Path:
    """Save a model that takes its last axis in one length alone."""
    weights = {"w": np.ones((length, 2), np.float32)}
    return save(
        "net", [helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", F, list(sizes))], [("y", F, None)], weights
    )


def test_the_sizes_that_are_proposed_run(save):
    with pytest.raises(ModelFileError, match=r"for example `shape` x=N,512$"):
        open_subjects([needs(save, 512, "batch", "inner")], quick())


def test_a_picture_that_runs_at_another_size_is_told_which(save):
    with pytest.raises(ModelFileError, match=r"such as x=N,3,48,320, which runs"):
        open_subjects([needs(save, 320, "n", 3, "height", "width")], quick())


def test_an_error_that_values_cause_advises_the_input(save):
    nodes = [helper.make_node("Add", ["k", "far"], ["i"]), helper.make_node("Gather", ["x", "i"], ["y"], axis=1)]
    far = {"far": np.array([100])}
    path = save("net", nodes, [("x", F, ["n", 4]), ("k", I64, [1])], [("y", F, None)], far)
    with pytest.raises(ModelFileError, match=r"`inputs`, such as k=VALUE") as caught:
        open_subjects([path], quick(batch_sizes=(1,)))
    assert "shapes" not in str(caught.value)


@pytest.mark.parametrize(
    "bad", [{"batch_sizes": (0,)}, {"threads": 0}, {"budget_s": -1.0}, {"precision_goal": 0.0}, {"min_rounds": 1}]
)
def test_settings_that_make_no_sense_are_refused(bad: dict):
    with pytest.raises(InputError, match="expected"):
        quick(**bad)


def test_the_verdict_follows_the_placement_of_the_nodes():
    cuda, cpu = "CUDAExecutionProvider", "CPUExecutionProvider"
    cases = [
        ({"nodes": {cuda: 4}, "operators": {cuda: {"MatMul": 4}}}, "ran", {}, {"cuda": 1.0}),
        (
            {"nodes": {cuda: 3, cpu: 1}, "operators": {cuda: {"MatMul": 3}, cpu: {"Relu": 1}}},
            "partial",
            {"Relu": 1},
            {"cuda": 0.75, "cpu": 0.25},
        ),
        ({"nodes": {cpu: 4}, "operators": {cpu: {"MatMul": 4}}}, "fell_back", {"MatMul": 4}, {"cpu": 1.0}),
    ]
    for reply, verdict, fallback, shares in cases:
        placed = place(provider("cuda"), {"providers": [cuda, cpu], **reply})
        assert (placed.verdict, placed.fallback_operators) == (verdict, fallback)
        assert {s.provider: s.node_share for s in placed.shares} == shares


def test_a_device_has_one_cell_with_copies_and_one_without(dense_file: Path):
    subject = open_subjects([dense_file], quick(batch_sizes=(1,)))[0]
    jobs = plan_jobs([subject], quick("cpu,cuda", batch_sizes=(1,)), {})
    assert [(j.provider.name, j.copies_included) for j in jobs] == [("cpu", None), ("cuda", True), ("cuda", False)]


def test_a_worker_that_dies_or_hangs_spoils_only_its_own_reply(dense_file: Path):
    request = {"do": "inspect", "model": str(dense_file), "provider": "CPUExecutionProvider", "threads": 1, "seed": 0}
    hung = ask(request, timeout_s=0.01)
    assert hung.value is None and hung.problem.verdict == "failed" and "did not end" in hung.problem.reason
    wrong = ask({**request, "model": "/nothing/here.onnx"}, timeout_s=60)
    assert wrong.value is None and wrong.problem.verdict == "failed"
    assert ask(request, timeout_s=60).value["inputs"] == [["image", "tensor(float)", ["N", 1, 28, 28]]]


def test_running_out_of_memory_is_a_verdict_of_its_cell(save):
    # the output of an expand to 2^40 floats can't be had anywhere
    path = save(
        "huge",
        [helper.make_node("Expand", ["x", "s"], ["y"])],
        [("x", F, ["n"])],
        [("y", F, ["a", "b"])],
        {"s": np.array([1 << 40, 1])},
    )
    request = {"do": "inspect", "model": str(path), "provider": "CPUExecutionProvider", "threads": 1, "seed": 0}
    reply = ask({**request, "inputs": [{"name": "x", "type": "tensor(float)", "shape": [1]}]}, timeout_s=120)
    assert reply.problem.verdict == "out_of_memory"


def test_the_cpu_provider_is_usable_and_an_unbuilt_one_is_explained():
    with probe_model() as probe:
        assert provider_problem(provider("cpu"), probe, 1) is None
        assert "built without it" in provider_problem(provider("coreml"), probe, 1)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("libcuda.so.1: cannot open shared object file", "no NVIDIA driver (libcuda.so.1 is missing)"),
        ("libcudnn.so.9: cannot open shared object file", 'pip install "dlbench[cuda]"'),
        ("CUDA failure 35: CUDA driver version is insufficient", "update the driver"),
        ("CUDA failure 100: no CUDA-capable device is detected", "no CUDA-capable device"),
        ("something new\nwith lines", "something new with lines"),
    ],
)
def test_why_cuda_can_not_run_is_one_line_with_what_mends_it(told: str, words: str):
    line = explain_unavailable(provider("cuda"), told)
    assert words in line and "\n" not in line


def test_without_a_driver_no_library_is_blamed():
    line = explain_unavailable(provider("cuda"), "libcublasLt.so.13: cannot open shared object file", has_driver=False)
    assert "no NVIDIA driver" in line and "dlbench[cuda]" not in line


def test_an_unknown_provider_is_answered_with_close_names():
    with pytest.raises(ProviderError, match="Did you mean cuda"):
        parse_providers("cpu,cudaa")
    with pytest.raises(ProviderError, match="Did you mean cuda"):
        parse_providers("gpu")
    with pytest.raises(ProviderError, match="no provider"):
        parse_providers(",")


def test_settings_take_names_single_values_and_any_sequence():
    settings = CompareSettings(providers="cpu,cuda", batch_sizes=[1, np.int64(8), 8], streams=2, scenarios="offline")
    assert [p.name for p in settings.providers] == ["cpu", "cuda"]
    assert settings.batch_sizes == (1, 8) and settings.streams == (2,) and settings.scenarios == ("offline",)
    assert CompareSettings(providers=("cpu",)) == CompareSettings(providers=parse_providers("cpu"))
    with pytest.raises(ProviderError, match="Did you mean cuda"):
        CompareSettings(providers=["cuad"])
    with pytest.raises(InputError, match="`threads`: expected a number of threads from 1 to 1024, received '2'"):
        CompareSettings(threads="2")
