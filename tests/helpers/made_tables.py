"""Every table of every command, from made results with long names: nothing is trained or timed."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from onnx import helper, save
from reports import document
from small_models import dense_model

from dlbench.show.table import Table

NETWORK = "efficientnet_v2_s_of_the_second_group"
MACHINE = "the quiet laptop by the window"
PROVIDER = "openvino"


def every_table(folder: Path) -> list[Table]:
    """All tables, each with at least one row."""
    measured = (_of_a_result, _of_a_class, _of_costs, _of_a_diff, _of_a_history)
    others = (_of_the_machine, _of_trainings, _of_data, _of_judging, _of_variants, _of_tuning)
    return [*(table for make in (*measured, *others) for table in make()), *_of_a_model(folder)]


def made_result(fingerprint: str = "abcd1234") -> Any:
    """A result in which every table of a run has rows."""
    from dlbench.bench.results.schema import Result

    base = document()
    base["machine"].update(fingerprint=fingerprint, cpu="Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz")
    timed, lost = base["cells"]
    timed = {
        **timed,
        "energy_j_per_inference": 0.0123,
        "energy_source": "estimated: by hand",
        "disturbed_median_s": 0.003,
    }
    operator = {"operator": "BatchNormalization", "provider": PROVIDER, "nodes": 12, "seconds": 1e-4, "share": 0.4}
    timed["top_operators"] = [operator]
    timed["roofline"] = {
        **dict.fromkeys(("peak_flops_per_s", "peak_bytes_per_s", "bytes_per_s"), 1.2e11),
        **dict.fromkeys(("compute_share", "bandwidth_share", "launch_share"), 0.25),
        **{"launch_s": 2e-6, "bytes_per_run": 1_000_000, "bound": "memory-bound"},
    }
    shares = [{"provider": name, "nodes": 120, "node_share": 0.5, "time_share": 0.5} for name in (PROVIDER, "cpu")]
    partial = {
        **timed,
        "verdict": "partial",
        "provider_shares": shares,
        "fallback_operators": {"LayerNormalization": 9},
    }
    loaded = {**timed, "scenario": "server", "streams": 4, "rate_per_s": 12345.0}
    cells = [{**cell, "model": NETWORK, "provider": PROVIDER} for cell in (timed, partial, loaded, lost)]
    cells += [{**copy.deepcopy(timed), "batch": 1024}]
    probe = {"provider": PROVIDER, "threads": 16, "reference_s": 1e-4, "here_s": 1e-4, "median_s": 1.1e-4}
    crossing = {
        "model": NETWORK,
        "overtakes": PROVIDER,
        "overtaken": "cpu",
        "quantity": "cost",
        "batch": 12.5,
        "note": "x",
    }
    names = {"name": NETWORK, "architecture": "a backbone with a new head", "accuracy": {"correct": 95, "samples": 100}}
    base.update(cells=cells, probes=[probe], crossovers=[crossing], models=[{**base["models"][0], **names}])
    base["training"] = [{**base["training"][0], "model": NETWORK}]
    return Result.model_validate(base)


def _of_a_result() -> list[Table]:
    from dlbench.bench.report.answer import answer_of
    from dlbench.bench.report.page import make_page
    from dlbench.bench.report.tables.answer_table import answer_table
    from dlbench.bench.report.tables.result_tables import all_tables
    from dlbench.bench.results.merging import Entry

    result = made_result()
    page = make_page((Entry(MACHINE, result),))
    return [*all_tables(result), page.prices, answer_table(answer_of((Entry(MACHINE, result),)))]


def _of_a_class() -> list[Table]:
    from dlbench.bench.report.answer import answer_of
    from dlbench.bench.report.page import make_page
    from dlbench.bench.report.tables.answer_table import answer_table
    from dlbench.bench.results.merging import Entry

    entries = tuple(Entry(f"{MACHINE} {i}", made_result(f"{i:08x}")) for i in range(3))
    return [*make_page(entries).tables, answer_table(answer_of(entries))]


def made_estimates() -> Any:
    from dlbench.api.costs import Estimates
    from dlbench.bench.cost.absent_hardware import network_estimates
    from dlbench.bench.cost.catalogue import load_catalogue

    catalogue = load_catalogue()
    devices = [catalogue.device(name) for name in ("t4", "gtx-1080-ti", "tpu-v2-chip", "rpi4-4gb")]
    return Estimates(tuple(network_estimates(made_result(), devices, catalogue)), "result.json")


def _of_costs() -> list[Table]:
    from dlbench.api.costs import TrainingCosts, price_list, published_times
    from dlbench.api.owning import published_claim
    from dlbench.bench.cost.absent_hardware import training_estimates
    from dlbench.bench.cost.buy_or_rent import Case
    from dlbench.bench.cost.catalogue import load_catalogue
    from dlbench.bench.cost.published import published_runs
    from dlbench.bench.report.charts.training_comparison import compared_trainings
    from dlbench.bench.report.tables.buy_or_rent_tables import Decision, buy_or_rent_tables
    from dlbench.bench.report.tables.published_times_tables import published_times_table

    catalogue, estimates, own = load_catalogue(), made_estimates(), tuple(made_result().training)
    devices = [catalogue.device(name) for name in ("t4", "tpu-v2-chip", "rpi4-4gb")]
    runs = tuple(published_runs())
    costs = TrainingCosts(runs, own, tuple(training_estimates(devices, catalogue)), compared_trainings(runs, own))
    case = Case(price_usd=123_456, power_w=1500, usd_per_kwh=0.2, hourly_usd=55.04)
    bought = Decision(case, "NVIDIA H100 SXM5 80GB", "AWS p5.48xlarge (8x H100 80GB)", date(2026, 1, 1))
    tables = [*price_list().tables(), *estimates.tables(), estimates.short_table(), *costs.tables()]
    times = published_times("resnet50")
    tables += [published_times_table(times.rows[:9]), times.short_table(), *published_times().tables(), _beside()]
    tables += [*made_choice().tables(), made_choice().short_table()]
    return [*tables, *buy_or_rent_tables(bought), *published_claim("chen-2018").tables()]


def _beside() -> Table:
    """The published times beside a result that holds a known network."""
    from dlbench.bench.report.tables.published_times_tables import published_beside_table

    base = made_result()
    facts = {"macs": 4_089_184_256, "parameters": 25_557_032, "architecture": "resnet50"}
    models = [m.model_dump() | facts for m in base.models]
    return published_beside_table(type(base).model_validate(base.model_dump(by_alias=True) | {"models": models}))


def made_choice() -> Any:
    """A choice for a network in two files: measured, estimated and left-out rows."""
    from dlbench.api.choosing.hardware_choice import choose

    base = made_result()
    smaller = f"{NETWORK}.int8-dynamic"
    both = ({"name": NETWORK}, {"name": smaller, "precision": "int8-dynamic"})
    models = [m.model_dump() | each for m in base.models for each in both]
    judged = {"model": smaller, "parent": NETWORK, "parent_sha256": "0" * 64, "verdict": "kept"}
    result = type(base).model_validate(base.model_dump(by_alias=True) | {"models": models, "variants": [judged]})
    return choose(result, latency="5ms", per_day=1e7)


def _diff_row() -> Any:
    from dlbench.bench.diff.judge import DiffRow

    ratio = {"ratio": 1.234, "ratio_low": 1.2, "ratio_high": 1.3, "level": 0.95, "pairs": 24, "reason": "a reason " * 8}
    names = {"model_a": NETWORK, "model_b": f"{NETWORK}_int8", "provider": PROVIDER, "how": "with copies"}
    return DiffRow(
        **names, **ratio, batch=128, threads=2, ran_a="ran", ran_b="ran", verdict="can't tell", a_s=1e-3, b_s=1.234e-3
    )


def _of_a_diff() -> list[Table]:
    from dlbench.bench.diff.judge import Decision, Diff
    from dlbench.bench.report.tables.diff_tables import diff_table, short_diff_table

    both = {"a": "a", "b": "b", "in_turn": True, "floor": 0.02, "floor_source": "measured", "same_within": 0.02}
    diff = Diff(**both, rows=(_diff_row(),), decision=Decision(verdict="UNCLEAR"))
    return [diff_table(diff), short_diff_table(diff)]


def _of_a_history() -> list[Table]:
    from dlbench.bench.diff.over_time import Point, Series, SeriesKey
    from dlbench.bench.report.tables.history_tables import history_table, points_table

    point = Point("a.json", "2026-11-26T10:00:00", "release 1.2", made_result().cells[0], _diff_row(), ("a note " * 5,))
    series = [
        Series(SeriesKey(f"abcd123{i}", NETWORK, "fp32", PROVIDER, 2, 128, "with copies"), (point,) * 3)
        for i in range(2)
    ]
    return [history_table(series), points_table(series[0])]


def _of_the_machine() -> list[Table]:
    from dlbench.api.classroom.readiness import ClassCheck
    from dlbench.api.machine_checks import Examination, NoiseFloor, ThreadAdvice, provider_options
    from dlbench.bench.diff.ratio import RatioInterval
    from dlbench.bench.diff.thread_choice import ThreadOption
    from dlbench.bench.results.records import MachineEvidence
    from dlbench.commands.help import words_table
    from dlbench.doctor import Finding

    finding = Finding("provider tensorrt", "missing", "libnvinfer.so.10 could not be loaded " * 3, "pip install it")
    noise = NoiseFloor(PROVIDER, 16, 0.012, 1.0001, 24, 0.9, 0.011, 1.5, ())
    sessions = tuple(
        ThreadOption(
            f"{n} threads that sleep between runs", n, 1e-3, 1.23, RatioInterval(0.8, 0.7, 0.9, 0.99, 8), "faster"
        )
        for n in (2, 128)
    )
    states = MachineEvidence(shares={}, others_share=None, probe_ratio=None, stream_ratio=None, capacity=None)
    advice = ThreadAdvice("a_model_with_a_long_name.onnx", sessions, states, ())
    return [
        *Examination((finding,)).tables(),
        *ClassCheck(
            (Finding("disk", "missing", "20.0 GB free: install without CUDA (1 GB); CUDA needs 6 GB"),), 1e-3
        ).tables(),
        *noise.tables(),
        *advice.tables(),
        *provider_options().tables(),
        words_table(),
    ]


def trained(name: str) -> Any:
    """A training's result, as far as tables read it."""
    from dlbench.model.facts import Accuracy, ModelFacts, TrainingFacts
    from dlbench.proportion import Proportion
    from dlbench.train.result import TrainResult

    energy = {"energy_j": 1234.5, "energy_source": "estimated: 4 W x 2 threads x (0.1 + 0.9 x load^3), load 0.52"}
    training = TrainingFacts(training_s=123.4, device="cpu", epochs=12, images_per_s=12345.6, **energy)
    facts = ModelFacts(
        network="transfer",
        architecture=f"{NETWORK} with a new head, 1280-512-37",
        labels=("Abyssinian", "Maine Coon"),
        mean=(0.5,),
        std=(0.5,),
        data="oxford-pets",
        data_note="a note",
        split="4,000 train / 500 validation / 500 test, stratified by class, fixed",
        accuracy=Accuracy(correct=480, samples=500),
        metrics={"accuracy": 0.96, "f1": 0.95},
        training=training,
        parameters=20_215_000,
        trained_parameters=1_234_567,
        parity_max_abs_error=1e-6,
        version="1",
    )
    known = {"facts": facts, "test_accuracy": Proportion(480, 500), "metrics": {"accuracy": 0.96}, "prepared_s": 12.3}
    rest = dict.fromkeys(("checkpoint_path", "history_path", "validation_accuracy", "seconds", "energy", "parity"))
    history = tuple(SimpleNamespace() for _ in range(12))
    result: Any = TrainResult(
        Path(f"{name}.onnx"), **{**rest, **known}, history=history, best_epoch=9, confusion=[[240, 10], [10, 240]]
    )
    return result


def made_networks() -> Any:
    from dlbench.api.side_by_side import NetworkRuns
    from dlbench.train import TrainSettings

    settings = [TrainSettings(name, data="oxford-pets") for name in ("dense", "cnn", "transfer")]
    shifts = {one.network: [0.987] * 7 for one in settings[:2]}
    return NetworkRuns(tuple((one, trained(NETWORK)) for one in settings), shifts)


def made_seeds(count: int) -> Any:
    from dlbench.api.side_by_side import SeedRuns
    from dlbench.train import TrainSettings

    return SeedRuns(TrainSettings("cnn"), dict.fromkeys(range(count), trained(NETWORK)))


def made_freezing() -> Any:
    from dlbench.api.freezing import FreezingRuns
    from dlbench.train import TrainSettings

    ways = ("frozen", "last 3", "from scratch")
    return FreezingRuns(TrainSettings("transfer", data="oxford-pets"), dict.fromkeys(ways, trained(NETWORK)))


def made_runtime() -> Any:
    from dlbench.api.lesson.hosted_runtime import Runtime
    from dlbench.bench.cost.catalogue import load_catalogue
    from dlbench.bench.cost.published import published_runs

    device = load_catalogue().device("tpu-v2-chip")
    return Runtime("tpu", NETWORK, True, device, published_runs()[:1])


def _of_trainings() -> list[Table]:
    from dlbench.api.backbones import Backbone
    from dlbench.api.lesson.task_runs import TaskRuns
    from dlbench.api.side_by_side import tasks
    from dlbench.train.networks.stage_facts import StageFacts

    stage = StageFacts("features.7.block.3", "InvertedResidual", (1280, 112, 112), 1_234_567, 10**9, "trained", True)
    asked = TaskRuns(dict.fromkeys(("binary", "unit-regression"), trained(NETWORK)))
    results = (trained(NETWORK), made_networks(), made_seeds(3), made_freezing(), tasks(), asked, made_runtime())
    tables = [table for result in results for table in result.tables()]
    return [*tables, *Backbone(NETWORK, "last-3", 2, (224, 224), (stage, stage)).tables()]


def _of_data() -> list[Table]:
    from dlbench.api.datasets import DataSurvey
    from dlbench.train.data.survey import ClassCount, Duplicates

    classes = (ClassCount("Soft-coated Wheaten Terrier", 12345, 1234, 1234), ClassCount("b", 1, 1, 1))
    no = Duplicates(0, 0, 0, 0, ())
    shape, colours = (3, 224, 224), (0.5, 0.5, 0.5)
    sizes = ("oxford-pets", "note", 14815, shape, "uint8", 0, 255, colours, colours, 10**9, "split")
    dataset: Any = None
    return list(DataSurvey(*sizes, classes, no, 0, None, (), dataset, (), 64).tables())


def _of_judging() -> list[Table]:
    from dlbench.api.judged_models import ModelErrors, Precisions
    from dlbench.model.layers import Layer
    from dlbench.viz.evaluation.judging import Judged
    from dlbench.viz.evaluation.precision_comparison import LayerNoise

    shares, labels = np.array([[0.1, 0.9], [0.8, 0.2], [0.6, 0.4]]), np.array([0, 0, 1])
    judged = Judged(
        ("Soft-coated Wheaten Terrier", "American Pit Bull Terrier"), labels, shares, np.array([2.3, 0.2, 0.9])
    )
    card: Any = SimpleNamespace(name=f"{NETWORK}-int8", precision="int8", size_bytes=10**7)
    dataset: Any = SimpleNamespace(name="oxford-pets")
    noise = LayerNoise(Layer(3, f"/{NETWORK}/Conv_output_0", "Conv"), 1.0, 1e-3, 0.01, 100)
    errors = ModelErrors(card, dataset, np.arange(3), judged, "test", 5)
    both = Precisions(card, card, (judged, judged), (noise, noise), (), (), np.zeros((32, 1, 8, 8), np.uint8))
    return [*errors.tables(), *both.tables()]


def _of_variants() -> list[Table]:
    from dlbench.api.variants.exporting import tables_of
    from dlbench.bench.report.variants.variant_tables import kernel_table, pareto_table, variant_table
    from dlbench.bench.results.against_parent import AgainstParent
    from dlbench.bench.results.records import KernelTime
    from dlbench.export.precision.conversions import Step
    from dlbench.export.precision.variants import Variant
    from dlbench.proportion import PairedDifference

    base, name = made_result(), f"{NETWORK}.int8-dynamic"
    facts = {"model": name, "parent": NETWORK, "parent_sha256": "0" * 64, "data": "oxford-pets", "split": "test"}
    judged = AgainstParent.judged(PairedDifference(10_000, 512, 498), 9_500, changed=1010, **facts)
    kernels = (KernelTime(numbers="converting", kernels=123, seconds=1e-4, share=0.6, operators={"QLinearConv": 52}),)
    parent = base.cells[0].model_copy(update={"bytes": 10**8})
    cells = (parent, parent.model_copy(update={"model": name, "bytes": 10**7, "kernels": kernels}))
    same = {"data": "oxford-pets", "accuracy": {"correct": 9500, "samples": 10_000}}
    models = [
        type(model).model_validate(model.model_dump() | same | {"name": each, "precision": precision})
        for model in base.models
        for each, precision in ((NETWORK, "fp32"), (name, "int8-dynamic"))
    ]
    result = base.model_copy(update={"cells": cells, "models": tuple(models)}).judged_as([judged])
    step = Step((f"/{NETWORK}/blocks/Conv_12",) * 3, (f"/{NETWORK}/blocks/Conv_12",) * 3, 23.45, 0.987, 10**7)
    variant = Variant(Path(f"{name}.onnx"), "int8-dynamic", "0" * 64, {}, 10**7, step.kept, (step, step))
    one: Any = SimpleNamespace(
        card=SimpleNamespace(size_bytes=10**8, facts=None, proto=onnx_of_nothing()),
        variants=(variant,),
        calibration="x",
    )
    return [variant_table(result), kernel_table(result), pareto_table(result), *tables_of([one])]


def onnx_of_nothing() -> Any:
    return helper.make_model(helper.make_graph([], "nothing", [], []))


def _of_tuning() -> list[Table]:
    from dlbench.api.tuning.session_tuning import TunedSession
    from dlbench.bench.tuning.runtime_setting import RuntimeSetting
    from dlbench.bench.tuning.search import Trial

    settings = (RuntimeSetting(), RuntimeSetting("int8-dynamic", 128, 64, "all", False, False, True))
    trials = tuple(Trial(setting, 12, 1.234e-3, 0.123, "not among the faster half") for setting in settings)
    found: Any = {
        "times": None,
        "verdict": "can't tell",
        "evidence": None,
        "warnings": (),
        "complete": True,
        "enough_s": 9,
    }
    return list(TunedSession(NETWORK, PROVIDER, trials, trials[0], trials[1], file=Path("x.onnx"), **found).tables())


def saved_model(folder: Path, more: int = 0) -> Path:
    """A model file whose layers have long names; so many of them beside the first four."""
    model = dense_model()
    last = "r"
    for i in range(more):
        model.graph.node.insert(3 + i, helper.make_node("Relu", [last], [f"r{i}"], name=f"relu{i}"))
        last = f"r{i}"
    model.graph.node[-1].input[0] = last
    for node in model.graph.node:
        node.name = f"/{NETWORK}/blocks/{node.name}"
    path = folder / f"{NETWORK}.onnx"
    save(model, path)
    return path


def _of_a_model(folder: Path) -> list[Table]:
    from dlbench.api.inspecting import inspect, list_layers

    path = saved_model(folder)
    inspection = inspect(path)
    return [*inspection.tables(), *list_layers(path).tables(), inspection.busiest(inspection.tables()[0], 2)]
