"""How long a piece of work would take on hardware that is not here: a range from a stated model, never one figure.

    span = estimate(inference_work(macs=23_000_000, parameters_bytes=1_700_000, input_bytes=3136, nodes=12), device)
    span.fast_s, span.slow_s, span.bound

The fast end is the roofline (S. Williams, A. Waterman, D. Patterson, CACM 52(4), 2009): the slower of all arithmetic at
the device's peak rate and all bytes past its caches at its peak bandwidth, plus one launch. Little runs faster with the
number format in question. The slow end adds three times: the arithmetic at a low share of the peak rate, the bytes at
half the bandwidth, and a launch for every node. The shares are `ASSUMPTIONS`; benchmarks/estimates.py holds them
against published and measured figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from dlbench.bench.cost.catalogue import Catalogue, Device
from dlbench.bench.cost.renting import HELD_BY
from dlbench.errors import PriceError

ALL_FORMATS = ("fp32", "fp16", "int8")
_PEAKS = {"fp32": "fp32_tflops", "fp16": "fp16_tflops", "int8": "int8_tops"}
_SLOW_TRAINING, _SLOW_INFERENCE, _SLOW_BANDWIDTH = 0.3, 0.15, 0.5
_BEST_TRAINING, _WORST_TRAINING = 0.63, 0.08  # share of the peak rate, counted for 28 epochs
_EACH_OF_MANY = 0.9  # n devices work like n ** 0.9: they wait for each other
TRAINING_SHARES = (
    "ResNet-50: 8 to 63 % of the peak rate, counted for 28 epochs, as 27 of 30 published trainings reached."
)
FORWARD_AND_BACKWARD = 3  # times the forward pass: backward takes twice that


@dataclass(frozen=True)
class _Launch:
    """Seconds: the least cost of one run, and the most of each node (or of the run); bytes that caches may hold."""

    run_s: float
    node_s: float
    cache_bytes: float
    slow_run_s: float = 0.0


# Zero cost is below the truth, so every kind has its least. A TPU gets the whole network as one program.
_LAUNCHES = {
    "gpu": _Launch(2e-6, 20e-6, 6e6),
    "cpu": _Launch(1e-6, 5e-6, 32e6),
    "edge": _Launch(3e-6, 30e-6, 1e6),
    "tpu": _Launch(10e-6, 0.0, 0.0, 1e-3),
}
ASSUMPTIONS = (
    "fast end: the roofline, max(FLOP / peak rate, bytes / bandwidth), plus one launch (GPU 2 µs, CPU 1 µs, board 3 "
    "µs, TPU 10 µs; assumptions). FLOP = 2 x MACs; bytes: weights and inputs, each once, less what caches may hold "
    "from run to run (CPU 32 MB, GPU 6 MB, board 1 MB, TPU none; assumptions).",
    "slow end: FLOP at 30 % of the peak rate in training, 15 % in inference, plus bytes at half the bandwidth, plus "
    "a launch of every node: GPU 20 µs (NVIDIA's Nsight Systems guide, on a V100), CPU 5 µs, board 30 µs; TPU 1 ms a "
    "run (assumptions).",
    "30 % is the least that most networks reach in training on a P100, 30 to 75 % of its peak (Epoch AI, 'How to "
    "measure FLOP/s for neural networks empirically'), 15 % its half, because small batches fill a device less; "
    "networks of depthwise convolutions were below 4 % there and may be slower than the slow end.",
)


@dataclass(frozen=True)
class Work:
    """What is to be done: `flop` and `bytes_moved` in all, in `runs` runs of `nodes` nodes each."""

    flop: float
    bytes_moved: float
    nodes: int
    runs: float = 1.0
    slow_share: float = _SLOW_INFERENCE  # of the peak rate, at the slow end

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: negative or not finite.
        """
        for name in ("flop", "bytes_moved", "nodes", "runs"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"expected {name} to be a finite number of at least 0, received {value!r}")


@dataclass(frozen=True)
class Span:
    """An estimate: seconds at the fast and the slow end, and what bounds the fast end."""

    fast_s: float
    slow_s: float
    bound: str
    from_memory: tuple[str, ...] = ()
    typical_s: float | None = None  # of a fitted range
    rests_on: tuple[str, ...] = ()  # what a fitted range rests on; empty: the roofline alone


@dataclass(frozen=True)
class Rent:
    """What an hour of one device costs, and which row says so."""

    usd_per_hour: float
    source: str


def inference_work(macs: int, parameters_bytes: int, input_bytes: int, nodes: int, batch: int = 1) -> Work:
    """Return the work of one run of a batch: 2 FLOP per multiply-accumulate; weights once, inputs once per picture."""
    return Work(2.0 * macs * batch, parameters_bytes + float(input_bytes) * batch, nodes)


def training_work(macs: int, parameters_bytes: int, images: float, batch: int, nodes: int) -> Work:
    """Return the work of training a whole network on `images` pictures in all (those of an epoch times the epochs).

    Backward is taken as twice forward (Epoch AI, "What's the backward-forward FLOP ratio for neural networks?"). In
    each step the weights are read forward and backward, and read and written by the optimiser.
    """
    steps = images / batch
    moved = 4.0 * parameters_bytes * steps
    return Work(2.0 * FORWARD_AND_BACKWARD * macs * images, moved, FORWARD_AND_BACKWARD * nodes, steps, _SLOW_TRAINING)


def resnet50_training(count: int = 1) -> tuple[Work, Work]:
    """Return the least and the most work of training ResNet-50 on ImageNet on `count` devices: 28 and 90 epochs.

    4.1e9 MACs a picture of 224 pixels (He et al., "Deep residual learning", 2015: 3.8e9; 4.1e9 for the usual version
    1.5), 25.6e6 parameters, 1,281,167 pictures. 90 epochs is the method of the comparison of December 2018; 28 is the
    order of the short schedules of 2018-2020 (from memory). Steps of 256 pictures a device, 65,536 at most in all.
    """
    macs, parameters_bytes, batch = 4_100_000_000, 4 * 25_600_000, min(256 * count, 65_536)
    short, long = (training_work(macs, parameters_bytes, epochs * 1_281_167, batch, 160) for epochs in (28, 90))
    return short, long


def estimate(
    work: Work, device: Device, formats: tuple[str, ...] = ALL_FORMATS, count: int = 1, most: Work | None = None
) -> Span:
    """Return the range of times on `count` devices.

    Args:
        work: what is to be done at least.
        device: the row of the price list.
        formats: number formats that may be in use; the fast end takes the fastest, the slow end the plainest.
        count: devices that share the work evenly.
        most: what is to be done at most, where that is not the same.

    Raises:
        PriceError: the row lacks a rate or the bandwidth, or is no computing device.
    """
    launch = _LAUNCHES.get(device.kind)
    if launch is None:
        raise PriceError(
            f"{device.id}: expected a device that computes (edge, cpu, gpu, tpu), received a row of kind "
            f"{device.kind!r}; `dlbench cost catalogue --kind gpu` lists some."
        )
    rates = _rates(device, formats)
    bandwidth = device.bandwidth_gbs
    if bandwidth is None:
        raise PriceError(
            f"{device.id}: expected its memory bandwidth, received none: the price list does not know it; add "
            "bandwidth_gbs in a price file."
        )
    heavy = most or work
    compute = work.flop / (max(rates.values()) * 1e12 * count)
    uncached = max(0.0, work.bytes_moved - launch.cache_bytes * work.runs)
    moving = uncached / (bandwidth * 1e9 * count)
    launching = work.runs * launch.run_s
    slow_compute = heavy.flop / (next(iter(rates.values())) * 1e12 * count * heavy.slow_share)
    slow_moving = heavy.bytes_moved / (bandwidth * 1e9 * count * _SLOW_BANDWIDTH)
    slow_launching = heavy.runs * (launch.node_s * heavy.nodes + launch.slow_run_s + launch.run_s)
    _, bound = max((compute, "compute"), (moving, "bandwidth"), (launching, "launch"))
    entered = ("bandwidth_gbs", *(_PEAKS[f] for f in rates))
    return Span(
        max(compute, moving) + launching,
        slow_compute + slow_moving + slow_launching,
        bound,
        tuple(field for field in entered if field in device.from_memory),
    )


def resnet50_span(device: Device, number_format: str, count: int = 1) -> Span:
    """Return the range of training ResNet-50 on ImageNet, at the shares that published trainings reached.

    Of the arithmetic of 28 epochs at the peak rate, with what many devices lose to each other, nine of ten of the
    published trainings on chips of the price list took between 1 / 0.63 and 1 / 0.08 times as long
    (benchmarks/estimates.py). Their epochs, number formats and software are in that range.

    Raises:
        PriceError: the row lacks a rate or the bandwidth, or is no computing device.
    """
    least, most = resnet50_training(count)
    roofline = estimate(least, device, (number_format,), count, most)
    ideal = least.flop / (max(_rates(device, (number_format,)).values()) * 1e12 * count**_EACH_OF_MANY)
    fast, slow = ideal / _BEST_TRAINING, ideal / _WORST_TRAINING
    return Span(fast, slow, roofline.bound, roofline.from_memory, (fast * slow) ** 0.5, (TRAINING_SHARES,))


def _rates(device: Device, formats: tuple[str, ...]) -> dict[str, float]:
    """Return the peak rates in TFLOP/s by format, the plainest first; the next format where the first has no rate.

    Some devices compute fp16 far slower than fp32 (GTX 1080 Ti): such a rate is nobody's choice and is left out.
    """
    known = {f: rate for f in ALL_FORMATS if (rate := getattr(device, _PEAKS[f]))}
    chosen = {f: rate for f, rate in known.items() if f in formats}
    if not chosen and known:  # a TPU has no fp32 rate: it computes in bfloat16
        first = next(iter(known))
        chosen = {first: known[first]}
    if not chosen:
        raise PriceError(
            f"{device.id}: expected a peak rate, received none: the price list does not know it; add fp32_tflops in "
            "a price file."
        )
    plain = next(iter(chosen.values()))
    return {f: rate for f, rate in chosen.items() if rate >= plain}


def rent_of(device: Device, catalogue: Catalogue) -> Rent | None:
    """Return the hourly rent of one such device, from its own row or its usual instance; None: not known."""
    own = device.trusted("hourly_usd")
    if own is not None:
        return Rent(own, f"{device.id}, {device.hourly_date}")
    usual = next((name for name, (card, _) in HELD_BY.items() if card == device.id), "")
    rented = catalogue.devices.get(usual)
    price = rented.trusted("hourly_usd") if rented else None
    if rented is None or price is None:
        return None
    count = HELD_BY[usual][1]
    share = f", 1 of {count} cards" if count > 1 else ""
    return Rent(price / count, f"{rented.id}{share}, {rented.hourly_date}")
