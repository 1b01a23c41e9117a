"""Models to look into, made small: a torch network in both of torch's exporters' words, and graphs made by hand."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

SIZE = 16


class SmallNetwork(nn.Module):
    """Convolutions, a shortcut, pooling and a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(2, 8)
        self.relu2 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.conv3 = nn.Conv2d(8, 12, 3, stride=2)
        self.dense = nn.Linear(12, 5)

    def forward(self, image):
        first = self.relu1(self.conv1(image))
        second = self.relu2(self.norm2(self.conv2(first))) + first
        return self.dense(self.conv3(self.pool(second)).mean((2, 3)))


def small_network() -> SmallNetwork:
    torch.manual_seed(0)
    return SmallNetwork().eval()


def pictures(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 3, SIZE, SIZE), dtype=np.float32)


def hooked(module: nn.Module, images: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """What torch's forward hooks give for these modules."""
    found: dict[str, np.ndarray] = {}
    handles = [
        module.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: found.__setitem__(name, output.detach().numpy().copy())
        )
        for name in names
    ]
    with torch.inference_mode():
        found["answer"] = module(torch.from_numpy(images)).numpy()
    for handle in handles:
        handle.remove()
    return found


def exported(path: Path, dynamo: bool = False, batch: int | None = None, module: nn.Module | None = None) -> Path:
    """Save the small network with one of torch's two exporters; `batch` fixes the batch."""
    module = module or small_network()
    example = torch.from_numpy(pictures(batch or 2))
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        if dynamo:
            shapes = None if batch else ({0: torch.export.Dim("n", min=1)},)
            torch.onnx.export(
                module,
                (example,),
                str(path),
                dynamo=True,
                external_data=False,
                input_names=["image"],
                output_names=["logits"],
                dynamic_shapes=shapes,
                verbose=False,
            )
        else:
            torch.onnx.export(
                module,
                (example,),
                str(path),
                dynamo=False,
                input_names=["image"],
                output_names=["logits"],
                dynamic_axes=None if batch else {"image": {0: "n"}},
            )
    return path
