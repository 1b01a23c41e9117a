"""Picture files as a model takes them, held against torchvision's own preparation."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from onnx import TensorProto, helper
from PIL import Image
from torchvision.transforms import v2

from dlbench.errors import InputError
from dlbench.model.card import read_model
from dlbench.viz.capture.picture import fed_notes, images_of, input_shape, open_picture, picture_of_array

F = TensorProto.FLOAT


@pytest.fixture
def card_of(save):
    def make(*shape):
        return read_model(
            save("m", [helper.make_node("Relu", ["image"], ["y"])], [("image", F, shape)], [("y", F, shape)])
        )

    return make


def photo(width: int, height: int) -> Image.Image:
    """A smooth picture: colours go along both sides."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    waves = [x, y, (np.sin(9 * x) + np.cos(7 * y)) / 4 + 0.5]
    return Image.fromarray((np.stack(waves, -1) * 255).astype(np.uint8))


@pytest.mark.parametrize("size", [(640, 480), (300, 900), (224, 224), (100, 80)])
def test_the_centre_is_that_of_torchvision_s_preparation(card_of, tmp_path, size):
    photo(*size).save(tmp_path / "p.png")
    opened = open_picture(card_of("n", 3, 224, 224), tmp_path / "p.png")
    wanted = photo(*size)
    if size != (224, 224):  # a picture that fits is taken as it is
        wanted = v2.Compose([v2.Resize(256), v2.CenterCrop(224)])(wanted)
    expected = np.asarray(wanted, np.float32).transpose(2, 0, 1)[None] / 255
    assert opened.received.shape == (1, 3, 224, 224) and opened.received.dtype == np.float32
    assert np.abs(opened.received - expected).mean() < 2 / 255  # half a pixel of place, and rounding
    assert opened.original.shape == (size[1], size[0], 3)


def test_one_channel_is_grey_and_a_digit_keeps_its_margin(card_of, tmp_path):
    digit = np.zeros((28, 28), np.uint8)
    digit[0, 0] = 255
    Image.fromarray(digit).save(tmp_path / "d.png")
    received = open_picture(card_of("n", 1, 28, 28), tmp_path / "d.png").received
    assert received.shape == (1, 1, 28, 28) and received[0, 0, 0, 0] == 1 and received.sum() == 1


def test_a_photo_is_turned_upright(card_of, tmp_path):
    picture = Image.new("RGB", (40, 20))
    picture.paste((255, 0, 0), (0, 0, 20, 20))  # left half red
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter to the right
    picture.save(tmp_path / "turned.png", exif=exif)
    original = open_picture(card_of("n", 3, 8, 8), tmp_path / "turned.png").original
    assert original.shape == (40, 20, 3)
    assert original[2, 10].tolist() == [255, 0, 0] and original[38, 10].tolist() == [0, 0, 0]


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "CMYK", "1", "I;16"])
def test_pictures_of_every_kind_are_opened(card_of, tmp_path, mode):
    if mode == "I;16":
        Image.fromarray(np.full((32, 32), 128 * 257, np.uint16)).save(tmp_path / "p.tif")
    else:
        Image.new("L", (32, 32), 128).convert("RGB").convert(mode).save(tmp_path / "p.tif")
    received = open_picture(card_of("n", 3, 32, 32), tmp_path / "p.tif").received
    expected = 128 / 255
    assert abs(received.mean() - expected) < (0.02 if mode != "1" else 0.5)


def test_what_can_be_seen_through_is_white(card_of, tmp_path):
    Image.new("RGBA", (32, 32), (0, 0, 0, 0)).save(tmp_path / "p.png")
    assert (open_picture(card_of("n", 3, 32, 32), tmp_path / "p.png").received == 1).all()


def test_a_large_picture_is_scaled_down_and_it_says_so(card_of, tmp_path):
    Image.new("L", (10_500, 20), 9).save(tmp_path / "wide.png")
    opened = open_picture(card_of("n", 1, 8, 8), tmp_path / "wide.png")
    assert max(opened.original.shape) <= 1024 and "10,500 x 20" in opened.notes[0]


def test_what_preparation_takes_away_is_told(card_of, tmp_path, recwarn):
    seen = np.full((100, 200, 4), 255, np.uint8)
    seen[..., 0], seen[:9, :, 3] = 9, 0
    Image.fromarray(seen).save(tmp_path / "wide.png")
    notes = open_picture(card_of(1, 1, 28, 28), tmp_path / "wide.png").notes
    assert notes[0] == "its transparent parts are filled with white" and notes[1].startswith(
        "its colours were turned to grey"
    )
    assert notes[2] == "the network gets its middle: 50% of its width and 100% of its height"
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "digit.png")
    assert open_picture(card_of(1, 1, 28, 28), tmp_path / "digit.png").notes == ()
    Image.new("L", (16_000, 16_000)).save(tmp_path / "large.png")
    open_picture(card_of(1, 1, 28, 28), tmp_path / "large.png")
    assert not recwarn.list  # Pillow's warning of a decompression bomb is not for the user


def test_an_array_in_place_of_a_file_is_refused_in_one_line(card_of):
    with pytest.raises(InputError, match=r"expected the file of a picture, received ndarray; save it as PNG first"):
        open_picture(card_of("n", 3, 8, 8), np.zeros((8, 8, 3)))


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
def test_a_file_that_is_no_picture_is_refused_in_one_line(card_of, tmp_path, content):
    (tmp_path / "p.jpg").write_bytes(content)
    with pytest.raises(InputError, match="can't be read as a picture") as caught:
        open_picture(card_of("n", 3, 8, 8), tmp_path / "p.jpg")
    assert "\n" not in str(caught.value)


def test_a_missing_picture_and_a_folder_are_refused(card_of, tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(InputError, match="can't be read as a picture"):
            open_picture(card_of("n", 3, 8, 8), path)


@pytest.mark.parametrize("shape", [("n", 10), ("n", 5, 8, 8), ("n", 8, 8, 5)])
def test_a_model_that_takes_no_picture_says_what_it_takes(card_of, shape):
    with pytest.raises(InputError, match=" x ".join(map(str, shape))):
        input_shape(card_of(*shape))


def test_open_sizes_are_224(card_of):
    assert input_shape(card_of("n", 3, "h", "w")) == ("image", 3, 224, 224)
    assert input_shape(card_of("n", "h", 64, 3)) == ("image", 3, 224, 64)  # channels last


def array_of(height: int, width: int, channels: int = 3) -> np.ndarray:
    """A data set's picture (C, H, W) whose every pixel is another one."""
    return np.random.default_rng(0).integers(0, 256, (channels, height, width)).astype(np.uint8)


@pytest.mark.parametrize(("stored", "taken"), [(3, 3), (1, 3), (1, 1)])
def test_a_picture_of_a_data_set_that_fits_is_taken_pixel_by_pixel(card_of, stored, taken):
    image = array_of(6, 8, stored)
    opened = picture_of_array(card_of("n", taken, 6, 8), "digit", image, ("from the test split",))
    np.testing.assert_array_equal(opened.received[0], np.repeat(image, taken // stored, axis=0) / np.float32(255))
    np.testing.assert_array_equal(opened.original, np.repeat(image, 3 // stored, axis=0).transpose(1, 2, 0))
    assert (opened.name, opened.notes) == ("digit", ("from the test split",))
    with pytest.raises(AttributeError):
        opened.name = "another"


@pytest.mark.parametrize(
    ("size", "net", "words"),
    [
        ((40, 100), (20, 20), "its middle: 40% of its width and 100% of its height"),
        ((100, 40), (20, 20), "its middle: 100% of its width and 40% of its height"),
        ((100, 100), (20, 20), None),  # small networks see all of it
        ((100, 100), (63, 63), None),
        ((128, 128), (64, 64), "its middle: 88% of its width and 88% of its height"),  # 224 / 256
        ((100, 200), (64, 128), "its middle: 88% of its width and 88% of its height"),
        ((20, 20), (20, 20), None),
    ],
)
def test_how_much_of_a_picture_the_network_gets_is_told(card_of, size, net, words):
    notes = picture_of_array(card_of("n", 3, *net), "p", array_of(*size)).notes
    assert notes == (() if words is None else (f"the network gets {words}",))


def test_the_middle_of_a_striped_picture_is_its_middle(card_of):
    """Grey rises from left to right: halves of 20 pixels are cut off on either side."""
    ramp = np.tile(np.arange(60, dtype=np.uint8) * 4, (3, 20, 1))
    received = picture_of_array(card_of("n", 3, 20, 20), "p", ramp).received
    np.testing.assert_array_equal(received[0], ramp[:, :, 20:40] / np.float32(255))


@pytest.mark.parametrize(("width", "noted"), [(10_000, False), (10_001, True)])
def test_a_side_of_over_10_000_pixels_is_noted(card_of, tmp_path, width, noted):
    Image.new("L", (width, 12)).save(tmp_path / "wide.png")
    opened = open_picture(card_of("n", 1, 8, 8), tmp_path / "wide.png")
    assert any("was scaled down" in note for note in opened.notes) is noted
    assert opened.original.shape[1] == 1024


def test_a_photo_is_kept_for_showing_with_up_to_1024_pixels_a_side(card_of, tmp_path):
    """A JPEG may be read at a half or a quarter of its size: never at less than twice what is kept."""
    fine = np.indices((1600, 2400)).sum(axis=0) % 16 * 17
    Image.fromarray(fine.astype(np.uint8)).save(tmp_path / "photo.jpg", quality=95)
    opened = open_picture(card_of("n", 1, 8, 8), tmp_path / "photo.jpg")
    assert opened.original.shape == (683, 1024, 3)
    with Image.open(tmp_path / "photo.jpg") as whole:
        whole.thumbnail((1024, 1024), reducing_gap=None)
        expected = np.asarray(whole.convert("RGB"), float)
    assert np.abs(opened.original - expected).mean() < 3


def test_16_bits_of_grey_keep_their_share_of_white(card_of, tmp_path):
    Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16)).save(tmp_path / "p.tif")
    received = open_picture(card_of("n", 1, 1, 4), tmp_path / "p.tif").received
    np.testing.assert_array_equal(received.ravel() * 255, [0, 1, 128, 255])


def test_a_picture_that_is_nowhere_transparent_has_no_note_of_white(card_of, tmp_path):
    for alpha, notes in ((255, 0), (254, 1)):
        Image.new("RGBA", (8, 8), (9, 9, 9, alpha)).save(tmp_path / "p.png")
        assert len(open_picture(card_of("n", 3, 8, 8), tmp_path / "p.png").notes) == notes


def test_only_a_picture_with_colours_is_said_to_have_lost_them(card_of):
    grey, coloured = np.full((3, 8, 8), 7, np.uint8), np.full((3, 8, 8), 7, np.uint8)
    coloured[1, 0, 0] = 8
    assert picture_of_array(card_of("n", 1, 8, 8), "p", grey).notes == ()
    assert "turned to grey" in picture_of_array(card_of("n", 1, 8, 8), "p", coloured).notes[0]
    assert picture_of_array(card_of("n", 3, 8, 8), "p", coloured).notes == ()


def test_what_is_fed_is_what_the_network_receives_until_a_feeding_changes_it(card_of, tmp_path):
    photo(40, 40).save(tmp_path / "p.png")
    card = card_of("n", 3, 8, 8)
    picture = open_picture(card, tmp_path / "p.png")
    bare = replace(picture, feeding=None)
    assert bare.fed is bare.received and bare.fed_note == "" and fed_notes(card, bare) == ()
    assert picture.feeding is not None
    np.testing.assert_array_equal(picture.fed, picture.feeding.feed(picture.received))
    np.testing.assert_array_equal(images_of(card, tmp_path / "p.png"), picture.fed)
    assert images_of(card, bare.received) is bare.received
    assert repr(picture) == "<picture p.png: the network gets 3 x 8 x 8>"


def test_a_foreign_model_says_what_it_was_fed_with_and_arrays_say_nothing(card_of, tmp_path):
    photo(40, 40).save(tmp_path / "p.png")
    card = card_of("n", 3, 8, 8)
    picture = open_picture(card, tmp_path / "p.png")
    assert fed_notes(card, picture) == (picture.fed_note,) and picture.fed_note.startswith("fed: ")
    assert fed_notes(card, picture.received) == ()
    own = replace(card, facts=SimpleNamespace())  # a file of dlbench says it itself
    assert fed_notes(own, picture) == ()


def test_a_picture_input_of_too_many_numbers_is_refused(card_of):
    with pytest.raises(InputError, match=r"pictures that are too large: expected at most .* 3 x 60,000 x 60,000"):
        input_shape(card_of("n", 3, 60_000, 60_000))


def test_a_picture_smaller_than_the_input_is_taken_whole(card_of):
    assert picture_of_array(card_of("n", 3, 8, 8), "small", array_of(4, 4)).notes == ()
