"""What an exported ONNX file says of itself: the `dlbench.*` keys in its metadata.

    facts = read_facts(onnx_model)      # None where a foreign file has none
    write_facts(onnx_model, facts)
    variant = read_variant(onnx_model)  # of a file that was made from another; None for all others

The graph takes `image`, float32 in [0, 1], (N, C, H, W); normalisation is inside the graph. It gives
`logits`, (N, classes). No torch here: bench and viz read these facts on machines that can't train.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dlbench.errors import ModelFileError, one_line
from dlbench.files import read_json
from dlbench.proportion import Proportion

if TYPE_CHECKING:
    from onnx import ModelProto

MODEL_SCHEMA = "dlbench.model/1"
_KEY = "dlbench."
_MOST_LAYERS = 10_000

Text = Annotated[str, Field(max_length=500)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Real = Annotated[float, Field(ge=-1e30, le=1e30)]
NonNegative = Annotated[float, Field(ge=0, le=1e30)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


_AnyRecord = TypeVar("_AnyRecord", bound=_Record)


class Accuracy(_Record):
    """How many of the test pictures were right."""

    correct: Count
    samples: Count = Field(ge=1)
    split: Text = "test"

    @property
    def proportion(self) -> Proportion:
        """The accuracy as a share with its Wilson interval."""
        return Proportion(min(self.correct, self.samples), self.samples)


class TrainingFacts(_Record):
    """How the network was trained."""

    training_s: NonNegative = Field(description="wall time of the training loop, feature extraction included")
    device: Text = Field(description="'cpu' or the GPU's name")
    epochs: Count
    seed: int = Field(default=0, ge=-(2**63), lt=2**63)
    energy_j: NonNegative | None = None
    energy_source: Text = "n/a"
    images_per_s: NonNegative | None = None
    batch_size: Annotated[Count, Field(ge=1)] | None = None


class ModelFacts(_Record):
    """All that dlbench writes into an exported file; unknown values are None."""

    model_schema: Literal["dlbench.model/1"] = "dlbench.model/1"
    network: Text = Field(description="dense, cnn or transfer")
    architecture: Text = Field(description="one line, for example '784-512-10'")
    task: Text = "multiclass"
    labels: Annotated[tuple[Text, ...], Field(max_length=100_000)]
    mean: tuple[Real, ...] = Field(description="per channel, subtracted inside the graph")
    std: tuple[Real, ...] = Field(description="per channel, divided by inside the graph")
    data: Text = Field(description="the data set's name")
    data_note: Text = Field(default="", description="what the data set is, where its name does not say it")
    warnings: Annotated[tuple[Text, ...], Field(max_length=50)] = Field(
        default=(), description="what a reader of its figures must know"
    )
    split: Text = Field(description="how the data were split, in words")
    accuracy: Accuracy | None = None
    output: Text = Field(default="logits", description="logits, probabilities, or the unit of a number")
    metrics: Annotated[dict[Text, Real], Field(max_length=50)] = Field(
        default_factory=dict, description="of the task, on the test split"
    )
    training: TrainingFacts | None = None
    parameters: Count
    trained_parameters: Count
    weights_sha256: Text | None = Field(default=None, description="of the pretrained backbone")
    parity_max_abs_error: NonNegative | None = None
    version: Text = Field(description="of dlbench")
    layers: Annotated[dict[str, str], Field(max_length=_MOST_LAYERS)] = Field(
        default_factory=dict, description="architecture's layer name -> tensor name in the graph"
    )


Precision = Literal["fp32", "fp16", "bf16", "int8", "int8-dynamic", "int4"]


class VariantFacts(_Record):
    """What a file in another precision says of how it was made; foreign networks have these keys too."""

    precision: Precision
    parent_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] = Field(description="of the file it was made from")
    recipe: Annotated[dict[str, Any], Field(max_length=50)] = Field(description="all that decides its bytes")


_OF_VARIANT = frozenset(_KEY + name for name in VariantFacts.model_fields)


def write_facts(model: ModelProto, facts: ModelFacts) -> None:
    """Put `facts` into the model's `metadata_props`, one `dlbench.<field>` key each, values as JSON."""
    _replace(model, facts, lambda key: key.startswith(_KEY) and key not in _OF_VARIANT)


def write_variant_facts(model: ModelProto, facts: VariantFacts) -> None:
    """Put into the model's `metadata_props` how it was made, in keys beside those of `write_facts`."""
    _replace(model, facts, _OF_VARIANT.__contains__)


def _replace(model: ModelProto, facts: _Record, is_old: Callable[[str], bool]) -> None:
    kept = [entry for entry in model.metadata_props if not is_old(entry.key)]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    for name, value in facts.model_dump(mode="json").items():
        entry = model.metadata_props.add()
        entry.key, entry.value = _KEY + name, json.dumps(value, sort_keys=isinstance(facts, VariantFacts))


def read_facts(model: ModelProto) -> ModelFacts | None:
    """Return the file's facts, or None for a foreign file that has no `dlbench.*` keys.

    Raises:
        ModelFileError: the keys are there but do not fit the schema.
    """
    return _read(model, ModelFacts, "model_schema")


def read_variant(model: ModelProto) -> VariantFacts | None:
    """Return how the file was made from another, or None for a file that says nothing of that.

    Raises:
        ModelFileError: the keys are there but do not fit.
    """
    return _read(model, VariantFacts, "parent_sha256")


def _read(model: ModelProto, record: type[_AnyRecord], key: str) -> _AnyRecord | None:
    entries = {p.key[len(_KEY) :]: p.value for p in model.metadata_props if p.key.startswith(_KEY)}
    if key not in entries:
        return None
    try:
        known = {name: value for name, value in entries.items() if name in record.model_fields}
        return record.model_validate({name: read_json(value, _MOST_LAYERS) for name, value in known.items()})
    except (ValidationError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"the file's dlbench.* metadata can't be read: expected schema {MODEL_SCHEMA}, received: "
            f"{one_line(error)}; export the network again."
        ) from error
