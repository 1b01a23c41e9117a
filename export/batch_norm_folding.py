"""Batch normalisation folded into the convolution before it: the same function with fewer steps.

    slim = fold_batch_norm(network)     # a copy; `network` stays as it is

At inference y = gamma * (conv(x) - mean) / sqrt(var + eps) + beta is itself a convolution.
Reference: B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018, section 3.2.
"""

from __future__ import annotations

import copy
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """Return a copy in eval mode where each Conv2d that a BatchNorm2d follows in a Sequential has absorbed it."""
    slim = copy.deepcopy(network).eval()
    for chain in [module for module in slim.modules() if isinstance(module, nn.Sequential)]:
        for (name, layer), (next_name, following) in pairwise(list(chain.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                setattr(chain, name, fuse_conv_bn_eval(layer, following))
                setattr(chain, next_name, nn.Identity())
    return slim
