"""Published inference times of others: 11,094 rows with device, network, runtime, number format, source and date.

    rows = published_inference()
    rows[0].latency_s, rows[0].source

timm's result tables (Apache-2.0), ncnn's benchmark (BSD-3-Clause), MLPerf Inference results (Apache-2.0), Qualcomm AI
Hub models (BSD-3-Clause), NVIDIA's DeepLearningExamples and torch2trt, Ultralytics' guides, TNN, OpenCV Zoo, Coral,
EfficientNet-lite, Apple and DAWNBench: their figures, with the source in each row.
Collected in November 2026.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

__all__ = ["PublishedInference", "packed_rows", "published_inference"]

_MOST_BYTES = 16 * 2**20  # unpacked; the shipped tables have 2 MB


@dataclass(frozen=True)
class PublishedInference:
    """One published time: seconds of a run of a batch."""

    device: str
    runs_on: str  # cpu, gpu, npu, tpu or edge-tpu
    network: str
    image_size: int  # pixels of a side
    number_format: str  # fp32, fp16, int8, w8a16, ...; empty: not stated
    runtime: str  # onnxruntime, ncnn, pytorch, ...; empty: not stated
    batch: int | None  # None: not stated
    threads: int | None  # None: not stated, or no processor
    latency_s: float
    runtime_note: str  # the runtime as published, with version and options
    format_note: str  # the number format as published, where it says more
    source: str
    date: str

    @property
    def year(self) -> int | None:
        """Return the year in `date`, which may be in words: "seen 2026-11"; None: not stated."""
        match = re.search(r"\b(?:19|20)\d\d(?!\d)", self.date)
        return int(match[0]) if match else None

    @property
    def publisher(self) -> str:
        """Return who published it, by the name of the project: ncnn, timm, ai-hub-models, MLPerf, ..."""
        name = (self.source.split() or [""])[0].rpartition("/")[2].rstrip(",;:")
        return name.replace("inference_results_", "MLPerf ")

    @property
    def picture_s(self) -> float:
        """Return the seconds of one picture."""
        return self.latency_s / (self.batch or 1)


def packed_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a packed table of the catalogue, never more of it than it should have.

    Raises:
        ValueError: the table unpacks to more than it should.
    """
    with (resources.files("dlbench.bench.cost.catalogue") / name).open("rb") as packed, gzip.open(packed) as file:
        text = file.read(_MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise ValueError(f"{name}: expected at most {_MOST_BYTES} bytes, received more")
    yield from csv.DictReader(io.StringIO(text.decode("utf-8")))


@cache
def published_inference() -> tuple[PublishedInference, ...]:
    """Read the rows that ship with dlbench."""
    return tuple(_published(row) for row in packed_rows("published_inference.csv.gz"))


def _published(row: dict[str, str]) -> PublishedInference:
    return PublishedInference(
        device=row["device"],
        runs_on=row["runs_on"],
        network=row["network"],
        image_size=int(row["image_size"]),
        number_format=row["number_format"],
        runtime=row["runtime"],
        batch=int(row["batch"]) if row["batch"] else None,
        threads=int(row["threads"]) if row["threads"] else None,
        latency_s=float(row["latency_s"]),
        runtime_note=row["runtime_note"],
        format_note=row["format_note"],
        source=row["source"],
        date=row["date"],
    )
