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


def stacked(rows: list[list[Path]], width: int) -> Image.Image:
    """Return pictures in rows, each row as high as its highest picture; what is wider than `width` is made smaller."""
    opened = [[Image.open(path).convert("RGB") for path in row] for row in rows]
    fitted = [[_narrowed(one, (width - GAP * (len(row) - 1)) // len(row)) for one in row] for row in opened]
    heights = [max(one.height for one in row) for row in fitted]
    sheet = Image.new("RGB", (width, sum(heights) + GAP * (len(rows) - 1)), "white")
    top = 0
    for row, height in zip(fitted, heights, strict=True):
        left = (width - sum(one.width for one in row) - GAP * (len(row) - 1)) // 2
        for one in row:
            sheet.paste(one, (left, top))
            left += one.width + GAP
        top += height + GAP
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
        "inside-cnn": [[cnn / "depth.png"]],
        "inside-cnn-parts": [[cnn / "input.png"], [cnn / "filters-conv1.png"], [maps], [top]],
        "inside-transfer": [[transfer / "depth.png"]],
        "inside-block": [[transfer / "block.png"]],
        "inside-transfer-parts": [
            [transfer / "input.png"],
            [transfer / "filters-features.0.0.png"],
            [transfer / "relevance-cam.png"],
        ],
    }
    for name, rows in sheets.items():
        stacked(rows, WIDTH if len(rows) == 1 else NARROW).save(DOCS / f"{name}.png", optimize=True)
        sys.stdout.write(f"wrote {DOCS / name}.png\n")


if __name__ == "__main__":
    main()
