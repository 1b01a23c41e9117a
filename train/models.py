"""The three networks of a first course; class count, channels and size come from the data.

    network = cnn(channels=1, size=(28, 28), classes=10)

All take normalised images (N, C, H, W) and give logits (N, classes); the activation belongs to the task.
References: S. Ioffe and C. Szegedy, "Batch Normalization", ICML 2015; M. Sandler et al., "MobileNetV2:
Inverted Residuals and Linear Bottlenecks", CVPR 2018.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from dlbench.errors import DataError

__all__ = ["architecture", "build", "cnn", "dense", "transfer"]

_HIDDEN = 512
_CHANNELS = (16, 32, 64)
_HEAD = 128
_FEATURES = 1280  # that MobileNetV2 gives per image


def dense(channels: int, size: tuple[int, int], classes: int) -> nn.Sequential:
    """Every pixel to every one of 512 neurons, those to the classes."""
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),  # (N, C, H, W) -> (N, C * H * W)
            dense1=nn.Linear(channels * size[0] * size[1], _HIDDEN),  # -> (N, 512)
            relu1=nn.ReLU(),
            dense2=nn.Linear(_HIDDEN, classes),  # -> (N, classes)
        )
    )


def cnn(channels: int, size: tuple[int, int], classes: int) -> nn.Sequential:
    """Three blocks of convolution, pooling and activation, then a dense head.

    Pooling comes before batch normalisation and ReLU: the same class of functions at a quarter of the work.
    """
    if min(size) < 8:
        raise DataError(f"cnn halves the image three times: expected at least 8 x 8 pixels, received {size}.")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    before = channels
    for number, (after, width) in enumerate(zip(_CHANNELS, (5, 3, 3), strict=True), 1):
        layers[f"conv{number}"] = nn.Conv2d(before, after, width, padding="same", bias=False)  # -> (N, after, H, W)
        layers[f"pool{number}"] = nn.MaxPool2d(2)  # -> (N, after, H / 2, W / 2)
        layers[f"norm{number}"] = nn.BatchNorm2d(after)
        layers[f"relu{number}"] = nn.ReLU()
        before = after
    layers["flatten"] = nn.Flatten()  # -> (N, 64 * H / 8 * W / 8)
    layers["dropout1"] = nn.Dropout(0.3)
    layers["dense1"] = nn.Linear(before * (size[0] // 8) * (size[1] // 8), _HEAD)  # -> (N, 128)
    layers["relu4"] = nn.ReLU()
    layers["dropout2"] = nn.Dropout(0.3)
    layers["dense2"] = nn.Linear(_HEAD, classes)  # -> (N, classes)
    return nn.Sequential(layers)


def transfer(classes: int) -> nn.Module:
    """Torchvision's MobileNetV2 with a new head; its weights are random until some are loaded.

    Attributes used here: `features` (N, 3, H, W) -> (N, 1280, H / 32, W / 32), `classifier` (N, 1280) -> (N, classes).
    """
    from torchvision.models import mobilenet_v2

    network: nn.Module = mobilenet_v2(weights=None)
    network.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(_FEATURES, classes))
    return network


def build(network: str, channels: int, size: tuple[int, int], classes: int) -> nn.Module:
    """Return the network of that name with random weights."""
    if network == "dense":
        return dense(channels, size, classes)
    return cnn(channels, size, classes) if network == "cnn" else transfer(classes)


def architecture(network: str, channels: int, size: tuple[int, int], classes: int) -> str:
    """Return one line: neurons per layer; 16C5 is a 5 x 5 convolution to 16 channels, P2 a 2 x 2 pooling."""
    if network == "dense":
        return f"{channels * size[0] * size[1]}-{_HIDDEN}-{classes}"
    if network == "cnn":
        first, second, third = _CHANNELS
        return f"{first}C5-P2-{second}C3-P2-{third}C3-P2-{_HEAD}-{classes}"
    return f"MobileNetV2 features (frozen)-{_FEATURES}-{classes}"
