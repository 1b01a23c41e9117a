"""Two files of one network in different precision, held against each other on the same pictures, layer by layer.

    pairs, unmatched = matched_layers(card_fp32, card_int8)
    noise = layer_noise(card_fp32, card_int8, pairs, images)

Signal-to-noise ratio of a layer in dB: 10 log10(sum a^2 / sum (a - b)^2), a the first file's values, b the second's,
over all pictures (for quantised networks: D. Lin et al., "Fixed Point Quantization of Deep Convolutional Networks",
ICML 2016). 6 dB are about one bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.layers import Layer, layers_of
from dlbench.proportion import PairedDifference
from dlbench.show.texts import tr
from dlbench.viz.capture.activations import view
from dlbench.viz.capture.feeding import fed_batches, fed_images
from dlbench.viz.figures.drawing import Drawn, chart, fitted, house_style, new_figure, shortened
from dlbench.viz.figures.tiles import limits_of

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard
    from dlbench.show.notebook import Progress
    from dlbench.viz.evaluation.judging import Judged

_BATCH = 4
# what ONNX Runtime's quantiser calls the values after rounding; the first that is there is compared
_ROUNDED = ("{}_DequantizeLinear_Output", "{}_dequantized", "{}_quantized", "{}")

Pair = tuple[Layer, Layer]


@dataclass(frozen=True)
class LayerNoise:
    """How far a layer of the second file is from the same layer of the first."""

    layer: Layer
    signal: float  # sum of squares of the first file's values
    noise: float  # sum of squares of the differences
    largest_error: float
    values: int

    @property
    def snr_db(self) -> float:
        """The signal-to-noise ratio in dB; inf: no difference, -inf: no signal."""
        if self.noise == 0:
            return math.inf
        return 10 * math.log10(self.signal / self.noise) if self.signal > 0 else -math.inf


def matched_layers(first: ModelCard, second: ModelCard) -> tuple[list[Pair], list[Layer]]:
    """Return the layers that both files have, in the first one's order, and those of the first without a partner.

    A layer's partner bears the same tensor name, or the names that quantisation gives to the rounded values
    (NAME_DequantizeLinear_Output, NAME_quantized). Layers that only reshape are left out.

    Raises:
        InputError: the files have no layer in common.
    """
    others = {layer.tensor: layer for layer in layers_of(second)}
    pairs, alone = [], []
    for layer in layers_of(first):
        if layer.operator.only_moves:
            continue
        partner = next((others[n] for p in _ROUNDED if (n := p.format(layer.tensor)) in others), None)
        if partner is None:
            alone.append(layer)
        else:
            pairs.append((layer, partner))
    if not pairs:
        raise InputError(
            f"{first.name} and {second.name} have no layer in common: expected two files of the same network, received "
            "other tensor names; make the second from the first (dlbench viz precision MODEL does)."
        )
    return pairs, alone


def layer_noise(
    first: ModelCard,
    second: ModelCard,
    pairs: Sequence[Pair],
    images: NDArray[np.uint8],
    *,
    on_progress: Progress | None = None,
) -> list[LayerNoise]:
    """Return signal and noise of each pair of layers over these pictures, uint8 (N, C, H, W).

    Raises:
        InputError: layers of one name have different shapes.
    """
    fine_view, coarse_view = view(first, [a for a, _ in pairs]), view(second, [b for _, b in pairs])
    sums = np.zeros((len(pairs), 4))
    for _, end, part in fed_batches(first, images, _BATCH):
        fine, coarse = fine_view.run(part), coarse_view.run(part)
        for place, (a, b) in enumerate(pairs):
            sums[place] = _added(sums[place], a, fine[a.tensor], coarse[b.tensor])
        if on_progress:
            on_progress("pictures", end, len(images))
    return [
        LayerNoise(a, float(signal), float(noise), float(largest), int(count))
        for (a, _), (signal, noise, largest, count) in zip(pairs, sums, strict=True)
    ]


def _added(sums: NDArray[Any], layer: Layer, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    if a.shape != b.shape:
        raise InputError(
            f"{layer.title} has two shapes: expected {' x '.join(map(str, a.shape))} in both files, received "
            f"{' x '.join(map(str, b.shape))}."
        )
    a, b = a.astype(np.float64), b.astype(np.float64)
    gap = a - b
    largest = float(np.abs(gap).max()) if gap.size else 0.0
    return np.array([sums[0] + (a * a).sum(), sums[1] + (gap * gap).sum(), max(sums[2], largest), sums[3] + a.size])


def changed_answers(first: Judged, second: Judged) -> tuple[int, int, int, float]:
    """Return pictures with another top-1, right only in the first, right only in the second, and McNemar's exact p."""
    lost = int(((first.predicted == first.labels) & (second.predicted != second.labels)).sum())
    won = int(((first.predicted != first.labels) & (second.predicted == second.labels)).sum())
    paired = PairedDifference(len(first.labels), lost, won)
    return int((first.predicted != second.predicted).sum()), lost, won, paired.p_value


def draw_noise(first: str, second: str, noise: Sequence[LayerNoise]) -> Drawn:
    """Draw the signal-to-noise ratio of each layer, in the order of the graph; the worst is marked."""
    values = np.array([each.snr_db for each in noise])
    finite = values[np.isfinite(values)]
    top = float(finite.max()) + 10 if finite.size else 100.0
    heights = np.clip(np.nan_to_num(values, posinf=top, neginf=0), None, top)
    worst = int(values.argmin())
    width = min(14.0, max(5.0, 0.28 * len(noise) + 1.2))
    with chart(width, 3.4, f"{second} against {first}, layer by layer") as (figure, axes):
        colours = ["#f0a202" if place == worst else "#31688e" for place in range(len(noise))]
        bars = axes.bar(range(len(noise)), heights, color=colours)
        if len(noise) <= 30:
            axes.bar_label(bars, ["same" if math.isinf(v) and v > 0 else f"{v:.0f}" for v in values], fontsize=6)
        step = math.ceil(len(noise) / 40)
        names = [
            shortened(each.layer.title, 16, keep_end=True) if place % step == 0 else ""
            for place, each in enumerate(noise)
        ]
        axes.set_xticks(range(len(noise)), names, rotation=90, fontsize=6)
        axes.set_ylabel("signal-to-noise ratio [dB]")
        axes.set_xlabel("layer, from the input to the answer; orange: the worst")
        axes.margins(x=0.01)
    words = (
        "The higher a bar, the less rounding has changed that layer: 20 dB is an error of a tenth of the values, 40 dB "
        f"of a hundredth; 6 dB are about one bit. Worst: {noise[worst].layer.title} with {values[worst]:.1f} dB."
    )
    arrays = {"snr_db": values, "largest_error": np.array([each.largest_error for each in noise])}
    return Drawn("precision", "Where rounding changes most", words, figure, arrays)


def draw_worst_layer(first: ModelCard, second: ModelCard, pair: Pair, image: NDArray[np.uint8]) -> Drawn | None:
    """Draw the worst layer's strongest maps for one picture in both files, and the difference; None: it has no maps."""
    part = fed_images(first, image[None])
    a = view(first, [pair[0]]).run(part)[pair[0].tensor][0]
    b = view(second, [pair[1]]).run(part)[pair[1].tensor][0]
    if a.ndim != 3 or a.shape[1:] == (1, 1):
        return None
    gap = b.astype(np.float32) - a
    chosen = np.argsort(-np.abs(gap).mean(axis=(1, 2)), kind="stable")[:6]  # (C, h, w) -> (6,)
    limits, error = limits_of(np.concatenate([a[chosen], b[chosen]])), limits_of(np.append(gap[chosen], -1e-12))
    with house_style():
        figure = new_figure(1.25 * len(chosen) + 1.2, 4.2)
        grid = figure.subplots(3, len(chosen), squeeze=False)
        rows = ((a, limits, first.name), (b, limits, second.name), (gap, error, tr("difference")))
        for axes_row, (maps, scale, name) in zip(grid, rows, strict=True):
            for axes, channel in zip(axes_row, chosen, strict=True):
                axes.set_xticks([])
                axes.set_yticks([])
                drawn = axes.imshow(maps[channel].astype(np.float32), **scale.style)
                axes.set_title(f"{channel}", fontsize=7, pad=2)
            axes_row[0].set_ylabel(shortened(name, 20), fontsize=7)
            figure.colorbar(drawn, ax=list(axes_row), fraction=0.03, pad=0.01)
        figure.suptitle(fitted(f"{pair[0].title}: the maps that changed most, of {len(a)}", 7), fontsize=8)
    words = (
        f"{pair[0].title} for one picture: above in {first.name}, in the middle in {second.name}, both with one range; "
        "below the difference, red where the second is larger, with a range of its own."
    )
    return Drawn("precision-worst", "The layer that changed most", words, figure, {"first": a, "second": b})
