"""The check of an exported file against torch: files made by hand that differ from the network by a known amount."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from dlbench.errors import CheckFailedError
from dlbench.export import check_parity

IMAGES = torch.rand(20, 1, 2, 2, generator=torch.Generator().manual_seed(0))
WEIGHTS = np.array([[1, -1, 0], [0, 2, 1], [-1, 0, 1], [1, 1, -2]], np.float32)


class Network(nn.Module):
    """Four pixels to three logits."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.drop = nn.Dropout(0.5)  # does nothing once the network is set to judge

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.drop(images.flatten(1) @ torch.from_numpy(WEIGHTS)) * self.scale


@pytest.fixture
def file_of(save):
    def make(shift=(0.0, 0.0, 0.0), scale: float = 1.0):
        """The same network as a file, its logits moved by `shift`."""
        nodes = [
            helper.make_node("Flatten", ["image"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
        ]
        ends = [("image", TensorProto.FLOAT, ["n", 1, 2, 2])], [("logits", TensorProto.FLOAT, ["n", 3])]
        return save("net", nodes, *ends, {"w": WEIGHTS * np.float32(scale), "b": np.array(shift, np.float32)})

    return make


def test_a_file_that_computes_the_same_passes_and_says_how_near_it_came(file_of):
    parity = check_parity(Network().train(), file_of((0, 5e-5, -2e-5)), IMAGES)
    assert parity.max_abs_error == pytest.approx(5e-5, rel=0.05)
    assert (parity.images, parity.batch_sizes) == (20, (1, 7))
    with pytest.raises(AttributeError):
        parity.images = 1  # what was found can't be changed


@pytest.mark.parametrize("shift", [(1.1e-4, 0, 0), (0, 0, -1.1e-4)])
def test_one_logit_beyond_the_tolerance_is_refused_and_a_wider_tolerance_takes_it(file_of, shift):
    with pytest.raises(CheckFailedError, match=r"at most 0.0001 between logits on 20 images, received 0.00011"):
        check_parity(Network(), file_of(shift), IMAGES)
    assert check_parity(Network(), file_of(shift), IMAGES, tolerance=1e-3).max_abs_error > 1e-4


def test_the_tolerance_grows_with_numbers_above_10_and_never_shrinks(file_of):
    """The largest logit is 19.9: a tenth of it times 1e-4."""
    scale = 19.9 / float(np.abs(IMAGES.flatten(1).numpy() @ WEIGHTS).max())
    assert check_parity(Network(scale), file_of((0.95 * 1.99e-4, 0, 0), scale), IMAGES).max_abs_error > 1e-4
    with pytest.raises(CheckFailedError, match="differs from torch"):
        check_parity(Network(scale), file_of((1.05 * 1.99e-4, 0, 0), scale), IMAGES)
    small = check_parity(Network(1e-3), file_of((9e-5, 0, 0), 1e-3), IMAGES)
    assert small.max_abs_error == pytest.approx(9e-5, rel=0.05)


def test_two_classes_that_are_as_good_as_equal_may_change_places(save):
    class Tie(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1)[:, :1] * 0 + torch.tensor([[1.0, 1.0 - 5e-5, 0.0]])

    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "nothing"], ["zeros"]),
        helper.make_node("Add", ["zeros", "answer"], ["logits"]),
    ]
    ends = [("image", TensorProto.FLOAT, ["n", 1, 2, 2])], [("logits", TensorProto.FLOAT, ["n", 3])]
    constants = {"nothing": np.zeros((4, 3), np.float32), "answer": np.array([1 - 5e-5, 1, 0], np.float32)}
    assert check_parity(Tie(), save("tie", nodes, *ends, constants), IMAGES).max_abs_error < 1e-4


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_logit_that_is_no_number_is_refused(file_of, wrong):
    with pytest.raises(CheckFailedError, match="received inf"):
        check_parity(Network(), file_of((0, wrong, 0)), IMAGES)


def test_an_error_on_the_last_picture_alone_is_found(file_of):
    class LastDiffers(Network):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            logits = super().forward(images)
            logits[-1, 1] += 0.01
            return logits

    with pytest.raises(CheckFailedError, match=r"received 0\.01"):
        check_parity(LastDiffers(), file_of(), IMAGES)


def test_outputs_of_another_shape_are_refused(file_of):
    class Wide(Network):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.cat([super().forward(images)] * 2, dim=1)

    with pytest.raises(CheckFailedError, match=r"another shape than torch: expected \(20, 6\), received \(20, 3\)"):
        check_parity(Wide(), file_of(), IMAGES)


def test_a_file_whose_output_depends_on_the_batch_is_refused(save):
    """It gives as many columns as there are pictures: 7 of a batch of 7, 6 of the last 6."""
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["turned"]),
        helper.make_node("MatMul", ["flat", "turned"], ["logits"]),
    ]
    ends = [("image", TensorProto.FLOAT, ["n", 1, 2, 2])], [("logits", TensorProto.FLOAT, ["n", "m"])]

    class Square(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1) @ images.flatten(1).T

    with pytest.raises(CheckFailedError, match="another shape than torch"):
        check_parity(Square(), save("square", nodes, *ends), IMAGES)

    class One(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return (images.flatten(1) ** 2).sum(1, keepdim=True)

    with pytest.raises(CheckFailedError, match=r"changes its shape: expected \(batch, classes\), received \(7, 7\)"):
        check_parity(One(), save("square", nodes, *ends), IMAGES[:10])


def test_of_several_outputs_the_first_is_held_against_torch(save):
    nodes = [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["logits"]),
        helper.make_node("Neg", ["logits"], ["other"]),
    ]
    outputs = [(name, TensorProto.FLOAT, ["n", 3]) for name in ("logits", "other")]
    path = save("two", nodes, [("image", TensorProto.FLOAT, ["n", 1, 2, 2])], outputs, {"w": WEIGHTS})
    assert check_parity(Network(), path, IMAGES).max_abs_error < 1e-6
