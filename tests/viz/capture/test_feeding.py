"""How pictures become what a model takes: layout, types, and the normalisation that the file or the user says."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image
from typer.main import get_command

from dlbench.api.judged_models import find_errors
from dlbench.commands.viz import viz_app
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.model.card import read_model
from dlbench.model.inputs.given_values import read_inputs
from dlbench.viz.attribution.methods import relevances
from dlbench.viz.attribution.relevance_settings import METHODS, Settings
from dlbench.viz.capture import feeding as feeding_module
from dlbench.viz.capture.activations import activations
from dlbench.viz.capture.answers import answer_of
from dlbench.viz.capture.feeding import Feeding, fed_images, feeding_of, model_for, normalised, with_inputs
from dlbench.viz.capture.picture import open_picture
from dlbench.viz.evaluation.judging import answers_to
from dlbench.viz.figures.activation_figures import draw_activations
from dlbench.viz.figures.answer_figure import draw_answers
from dlbench.viz.figures.depth_figures import draw_depth
from dlbench.viz.figures.filter_figures import draw_filters
from dlbench.viz.figures.input_figure import draw_input

F = TensorProto.FLOAT
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
RNG = np.random.default_rng(0)
PICTURES = RNG.random((2, 3, 16, 16)).astype(np.float32)


def node(kind: str, inputs: str, output: str, **attributes):
    return helper.make_node(kind, inputs.split(), [output], **attributes)


@pytest.fixture
def classifier(save):
    """A classifier of pictures: what comes before its convolution, then convolution, ReLU, mean and a dense layer."""

    def make(before=(), extra=None, kind=F, shape=("n", 3, 16, 16), classes=5, name="net", metadata=None):
        last = before[-1].output[0] if before else "image"
        nodes = [*before, node("Conv", f"{last} w", "maps"), node("Relu", "maps", "relu")]
        nodes += [node("GlobalAveragePool", "relu", "mean"), node("Flatten", "mean", "flat")]
        nodes += [node("MatMul", "flat head", "y")]
        rng = np.random.default_rng(1)
        weights = {
            "w": rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
            "head": rng.normal(size=(4, classes)).astype(np.float32),
        }
        sizes = {name: np.asarray(values) for name, values in (extra or {}).items()}
        path = save(name, nodes, [("image", kind, shape)], [("y", F, ("n", classes))], weights | sizes)
        if metadata:
            model = onnx.load(path)
            helper.set_model_props(model, metadata)
            onnx.save(model, path)
        return path

    return make


def columns(values) -> np.ndarray:
    return np.asarray(values, np.float32).reshape(3, 1, 1)


INSIDE = {
    "sub and div": ([("Sub", "image m"), ("Div", "_ s")], {"m": columns(MEAN), "s": columns(STD)}, 1),
    "add and mul": ([("Add", "image m"), ("Mul", "_ s")], {"m": columns(-MEAN), "s": columns(1 / STD)}, 1),
    "mul first": ([("Mul", "s image"), ("Add", "m _")], {"m": columns(-MEAN / STD), "s": columns(1 / STD)}, 1),
    "from 0 to 255": ([("Sub", "image m"), ("Div", "_ s")], {"m": columns(255 * MEAN), "s": columns(255 * STD)}, 255),
    "rescaled first": ([("Div", "image f"), ("Sub", "_ m")], {"f": np.float32(255), "m": columns(MEAN)}, 255),
    "-1 to 1": ([("Mul", "image f"), ("Sub", "_ o")], {"f": np.float32(1 / 127.5), "o": np.float32(1)}, 255),
    "means alone": ([("Sub", "image m")], {"m": np.float32([[103.9, 116.8, 123.7]]).reshape(1, 3, 1, 1)}, 255),
    "after a cast": ([("Identity", "image"), ("Sub", "_ m")], {"m": columns(MEAN)}, 1),
}


@pytest.mark.parametrize("how", INSIDE)
def test_normalisation_inside_the_graph_is_found_with_the_range_that_it_expects(classifier, how):
    steps, extra, scale = INSIDE[how]
    nodes = [node(op, given.replace("_", f"t{i - 1}"), f"t{i}") for i, (op, given) in enumerate(steps)]
    feeding = feeding_of(read_model(classifier(nodes, extra)))
    assert feeding.scale == scale and f"0 to {scale}, which the graph itself normalises" in feeding.words
    np.testing.assert_allclose(feeding.feed(PICTURES), PICTURES * scale, rtol=1e-6)


def test_a_batch_normalisation_of_the_input_is_one(classifier):
    extra = {"g": np.ones(3), "b": np.zeros(3), "m": MEAN, "v": STD**2}
    bn = node("BatchNormalization", "image g b m v", "t")
    card = read_model(classifier([bn], {k: v.astype(np.float32) for k, v in extra.items()}))
    assert "the graph itself normalises" in feeding_of(card).words


def test_constants_that_are_no_normalisation_of_the_input_are_none(classifier):
    branch = [node("Sub", "image m", "a"), node("Add", "a image", "t")]  # the picture goes another way too
    card = read_model(classifier(branch, {"m": columns(MEAN)}))
    assert "nothing in the file says" in feeding_of(card).words


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"mean": "[0.485, 0.456, 0.406]", "std": "0.229,0.224,0.225"}, (PICTURES - columns(MEAN)) / columns(STD)),
        ({"image_mean": "127.5", "image_std": "127.5"}, PICTURES * 2 - 1),
        ({"Image.NominalPixelRange": "NominalRange_0_255"}, PICTURES * 255),
        ({"Image.NominalPixelRange": "Normalized_1_1"}, PICTURES * 2 - 1),
    ],
)
def test_normalisation_in_the_metadata_is_found(classifier, metadata, expected):
    feeding = feeding_of(read_model(classifier(metadata=metadata)))
    assert "metadata" in feeding.words
    np.testing.assert_allclose(feeding.feed(PICTURES), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"normalise": "imagenet"}, (PICTURES - columns(MEAN)) / columns(STD)),
        ({"mean": "0.485,0.456,0.406", "std": "0.229,0.224,0.225"}, (PICTURES - columns(MEAN)) / columns(STD)),
        ({"mean": (0.5,), "std": 0.5}, PICTURES * 2 - 1),
        ({"mean": 0, "std": 255}, PICTURES),
        ({"mean": "123.675,116.28,103.53", "std": "58.395,57.12,57.375"}, (PICTURES - columns(MEAN)) / columns(STD)),
        ({"normalise": "none"}, PICTURES),
    ],
)
def test_what_the_user_says_is_done_and_remembered_for_the_file(classifier, tmp_path, asked, expected):
    path, place = classifier(), Workspace(tmp_path / "out")
    for card in (normalised(read_model(path), place, **asked), normalised(read_model(path), place)):
        np.testing.assert_allclose(feeding_of(card).feed(PICTURES), expected, atol=1e-4)
        assert "as asked for" in feeding_of(card).words
    other = normalised(read_model(classifier(classes=7, name="other")), place)
    assert "nothing in the file says" in feeding_of(other).words


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"normalise": "image-net"}, "expected imagenet or none"),
        ({"mean": "0.5"}, "expected both"),
        ({"normalise": "none", "mean": "0", "std": "1"}, "received both"),
        ({"mean": "0.5,0.5", "std": "1"}, "--mean: expected one number, or three"),
        ({"mean": "a", "std": "1"}, "--mean"),
        ({"mean": "nan", "std": "1"}, "--mean"),
        ({"mean": "0", "std": "0"}, "--std: expected numbers above 0"),
    ],
)
def test_what_makes_no_sense_is_refused_and_not_remembered(classifier, tmp_path, asked, words):
    card, place = read_model(classifier()), Workspace(tmp_path / "out")
    with pytest.raises(InputError, match=words):
        normalised(card, place, **asked)
    assert normalised(card, place).normalisation is None


def test_three_numbers_for_a_grey_network_are_refused_and_not_remembered(save, tmp_path):
    path = save("m", [node("Relu", "image", "y")], [("image", F, ("n", 1, 8, 8))], [("y", F, ("n", 1, 8, 8))])
    with pytest.raises(InputError, match="1 or 1 numbers, received 3"):
        normalised(read_model(path), Workspace(tmp_path), "imagenet")
    assert feeding_of(normalised(read_model(path), Workspace(tmp_path))) is not None


@pytest.mark.parametrize(("classes", "proposed"), [(1000, True), (1001, True), (5, False)])
def test_a_network_that_looks_trained_on_imagenet_is_told_of_its_normalisation(classifier, classes, proposed):
    words = feeding_of(read_model(classifier(classes=classes))).words
    assert ("try `normalise` imagenet" in words) is proposed and "`mean`" in words


KINDS = {"uint8": TensorProto.UINT8, "int32": TensorProto.INT32, "int64": TensorProto.INT64, "int8": TensorProto.INT8}


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_are_fed_from_0_to_255_and_not_cut(classifier, kind):
    card = read_model(classifier([node("Cast", "image", "t", to=F)], kind=KINDS[kind]))
    fed = feeding_of(card).feed(PICTURES)
    low = 128 if kind == "int8" else 0
    assert fed.dtype == kind
    np.testing.assert_array_equal(fed, np.rint(PICTURES * 255).astype(int) - low)
    images = (PICTURES * 255).astype(np.uint8)
    np.testing.assert_array_equal(fed_images(card, images).astype(int), images.astype(int) - low)


@pytest.fixture
def photo(tmp_path):
    x, y = np.meshgrid(np.linspace(0, 255, 32), np.linspace(0, 255, 32))
    Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8)).save(tmp_path / "p.png")
    return tmp_path / "p.png"


@pytest.fixture
def both(classifier):
    """One network with channels first and last."""
    last = [node("Transpose", "image", "t", perm=[0, 3, 1, 2])]
    return read_model(classifier(name="first")), read_model(classifier(last, shape=("n", 16, 16, 3), name="last"))


def test_channels_last_give_the_same_answer_and_the_same_relevance_by_every_method(both, photo):
    first, last = both
    a, b = (open_picture(card, photo) for card in both)
    assert b.fed.shape == (1, 16, 16, 3)
    np.testing.assert_allclose(answer_of(first, a.fed), answer_of(last, b.fed), rtol=1e-5)
    for method in METHODS:
        asked = Settings(steps=2, sanity=False, masks=20 if method == "rise" else None)
        one, other = (
            relevances(card, picture, method, asked=asked)[0] for card, picture in zip(both, (a, b), strict=True)
        )
        np.testing.assert_allclose(one.map, other.map, atol=1e-4, err_msg=method)


def test_channels_last_are_drawn(both, photo):
    _, last = both
    drawn = draw_input(last, photo)
    assert drawn.arrays["fed"].shape == (1, 16, 16, 3) and "height x width x channels" in drawn.words
    assert len(draw_filters(last)) == 1
    assert activations(last, photo, "conv")["maps"].shape[:2] == (1, 4)


def test_an_array_is_taken_as_the_model_takes_it(both, photo):
    first, last = both
    fed = open_picture(first, photo).fed
    asked = Settings(steps=2, sanity=False)
    one = relevances(first, fed, "occlusion", asked=asked)[0]
    other = relevances(last, fed.transpose(0, 2, 3, 1), "occlusion", asked=asked)[0]
    np.testing.assert_allclose(one.map, other.map, atol=1e-5)


LONE = {
    "channels first": ((3, 16, 16), [node("Unsqueeze", "image zero", "b")]),
    "channels last": (
        (16, 16, 3),
        [node("Transpose", "image", "t", perm=[2, 0, 1]), node("Unsqueeze", "t zero", "b")],
    ),
    "grey of one channel": ((1, 16, 16), [node("Unsqueeze", "image zero", "g"), node("Expand", "g rgb", "b")]),
    "grey, the channel last": (
        (16, 16, 1),
        [node("Reshape", "image one", "g"), node("Expand", "g rgb", "b")],
    ),
    "grey without a channel": ((16, 16), [node("Reshape", "image one", "g"), node("Expand", "g rgb", "b")]),
    "open sides": (("height", "width"), [node("Unsqueeze", "image two", "g"), node("Expand", "g rgb", "b")]),
    "a stack without channels": (
        ("n", 16, 16),
        [node("Unsqueeze", "image one_", "g"), node("Concat", "g g g", "b", axis=1)],
    ),
}
SIZES = {
    "zero": np.array([0]),
    "two": np.array([0, 1]),
    "one_": np.array([1]),
    "one": np.array([1, 1, 16, 16]),
    "rgb": np.array([1, 3, 1, 1]),
}


@pytest.mark.parametrize("vector", [False, True], ids=["a row", "a vector"])
@pytest.mark.parametrize("kind", LONE)
def test_a_picture_without_a_batch_is_looked_at(classifier, photo, kind, vector):
    shape, before = LONE[kind]
    used = {name for each in before for name in each.input}
    path = classifier(before, {k: v for k, v in SIZES.items() if k in used}, shape=shape)
    if vector and kind != "a stack without channels":
        model = onnx.load(path)
        model.graph.node[-1].output[0] = "row"
        model.graph.node.append(node("Squeeze", "row", "y"))
        del model.graph.output[0].type.tensor_type.shape.dim[0]
        onnx.save(model, path)
    card = read_model(path)
    picture = open_picture(card, photo)
    assert picture.fed.ndim == len(shape) and answer_of(card, picture.fed).shape == (1, 5)
    drawn = draw_input(card, picture)
    assert "batch" not in drawn.words and f"{picture.fed.shape[-2]} x" in drawn.words
    assert activations(card, picture, "conv")["maps"].shape[:2] == (1, 4)
    asked = Settings(steps=2, sanity=False)
    assert relevances(card, picture, "occlusion", asked=asked)[0].map.size
    images = np.random.default_rng(0).integers(0, 256, (3, picture.received.shape[1], 16, 16), np.uint8)
    if kind != "open sides":
        assert answers_to(card, images).shape == (3, 5)


@pytest.fixture
def scaled(save):
    """A classifier whose picture has open sides, with a factor and one number for each row beside it."""
    nodes = [node("Mul", "image factor", "m"), node("GlobalAveragePool", "m", "a"), node("Flatten", "a", "f")]
    nodes += [node("Add", "f row", "y")]
    inputs = [("image", F, ("batch", 3, "h", "w")), ("factor", F, ()), ("row", F, ("batch", 3))]
    return save("scaled", nodes, inputs, [("y", F, ("batch", 3))])


def test_further_inputs_and_open_sizes_are_settled_as_compare_does(scaled, photo):
    card = read_model(scaled)
    given = read_inputs(["factor=2", "row=1,2,3"])
    one = with_inputs(card, {"image": ("N", 3, 20, 12)}, given)
    picture = open_picture(one, photo)
    assert picture.fed.shape == (1, 3, 20, 12) and "factor: `inputs`" in picture.fed_note
    expected = 2 * picture.fed.mean(axis=(2, 3)) + [[1, 2, 3]]
    np.testing.assert_allclose(answer_of(one, picture.fed), expected, rtol=1e-5)
    np.testing.assert_allclose(activations(one, picture, "all")["y"], expected, rtol=1e-5)
    asked = Settings(steps=2, sanity=False)
    assert relevances(one, picture, "occlusion", asked=asked)[0].map.shape == (20, 12)
    images = np.zeros((3, 3, 20, 12), np.uint8)
    np.testing.assert_allclose(answers_to(one, images), [[1, 2, 3]] * 3)
    assert set(with_inputs(card, {}, {}).beside) == {"factor", "row"}  # values by the graph's evidence


def test_python_settles_them_once_for_all_functions(scaled, photo, tmp_path):
    ready = model_for(
        scaled, normalise="none", shape="image=N,3,20,12", inputs=["factor=2", "row=1,2,3"], workspace=tmp_path / "out"
    )
    picture = open_picture(ready, photo)
    expected = 2 * picture.fed.mean(axis=(2, 3)) + [[1, 2, 3]]
    np.testing.assert_allclose(activations(ready, picture, "all")["y"], expected, rtol=1e-5)
    with pytest.raises(InputError, match="imagenet or none"):
        model_for(scaled, normalise="coco")


@pytest.mark.parametrize(
    ("shapes", "given", "words"),
    [
        ({"image": ("N", 3, 20)}, [], "has 4 dimensions"),
        ({"picture": ("N", 3, 20, 20)}, [], "names no input"),
        ({}, ["image=1"], "the picture is fed there"),
        ({}, ["other=1"], "other"),
    ],
)
def test_sizes_and_values_that_do_not_fit_are_refused(scaled, shapes, given, words):
    with pytest.raises(InputError, match=words):
        with_inputs(read_model(scaled), shapes, read_inputs(given))


def test_every_picture_command_takes_shapes_and_values():
    commands = {command.name: command for command in get_command(viz_app).commands.values()}
    for name in sorted(set(commands) - {"filters"}):  # which runs nothing
        options = {option for each in commands[name].params for option in each.opts}
        assert {"--shape", "--input"} <= options, name


@pytest.mark.parametrize("shape", [("n", 128), (1, 128, 64), (2, 1, 64), (3, 4, 64), (128, 64), ("n", "tokens", 64)])
def test_rows_of_numbers_are_no_pictures(save, shape):
    path = save("rows", [node("Relu", "x", "y")], [("x", F, shape)], [("y", F, shape)])
    assert feeding_of(read_model(path)) is None


def test_every_drawing_of_a_foreign_model_says_what_was_fed(classifier, photo):
    picture = open_picture(classifier(), photo, normalise="imagenet")
    card = read_model(classifier())
    for drawn in (draw_input(card, picture), draw_answers(card, picture)):
        assert any(note.startswith("fed: (x - mean) / deviation") for note in drawn.notes)
        assert "fed: (x - mean) / deviation" in " ".join(drawn.figure.get_supxlabel().split())
    assert any("as asked for" in note for note in draw_answers(classifier(), photo).notes)  # remembered


def test_a_data_set_is_judged_as_pictures_are_looked_at(classifier, tmp_path):
    for label, shade in (("a", 20), ("b", 120), ("c", 180), ("d", 200), ("e", 250)):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (16, 16), (shade, 255 - shade, i)).save(tmp_path / "data" / label / f"{i}.png")
    path = classifier()
    plain = find_errors(path, data=tmp_path / "data", split="all")
    changed = find_errors(path, data=tmp_path / "data", split="all", normalise="imagenet")
    again = find_errors(path, data=tmp_path / "data", split="all")
    assert not np.allclose(plain.judged.losses, changed.judged.losses)
    np.testing.assert_array_equal(changed.judged.losses, again.judged.losses)


@pytest.mark.parametrize(
    ("shape", "nodes"),
    [
        ((1, 3, 256), [node("Reshape", "image rows", "y")]),
        (("n", 3, 16, 16), [node("Relu", "image", "y")]),
        ((1, 16), [node("ReduceMean", "image axes", "m", keepdims=0), node("ArgMax", "m", "y", axis=-1, keepdims=0)]),
    ],
)
def test_what_is_no_class_vector_gets_no_classes(save, photo, shape, nodes):
    kind = TensorProto.INT64 if nodes[-1].op_type == "ArgMax" else F
    extra = {"rows": np.array([1, 3, 256]), "axes": np.array([1])}
    path = save("m", nodes, [("image", F, ("n", 3, 16, 16))], [("y", kind, shape)], extra)
    with pytest.raises(InputError, match="gives no classes"):
        draw_answers(path, photo)


def test_scores_beside_boxes_are_no_classes(save, photo):
    nodes = [node("ReduceMean", "image sides", "y", keepdims=0), node("Reshape", "image rows", "boxes")]
    extra = {"sides": np.array([2, 3]), "rows": np.array([1, 3, 256])}
    outputs = [("y", F, ("n", 3)), ("boxes", F, (1, 3, 256))]
    with pytest.raises(InputError, match=r"gives no classes.* beside 1 x 3 x 256"):
        draw_answers(save("m", nodes, [("image", F, ("n", 3, 16, 16))], outputs, extra), photo)


def test_a_model_that_takes_one_picture_gets_them_one_by_one(save, photo):
    nodes = [node("Reshape", "image row", "r"), node("MatMul", "r head", "y")]
    weights = {"row": np.array([1, -1]), "head": RNG.normal(size=(768, 4)).astype(np.float32)}
    card = read_model(save("m", nodes, [("image", F, ("n", 3, 16, 16))], [("y", F, ("n", 4))], weights))
    singles = [answer_of(card, PICTURES[i : i + 1])[0] for i in range(2)]
    np.testing.assert_allclose(answer_of(card, PICTURES), singles, rtol=1e-5)
    asked = Settings(steps=2, sanity=False, patch=8, stride=8)
    assert relevances(card, photo, "occlusion", asked=asked)[0].map.shape == (16, 16)


def test_the_first_picture_among_the_inputs_is_found(save):
    ends = [("k", F, [2]), ("x", F, ["n", 3, "h", 32])], [("y", F, None)]
    path = save("two", [node("Identity", "x", "y")], *ends, {"k2": np.ones(2, np.float32)})
    found = feeding_of(read_model(path))
    assert (found.name, found.channels, found.height, found.width) == ("x", 3, 224, 32)
    assert feeding_of(read_model(save("none", [node("Identity", "x", "y")], [("x", F, [2, 3])], ends[1]))) is None


def test_a_picture_too_large_for_memory_is_refused(save, photo):
    path = save("m", [node("Relu", "x", "y")], [("x", F, (1, 3, 40_000, 40_000))], [("y", F, None)])
    with pytest.raises(InputError, match="3 x 40,000 x 40,000"):
        open_picture(path, photo)


def test_a_single_number_among_the_layers_is_drawn(save, photo):
    nodes = [node("ReduceMean", "image", "one", keepdims=0), node("Add", "image one", "y")]
    path = save("m", nodes, [("image", F, ("n", 3, 16, 16))], [("y", F, ("n", 3, 16, 16))])
    assert activations(path, photo, "all")["one"].shape == ()
    assert len(draw_activations(path, photo, "all")) == 2 and draw_depth(path, photo).arrays


@pytest.mark.parametrize("size", [(224, 224), (96, 64), (20, 28)])
def test_digits_are_scaled_for_transfer_as_in_its_training(size: tuple[int, int]):
    from dlbench.train.data.pixels import network_input

    digits = np.random.default_rng(0).integers(0, 256, (2, 1, 28, 28), np.uint8)
    feeding = Feeding("image", 3, *size, "NCHW", "float32", 1, (0.0,), (1.0,), "")
    scaled = feeding_module._in_size(digits.astype(np.float32) / 255, feeding)
    np.testing.assert_allclose(scaled, network_input(digits, 3, size).numpy(), atol=1e-5)
