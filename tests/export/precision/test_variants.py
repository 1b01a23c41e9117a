"""A model in another precision: its numbers, what its file says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from dlbench.errors import CheckFailedError, InputError, ModelFileError, WorkspaceError
from dlbench.export.precision import PRECISIONS, VariantSettings, model_storage, write_variant
from dlbench.export.precision.quantised import between_float
from dlbench.export.precision.repeating import expect_same, settings_of
from dlbench.model.card import read_model
from dlbench.model.facts import Accuracy, ModelFacts, write_facts, write_variant_facts

F = TensorProto.FLOAT
RNG = np.random.default_rng(0)
PICTURES = RNG.random((12, 3, 8, 8), dtype=np.float32)
BATCHES = [PICTURES[:8], {"image": PICTURES[8:]}]
FACTS = ModelFacts(
    network="tiny",
    architecture="conv, dense",
    labels=("a", "b", "c", "d", "e"),
    mean=(0.5,),
    std=(0.2,),
    data="mnist-sample",
    split="stratified",
    accuracy=Accuracy(correct=9, samples=10),
    metrics={"loss": 0.5},
    parameters=500,
    trained_parameters=500,
    parity_max_abs_error=1e-6,
    version="1",
    layers={"first": "conv_out", "last": "logits"},
)


def network(scale: float = 1.0, shape: tuple[int, int, int] = (3, 8, 8)) -> onnx.ModelProto:
    """Return a convolution, a normalisation and two dense layers for pictures."""
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["conv_out"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["conv_out", "gain", "bias", "mean", "var"], ["normed"], name="norm"),
        helper.make_node("Relu", ["normed"], ["active"]),
        helper.make_node("Flatten", ["active"], ["flat"]),
        helper.make_node("Gemm", ["flat", "u"], ["hidden"], name="hidden"),
        helper.make_node("Gemm", ["hidden", "v", "b"], ["logits"], name="dense", transB=1),
    ]
    random = np.random.default_rng(0)
    values = {
        "w": random.normal(size=(6, shape[0], 3, 3)) * scale,
        "gain": random.random(6) + 0.5,
        "bias": random.random(6),
        "mean": random.random(6),
        "var": (random.random(6) + 0.5) * scale**2,
        "u": random.normal(size=(6 * shape[1] * shape[2], 32)) / 10,
        "v": random.normal(size=(5, 32)),
        "b": random.normal(size=5),
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", F, ["N", *shape])],
        [helper.make_tensor_value_info("logits", F, ["N", 5])],
        [onnx.numpy_helper.from_array(value.astype(np.float32), name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def pooled_network(positive: bool) -> onnx.ModelProto:
    """Return the same with a pool between the convolution and the normalisation."""
    model = network()
    pool = helper.make_node("MaxPool", ["conv_out"], ["pooled"], kernel_shape=[3, 3], pads=[1] * 4, name="pool")
    model.graph.node.insert(1, pool)
    model.graph.node[2].input[0] = "pooled"
    if not positive:
        gain = onnx.numpy_helper.from_array(np.float32([1, -1, 1, 0, 1, 1]), "gain")
        model.graph.initializer[1].CopyFrom(gain)
    return model


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    model = network()
    write_facts(model, FACTS)
    onnx.save(model, tmp_path / "tiny.onnx")
    return tmp_path / "tiny.onnx"


def answers(path: Path) -> np.ndarray:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": PICTURES})[0]


@pytest.mark.parametrize(
    ("precision", "error"), [("fp32", 0), ("fp16", 0.01), ("int8", 0.05), ("int8-dynamic", 0.05), ("int4", 0.2)]
)
def test_a_variant_answers_nearly_as_its_parent(parent, tmp_path, precision, error):
    made = write_variant(parent, precision, to=tmp_path / "made", calibration=BATCHES)
    assert made.path == tmp_path / "made" / f"tiny.{precision}.onnx"
    assert made.bytes == made.path.stat().st_size and not made.note
    expected = answers(parent)
    assert np.abs(answers(made.path) - expected).max() <= error * np.abs(expected).max()


@pytest.mark.parametrize("precision", PRECISIONS[1:])
def test_a_variant_says_all_that_its_parent_says_but_for_what_was_measured_on_it(parent, precision):
    made = write_variant(parent, precision, calibration=BATCHES, settings=VariantSettings(calibration_kind="noise"))
    card = read_model(made.path)
    measured = {"accuracy": None, "metrics": {}, "parity_max_abs_error": None}
    assert made.path.parent == parent.parent and card.precision == precision
    assert card.facts == FACTS.model_copy(update=measured)
    assert card.variant.parent_sha256 == read_model(parent).sha256 == made.parent_sha256
    assert card.variant.recipe == made.recipe and {"opset", "onnx", "onnxruntime"} <= set(made.recipe)
    if precision in ("fp16", "bf16", "int8"):
        assert made.recipe["calibration"]["pictures"] == 12 and made.recipe["calibration"]["kind"] == "noise"


def test_fp32_of_a_float_model_is_the_file_itself(parent):
    assert write_variant(parent, "fp32").path == parent


def test_batches_of_another_size_give_the_same_recipe_but_for_the_hash(parent, tmp_path):
    whole, parts = (
        write_variant(parent, "int8", to=tmp_path / name, calibration=batches)
        for name, batches in (("whole", [PICTURES]), ("parts", [PICTURES[:5], PICTURES[5:]]))
    )
    assert np.array_equal(answers(whole.path), answers(parts.path))


@pytest.mark.parametrize("precision", ["int8", "int8-dynamic", "int4", "fp16"])
def test_a_layer_that_is_kept_stays_float(parent, precision):
    made = write_variant(parent, precision, calibration=BATCHES, settings=VariantSettings(keep_fp32=("last",)))
    assert any("Gemm" in name or "MatMul" in name for name in made.layers_left_float)


def test_what_lies_between_layers_that_are_kept_stays_float_too(tmp_path):
    gate = [
        helper.make_node("Conv", ["image", "w"], ["conv_out"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Sigmoid", ["conv_out"], ["open"], name="gate"),
        helper.make_node("Mul", ["conv_out", "open"], ["active"], name="gated"),
        helper.make_node("Flatten", ["active"], ["flat"], name="flatten"),
    ]
    model = network()
    del model.graph.node[:4]
    for node in reversed(gate):
        model.graph.node.insert(0, node)
    for kept in (("conv",), ("hidden",), ("conv", "hidden")):
        assert between_float(model, kept) == ["gate", "gated", "flatten"]
    assert between_float(model, ("dense",)) == between_float(model, ()) == []
    onnx.save(model, tmp_path / "tiny.onnx")
    settings = VariantSettings(keep_fp32=("conv", "hidden"))
    made = write_variant(tmp_path / "tiny.onnx", "int8", calibration=BATCHES, settings=settings)
    left = ["conv (Conv)", "gate (Sigmoid)", "gated (Mul)", "hidden (Gemm)"]
    assert list(made.layers_left_float) == left and made.recipe["kept_fp32"] == ["conv", "hidden"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_quantised_model_is_refused(parent, precision):
    made = write_variant(parent, "int8", calibration=BATCHES)
    with pytest.raises(ModelFileError, match=r"expected an fp32 model, received one that is quantised already"):
        write_variant(made.path, precision, calibration=BATCHES)


def test_a_value_that_fp16_can_not_hold_is_refused_with_its_layer(parent, tmp_path):
    onnx.save(network(scale=1e5), tmp_path / "large.onnx")
    with pytest.raises(ModelFileError, match=r"overflows in fp16: .* in conv \(Conv\); .*`keep_fp32` conv"):
        write_variant(tmp_path / "large.onnx", "fp16", calibration=BATCHES)


@pytest.mark.parametrize(
    ("batches", "words"),
    [
        (None, "expected at least one, received none"),
        ([], "expected at least one, received none"),
        ([RNG.random((2, 3, 9, 9), dtype=np.float32)], "does not fit: expected N x 3 x 8 x 8, received 2 x 3 x 9 x 9"),
        ([{"other": PICTURES}], "expected arrays for image, received other"),
    ],
)
def test_pictures_that_are_missing_or_do_not_fit_are_one_line(parent, batches, words):
    with pytest.raises(InputError, match=words):
        write_variant(parent, "int8", calibration=batches)
    assert not parent.with_name("tiny.int8.onnx").exists()


def test_an_unknown_precision_layer_or_method_is_one_line(parent):
    with pytest.raises(InputError, match=r"--precision: expected fp32.*Did you mean"):
        write_variant(parent, "int9")
    with pytest.raises(InputError, match=r"--keep-fp32: expected layers of tiny, received 'lost'"):
        write_variant(parent, "int8", calibration=BATCHES, settings=VariantSettings(keep_fp32=("lost",)))
    with pytest.raises(InputError, match=r"--method: expected minmax"):
        VariantSettings(method="most")


def test_auto_leaves_the_layers_float_that_lose_most_until_the_goal_is_reached(parent, tmp_path):
    whole = write_variant(parent, "int8", to=tmp_path / "whole", calibration=BATCHES)
    easy, hard = (
        write_variant(
            parent,
            "int8",
            to=tmp_path / f"{goal}",
            calibration=BATCHES,
            settings=VariantSettings(keep_fp32=("auto",), goal_db=goal),
        )
        for goal in (5, 200)
    )
    assert [len(step.kept) for step in easy.steps] == [0]
    assert np.array_equal(answers(easy.path), answers(whole.path))
    assert [len(step.kept) for step in hard.steps] == [0, 1, 2]
    ratios = [step.snr_db for step in hard.steps]
    exact = answers(parent)
    noise = ((answers(whole.path) - exact) ** 2).sum()
    assert ratios[0] == pytest.approx(10 * np.log10((exact**2).sum() / noise), abs=0.1)
    assert ratios[-1] > ratios[0] + 1  # 3 where weights have 7 bits
    assert hard.recipe["kept_fp32"] == list(hard.steps[-1].kept) and hard.steps[0].agreement > 0.5


def test_auto_leaves_a_layer_that_overflows_in_fp16_float(tmp_path):
    onnx.save(network(scale=1e5), tmp_path / "large.onnx")
    settings = VariantSettings(keep_fp32=("auto",))
    made = write_variant(tmp_path / "large.onnx", "fp16", calibration=BATCHES, settings=settings)
    assert "conv" in made.recipe["kept_fp32"] and np.isfinite(answers(made.path)).all()


@pytest.mark.parametrize("precision", PRECISIONS[1:])
def test_a_recipe_makes_the_same_bytes_again(parent, tmp_path, precision):
    settings = VariantSettings(keep_fp32=("first",), opset=21, with_activation=True, calibration_kind="noise")
    made = write_variant(parent, precision, calibration=BATCHES, settings=settings)
    variant, card = read_model(made.path), read_model(parent)
    again = write_variant(parent, precision, to=tmp_path, calibration=BATCHES, settings=settings_of(variant, card))
    expect_same(made.path, again.path)
    other = write_variant(parent, precision, to=tmp_path / "other", calibration=[PICTURES[:3]])
    with pytest.raises(CheckFailedError, match=r"could not be made again: .*the recipe differs in .*kept_fp32"):
        expect_same(made.path, other.path)


@pytest.mark.parametrize("positive", [True, False])
def test_a_normalisation_behind_a_pool_becomes_int8_unless_it_is_kept(tmp_path, positive):
    onnx.save(pooled_network(positive), tmp_path / "tiny.onnx")
    made = write_variant(tmp_path / "tiny.onnx", "int8", calibration=BATCHES)
    exact = answers(tmp_path / "tiny.onnx")
    assert made.layers_left_float == () and np.abs(answers(made.path) - exact).max() <= 0.05 * np.abs(exact).max()
    settings = VariantSettings(keep_fp32=("norm",))
    kept = write_variant(tmp_path / "tiny.onnx", "int8", to=tmp_path / "kept", calibration=BATCHES, settings=settings)
    assert kept.layers_left_float[0] == "norm (BatchNormalization)" and kept.recipe["kept_fp32"] == ["norm"]
    auto = VariantSettings(keep_fp32=("auto",), goal_db=60)
    first = write_variant(tmp_path / "tiny.onnx", "int8", to=tmp_path / "auto", calibration=BATCHES, settings=auto)
    named = settings_of(read_model(first.path), read_model(tmp_path / "tiny.onnx"))
    again = write_variant(tmp_path / "tiny.onnx", "int8", to=tmp_path / "again", calibration=BATCHES, settings=named)
    expect_same(first.path, again.path)


def test_a_variant_of_another_parent_or_without_a_recipe_is_not_repeated(parent, tmp_path):
    made = write_variant(parent, "int8", calibration=BATCHES)
    onnx.save(network(), tmp_path / "another.onnx")
    with pytest.raises(CheckFailedError, match="was made from another file than"):
        settings_of(read_model(made.path), read_model(tmp_path / "another.onnx"))
    with pytest.raises(ModelFileError, match="expected a file with a recipe, received none"):
        settings_of(read_model(parent), read_model(parent))
    model = onnx.load(made.path)
    facts = read_model(made.path).variant
    write_variant_facts(model, facts.model_copy(update={"recipe": {"method": "minmax", "kept_fp32": 3}}))
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(ModelFileError, match=r"the recipe in .* can't be read"):
        settings_of(read_model(tmp_path / "odd.onnx"), read_model(parent))


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_plain_wishes_opset_activation_optimised_graph_and_ort_format(parent, tmp_path, precision):
    settings = VariantSettings(opset=22, with_activation=True)
    made = write_variant(
        parent, precision, to=tmp_path / "to", calibration=BATCHES, settings=settings, optimised=True, ort=True
    )
    card = read_model(made.path)
    assert card.opset == 22 and card.facts.output == "probabilities" and made.recipe["asked_opset"] == 22
    shares = answers(made.path)
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert [path.name for path in made.beside] == [f"tiny.{precision}.optimised.onnx", f"tiny.{precision}.ort"]
    for path in made.beside:
        assert np.allclose(answers(path), shares, atol=1e-4)


def test_weights_above_what_a_file_holds_go_beside_it(parent, tmp_path, monkeypatch):
    monkeypatch.setattr(model_storage, "_LARGEST_FILE", 10_000)
    for precision in ("fp32", "fp16", "int8", "int8-dynamic", "int4"):
        made = write_variant(parent, precision, to=tmp_path / "to", calibration=BATCHES)
        data = made.path.with_name(f"{made.path.name}.data")
        if data.exists():
            assert made.bytes == made.path.stat().st_size + data.stat().st_size
        assert read_model(made.path).size_bytes == made.bytes
        assert np.isfinite(answers(made.path)).all()
    assert (tmp_path / "to" / "tiny.fp16.onnx.data").exists()
    again = write_variant(tmp_path / "to" / "tiny.fp32.onnx", "fp16", to=tmp_path / "more", calibration=BATCHES)
    assert np.allclose(answers(again.path), answers(tmp_path / "to" / "tiny.fp16.onnx"))


def test_wishes_that_make_no_sense_are_one_line(parent, tmp_path):
    with pytest.raises(InputError, match="--opset: expected 13 to"):
        write_variant(parent, "fp16", settings=VariantSettings(opset=5))
    with pytest.raises(InputError, match="--goal: expected a ratio above 0"):
        VariantSettings(goal_db=-1)
    onnx.save(network(), tmp_path / "foreign.onnx")
    with pytest.raises(InputError, match=r"--with-activation: expected .* received a foreign file"):
        write_variant(tmp_path / "foreign.onnx", "fp16", settings=VariantSettings(with_activation=True))
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(WorkspaceError, match="choose another folder with --to FOLDER"):
        write_variant(parent, "fp16", to=tmp_path / "file" / "to")


@pytest.mark.parametrize("method", ["entropy", "percentile"])
def test_other_methods_cut_the_range_and_print_nothing(parent, method, capsys):
    made = write_variant(parent, "int8", calibration=BATCHES, settings=VariantSettings(method=method))
    exact = answers(parent)
    assert made.recipe["method"] == method and capsys.readouterr() == ("", "")
    assert np.abs(answers(made.path) - exact).max() < 0.5 * np.abs(exact).max()


def test_numbers_that_are_not_finite_are_refused_with_the_tensor(parent):
    broken = PICTURES.copy()
    broken[0, 0, 0, 0] = np.inf
    with pytest.raises(ModelFileError, match="computes no numbers on the calibration pictures"):
        write_variant(parent, "int8", calibration=[broken])
