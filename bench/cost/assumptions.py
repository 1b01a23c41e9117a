"""The numbers of the cost model that no measurement gives: the one place of each default.

    Assumptions(years=5).active_hours_per_day        # 4.0
    RENTED_BY_DEFAULT["cuda"]                        # ids of the price list, the smallest first

The electricity price is that of `DEFAULT_COUNTRY` in `countries.py`. The command line, the price file's example and the
report's panel read them here. Sources: docs/cost.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from dlbench.bench.cost.countries import PLACES

HOURS_PER_YEAR = 8760
MONTH_DAYS = 30.4
DEFAULT_COUNTRY = "US"
RENTED_BY_DEFAULT = {
    "cpu": ("aws-c7i-large", "aws-c7i-xlarge", "aws-c7i-2xlarge"),
    "arm": ("aws-c7g-large", "aws-c7g-xlarge", "aws-c7g-2xlarge"),
    "cuda": ("aws-g4dn-xlarge",),
}
# For `dlbench choose`; assumptions of ours, each printed beside the figures.
ANSWERS_PER_DAY = 10_000
HOST_PRICE_USD, HOST_POWER_W = 600.0, 60.0  # a plain computer around a graphics card
IDLE_POWER_SHARE = 0.3  # of the power under load, while nothing is asked
MOST_BUSY = 0.7  # of its hours: above it, answers wait for each other more than they compute
COLAB_BY_DEFAULT = {"cpu": "colab-cpu", "cuda": "colab-t4-2026"}
ESTIMATED_BY_DEFAULT = ("t4", "gtx-1080-ti", "rpi4-4gb", "rpi5-8gb")
TRAINED_BY_DEFAULT = ("t4", "gtx-1080-ti", "tpu-v2-chip", "rpi4-4gb")
ESTIMATED_BESIDE = ("t4", "rpi5-8gb")  # in a report, beside what was measured and published

_HOME = PLACES[DEFAULT_COUNTRY]
assert _HOME.electricity is not None and _HOME.electricity.currency == "USD"
_USD_PER_KWH = _HOME.electricity.amount


@dataclass(frozen=True)
class Assumptions:
    """Each is printed beside the figures that it entered."""

    years: float = 3.0  # that a machine is kept
    residual_share: float = 0.0  # of the price, at the end
    active_hours_per_day: float = 4.0
    cloud_overhead_share: float = 0.1  # start-up and forgotten hours
    pue_home: float = 1.0
    electricity_usd_per_kwh: float = _USD_PER_KWH
    electricity_date: str = "2025"
    electricity_source: str = _HOME.electricity_source
