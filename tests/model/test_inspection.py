"""A model's table of layers: counts held against torch, torchinfo and hand counts; totals; what is unknown."""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import torchvision
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchinfo import summary

from dlbench.cli import main
from dlbench.errors import InputError
from dlbench.export import export_onnx
from dlbench.model.card import read_model
from dlbench.model.facts import ModelFacts
from dlbench.model.inspection import inspect_model
from dlbench.model.work import multiply_accumulates

F, F16, I64 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64
SIZE = 96


def network(name: str) -> nn.Module:
    """One of torchvision's networks in which no two tensors are alike: exporters join those that are."""
    torch.manual_seed(0)
    found = torchvision.models.get_model(name, weights=None).eval()
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.add_(torch.rand_like(parameter) * 0.01)
        for module in found.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(0.5, 1.5)
    return found


def legacy(module: nn.Module, example: torch.Tensor, path: Path, **options) -> Path:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        axes = {"image": {0: "n", 2: "h", 3: "w"}} if example.ndim == 4 else {"image": {0: "n"}}
        torch.onnx.export(
            module, (example,), str(path), dynamo=False, input_names=["image"], dynamic_axes=axes, **options
        )
    return path


def torch_counts(module: nn.Module, example: torch.Tensor) -> tuple[int, int, int]:
    """Return parameters, multiply-accumulates of convolutions and products, and torchinfo's multiply-adds."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(example)
    told = summary(module, input_data=example, verbose=0)
    assert told.total_params == sum(p.numel() for p in module.parameters())
    return told.total_params, counter.get_total_flops() // 2, told.total_mult_adds


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0"])
def test_counts_are_those_of_torch_and_torchinfo(name: str, tmp_path: Path):
    module, example = network(name), torch.rand(1, 3, SIZE, SIZE)
    parameters, macs, mult_adds = torch_counts(module, example)
    merged = sum(m.num_features for m in module.modules() if isinstance(m, nn.BatchNorm2d))
    card = read_model(legacy(module, example, tmp_path / "net.onnx"))
    found = inspect_model(card, shapes={"image": ("N", 3, SIZE, SIZE)})
    # the exporter merges each batch normalisation into its convolution: scale and shift become one bias
    assert found.total_parameters == card.parameters == parameters - merged
    assert found.total_macs == macs
    # torchinfo counts batch normalisation and the additions of biases too: under 1 %
    assert found.total_macs == pytest.approx(mult_adds, rel=0.01)
    assert not found.uncounted and not found.unsized and found.layers[-1].order >= 0


def test_counts_are_those_of_torch_where_batch_normalisation_is_kept(tmp_path: Path):
    module, example = network("mobilenet_v3_small"), torch.rand(2, 3, SIZE, SIZE)
    parameters, macs, _ = torch_counts(module, example)
    path = legacy(module, example, tmp_path / "net.onnx", training=torch.onnx.TrainingMode.TRAINING)
    found = inspect_model(read_model(path), batch=2, shapes={"image": ("N", 3, SIZE, SIZE)})
    assert found.total_parameters == parameters  # running means and variances are no parameters
    assert found.total_macs == macs


def facts_of(module: nn.Module) -> ModelFacts:
    count = sum(p.numel() for p in module.parameters())
    return ModelFacts(
        network="transfer",
        architecture="mobilenet_v3_small",
        labels=("cat", "dog"),
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        data="made",
        split="none",
        parameters=count,
        trained_parameters=count,
        version="0.1.0",
    )


def test_a_file_of_dlbench_has_all_parameters_of_training_and_the_names_of_the_architecture(tmp_path: Path):
    module, example = network("mobilenet_v3_small"), torch.rand(2, 3, 64, 64)
    parameters, macs, mult_adds = torch_counts(module, example[:1])
    path = tmp_path / "mine.onnx"
    export_onnx(module, example, path, facts_of(module))
    card = read_model(path)
    found = inspect_model(card)
    assert found.total_parameters == card.parameters == parameters
    assert found.total_macs == macs == multiply_accumulates(card, {"image": (1, 3, 64, 64)})
    assert found.total_macs == pytest.approx(mult_adds, rel=0.01)
    first = next(layer for layer in found.layers if layer.operator == "Conv")
    assert (first.name, first.shape, first.parameters) == ("features.0.0", (1, 16, 32, 32), 16 * 3 * 9 + 16)
    merged = found.layers[-1]
    assert merged.name == "(merged on export)"
    assert merged.parameters == sum(m.num_features for m in module.modules() if isinstance(m, nn.BatchNorm2d))
    assert any("batch normalisation is part of the convolution" in note for note in found.notes)


def by_hand(save) -> Path:
    """A convolution, small operators and a product: every number of it is counted in the test."""
    rng = np.random.default_rng(0)
    return save(
        "hand",
        [
            helper.make_node("Conv", ["x", "a", "ab"], ["y"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["y"], ["r"]),
            helper.make_node("Shape", ["r"], ["s"]),
            helper.make_node("Gather", ["s", "zero"], ["n"]),
            helper.make_node("Concat", ["n", "minus"], ["to"], axis=0),
            helper.make_node("Reshape", ["r", "to"], ["f"]),
            helper.make_node("MatMul", ["f", "w"], ["m"]),
            helper.make_node("MatMul", ["f", "w"], ["again"]),
            helper.make_node("Add", ["m", "again"], ["out"]),
        ],
        [("x", F, ["n", 3, 8, 8])],
        [("out", F, ["n", 5])],
        {
            "a": rng.random((4, 3, 3, 3), dtype=np.float32),
            "ab": rng.random(4, dtype=np.float32),
            "w": rng.random((256, 5), dtype=np.float32),
            "zero": np.array([0]),
            "minus": np.array([-1]),
            "idle": rng.random((7, 2), dtype=np.float32),
        },
    )


def test_every_number_of_a_small_graph_is_as_counted_by_hand(save):
    card = read_model(by_hand(save))
    found = inspect_model(card, batch=2)
    rows = {layer.name: layer for layer in found.layers}
    assert (rows["y"].shape, rows["y"].parameters) == ((2, 4, 8, 8), 4 * 27 + 4)
    assert (rows["y"].macs, rows["y"].activation_bytes) == (2 * 4 * 64 * 27, 4 * 2 * 4 * 64)
    assert (rows["m"].parameters, rows["m"].macs) == (256 * 5, 2 * 256 * 5)
    assert (rows["again"].parameters, rows["again"].shares_with) == (0, "m")  # a shared weight counts once
    assert rows["(used by no layer)"].parameters == 14
    assert found.total_parameters == card.parameters == 4 * 27 + 4 + 256 * 5 + 14
    assert found.total_macs == 2 * (4 * 64 * 27 + 2 * 256 * 5) == multiply_accumulates(card, {"x": (2, 3, 8, 8)})
    assert {layer.operator for layer in found.layers if layer.is_small} == {"Shape", "Gather", "Concat", "Reshape"}
    indices = 8 * (4 + 1 + 2)  # Shape, Gather and Concat give 64-bit integers
    assert found.total_activation_bytes == 4 * 2 * (256 * 3 + 5 * 3) + indices


def test_half_precision_halves_the_bytes(save):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    path = save("half", nodes, [("x", F16, ["n", 6])], [("y", F16, ["n", 4])], {"w": np.ones((6, 4), np.float16)})
    found = inspect_model(read_model(path))
    assert (found.total_parameters, found.total_macs, found.total_activation_bytes) == (24, 24, 8)
    assert found.layers[0].element_type == "float16"


class _Pictures(CalibrationDataReader):
    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self._left = [{"image": rng.random((1, 3, 16, 16), dtype=np.float32)} for _ in range(3)]

    def get_next(self):
        return self._left.pop() if self._left else None


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    ).eval()


@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator, None])
def test_a_quantised_model_has_the_counts_of_its_float_original(form, tmp_path: Path):
    module, example = small_network(), torch.rand(1, 3, 16, 16)
    source, path = legacy(module, example, tmp_path / "float.onnx"), tmp_path / "int8.onnx"
    before = inspect_model(read_model(source), shapes={"image": (1, 3, 16, 16)})
    if form is None:
        quantize_dynamic(source, path, weight_type=QuantType.QUInt8)
    else:
        quantize_static(source, path, _Pictures(), quant_format=form, per_channel=True)
    card = read_model(path)
    after = inspect_model(card, shapes={"image": (1, 3, 16, 16)})
    assert card.precision == "int8"
    assert after.total_parameters == card.parameters == before.total_parameters == 8 * 27 + 8 + 8 * 5 + 5
    assert after.total_macs == before.total_macs == 8 * 256 * 27 + 8 * 5
    assert not after.unsized
    if form is QuantFormat.QOperator:  # ONNX Runtime's own operators give bytes
        convolution = next(layer for layer in after.layers if layer.operator == "QLinearConv")
        assert (convolution.shape, convolution.activation_bytes) == ((1, 8, 16, 16), 8 * 256)
        assert convolution.parameters == 8 * 27 + 8


def channels_last(save) -> Path:
    """As tf2onnx writes it: the picture is N x H x W x C and is turned for the convolution."""
    weights = {"conv/kernel:0": np.random.default_rng(0).random((4, 3, 3, 3), dtype=np.float32)}
    return save(
        "nhwc",
        [
            helper.make_node("Transpose", ["image:0"], ["t:0"], perm=[0, 3, 1, 2]),
            helper.make_node("Conv", ["t:0", "conv/kernel:0"], ["block/conv:0"], pads=[1, 1, 1, 1]),
            helper.make_node("Transpose", ["block/conv:0"], ["out:0"], perm=[0, 2, 3, 1]),
        ],
        [("image:0", F, ["n", None, None, 3])],
        [("out:0", F, ["n", None, None, 4])],
        weights,
    )


def test_a_picture_of_open_size_and_channels_last_is_taken_at_224_which_is_said(save):
    card = read_model(channels_last(save))
    found = inspect_model(card)
    assert found.inputs[0].shape == (1, 224, 224, 3)
    assert any("taken as 224 x 224" in note and "`shape` image:0=N,224,224,3" in note for note in found.notes)
    smaller = inspect_model(card, batch=2, shapes={"image:0": ("N", 8, 8, 3)})
    assert (smaller.total_macs, smaller.total_parameters) == (2 * 4 * 64 * 27, 108)
    assert not any("224" in note for note in smaller.notes)


def test_several_inputs_are_all_settled(save):
    nodes = [helper.make_node("MatMul", ["a", "w"], ["x"]), helper.make_node("Add", ["x", "b"], ["y"])]
    inputs = [("a", F, ["n", 3]), ("b", F, ["n", 2])]
    path = save("two", nodes, inputs, [("y", F, ["n", 2])], {"w": np.ones((3, 2), np.float32)})
    found = inspect_model(read_model(path), batch=4)
    assert [one.shape for one in found.inputs] == [(4, 3), (4, 2)]
    assert (found.total_macs, found.total_activation_bytes) == (24, 2 * 4 * 8)


def test_an_open_size_that_is_no_picture_s_is_asked_for(save):
    path = save("open", [helper.make_node("Relu", ["x"], ["y"])], [("x", F, ["n", "t"])], [("y", F, ["n", "t"])])
    with pytest.raises(InputError, match=r"sizes are open .* for example `shape` x=N,100"):
        inspect_model(read_model(path))
    assert inspect_model(read_model(path), shapes={"x": (1, 7)}).total_activation_bytes == 28


def test_a_file_for_two_pictures_is_counted_for_two_and_refuses_others(save):
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    card = read_model(save("two", nodes, [("x", F, [2, 3, 8, 8])], [("y", F, [2, 3, 8, 8])]))
    found = inspect_model(card)
    assert found.batch == 2 and any("made for batches of 2" in note for note in found.notes)
    with pytest.raises(InputError, match="batches of 2 only"):
        inspect_model(card, batch=3)


def test_a_picture_without_a_batch_is_one(save):
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    found = inspect_model(read_model(save("chw", nodes, [("x", F, [3, 8, 8])], [("y", F, [3, 8, 8])])))
    assert found.batch == 1 and any("no batch axis" in note and "`shape` x=N" in note for note in found.notes)


def test_external_data_are_counted_and_their_shapes_learned(tmp_path: Path, save):
    model = onnx.load_model(by_hand(save))
    convert_model_to_external_data(model, location="w.bin", size_threshold=0, convert_attribute=False)
    path = tmp_path / "outside" / "model.onnx"
    path.parent.mkdir()
    onnx.save_model(model, path)
    inside, outside = inspect_model(read_model(tmp_path / "hand.onnx")), inspect_model(read_model(path))
    assert [layer.shape for layer in outside.layers] == [layer.shape for layer in inside.layers]
    assert outside.total_macs == inside.total_macs and outside.total_parameters == inside.total_parameters


def test_a_shape_that_depends_on_values_is_learned_by_running(save):
    nodes = [
        helper.make_node("NonZero", ["c"], ["places"]),  # 2 x 3: known only to whoever runs it
        helper.make_node("Transpose", ["places"], ["turned"]),
        helper.make_node("Cast", ["turned"], ["numbers"], to=F),
        helper.make_node("MatMul", ["x", "numbers"], ["y"]),
    ]
    weights = {"c": np.eye(3, dtype=np.float32)}
    path = save("values", nodes, [("x", F, ["n", 3])], [("y", F, ["n", 2])], weights)
    found = inspect_model(read_model(path), batch=5)
    assert found.layers[-1].shape == (5, 2) and found.total_macs == 5 * 3 * 2
    assert any("one run on zeros" in note for note in found.notes)


def test_an_operator_that_nobody_knows_leaves_unknown_and_at_least(save, capsys):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("Secret", ["y"], ["z"], domain="nobody.knows"),
        helper.make_node("Relu", ["z"], ["out"]),
    ]
    path = save("secret", nodes, [("x", F, ["n", 3])], [("out", F, ["n", 2])], {"w": np.ones((3, 2), np.float32)})
    model = onnx.load_model(path)
    model.opset_import.append(helper.make_opsetid("nobody.knows", 1))
    onnx.save_model(model, path)
    found = inspect_model(read_model(path))
    assert [(layer.macs, layer.activation_bytes) for layer in found.layers] == [(6, 8), (None, None), (0, None)]
    assert found.layers[1].shape is None
    assert main(["inspect", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "unknown" in printed and "at least 6" in printed and "at least 8" in printed
    assert "can't be run to learn it" in printed


def with_branch(save) -> Path:
    inner = helper.make_graph(
        [helper.make_node("MatMul", ["x", "iw"], ["i1"]), helper.make_node("MatMul", ["i1", "outer"], ["i2"])],
        "then",
        [],
        [helper.make_tensor_value_info("i2", F, None)],
        [numpy_helper.from_array(np.ones((3, 3), np.float32), "iw")],
    )
    other = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["e"])], "else", [], [helper.make_tensor_value_info("e", F, None)]
    )
    nodes = [
        helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=other, name="choice"),
        helper.make_node("MatMul", ["y", "w"], ["out"]),
    ]
    weights = {
        "yes": np.array(True),
        "outer": np.ones((3, 3), np.float32),
        "w": np.ones((3, 2), np.float32),
    }
    return save("branch", nodes, [("x", F, ["n", 3])], [("out", F, ["n", 2])], weights)


def test_what_lies_inside_if_is_told_as_not_reached_and_its_weights_count(save):
    card = read_model(with_branch(save))
    found = inspect_model(card)
    choice = found.layers[0]
    assert (choice.operator, choice.parameters, choice.macs) == ("If", 9 + 9, None)
    assert found.total_parameters == card.parameters == 9 + 9 + 6
    assert any("3 nodes inside If are not reached" in note for note in found.notes)
    assert found.uncounted == (choice,) and found.total_macs == 6


def test_a_function_of_the_file_is_opened_and_its_weights_count(tmp_path: Path):
    weight = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(np.ones((3, 2), np.float32)))
    body = [weight, helper.make_node("MatMul", ["a", "w"], ["b"])]
    function = helper.make_function("my", "Dense", ["a"], ["b"], body, [helper.make_opsetid("", 18)])
    graph = helper.make_graph(
        [helper.make_node("Dense", ["x"], ["y"], domain="my")],
        "g",
        [helper.make_tensor_value_info("x", F, ["n", 3])],
        [helper.make_tensor_value_info("y", F, ["n", 2])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("my", 1)]
    path = tmp_path / "function.onnx"
    onnx.save_model(helper.make_model(graph, opset_imports=opsets, functions=[function], ir_version=9), path)
    card = read_model(path)
    found = inspect_model(card)
    assert found.total_parameters == card.parameters == found.total_macs == 6
    assert [layer.operator for layer in found.layers] == ["Constant", "MatMul"]


def shown_numbers(text: str) -> list[list[int]]:
    """Return the last three columns of each row of the printed table, the total last; 0 where there is a dash."""
    rows = [line.split() for line in text.splitlines() if len(line.split()) > 3]
    start = next(index for index, row in enumerate(rows) if row[0] == "layer") + 1
    end = next(index for index, row in enumerate(rows) if row[:2] == ["in", "all"]) + 1
    return [
        [0 if cell == "-" else int(cell.replace(",", "")) for cell in row[-3:]]
        for row in rows[start:end]
        if not row[0].startswith("─")
    ]


@pytest.mark.parametrize("options", [[], ["--all"], ["--batch", "3"], ["--full"]])
def test_the_printed_rows_add_up_to_the_printed_totals(save, capsys, options):
    assert main(["inspect", str(by_hand(save)), *options]) == 0
    text = capsys.readouterr().out
    *rows, total = shown_numbers(text)
    assert len(rows) == (10 if options == ["--all"] else 7)
    assert [sum(column) for column in zip(*rows, strict=True)] == total
    assert total[0] == 4 * 27 + 4 + 256 * 5 + 14
    assert ("small operators" in text) == (options != ["--all"])


def test_json_has_every_layer_and_the_totals(save, capsys):
    assert main(["inspect", str(by_hand(save)), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "dlbench.layers/1" and len(document["layers"]) == 10
    assert document["inputs"] == [{"name": "x", "element_type": "float32", "shape": [1, 3, 8, 8]}]
    for key in ("parameters", "macs", "activation_bytes"):
        assert document["totals"][key] == sum(layer[key] for layer in document["layers"])
    assert document["totals"]["macs_complete"] is True


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing.onnx"], "no model file at nothing.onnx"),
        (["cnm"], "Did you mean cnn"),
        (["{file}", "--freeze", "all"], "belong to a backbone"),
        (["{file}", "--batch", "0"], "--batch: expected 1"),
        (["{file}", "--shape", "z=1,3,8,8"], "expected one of x"),
        (["{file}", "--shape", "x=1,4,8,8"], "fixed size at axis 1"),
        (["resnet18", "--batch", "2"], "belong to a model file"),
    ],
)
def test_bad_input_is_one_line(save, capsys, arguments, words):
    path = str(by_hand(save))
    assert main(["inspect", *(path if part == "{file}" else part for part in arguments)]) == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1, told


def test_a_model_of_the_workspace_is_found_by_name_and_a_backbone_by_its_own(workspace, capsys, save):
    models = workspace / "models"
    models.mkdir(parents=True)
    by_hand(save).rename(models / "resnet18.onnx")
    assert main(["inspect", "resnet18"]) == 0
    assert "again" in capsys.readouterr().out
    assert main(["inspect", "resnet18", "--freeze", "last-2"]) == 0  # what only a backbone has
    assert "all stages" in capsys.readouterr().out


def test_a_shape_that_values_decide_is_unknown(save):
    nodes = [helper.make_node("NonZero", ["x"], ["places"]), helper.make_node("Cast", ["places"], ["y"], to=F)]
    found = inspect_model(read_model(save("net", nodes, [("x", F, ["n", 32])], [("y", F, None)])))
    assert [layer.shape for layer in found.layers] == [None, None]
    assert any("depend on the values that are fed (places, y)" in note for note in found.notes)


def test_a_shape_of_one_run_is_marked_its_layer_named_and_totals_are_at_least(save, capsys):
    nodes = [
        helper.make_node("Slice", ["x", "start", "len", "axis"], ["part"]),
        helper.make_node("MatMul", ["part", "w"], ["y"]),
    ]
    weights = {"start": np.array([0]), "axis": np.array([1]), "w": np.ones((4, 2), np.float32)}
    path = save("net", nodes, [("x", F, [1, 8, 4]), ("len", TensorProto.INT64, [1])], [("y", F, None)], weights)
    found = inspect_model(read_model(path))
    assert [(layer.shape, layer.shape_from_run) for layer in found.layers] == [((1, 8, 4), True), ((1, 8, 2), True)]
    assert any("(part, y)" in note for note in found.notes) and found.uncounted and found.unsized
    assert main(["inspect", str(path)]) == 0
    assert "at least 64" in capsys.readouterr().out
    assert main(["inspect", str(path), "--input", "len=3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["macs"] == 24


def test_the_cells_of_a_chosen_column_are_its_own(save, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    nodes = [helper.make_node("Add", [f"t{i}", "w"], [f"t{i + 1}"]) for i in range(40)]  # more than fit one screen
    shapes = [("t0", TensorProto.FLOAT, [1, 3])], [("t40", TensorProto.FLOAT, [1, 3])]
    path = save("long", nodes, *shapes, {"w": np.zeros(3, np.float32)})
    assert main(["inspect", str(path), "--columns", "parameters"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("t")]
    assert rows and {row[1] for row in rows} <= {"3", "-"}
