"""Exported files against torch and against themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import nn

from dlbench.errors import CheckFailedError
from dlbench.export import check_parity, export_onnx
from dlbench.model.facts import ModelFacts, read_facts


def facts(channels: int = 1) -> ModelFacts:
    return ModelFacts(
        network="cnn",
        architecture="test",
        labels=("a", "b", "c"),
        mean=(0.4,) * channels,
        std=(0.2,) * channels,
        data="made up",
        split="none",
        parameters=1,
        trained_parameters=1,
        version="0",
    )


class Branched(nn.Module):
    """Convolution, batch normalisation used twice, a skip connection, a head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.body = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Linear(8, 3)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.norm(self.stem(image))
        return self.head((x + self.body(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory):
    torch.manual_seed(0)
    network = Branched().train()
    for _ in range(5):  # running statistics that are not the initial ones
        network(torch.randn(16, 1, 12, 12) * 3 + 1)
    network.eval()
    images = torch.rand(20, 1, 12, 12)
    path = tmp_path_factory.mktemp("models") / "net.onnx"
    return network, images, export_onnx(network, images, path, facts())


def test_the_file_takes_pixels_and_normalises_them_itself(exported):
    network, images, result = exported
    with torch.inference_mode():
        expected = network((images - 0.4) / 0.2).numpy()
    session = ort.InferenceSession(result.path)
    for batch in (1, 3, 20):
        received = session.run(["logits"], {"image": images[:batch].numpy()})[0]
        np.testing.assert_allclose(received, expected[:batch], atol=1e-4)


def test_the_file_is_one_valid_graph_with_an_open_batch_and_its_facts(exported):
    _, _, result = exported
    model = onnx.load(result.path)
    onnx.checker.check_model(model, full_check=True)
    (image,) = model.graph.input
    dims = image.type.tensor_type.shape.dim
    assert image.name == "image" and dims[0].dim_param and [d.dim_value for d in dims[1:]] == [1, 12, 12]
    assert [o.name for o in model.graph.output] == ["logits"]
    assert all(t.data_location == onnx.TensorProto.DEFAULT for t in model.graph.initializer)
    assert read_facts(model) == result.facts
    assert list(Path(result.path).parent.iterdir()) == [result.path]


def test_the_layer_map_names_tensors_that_are_there(exported):
    _, _, result = exported
    names = {name for node in onnx.load(result.path).graph.node for name in node.output}
    # the stem lies inside the norm that was folded into it: its own output is no tensor of the file
    assert {"norm", "body.0", "head"} <= set(result.facts.layers)
    assert set(result.facts.layers.values()) <= names


def test_the_file_names_no_path_of_the_machine_that_made_it(exported):
    _, _, result = exported
    content = result.path.read_bytes()
    assert str(Path.cwd()).encode() not in content
    assert b".py" not in content and b"site-packages" not in content


def test_parity_finds_a_network_that_differs(exported):
    network, images, result = exported
    from dlbench.export import Normalised

    with torch.no_grad():
        network.head.bias[0] += 0.01
    try:
        with pytest.raises(CheckFailedError, match="differs from torch"):
            check_parity(Normalised(network, (0.4,), (0.2,)), result.path, images)
    finally:
        with torch.no_grad():
            network.head.bias[0] -= 0.01


def test_a_network_that_can_not_be_exported_leaves_no_file(tmp_path):
    class Odd(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image.flatten(1)[:, : int(image.sum().item()) % 3 + 1]

    with pytest.raises(CheckFailedError) as caught:  # either torch says so, or the parity check
        export_onnx(Odd(), torch.rand(4, 1, 4, 4), tmp_path / "odd.onnx", facts())
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
