"""What a model of a result asks of a device, from its counts, or from its name where published rows know it.

work_of_model(result.models[0], nodes=18)
"""

from __future__ import annotations

from dataclasses import replace

from dlbench.bench.cost.latency.network_table import recognised, same_layers
from dlbench.bench.cost.latency.workload import NetworkWork
from dlbench.bench.results.records import ModelRecord
from dlbench.errors import PriceError

__all__ = ["work_of_model"]

_NODES_A_LAYER = 3  # a convolution with its normalisation merged, an activation, sometimes a sum


def work_of_model(model: ModelRecord, nodes: int = 0) -> NetworkWork:
    """Return what one picture asks of a device.

    Args:
        model: of a result; older files lack its layers and activations, so they are guessed.
        nodes: of its graph; 0: not known.

    Raises:
        PriceError: the multiply-accumulates are not known, or none.
    """
    if not model.macs:
        raise PriceError(
            f"{model.name}: expected known multiply-accumulates, received none; `dlbench inspect` says which layers "
            "can't be counted."
        )
    known = _recognised(model)
    if known is not None:
        return known
    counts = model.work
    if counts is None:
        return NetworkWork(model.macs, model.parameters, layers=max(1, nodes // _NODES_A_LAYER) if nodes else None)
    own = NetworkWork(
        macs=model.macs,
        parameters=model.parameters,
        activations=counts.activations,
        layers=counts.layers,
        depthwise_macs=counts.depthwise_macs,
        attention=counts.attention,
        recurrent=counts.recurrent,
    )
    alike = same_layers(own)
    return own if alike is None else replace(own, name=alike.name, size=alike.size)


def _recognised(model: ModelRecord) -> NetworkWork | None:
    """Return the known network after which the architecture ("resnet50 of torchvision") or the file is named."""
    names = [(text or "").split(" ")[0] for text in (model.architecture, model.network, model.name)]
    return next((w for n in names if n and (w := recognised(n, model.parameters, model.macs or 0))), None)
