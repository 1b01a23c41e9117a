"""What is drawn of a model and a picture: exact numbers, counts of what is dead, pages that say what they leave out."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper
from onnx import helper as h
from PIL import Image
from placement import words_cut_off

from dlbench.cli import main
from dlbench.errors import InputError
from dlbench.model.card import read_model
from dlbench.model.facts import ModelFacts
from dlbench.model.layers import layers_of
from dlbench.viz.capture.activations import activations
from dlbench.viz.capture.answers import probabilities
from dlbench.viz.capture.picture import open_picture, picture_of_array
from dlbench.viz.figures.activation_figures import draw_activations
from dlbench.viz.figures.answer_figure import draw_answers
from dlbench.viz.figures.depth_figures import depth_pictures, draw_depth
from dlbench.viz.figures.drawing import Drawn
from dlbench.viz.figures.filter_figures import draw_filter, draw_filters
from dlbench.viz.figures.input_figure import draw_input
from dlbench.viz.figures.layer_table import layer_table
from dlbench.viz.figures.layer_words import Meanings
from dlbench.viz.figures.picture_page import PageTable, Section, page_of
from dlbench.viz.figures.tiles import map_grid

FLOAT = TensorProto.FLOAT
RNG = np.random.default_rng(5)
FILTERS = RNG.normal(size=(70, 3, 3, 3)).astype(np.float32)
FILTERS[4] = 0  # answers 0 everywhere


@pytest.fixture
def coloured(save):
    """3 x 8 x 8 -> 70 maps -> ReLU -> mean of each -> 4 classes."""
    nodes = [
        h.make_node("Conv", ["image", "w"], ["c"], pads=[1, 1, 1, 1]),
        h.make_node("Relu", ["c"], ["r"]),
        h.make_node("GlobalAveragePool", ["r"], ["g"]),
        h.make_node("Flatten", ["g"], ["f"]),
        h.make_node("MatMul", ["f", "head"], ["scores"]),
    ]
    weights = {"w": FILTERS, "head": RNG.normal(size=(70, 4)).astype(np.float32)}
    image = [("image", FLOAT, ["N", 3, 8, 8])]
    return read_model(save("coloured", nodes, image, [("scores", FLOAT, ["N", 4])], weights))


@pytest.fixture
def image_file(tmp_path):
    path = tmp_path / "noise.png"
    Image.fromarray(RNG.integers(0, 255, (8, 8, 3), np.uint8)).save(path)
    return path


def drawn_texts(drawn: Drawn) -> str:
    titles = [text.get_text() for axes in drawn.figure.axes for text in (*axes.texts, axes.title)]
    return "\n".join([drawn.figure.get_suptitle(), *titles])


def test_the_input_stands_beside_what_the_network_gets(coloured, image_file):
    drawn = draw_input(coloured, open_picture(coloured, image_file))
    pixels = np.asarray(Image.open(image_file))
    np.testing.assert_array_equal(drawn.arrays["original"], pixels)
    np.testing.assert_allclose(drawn.arrays["received"][0], pixels.transpose(2, 0, 1) / 255, atol=1e-6)
    assert "3 x 8 x 8" in drawn_texts(drawn)


def test_first_layer_filters_are_rgb_tiles_with_zero_in_the_middle_and_their_numbers_are_the_weights(coloured):
    (drawn,) = draw_filters(coloured)
    np.testing.assert_array_equal(drawn.arrays["c"], FILTERS)
    tiles = [image.get_array() for image in drawn.figure.axes[0].images]
    expected = 0.5 + FILTERS[0].transpose(1, 2, 0) / (2 * np.abs(FILTERS[0]).max())
    np.testing.assert_allclose(tiles[0], expected, atol=1e-6)
    assert "64 of 70 shown" in drawn_texts(drawn)
    (slices,) = draw_filters(coloured, slices=True)
    assert "64 of 210 shown" in drawn_texts(slices) and "0 white" in drawn_texts(slices)


def test_one_filter_stands_beside_its_map_of_the_picture_in_their_own_numbers(coloured, image_file):
    picture = open_picture(coloured, image_file)
    drawn = draw_filter(coloured, picture, 3)
    np.testing.assert_array_equal(drawn.arrays["filter"], FILTERS[3])
    np.testing.assert_array_equal(drawn.arrays["map"], activations(coloured, picture)["c"][0, 3])
    tile, response = (axes.images[0] for axes in drawn.figure.axes)
    assert tile.get_array().shape == (*FILTERS.shape[2:], 3)
    np.testing.assert_array_equal(response.get_array(), drawn.arrays["map"])
    assert response.norm.vmax == -response.norm.vmin > 0  # white is 0
    with pytest.raises(InputError, match="expected a number from 0 to 69 in c, received 70"):
        draw_filter(coloured, picture, 70)


def test_a_layer_that_does_not_see_the_picture_has_no_filter_to_draw_beside_it(dense_file):
    with pytest.raises(InputError, match=r"expected a convolution of the picture itself .* 784"):
        draw_filter(dense_file, np.zeros((1, 1, 28, 28), np.float32))


def test_a_dense_network_s_first_weights_are_pictures_of_the_size_of_the_input(dense_file):
    (drawn,) = draw_filters(read_model(dense_file))
    assert len(drawn.figure.axes[0].images) == 16
    weights = np.random.default_rng(0).standard_normal((784, 16)).astype(np.float32)  # as small_models makes them
    np.testing.assert_array_equal(drawn.figure.axes[0].images[3].get_array(), weights[:, 3].reshape(28, 28))
    deeper = draw_filters(read_model(dense_file), "second")[0]
    assert "no longer a picture" in deeper.words
    assert draw_filters(read_model(dense_file), "first")[0].arrays["h"].shape == (16, 784)


def test_filters_of_a_layer_without_weights_are_refused(coloured):
    with pytest.raises(InputError, match="expected a convolution or a dense layer"):
        draw_filters(coloured, "Relu")


def test_maps_are_counted_and_dead_ones_are_marked(coloured, image_file):
    received = open_picture(coloured, image_file).received
    maps, relu, mean, _, scores = draw_activations(coloured, received, "all", scale="channel")
    assert "64 of 70 shown" in drawn_texts(maps) and "each map has its own range" in drawn_texts(maps)
    dead = int((relu.arrays["r"][0].reshape(70, -1) == 0).all(axis=1).sum())
    assert dead >= 1 and f"{dead} of 70 maps are dead" in relu.words
    assert "dead\n(all 0)" in drawn_texts(relu)
    assert "70 numbers" in mean.title and len(mean.figure.axes[0].patches) == 70  # bars
    assert "This is the network's answer" in scores.words


def test_the_range_of_the_colours_is_the_channel_s_the_layer_s_or_one_for_all(coloured, image_file):
    received = open_picture(coloured, image_file).received

    def ends(scale):
        return [
            {image.get_clim() for image in drawn.figure.axes[0].images}
            for drawn in draw_activations(coloured, received, "c,r", scale=scale)
        ]

    channel, layer, everywhere = ends("channel"), ends("layer"), ends("global")
    assert len(channel[0]) > 30
    assert all(len(one) == 1 for one in layer) and layer[0] != layer[1]
    assert everywhere[0] == everywhere[1]


def test_nan_maps_become_labelled_tiles_and_are_counted(save, image_file):
    nodes = [
        h.make_node("Log", ["image"], ["logs"]),  # of 0: -inf
        h.make_node("Relu", ["image"], ["y"]),
    ]
    card = read_model(save("logs", nodes, [("image", FLOAT, [1, 3, 8, 8])], [("y", FLOAT, [1, 3, 8, 8])]))
    values = np.ones((1, 3, 8, 8), np.float32)
    values[0, 1, 2, 2] = 0
    (drawn,) = draw_activations(card, values, "logs")
    assert "NaN or inf:\n1 of\n64" in drawn_texts(drawn)
    assert drawn.notes == ("1 of 3 maps hold NaN or infinity.",)


def test_what_is_no_picture_is_said_and_its_numbers_are_kept(save):
    nodes = [
        h.make_node("Reshape", ["image", "five"], ["five_axes"]),
        h.make_node("Tile", ["image", "times"], ["huge"]),
        h.make_node("Relu", ["image"], ["y"]),
    ]
    weights = {"five": np.array([1, 3, 2, 4, 8]), "times": np.array([1, 1, 300, 100])}
    card = read_model(save("odd", nodes, [("image", FLOAT, [1, 3, 8, 8])], [("y", FLOAT, [1, 3, 8, 8])], weights))
    five, huge = draw_activations(card, np.ones((1, 3, 8, 8), np.float32), "five_axes,huge")
    assert "not drawn" in drawn_texts(five) and five.arrays["five_axes"].shape == (1, 3, 2, 4, 8)
    assert "too many values" in drawn_texts(huge)


def test_the_strip_names_every_layer_with_its_shape_and_its_share_of_zeros(coloured, image_file):
    received = open_picture(coloured, image_file).received
    drawn = draw_depth(coloured, received)
    text = drawn_texts(drawn)
    assert "c (Conv)\n70 filters of 3 x 3\n70 maps of 8 x 8, 1% zeros" in text
    assert "scores (MatMul)\nweighted sums of 70\n4 numbers, 0% zeros" in text
    relu = next(iter(draw_activations(coloured, received, "r"))).arrays["r"]
    assert f"{(relu == 0).mean():.0%} zeros" in text
    few = draw_depth(coloured, received, "all", most=2)
    assert "2 of 5 layers are drawn" in few.notes[0]


def test_layers_that_work_on_each_map_alone_keep_the_map_of_the_layer_before(save):
    """conv, pooling, ReLU: the map that varies most at the end of them is shown in all three, not each one's own."""
    filters = np.zeros((3, 1, 1, 1), np.float32)
    filters[:, 0, 0, 0] = [1, -9, 4]  # after the ReLU the second is dead
    nodes = [
        h.make_node("Conv", ["image", "w"], ["c"]),
        h.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        h.make_node("Relu", ["p"], ["r"]),
        h.make_node("Add", ["r", "one"], ["y"]),
    ]
    weights = {"w": filters, "one": np.ones(1, np.float32)}
    shapes = [("image", FLOAT, [1, 1, 4, 4])], [("y", FLOAT, [1, 3, 2, 2])]
    card = read_model(save("each", nodes, *shapes, weights))
    image = RNG.random((1, 1, 4, 4)).astype(np.float32)
    drawn = draw_depth(card, image)
    np.testing.assert_allclose(drawn.arrays["c"], 4 * image[0, 0], rtol=1e-6)
    np.testing.assert_allclose(drawn.arrays["r"], 4 * image[0, 0].reshape(2, 2, 2, 2).max((1, 3)), rtol=1e-6)
    assert "r (Relu)\nbelow 0 becomes 0\n3 maps of 2 x 2, 33% zeros\nmap 2: " in drawn_texts(drawn)


def test_what_filters_see_beyond_the_border_does_not_choose_the_map(save):
    """Depthwise convolution: one filter answers to the border alone, the other to the picture."""
    filters = np.zeros((2, 1, 3, 3), np.float32)
    filters[0] = 100 / 9  # of a constant map: the same everywhere but at the border
    filters[1, 0, 1, 1] = 1
    nodes = [
        h.make_node("Relu", ["image"], ["r"]),
        h.make_node("Conv", ["r", "w"], ["y"], pads=[1, 1, 1, 1], group=2),
    ]
    shapes = [("image", FLOAT, [1, 2, 8, 8])], [("y", FLOAT, [1, 2, 8, 8])]
    card = read_model(save("border", nodes, *shapes, {"w": filters}))
    image = np.stack([np.ones((8, 8)), RNG.random((8, 8))])[None].astype(np.float32)
    drawn = draw_depth(card, image)
    np.testing.assert_array_equal(drawn.arrays["r"], image[0, 1])  # the map that the convolution works on
    np.testing.assert_allclose(drawn.arrays["y"], image[0, 1], rtol=1e-6)
    assert "3 x 3 in each map alone" in drawn_texts(drawn)


def test_rows_of_numbers_are_laid_in_lines_without_a_rest_where_that_can_be(save):
    for count, shape, grey in ((20, (4, 5), 0), (23, (5, 5), 1)):
        nodes = [h.make_node("Relu", ["x"], ["y"])]
        card = read_model(save(f"row{count}", nodes, [("x", FLOAT, [1, count])], [("y", FLOAT, [1, count])]))
        drawn = draw_depth(card, np.arange(count, dtype=np.float32)[None])
        assert drawn.arrays["y"].shape == shape
        np.testing.assert_array_equal(drawn.arrays["y"].ravel()[:count], np.arange(count))
        assert len([p for p in drawn.figure.axes[0].patches if p.get_width() == 2]) == grey  # no number there


def test_of_a_deep_network_every_layer_of_one_block_is_drawn_too(save, coloured, image_file):
    nodes, before = [h.make_node("Relu", ["image"], ["stem"])], "stem"
    for block in ("b.0", "b.1", "b.2"):
        nodes += [
            h.make_node("Conv", [before, "w"], [f"{block}.mixed"]),
            h.make_node("Clip", [f"{block}.mixed", "zero", "six"], [f"{block}.cut"]),
        ]
        if block == "b.0":
            before = f"{block}.cut"
            continue
        nodes.append(h.make_node("Add", [f"{block}.cut", before], [block]))
        before = block
    weights = {"w": RNG.normal(size=(4, 4, 1, 1)).astype(np.float32), "zero": np.float32(0), "six": np.float32(6)}
    shapes = [("image", FLOAT, [1, 4, 8, 8])], [("b.2", FLOAT, [1, 4, 8, 8])]
    weights = {name: np.asarray(values) for name, values in weights.items()}
    card = read_model(save("three", nodes, *shapes, weights))
    drawn = depth_pictures(card, RNG.random((1, 4, 8, 8)).astype(np.float32))
    assert [one.name for one in drawn] == ["depth", "block"]
    assert list(drawn[1].arrays) == ["b.1.mixed", "b.1.cut", "b.1"]  # the first with a shortcut
    text = drawn_texts(drawn[1])
    assert "inside the block b.1 of three: all its 3 layers" in text
    for words in ("1 x 1: maps mixed anew", "cut to 0 to 6", "an earlier layer added"):
        assert words in text
    flat = depth_pictures(coloured, open_picture(coloured, image_file).received)
    assert [one.name for one in flat] == ["depth"]  # no blocks


def test_the_answer_at_the_end_of_the_strip_carries_the_names_of_the_classes(workspace):
    assert main(["train", "dense", "--epochs", "1"]) == 0
    card = read_model(workspace / "models" / "dense.onnx")
    figure = draw_depth(card, np.zeros((1, 1, 28, 28), np.float32)).figure
    (answer,) = [axes for axes in figure.axes if axes.get_xticklabels()]
    assert [tick.get_text() for tick in answer.get_xticklabels()] == list("0123456789")
    assert "dense" in answer.get_title()


@pytest.mark.parametrize(("classes", "named"), [(10, True), (20, False), (100, False)])
def test_many_classes_are_laid_in_lines_and_so_not_named(dense_file, classes, named):
    facts = ModelFacts(
        network="dense",
        architecture="a",
        labels=tuple(f"class {i}" for i in range(classes)),
        mean=(0.0,),
        std=(1.0,),
        data="d",
        split="s",
        parameters=1,
        trained_parameters=1,
        version="1",
    )
    model = onnx.load(dense_file)
    name = model.graph.output[0].name
    head = np.ones((10, classes), np.float32) * np.arange(classes, dtype=np.float32)
    model.graph.node.append(h.make_node("MatMul", [name, "more"], ["answer"]))
    model.graph.initializer.append(numpy_helper.from_array(head, "more"))
    del model.graph.output[:]
    model.graph.output.append(h.make_tensor_value_info("answer", FLOAT, ["N", classes]))
    onnx.save(model, dense_file)
    card = replace(read_model(dense_file), facts=facts)
    (axes,) = [
        a for a in draw_depth(card, np.ones((1, 1, 28, 28), np.float32)).figure.axes if "answer" in a.get_title()
    ]
    assert len(axes.get_xticks()) == (classes if named else 0)
    assert axes.get_xlim()[1] == axes.images[0].get_array().shape[1] - 0.5


def test_a_block_that_needs_more_memory_is_left_out_and_that_is_said(save):
    """The strip draws the last layer of each block alone, so a wide one inside a block does not stop it."""
    nodes, before = [h.make_node("Relu", ["image"], ["stem"])], "stem"
    for block in map(str, range(12)):
        nodes += [
            h.make_node("Conv", [before, "wide"], [f"b.{block}.wide"]),
            h.make_node("Conv", [f"b.{block}.wide", "narrow"], [f"b.{block}.narrow"]),
            h.make_node("Add", [f"b.{block}.narrow", before], [f"b.{block}"]),
        ]
        before = f"b.{block}"
    weights = {"wide": RNG.normal(size=(400, 2, 1, 1)), "narrow": RNG.normal(size=(2, 400, 1, 1))}
    weights = {name: 0.01 * values.astype(np.float32) for name, values in weights.items()}
    shape = [1, 2, 8, 8]
    card = read_model(save("wide", nodes, [("image", FLOAT, shape)], [(before, FLOAT, shape)], weights))
    (strip,) = depth_pictures(card, np.ones(shape, np.float32), memory_bytes=50_000)
    assert any("no block is drawn layer by layer: layer b.0.wide needs" in note for note in strip.notes)
    assert [one.name for one in depth_pictures(card, np.ones(shape, np.float32))] == ["depth", "block"]


def test_empty_tensors_become_tiles_that_say_so(save):
    nodes = [
        h.make_node("Compress", ["x", "none"], ["rows"], axis=0),
        h.make_node("Unsqueeze", ["x", "one"], ["u"]),
        h.make_node("Slice", ["u", "zero", "zero", "one"], ["cut"]),
        h.make_node("Relu", ["x"], ["y"]),
    ]
    weights = {"none": np.array([False]), "one": np.array([1]), "zero": np.array([0])}
    card = read_model(save("empty", nodes, [("x", FLOAT, ["N", 4])], [("y", FLOAT, ["N", 4])], weights))
    image = np.ones((1, 4), np.float32)
    assert drawn_texts(draw_depth(card, image, "rows,cut")).count("empty") >= 2
    for drawn in draw_activations(card, image, "rows,cut"):
        assert "it is empty" in drawn_texts(drawn) and drawn.png()


def test_what_a_layer_does_is_told_briefly_of_constants_of_every_kind(save):
    def constant(name, value):
        return h.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value, np.float32)))

    nodes = [
        constant("low", 0),
        constant("high", 6),
        constant("w", np.ones((8, 4, 3, 3))),
        h.make_node("Clip", ["x", "low", "high"], ["clip"]),
        h.make_node("Conv", ["clip", "w"], ["conv"], strides=[2, 2]),
        h.make_node("Sub", ["high", "conv"], ["sub"]),
        h.make_node("Div", ["high", "sub"], ["div"]),
        h.make_node("Div", ["div", "high"], ["scaled"]),
        h.make_node("Clip", ["scaled", "unknown", "unknown"], ["y"]),
    ]
    shapes = [("x", FLOAT, [1, 4, 8, 8]), ("unknown", FLOAT, [])], [("y", FLOAT, [1, 8, 3, 3])]
    card = read_model(save("brief", nodes, *shapes))
    meanings = Meanings(card)
    assert [meanings.brief(layer) for layer in layers_of(card)] == [
        "cut to 0 to 6",
        "8 filters of 3 x 3, step 2",
        "taken off a constant",
        "a constant divided by it",
        "scaled by a constant",
        "cut off at its bounds",
    ]


def test_the_answer_is_a_softmax_of_the_logits_and_the_truth_is_marked(coloured, image_file):
    received = open_picture(coloured, image_file).received
    drawn = draw_answers(coloured, received, "output 2")
    logits = drawn.arrays["answer"][0].astype(np.float64)
    np.testing.assert_allclose(drawn.arrays["probabilities"][0], np.exp(logits) / np.exp(logits).sum(), rtol=1e-6)
    assert "The truth is output 2" in drawn.words
    names = [tick.get_text() for tick in drawn.figure.axes[0].get_yticklabels()]
    assert "output 2 (truth)" in names and len(names) == 4
    with pytest.raises(InputError, match="Did you mean"):
        draw_answers(coloured, received, "output 9")


def test_a_picture_that_knows_its_label_says_whether_the_answer_is_right(coloured, image_file):
    pixels = np.array(Image.open(image_file).convert("RGB")).transpose(2, 0, 1)
    known = picture_of_array(coloured, "digit", pixels, truth="output 1")
    assert "The truth is output 1" in draw_answers(coloured, known).words
    assert "The truth is output 2" in draw_answers(coloured, known, "output 2").words
    assert "No label says whether this is right." in draw_answers(coloured, replace(known, truth=None)).words


def test_probabilities_that_are_there_already_stay_and_one_output_is_yes_or_no(coloured):
    shares, _ = probabilities(coloured, np.array([[0.1, 0.2, 0.3, 0.4]], np.float32))
    np.testing.assert_allclose(shares, [[0.1, 0.2, 0.3, 0.4]], atol=1e-7)
    yes, names = probabilities(coloured, np.array([[2.0]], np.float32))
    np.testing.assert_allclose(yes, [[1 - 1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-2))]])
    assert names == ("no", "yes")


def test_a_huge_picture_is_scaled_down_and_that_is_said(coloured, tmp_path):
    path = tmp_path / "panorama.png"
    Image.new("L", (20_000, 40), 128).save(path)
    picture = open_picture(coloured, path)
    assert picture.received.shape == (1, 3, 8, 8)
    assert max(picture.original.shape) <= 1024
    assert "20,000 x 40 pixels and was scaled down" in draw_input(coloured, picture).notes[0]


def test_a_model_that_takes_no_picture_is_refused(save, image_file):
    card = read_model(
        save("five", [h.make_node("Relu", ["x"], ["y"])], [("x", FLOAT, [1, 5, 8, 8])], [("y", FLOAT, [1, 5, 8, 8])])
    )
    with pytest.raises(InputError, match=r"1 or 3 channels \(or one without N\), received x: 1 x 5 x 8 x 8"):
        open_picture(card, image_file)


def test_an_image_of_a_data_set_is_prepared_as_a_file_is(coloured, image_file):
    pixels = np.asarray(Image.open(image_file)).transpose(2, 0, 1)
    from_array = picture_of_array(coloured, "x", pixels)
    np.testing.assert_array_equal(from_array.received, open_picture(coloured, image_file).received)
    grey = picture_of_array(coloured, "x", pixels[:1])
    assert grey.original.shape == (8, 8, 3) and np.ptp(grey.original, axis=2).max() == 0


def test_each_layer_is_told_in_a_sentence_with_its_real_sizes(coloured):
    meanings = Meanings(coloured)
    words = {layer.title: meanings.of(layer) for layer in layers_of(coloured)}
    assert words["c"].startswith("convolution, 70 filters of 3 x 3")
    assert "4 neurons: each is a weighted sum of all 70 numbers" in words["scores"]


def test_of_a_deep_network_the_last_layer_of_each_block_is_drawn(save):
    names = ["stem", "b.0.c", "b.0.r", "b.0", "b.1.c", "b.1", "b.2.c", "b.2.r", "head"]
    nodes = [h.make_node("Relu", [before], [name]) for before, name in zip(["image", *names], names, strict=False)]
    shape = [1, 1, 4, 4]
    card = read_model(save("blocks", nodes, [("image", FLOAT, shape)], [("head", FLOAT, shape)]))
    received = np.ones(shape, np.float32)
    drawn = draw_depth(card, received, most=6)
    assert list(drawn.arrays) == ["stem", "b.0", "b.1", "b.2.r", "head"]
    assert "5 of 9 layers are drawn, the last of each block" in drawn.notes[0]
    assert len(draw_depth(card, received, most=3).arrays) == 3  # fewer than blocks: evenly spaced


def test_names_of_torch_s_older_exporter_are_told_by_their_modules(save):
    names = ["/layer1/layer1.0/relu_1/Relu_output_0", "/relu/Relu_output_0", "model/re_lu:0", "features.3.conv.2"]
    nodes = [h.make_node("Relu", [before], [name]) for before, name in zip(["x", *names], names, strict=False)]
    card = read_model(save("legacy", nodes, [("x", FLOAT, [1, 1, 4, 4])], [(names[-1], FLOAT, [1, 1, 4, 4])]))
    drawn = draw_depth(card, np.ones((1, 1, 4, 4), np.float32))
    told = [axes.get_title().splitlines()[0] for axes in drawn.figure.axes]
    assert told == ["layer1.0/relu_1 (Relu)", "relu (Relu)", "model/re_lu:0 (Relu)", "features.3.conv.2 (Relu)"]
    assert list(drawn.arrays) == names


def test_arithmetic_is_told_by_what_it_is_for(save):
    nodes = [
        h.make_node("Sub", ["image", "mean"], ["s"]),
        h.make_node("Div", ["s", "std"], ["d"]),
        h.make_node("Conv", ["d", "w"], ["c"], pads=[1, 1, 1, 1]),
        h.make_node("Clip", ["c", "low", "six"], ["r"]),
        h.make_node("Conv", ["r", "w"], ["c2"], pads=[1, 1, 1, 1]),
        h.make_node("Add", ["c2", "r"], ["a"]),
        h.make_node("Sub", ["a", "c2"], ["later"]),
        h.make_node("Add", ["later", "mean"], ["biased"]),
        h.make_node("Clip", ["biased", "minus", "six"], ["out"]),
    ]
    scalars = {"low": 0, "six": 6, "minus": -1}
    weights = {name: np.full((), value, np.float32) for name, value in scalars.items()}
    weights |= {name: np.ones((1, 1, 1, 1), np.float32) for name in ("mean", "std")}
    weights["w"] = np.ones((1, 1, 3, 3), np.float32)
    shape = [1, 1, 8, 8]
    card = read_model(save("arithmetic", nodes, [("image", FLOAT, shape)], [("out", FLOAT, shape)], weights))
    meanings = Meanings(card)
    words = {layer.title: meanings.of(layer) for layer in layers_of(card)}
    assert words["s"].startswith("subtraction: a mean is taken off the picture")
    assert words["d"].startswith("division: the picture's numbers")
    assert "where the picture holds" in words["c"] and "where the maps before it hold" in words["c2"]
    assert words["r"] == "clipped ReLU: what is negative becomes 0, what is above 6 becomes 6"
    assert "shortcut" in words["a"] and words["later"].startswith("difference of two tensors")
    assert words["biased"].startswith("sum: a constant") and words["out"].startswith("clip: values below -1 become -1")


def test_the_table_of_layers_gives_shapes_parameters_and_what_a_place_sees(save):
    nodes = [
        h.make_node("Conv", ["image", "w"], ["c"], pads=[1, 1, 1, 1]),
        h.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        h.make_node("Conv", ["p", "w2"], ["c2"], pads=[1, 1, 1, 1]),
        h.make_node("GlobalAveragePool", ["c2"], ["g"]),
        h.make_node("Relu", ["g"], ["out"]),
    ]
    weights = {"w": np.ones((4, 1, 3, 3), np.float32), "w2": np.ones((5, 4, 3, 3), np.float32)}
    path = save("small", nodes, [("image", FLOAT, ["N", 1, 8, 8])], [("out", FLOAT, ["N", 5, 1, 1])], weights)
    table = layer_table(read_model(path), {"image": (1, 1, 8, 8)}, {2: "here"})
    told = [row[1:6] for row in table.rows]
    assert told == [
        ("c", "Conv", "4 maps of 8 x 8", "36", "3 x 3 pixels"),
        ("p", "MaxPool", "4 maps of 4 x 4", "-", "4 x 4 pixels"),
        ("c2", "Conv", "5 maps of 4 x 4", "180", "8 x 8 pixels"),
        ("g", "GlobalAveragePool", "5 numbers", "-", "the whole picture"),
        ("out", "Relu", "5 numbers", "-", "the whole picture"),
    ]
    assert table.links == ("", "", "here", "", "") and table.caption == "All 5 layers, in order"


def test_a_table_on_a_page_is_escaped_linked_and_folded_when_long():
    evil = "<b>x</b>"
    rows = tuple((str(i), evil) for i in range(30))
    links = ("a", *[""] * 29)
    drawn = Drawn("a", "a", "w", map_grid(np.ones((1, 2, 2)) * [[1, 2], [3, 4]], heading="a"), notes=("once",))
    table = PageTable("All", ("place", "layer"), rows, links)
    html = page_of("t", [("picture", "once")], [Section("s", "w", [drawn]), Section("t", "w", table=table)])
    assert evil not in html and '<a href="#a">&lt;b&gt;' in html and '<figure id="a">' in html
    assert "<details>" in html and html.count("once") == 1  # said in the facts, so not again below the picture
    short = page_of("t", [], [Section("t", "w", table=PageTable("All", ("place", "layer"), rows[:3]))])
    assert "<details open>" in short


def test_a_page_holds_everything_itself_and_escapes_what_others_wrote():
    evil = "<script>alert(1)</script> $x_{$ &"
    drawn = Drawn("a", evil, evil, map_grid(np.ones((1, 2, 2)) * [[1, 2], [3, 4]], heading=evil), notes=(evil,))
    html = page_of(evil, [("model", evil)], [Section(evil, evil, [drawn]), Section("empty", "left out", [])])
    assert "<script" not in html and "&lt;script&gt;" in html and "left out" not in html
    assert not re.search(r"(src|href)=[\"'](?!data:|#)", html)
    assert 'alt="' in html and html.count("<h1>") == 1


def test_a_page_opens_with_its_lead_like_the_report():
    html = page_of("Inside cnn", [], [], "The network's answer: 7 & more.")
    assert '<h1 class="kicker">Inside cnn</h1>\n<p class="answer">The network&#x27;s answer: 7 &amp; more.</p>' in html
    assert "<h1>Inside cnn</h1>" in page_of("Inside cnn", [], [])


def test_a_page_is_bounded_and_counts_what_it_leaves_out(monkeypatch):
    monkeypatch.setattr("dlbench.viz.figures.picture_page.MOST_BYTES", 25_000)
    grid = map_grid(np.random.default_rng(0).random((9, 20, 20)), heading="noise")
    drawn = [Drawn(str(i), str(i), "w", grid) for i in range(3)]
    assert "pictures left out to keep this page below" in page_of("t", [], [Section("s", "w", drawn)])


def test_viz_all_writes_a_page_and_every_picture_with_its_numbers(dense_file, workspace, image_file, capsys):
    assert main(["viz", "all", str(dense_file), str(image_file)]) == 0
    folder = workspace / "pictures" / "tiny-noise"
    html = (folder / "index.html").read_text(encoding="utf-8")
    for words in (
        "What the network gets",
        "The answer",
        "Filters",
        "Through the network",
        "Every layer",
        "Layer by layer",
        "16 neurons",
    ):
        assert words in html
    names = {path.name for path in folder.iterdir()}
    assert {"input.png", "input.svg", "input.npz", "depth.png", "answers.png"} <= names
    assert f"next: open {folder / 'index.html'}" in capsys.readouterr().out


def test_activations_of_a_network_without_convolutions_are_those_of_its_dense_layers(dense_file, workspace, capsys):
    assert main(["viz", "activations", str(dense_file), "mnist-sample:17"]) == 0
    assert "16 neurons" in capsys.readouterr().out
    assert main(["viz", "activations", str(dense_file), "mnist-sample:17", "--layers", "conv"]) == 2
    assert "this model has" in capsys.readouterr().err


def test_no_word_of_these_pictures_is_cut_off(coloured, image_file):
    picture = open_picture(coloured, image_file)
    drawn = [draw_input(coloured, picture), draw_answers(coloured, picture.received, "output 2")]
    drawn += [*draw_filters(coloured), *depth_pictures(coloured, picture.received)]
    drawn += draw_activations(coloured, picture.received, "all")
    assert len(drawn) == 9
    for one in drawn:
        assert not words_cut_off(one.figure), one.name


def test_viz_takes_an_image_of_a_data_set_by_its_number(dense_file, workspace, capsys):
    assert main(["viz", "inputs", str(dense_file), "mnist-sample:17"]) == 0
    out = capsys.readouterr().out
    assert "picture 17 of mnist-sample, of the" in out
    with np.load(workspace / "pictures" / "tiny-mnist-sample-17" / "input.npz") as kept:
        assert kept["received"].shape == (1, 1, 28, 28)


def test_viz_lists_layers(dense_file, workspace, capsys):
    assert main(["viz", "activations", str(dense_file), "--list"]) == 0
    out = capsys.readouterr().out
    assert "MatMul" in out and "dense layer, 16 neurons" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["activations", "{model}", "nothing.png"], "expected a file, or DATA:INDEX"),
        (["activations", "{model}", "{model}"], "can't be read as a picture"),
        (["activations", "{model}", "mnist-sample:5000"], "expected 0 to 4,999"),
        (["activations", "{model}", "mnist-sample:1", "--layers", "conv"], "this model has 2 MatMul"),
        (["activations", "{model}", "mnist-sample:1", "--range", "wide"], "--range: expected channel, layer, global"),
        (["activations", "{model}"], "expected a picture file"),
        (["depth", "{model}", "mnist-sample:1", "--memory", "0"], "--memory: expected"),
        (["answers", "{model}", "mnist-sample:1", "--truth", "cat"], "--truth: expected one of"),
        (["filters", "{model}", "--layers", "Relu"], "expected a convolution or a dense layer"),
    ],
)
def test_bad_input_is_one_line(arguments, words, dense_file, workspace, capsys):
    assert main(["viz", *(part.format(model=dense_file) for part in arguments)]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1 and "Traceback" not in error


def test_a_picture_has_no_name_that_leaves_the_folder(tmp_path):
    from dlbench.viz.figures.drawing import write_drawn

    drawn = Drawn("../../escaped", "t", "w", map_grid(np.random.default_rng(0).random((1, 2, 2)), heading="t"))
    paths = write_drawn(drawn, tmp_path / "in")
    assert {path.parent for path in paths} == {tmp_path / "in"}
