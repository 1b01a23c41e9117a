"""The range of every tensor on calibration pictures, by ONNX Runtime's calibrators, batch after batch.

measured = calibrate(path, batches, "minmax", card)
measured.ranges, measured.pictures, measured.sha256

minmax takes the smallest and the largest value; percentile leaves out the outermost 0.001 %; entropy cuts where the
distribution changes least (S. Migacz, "8-bit Inference with TensorRT", GTC 2017).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.errors import InputError, ModelFileError, one_line
from dlbench.export.quiet import quiet
from dlbench.model.sessions import Images, as_feeds, picture_count, session_batch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dlbench.model.card import ModelCard


@dataclass(frozen=True)
class Measured:
    """What the calibration pictures gave."""

    ranges: Any  # onnxruntime.quantization's TensorsData
    pictures: int
    sha256: str  # of all that was fed, in its order

    def limits(self) -> dict[str, tuple[float, float]]:
        """Return the smallest and the largest value of each tensor."""
        return {name: _limits(data) for name, data in self.ranges.items()}

    def facts(self) -> dict[str, Any]:
        """Return what a recipe says of the pictures."""
        return {"pictures": self.pictures, "sha256": self.sha256}


def calibrate(
    path: Path,
    batches: Iterable[Images] | None,
    method: str,
    card: ModelCard,
    operators: list[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Measured:
    """Run the prepared model on all batches and return the range of its tensors, or of those around the `operators`.

    Raises:
        InputError: no pictures, or pictures that don't fit.
        ModelFileError: ONNX Runtime can't run the model, or a tensor is not a number.
    """
    calibrator = _calibrator(path, method, card, operators)
    session, digest, pictures = calibrator.infer_session, hashlib.sha256(), 0
    axes = session_batch(session, card).axes
    total = len(batches) if isinstance(batches, Sized) else 0
    for done, batch in enumerate(batches or (), 1):
        feeds = as_feeds(session, batch, card.beside)
        for name in sorted(feeds):
            digest.update(f"{name} {feeds[name].dtype} {feeds[name].shape}".encode())
            digest.update(np.ascontiguousarray(feeds[name]).data if feeds[name].size else b"")
        pictures += picture_count(feeds, axes)
        _collect(calibrator, feeds, card)
        if progress:
            progress("calibration", done, total)
    if not pictures:
        raise InputError(
            f"{card.name} needs calibration pictures: expected at least one, received none; give them with --data."
        )
    with quiet():
        ranges = calibrator.compute_data()
    measured = Measured(ranges, pictures, digest.hexdigest())
    _expect_numbers(measured, card)
    return measured


def _calibrator(path: Path, method: str, card: ModelCard, operators: list[str] | None) -> Any:
    from onnxruntime.quantization.calibrate import CalibrationMethod, create_calibrator

    methods = {"minmax": "MinMax", "entropy": "Entropy", "percentile": "Percentile"}
    try:
        with quiet():
            return create_calibrator(
                path,
                operators,
                augmented_model_path=str(path.with_name("augmented.onnx")),
                calibrate_method=CalibrationMethod[methods[method]],
                use_external_data_format=path.with_name(f"{path.name}.data").exists(),
                providers=["CPUExecutionProvider"],
            )
    except Exception as error:  # ONNX Runtime's errors share no base
        raise ModelFileError(
            f"{card.path} can't be calibrated: received {one_line(error, 200)}; check that ONNX Runtime runs it "
            "(dlbench compare says more)."
        ) from error


def _collect(calibrator: Any, feeds: Mapping[str, NDArray[Any]], card: ModelCard) -> None:
    """Add one batch; fed one at a time, because a calibrator keeps all outputs of what it is fed at once."""

    class Once:
        left: list[Any] = [dict(feeds), None]  # noqa: RUF012

        def get_next(self) -> Any:
            return self.left.pop(0)

    try:
        with quiet():
            calibrator.collect_data(Once())
    except Exception as error:  # ONNX Runtime's errors share no base
        shapes = ", ".join(f"{name} {' x '.join(map(str, array.shape))}" for name, array in feeds.items())
        raise ModelFileError(
            f"{card.path} does not run on the calibration pictures: expected inputs that fit, received {shapes} and "
            f"{one_line(error, 160)}."
        ) from error


def _limits(data: Any) -> tuple[float, float]:
    low, high = data.range_value
    return float(np.min(low)), float(np.max(high))


def _expect_numbers(measured: Measured, card: ModelCard) -> None:
    wrong = [name for name, limits in measured.limits().items() if not np.isfinite(limits).all()]
    if wrong:
        raise ModelFileError(
            f"{card.path} computes no numbers on the calibration pictures: expected finite values, received infinite "
            f"ones or none in the tensor {one_line(min(wrong), 80)!r}; check the pictures and their normalisation."
        )
