"""A picture file as upright RGB: any format and mode, by its content, bounded before anything is decoded.

    picture = read_picture(Path("cat.jpg"), at_least=256)
    picture.pixels                  # PIL, mode RGB: 16-bit greys scaled to 8, transparent parts on white
    looks_like_picture(Path("cat"))         # by suffix or by the first bytes

Training and viz read through this one function, so a network sees a picture as it saw those that it learned from.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image as Picture

KNOWN_FORMATS = "JPEG, PNG, BMP, GIF, WebP, TIFF or PPM"
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".png", ".apng", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff"}
) | {".ppm", ".pgm", ".pbm", ".pnm"}
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")  # of files whose suffix says something else
_WEAK_MAGIC = (b"BM", b"II*\x00", b"MM\x00*", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")  # also begin other kinds
_MAX_BYTES = 1 << 30  # of a decoded picture and of what it becomes
_LARGE_BYTES = 128 << 20  # pictures that need more are decoded one at a time
_ONE_LARGE, _LIMIT = threading.Lock(), threading.Lock()
# bytes a pixel, as Pillow keeps it and with the copies that lead to a mode that can be made smaller
_PIXEL_BYTES = {"1": 2, "L": 1, "P": 5, "I;16": 5, "I;16B": 5, "I;16L": 5, "I;16N": 5, "I": 9, "F": 9}
_OTHER_PIXEL_BYTES = 4
_RGB_BYTES = 8  # with one copy
_BLOCK = 1 << 20  # pixels that are scaled to 8 bits at once
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")  # at byte 8 of the file, whatever its name says
_BITS_PER_SAMPLE, _SAMPLE_FORMAT, _UNSIGNED, _ORIENTATION = 258, 339, 1, 0x112


@dataclass(frozen=True)
class ReadPicture:
    """A picture, and what was done to it."""

    pixels: Picture  # RGB, upright
    stored: tuple[int, int]  # width and height in the file
    transparent: bool  # parts of it were filled with white
    frames: bool  # there are more frames or pages; this is the first

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height in the file, turned as the picture is shown."""
        wide = (self.pixels.width > self.pixels.height) == (self.stored[0] > self.stored[1])
        return self.stored if wide else self.stored[::-1]


def looks_like_picture(path: Path) -> bool:
    """Say whether a file is one of the known formats: by its suffix, else by its first bytes."""
    suffix = path.suffix.lower()
    if suffix in _SUFFIXES:
        return True
    try:
        with path.open("rb") as stream:
            start = stream.read(12)
    except OSError:
        return False
    if start.startswith(_MAGIC) or (start[:4] == b"RIFF" and start[8:] == b"WEBP"):
        return True
    # a raw photo (.nef, .dng) begins as TIFF does, a text may begin with BM: only without a suffix that says so
    return not suffix and start.startswith(_WEAK_MAGIC)


@contextmanager
def _opened(path: Path) -> Iterator[Picture]:
    from PIL import Image

    # as a stream: given a path, Pillow maps a plain TIFF into memory and gets the sides of a turned one wrong
    with path.open("rb") as stream:
        with _LIMIT:
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # this module's own bound is in bytes
            try:
                picture = Image.open(stream, formats=_FORMATS)
            finally:
                Image.MAX_IMAGE_PIXELS = limit
        with picture:
            yield picture


def header_of(path: Path) -> tuple[str, tuple[int, int], bool]:
    """Return format and mode, width and height as stored, and whether an EXIF tag turns the picture.

    Raises:
        Exception: as of `read_picture`.
    """
    with _opened(path) as picture:
        return f"{picture.format} {picture.mode}", picture.size, _orientation(picture) != 1


def read_picture(path: Path, at_least: int) -> ReadPicture:
    """Return a picture as RGB, upright by its EXIF tag, its first frame.

    Args:
        path: a file of a known format.
        at_least: pixels of the shorter side; a JPEG may be decoded at a half or less of its size above that.

    Raises:
        Exception: of many classes, when the file is damaged, cut off or too large; `unreadable` says it in a line.
    """
    with _opened(path) as picture:
        stored, frames = picture.size, bool(getattr(picture, "is_animated", False))
        picture.draft("RGB", (at_least, at_least))
        factor = max(1, min(picture.size) // (2 * at_least))  # by which a large picture is made smaller at once
        each = _PIXEL_BYTES.get(picture.mode, _OTHER_PIXEL_BYTES) + _RGB_BYTES / factor**2
        needed = math.prod(picture.size) * each
        if needed > _MAX_BYTES:
            raise ValueError(f"too large: {picture.width:,} x {picture.height:,} pixels of mode {picture.mode}")
        is_large = needed > _LARGE_BYTES
        with _ONE_LARGE if is_large else nullcontext():
            picture.load()
            rgb, transparent = _rgb(picture, factor if is_large else 1)
            return ReadPicture(_turned(rgb, _orientation(picture)), stored, transparent, frames)


def unreadable(error: Exception, path: Path, limit: int = 100) -> str:
    """Return why a picture can't be read, as one bounded line without its folder."""
    if type(error).__name__ == "UnidentifiedImageError":  # Pillow's words name an object of Python
        with path.open("rb") as file:
            head = file.read(12)
        if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
            return "a HEIC picture: save it as JPEG"
        return "not a picture of a known format" if head else "the file is empty"
    return one_line(error, limit + len(str(path))).replace(str(path), path.name)[:limit]


def _orientation(picture: Picture) -> int:
    try:
        value = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - Pillow raises any class for damaged EXIF, with which the picture is upright
        return 1
    return value if value in range(1, 9) else 1


def _turned(picture: Picture, orientation: int) -> Picture:
    from PIL.Image import Transpose

    ways = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return picture.transpose(ways[orientation]) if orientation in ways else picture


def _rgb(picture: Picture, factor: int) -> tuple[Picture, bool]:
    """Return a loaded picture of any mode as RGB, smaller by a factor, and whether parts were filled with white."""
    from PIL import Image

    plain = _reducible(picture)
    if factor > 1:
        plain = plain.reduce(factor)
    if plain.mode not in ("RGBA", "LA", "RGBa", "La"):
        return plain.convert("RGB"), False
    coloured = plain.convert("RGBA")
    alpha = coloured.getchannel("A")
    white = Image.new("RGB", coloured.size, "white")
    white.paste(coloured.convert("RGB"), mask=alpha)
    return white, alpha.histogram()[255] < alpha.width * alpha.height


def _reducible(picture: Picture) -> Picture:
    """Return a picture in a mode whose neighbouring pixels can be averaged: no palette, 8 bits, known transparency."""
    from PIL import Image, ImageCms

    if picture.mode.startswith(("I", "F")):  # Pillow's own conversion clips everything above 255 to white
        return Image.fromarray(_eight_bits(picture))
    if picture.mode == "PA" or "transparency" in picture.info:
        return picture.convert("RGBA")
    if picture.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, *profiles, outputMode="RGB") or picture
    flat = {"1": "L", "P": "RGB"}.get(picture.mode)
    return picture.convert(flat) if flat else picture


def _eight_bits(picture: Picture) -> NDArray[np.uint8]:
    """Bring greys of 16 or 32 bits, whole numbers or floats, to 0 to 255: -> (H, W)."""
    import numpy as np

    values: NDArray[Any] = np.asarray(picture)  # (H, W)
    if _tag(picture, _SAMPLE_FORMAT) == _UNSIGNED and _tag(picture, _BITS_PER_SAMPLE) == 32:
        values = values.view(np.uint32)  # Pillow keeps them in signed numbers
    shades = np.empty(values.shape, np.uint8)
    flat, target = values.reshape(-1), shades.reshape(-1)
    blocks = range(0, flat.size, _BLOCK)
    largest = max(_largest(flat[start : start + _BLOCK]) for start in blocks)
    factor = 255 / _full_scale(picture, values.dtype, largest)
    for start in blocks:  # in blocks: numbers of 64 bits for the whole of it would take gigabytes
        part = np.nan_to_num(flat[start : start + _BLOCK].astype(np.float64), posinf=largest, neginf=0) * factor
        target[start : start + _BLOCK] = part.clip(0, 255).round()
    return shades


def _largest(values: NDArray[Any]) -> float:
    import numpy as np

    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else 0.0


def _full_scale(picture: Picture, kind: np.dtype[Any], largest: float) -> float:
    """Return the number that means white.

    A file of 12 or 16 bits says it. One of 32 holds 8 bits, 16 bits or shares of 1, whichever the program that wrote it
    liked: the smallest of these that holds its largest number.
    """
    bits = _tag(picture, _BITS_PER_SAMPLE)
    if picture.mode.startswith("I;16"):
        return 4095 if bits == 12 else 65535
    if picture.format in ("PNG", "PPM"):
        return 65535
    if bits == 16:  # signed
        return 32767
    if kind.kind == "f" and largest <= 1:
        return 1
    whole = largest if kind.kind == "f" else 2**32 - 1 if kind.kind == "u" else 2**31 - 1
    scale = next((scale for scale in (255.0, 65535.0) if largest <= scale), whole)
    return scale if largest * 256 >= scale or scale <= 65535 else largest  # counts far below the whole range


def _tag(picture: Picture, number: int) -> int | None:
    """Return the first value of a tag of a TIFF file; None where it has none, or is of another format."""
    tags = getattr(picture, "tag_v2", None)
    value = tags.get(number) if tags is not None else None
    return value[0] if isinstance(value, tuple) and value else value if isinstance(value, int) else None
