"""One way to read a picture: every mode against the same picture saved as plain RGB, and bounds before decoding."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlbench import picture_files
from dlbench.picture_files import header_of, looks_like_picture, read_picture, unreadable

GREY = np.add.outer(np.arange(48) * 3, np.arange(64)).astype(np.uint8)  # rises along both sides, so turns show
TURNED = 6


def stored(mode: str) -> Image.Image:
    """The same greys in a mode."""
    wide = {
        "I;16": GREY.astype(np.uint16) * 257,
        "I": GREY.astype(np.int32),
        "I of 16 bits": GREY.astype(np.int32) * 257,
        "I of 31 bits": (GREY.astype(np.int64) * 8421504).astype(np.int32),
        "F to 1": GREY.astype(np.float32) / 255,
        "F to 255": GREY.astype(np.float32),
        "F to 65535": GREY.astype(np.float32) * 257,
    }
    if mode in wide:
        return Image.fromarray(wide[mode])
    return Image.fromarray(GREY).convert("RGB").quantize(256) if mode == "P" else Image.fromarray(GREY).convert(mode)


def shades(path: Path) -> np.ndarray:
    return np.asarray(read_picture(path, 48).pixels).astype(int)  # (H, W, 3)


MODES = ["L", "RGB", "P", "LA", "RGBA", "CMYK", "I;16", "I", "I of 16 bits", "I of 31 bits", "F to 1", "F to 255"]


@pytest.mark.parametrize("mode", [*MODES, "F to 65535"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
@pytest.mark.parametrize("orientation", [1, TURNED])
def test_a_tiff_of_any_mode_upright_or_turned_is_read_as_plain_rgb(tmp_path, mode, compression, orientation):
    exif = Image.Exif()
    exif[0x112] = orientation
    picture = stored(mode)
    if orientation == TURNED:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    picture.save(tmp_path / "a.tif", exif=exif, compression=compression)
    found = shades(tmp_path / "a.tif")
    assert found.shape == (48, 64, 3) and np.abs(found - GREY[..., None]).max() <= 2


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "LA", "RGBA", "I;16"])
def test_a_png_of_any_mode_is_read_as_plain_rgb(tmp_path, mode):
    stored(mode).save(tmp_path / "a.png")
    assert np.abs(shades(tmp_path / "a.png") - GREY[..., None]).max() <= 2


@pytest.mark.parametrize(("maxval", "kind"), [(255, "u1"), (65535, ">u2")])
def test_a_portable_greymap_says_what_is_white(tmp_path, maxval, kind):
    """A dark one too: its largest number is far below white."""
    dark = np.full((8, 8), maxval // 100, kind)
    (tmp_path / "a.pgm").write_bytes(b"P5 8 8 %d\n" % maxval + dark.tobytes())
    assert np.abs(shades(tmp_path / "a.pgm") - 2.55).max() < 1


def test_a_bit_a_pixel_is_black_and_white_and_no_dot_is_lost(tmp_path):
    chequered = np.indices((64, 64)).sum(axis=0) % 2 == 0
    Image.fromarray(chequered).save(tmp_path / "a.png")
    np.testing.assert_array_equal(shades(tmp_path / "a.png")[..., 0], chequered * 255)


def test_a_dark_picture_of_16_bits_stays_dark(tmp_path):
    Image.fromarray(np.full((8, 8), 200, np.uint16)).save(tmp_path / "a.png")
    assert shades(tmp_path / "a.png").max() == 1


def test_numbers_that_are_none_and_below_black_do_no_harm(tmp_path):
    values = np.array([[0.5, np.nan, -3, np.inf], [1, 0, 0.25, -np.inf]], np.float32)
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert shades(tmp_path / "a.tif")[..., 0].tolist() == [[128, 0, 0, 255], [255, 0, 64, 0]]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_can_be_seen_through_becomes_white(tmp_path, mode):
    picture = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    if mode == "P":
        picture = Image.new("P", (8, 8))
        picture.putpalette([0, 0, 0, 255, 0, 0])
        picture.save(tmp_path / "a.png", transparency=0)
    else:
        picture.convert(mode).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", 8)
    assert found.transparent and np.asarray(found.pixels).min() == 255


def test_the_first_frame_of_an_animation_is_taken_and_it_says_so(tmp_path):
    frames = [Image.new("L", (8, 8), shade) for shade in (40, 200)]
    for name in ("a.gif", "a.webp", "a.tif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        found = read_picture(tmp_path / name, 8)
        assert found.frames and abs(np.asarray(found.pixels).mean() - 40) < 3, name


def png(width: int, height: int, depth: int, kind: int) -> bytes:
    """A PNG that says it is this large, with next to nothing in it."""

    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("depth", "kind"), [(16, 0), (8, 2), (8, 0), (1, 0), (8, 6)])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, depth, kind):
    (tmp_path / "a.png").write_bytes(png(60_000, 60_000, depth, kind))
    with pytest.raises(ValueError, match="too large: 60,000 x 60,000") as caught:
        read_picture(tmp_path / "a.png", 256)
    assert "\n" not in unreadable(caught.value, tmp_path / "a.png")


def test_a_large_picture_is_made_smaller_on_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_files, "_LARGE_BYTES", 1 << 20)
    Image.new("RGB", (600, 600), (10, 200, 30)).save(tmp_path / "a.png")
    found = read_picture(tmp_path / "a.png", 25)
    assert found.stored == (600, 600) and found.pixels.width == 50
    assert found.pixels.getpixel((5, 5)) == (10, 200, 30)


@pytest.mark.parametrize(
    ("name", "content", "is_one"),
    [
        ("a.jpg", b"", True),
        ("a.JFIF", b"", True),
        ("a", b"\xff\xd8\xff\xe0", True),
        ("a.HEIC", b"\xff\xd8\xff\xe0", True),  # some telephones name their JPEG so
        ("a.HEIC", b"\0\0\0\x18ftypheic", False),
        ("a", b"II*\0", True),
        ("a.nef", b"II*\0", False),  # a raw photo holds a small preview
        ("a.txt", b"BM is a name", False),
        ("a.download", b"RIFF\0\0\0\0WEBP", True),
        ("a", b"plain text", False),
        ("a", b"", False),
    ],
)
def test_a_picture_is_known_by_its_suffix_or_its_first_bytes(tmp_path, name, content, is_one):
    (tmp_path / name).write_bytes(content)
    assert looks_like_picture(tmp_path / name) is is_one


def test_a_header_says_format_mode_and_whether_it_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x112] = TURNED
    stored("L").save(tmp_path / "a.jpg", exif=exif)
    assert header_of(tmp_path / "a.jpg") == ("JPEG L", (64, 48), True)
