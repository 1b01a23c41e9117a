"""Small pictures as text: two pixels to a character where the terminal has colours, else letters as shades.

for line in beside(grey_lines(pixels), signed_lines(relevance)):
    console.print(line)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

_SHADES = " .:-=+*#%@"
_GAP = "    "


def grey_lines(pixels: NDArray[np.uint8]) -> list[Text]:
    """Draw a grey picture, (H, W), 0 dark to 255 bright: a line for two rows."""
    rows = _halved(pixels.astype(np.float64) / 255)
    return [_line((_SHADES[round(v * (len(_SHADES) - 1))], _grey(v)) for v in row) for row in rows]


def signed_lines(values: NDArray[np.float32]) -> list[Text]:
    """Draw a signed map, (H, W): + and red above 0, - and blue below; the stronger, the denser."""
    rows = _halved(values.astype(np.float64))
    most = max(float(np.abs(rows).max()), 1e-12)
    return [_line(_signed(float(v) / most) for v in row) for row in rows]


def beside(left: Sequence[Text], right: Sequence[Text]) -> Iterator[Text]:
    """Lay two pictures of the same height side by side, without the lines that are empty in both."""
    for first, second in zip(left, right, strict=True):
        if first.plain.strip() or second.plain.strip():
            yield Text.assemble("  ", first, _GAP, second)


def _halved(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of two rows each: a character is about twice as high as wide."""
    height = len(values) // 2 * 2
    halved: NDArray[np.float64] = values[:height].reshape(height // 2, 2, -1).mean(axis=1)  # (H, W) -> (H / 2, W)
    return halved


def _line(cells: Iterator[tuple[str, str]]) -> Text:
    return Text.assemble(*cells)


def _grey(value: float) -> str:
    return "" if value < 0.05 else "bold" if value > 0.6 else "dim" if value < 0.3 else ""


def _signed(share: float) -> tuple[str, str]:
    strength = abs(share)
    if strength < 0.08:
        return " ", ""
    if share > 0:
        return "#" if strength > 0.6 else "+", "b red" if strength > 0.35 else "red"
    return "=" if strength > 0.6 else "-", "b blue" if strength > 0.35 else "blue"
