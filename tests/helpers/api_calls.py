"""Calls of the Python API as a notebook writes them: `mypy --strict` must accept each; nothing here is run."""

# ruff: noqa: T201
from __future__ import annotations

from pathlib import Path

import dlbench


def measuring() -> None:
    result: dlbench.Result = dlbench.compare("cnn.onnx", providers="cpu", batch_sizes=[1, 8])
    dlbench.compare(["cnn", Path("other.onnx")], providers=["cpu", "cuda"], threads=2, shape={"x": (1, 3, 64, 64)})
    dlbench.compare("cnn", provider_option={"cuda": {"use_tf32": 0}}, scenario="server", rates=[50, 100], country="HU")
    print(result.table(), result.tables(), result.table("cost"), result.to_frame())
    again: dlbench.Result = dlbench.read_result(result.save("cnn.json"))
    held: dlbench.Diff = dlbench.diff(result, again)
    dlbench.diff("old.onnx", Path("new.onnx"), budget=60, same_within="2%")
    paths: tuple[Path, ...] = dlbench.write_report([result, "b.json"], "reports", format=["html", "csv"], lang="hu")
    print(held.table(), held.slower_than(0.05), paths)


def tuning() -> None:
    tuned: dlbench.TunedSession = dlbench.tune("cnn", accuracy_drop=1, precision=["fp32", "int8"], batch_sizes=[1, 8])
    print(tuned.table(), tuned.code, tuned.best.setting.words)


def looking() -> None:
    inspection: dlbench.Inspection = dlbench.inspect("cnn.onnx", batch=8)
    print(inspection.table(), inspection.total_parameters, dlbench.list_layers("cnn").table())
    print(dlbench.inspect_backbone("resnet18", freeze="last-3").table())
    print(dlbench.find_errors("cnn", top=6).pictures(), dlbench.compare_precision("cnn").tables())
    made: dlbench.ExportedModel = dlbench.export_model("cnn", precision=["fp16", "int8"], to="variants")
    print(made.table(), made.variants[0].path)
    print(dlbench.viz.activations("cnn.onnx", "seven.png"))
    print(dlbench.survey("mnist-sample").tables(), dlbench.examine().table(), dlbench.provider_options().table())


def training() -> None:
    trained: dlbench.TrainResult = dlbench.train_network("cnn", epochs=5, seed=1)
    print(trained.test_accuracy, trained.table(), dlbench.tasks().table())
    print(dlbench.compare_networks(["dense", "cnn"], epochs=5).tables())
    print(dlbench.train_seeds("cnn", seeds=3, epochs=2).table())
    print(dlbench.compare_freezing(data="photos", epochs=3).table())


def costs() -> None:
    print(dlbench.price_list("gpu").table(), dlbench.training_costs(estimate=["t4"]).tables())
    choice: dlbench.HardwareChoice = dlbench.choose("cnn", latency="5ms", per_day=1e6, budget="200EUR", edge=True)
    print(choice.table(), choice.sentences(), choice.csv(), choice.markdown(), choice.to_frame())
    print(dlbench.buy_or_rent(own="rtx-2080-ti", country="HU").tables(), dlbench.published_claim().table())
    times: dlbench.PublishedTimes = dlbench.published_times("resnet50", device="rpi5-8gb")
    print(times.tables(), times.short_table(), times.to_frame(), times.document())
    print(
        dlbench.estimate("cnn.json", on="t4,rpi4-4gb", network="cnn", known=["t4:resnet50=3ms"]).to_frame(),
        dlbench.noise_floor(budget=30).floor,
    )
