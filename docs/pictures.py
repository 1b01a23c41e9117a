"""Lay the pictures of `dlbench viz` together for the README: run this after the commands in CONTRIBUTING.md.

uv run python docs/pictures.py dlbench-out/pictures/cnn-mnist-sample-3798 dlbench-out/pictures/transfer-chelsea
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

WIDTH = 1458  # pixels: that of a strip, which is drawn as it is
NARROW = 1100
GAP = 18
DOCS = Path(__file__).parent


def stacked(paths: list[Path], width: int) -> Image.Image:
    """Return pictures one below the other; what is wider than `width` is made smaller."""
    pictures = [_narrowed(Image.open(path).convert("RGB"), width) for path in paths]
    sheet = Image.new("RGB", (width, sum(one.height + GAP for one in pictures) - GAP), "white")
    top = 0
    for one in pictures:
        sheet.paste(one, ((width - one.width) // 2, top))
        top += one.height + GAP
    return sheet


def _narrowed(picture: Image.Image, most: int) -> Image.Image:
    if picture.width <= most:
        return picture
    return picture.resize((most, round(picture.height * most / picture.width)), Image.Resampling.LANCZOS)


def main() -> None:
    """Write the five pictures of the section "Looking inside"."""
    cnn, transfer = (Path(folder) for folder in sys.argv[1:])
    top = next((cnn.parent / "cnn-top").glob("*.png"))
    maps = next(cnn.glob("activations-*-conv2.png"))
    sheets = {
        "inside-cnn": [cnn / "depth.png"],
        "inside-cnn-parts": [cnn / "input.png", cnn / "filters-conv1.png", maps, top],
        "inside-transfer": [transfer / "depth.png"],
        "inside-block": [transfer / "block.png"],
        "inside-transfer-parts": [
            transfer / name for name in ("input.png", "filters-features.0.0.png", "relevance-cam.png")
        ],
    }
    for name, paths in sheets.items():
        stacked(paths, WIDTH if len(paths) == 1 else NARROW).save(DOCS / f"{name}.png", optimize=True)
        sys.stdout.write(f"wrote {DOCS / name}.png\n")


if __name__ == "__main__":
    main()
