"""Which usual network, timed on a device, would narrow a range there most: the one most like the network asked for.

found = worth_timing(Setting(work, offer_of(device)))
found.network, found.width
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt

from dlbench.bench.cost.latency.latency_range import expected_effects, known_state
from dlbench.bench.cost.latency.network_table import network_work
from dlbench.bench.cost.latency.random_effects import told_by
from dlbench.bench.cost.latency.share_table import share_table
from dlbench.bench.cost.latency.work_columns import Setting

# Networks of torchvision that `dlbench compare NAME` exports and times, and that many published runs have. Which five
# was chosen with the coverage in sight (benchmarks/README.md).
USUAL_NETWORKS = ("mobilenet_v2", "mobilenet_v3_large", "resnet18", "resnet50", "efficientnet_b0")


@dataclass(frozen=True)
class WorthTiming:
    """A network to time on the device, and the slow end over the fast end of the range once its time is known."""

    network: str
    width: float


def worth_timing(setting: Setting) -> WorthTiming:
    """Return which usual network's time on the device would narrow the range of a setting most.

    Only what networks have in common decides, no time: the variance that would remain (see `random_effects`).
    """
    shares = share_table()
    _, effects, factor = expected_effects(setting, shares)
    reach = shares.spreads[setting.device_class].reach[known_state(True, factor is not None)]
    found = []
    for name in USUAL_NETWORKS:
        work = network_work(name)
        assert work is not None, name
        timed = Setting(work, setting.offer, threads=setting.threads)
        _, variance = told_by(effects, [(expected_effects(timed, shares)[1], 0.0)])
        found.append(WorthTiming(name, exp(2 * reach * sqrt(variance))))
    return min(found, key=lambda one: one.width)
