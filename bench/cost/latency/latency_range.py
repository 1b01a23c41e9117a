"""How long a network takes on a device that is not here: a range, and what it rests on.

found = estimate_latency(NetworkWork(macs=4.09e9, parameters=25.6e6), load_catalogue().device("rpi5-8gb"))
found.fast_s, found.typical_s, found.slow_s, found.rests_on
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from dlbench.bench.cost.catalogue import Device
from dlbench.bench.cost.latency.chip_table import Offer, offer_of
from dlbench.bench.cost.latency.latency_terms import formula
from dlbench.bench.cost.latency.network_table import NetworkFactor, network_factor
from dlbench.bench.cost.latency.random_effects import Effects, told_by
from dlbench.bench.cost.latency.share_table import STATES, ClassSpread, ShareTable, family_name, share_table
from dlbench.bench.cost.latency.work_columns import FORMATS, Setting, columns_of
from dlbench.bench.cost.latency.workload import NetworkWork
from dlbench.errors import PriceError
from dlbench.show.texts import tr

__all__ = [
    "Known",
    "LatencyRange",
    "effects_of",
    "estimate_latency",
    "estimate_setting",
    "expected_effects",
    "is_rare_attention",
    "known_state",
]

_UNKNOWN_RUNTIME_SD = 0.45  # among the runtimes that share a device in the published rows (facts: 2 to 3.5 times)
_RECURRENT_SD = 0.9  # steps wait for each other; no published row says how long
_ATTENTION_SD = 0.5  # on GPUs at batch 1: half of the few published rows are off by more than the others
_GUESSED_SD = {"activations": 0.3, "layers": 0.2, "depthwise_macs": 0.1}
_LEAST_NETWORK_SD = 0.05


@dataclass(frozen=True)
class Known:
    """A measured time that the estimate may lean on: seconds of one run of a batch."""

    work: NetworkWork
    seconds: float
    device: Device | None = None  # None: the device that is asked for
    batch: int = 1
    number_format: str = "fp32"
    runtime: str = "onnxruntime"
    threads: int | None = None
    label: str = ""  # how it is called where the range says what it rests on

    def __post_init__(self) -> None:
        """Check the time.

        Raises:
            PriceError: not a positive number.
        """
        if not 0 < self.seconds < 1e7:
            raise PriceError(f"known measurement: expected seconds above 0, received {self.seconds!r}.")


@dataclass(frozen=True)
class LatencyRange:
    """Seconds of one run of a batch (not of one picture): fast and slow end, and the middle of what is likely."""

    fast_s: float
    typical_s: float
    slow_s: float
    batch: int
    device_class: str  # cpu, board, phone, phone-gpu, gpu-one or gpu-batch
    runtime: str
    number_format: str
    rests_on: tuple[str, ...]  # what the range rests on, in words

    @property
    def width(self) -> float:
        """Return the slow end over the fast end."""
        return self.slow_s / self.fast_s

    @property
    def picture_s(self) -> tuple[float, float, float]:
        """Return fast, typical and slow seconds of one picture: those of the run over its batch."""
        return self.fast_s / self.batch, self.typical_s / self.batch, self.slow_s / self.batch


def estimate_latency(
    work: NetworkWork,
    device: Device,
    *,
    batch: int = 1,
    number_format: str = "fp32",
    runtime: str = "onnxruntime",
    threads: int | None = None,
    known: Sequence[Known] = (),
) -> LatencyRange:
    """Return how long one run of a batch takes on a device: a range that holds nine of ten published rows.

    Args:
        work: what one picture asks for.
        device: a row of the price list or of a price file.
        batch: pictures in a run.
        number_format: fp32, fp16, int8 or w8a16 (weights of 8 bits, activations of 16).
        runtime: onnxruntime, ncnn, tflite, pytorch, tensorrt, ... as the published rows call them.
        threads: of a processor; None: all cores of a CPU, four at most on boards and phones.
        known: measured times that calibrate the range, here or on that device.

    Raises:
        PriceError: the device lacks a peak rate or is no CPU, GPU or board; an unknown number format; no work.
    """
    setting = Setting(work, offer_of(device), batch, number_format, runtime, threads)
    return estimate_setting(setting, known)


def estimate_setting(setting: Setting, known: Sequence[Known] = (), table: ShareTable | None = None) -> LatencyRange:
    """Return the range of a setting whose device is already resolved.

    Raises:
        PriceError: an unknown number format, or a network without work.
    """
    _check(setting)
    shares = table or share_table()
    observed = [_observed(one, setting, shares) for one in known]
    expected, effects, factor = expected_effects(setting, shares)
    told, variance = told_by(effects, [(each, above) for each, above, _ in observed])
    middle = expected + told
    on_target = any(same for _, _, same in observed)
    spread = shares.spreads[setting.device_class]
    half = spread.reach[known_state(on_target, factor is not None)] * sqrt(variance)
    return LatencyRange(
        fast_s=exp(middle - half),
        typical_s=exp(middle),
        slow_s=exp(middle + half),
        batch=setting.batch,
        device_class=setting.device_class,
        runtime=setting.runtime,
        number_format=setting.number_format,
        rests_on=tuple(_rests_on(setting, known, shares, factor is not None)),
    )


def _check(setting: Setting) -> None:
    if setting.number_format not in FORMATS:
        raise PriceError(
            f"number format: expected one of {', '.join(FORMATS)}, received {setting.number_format!r}: no fitted row "
            "has it."
        )
    if not setting.work.macs:
        raise PriceError(
            "the network's multiply-accumulates: expected a count above 0, received none: without them nothing can be "
            "estimated; `dlbench inspect` says which layers can't be counted."
        )
    if setting.batch < 1:
        raise PriceError(f"batch: expected at least 1, received {setting.batch}.")


def expected_effects(setting: Setting, shares: ShareTable) -> tuple[float, Effects, NetworkFactor | None]:
    """Return what is expected before any measurement enters: the logarithm of the seconds, and its effects.

    The third is how the network stands to the formula, where published rows say so.
    """
    family = family_name(setting.device_class)
    runtime = shares.runtime(setting.device_class, setting.runtime_key)
    factor = network_factor(family, setting.runtime, setting.number_format, setting.work)
    seconds, terms = formula(shares.families[family].shares, columns_of([setting]), setting.offer.on_gpu)
    expected = float(seconds[0]) + (runtime.log if runtime else 0.0) + (factor.log if factor else 0.0)
    runtime_sd = runtime.sd if runtime else _UNKNOWN_RUNTIME_SD
    return expected, effects_of(setting, shares.spreads[setting.device_class], runtime_sd, factor, terms[0]), factor


def known_state(on_target: bool, with_factor: bool) -> str:
    """Return which of `STATES` holds.

    Args:
        on_target: some network was measured on the target.
        with_factor: published rows tell how the network stands to the formula on other chips.
    """
    return STATES[2 * on_target + with_factor]


def effects_of(
    setting: Setting, spread: ClassSpread, runtime_sd: float, factor: NetworkFactor | None, terms: Sequence[float]
) -> Effects:
    """Return the effects of a setting: what its time shares with others, and how far each may reach.

    Args:
        setting: which network on which device.
        spread: of the device's class.
        runtime_sd: how sure the factor of its runtime is.
        factor: of its network; None: not known.
        terms: which share of the time each term of the formula takes.
    """
    rest = (spread.rest * (factor.unrest if factor else 1.0)) ** 2
    rest += sum(_GUESSED_SD.get(name, 0.0) ** 2 for name in setting.work.guessed)
    rest += _RECURRENT_SD**2 * setting.work.recurrent + _ATTENTION_SD**2 * is_rare_attention(setting)
    return Effects(
        chip=f"{setting.offer.chip}, {'GPU' if setting.offer.on_gpu else 'cores'}",
        network=_network_key(setting.work),
        runtime=f"{family_name(setting.device_class)}:{setting.runtime_key}",
        chip_variance=spread.device**2,
        network_variance=_network_variance(spread.network**2, factor.chips if factor else 0),
        runtime_variance=runtime_sd**2,
        rest_variance=rest,
        chip_terms=tuple(
            float(sd * min(share, most)) for sd, share, most in zip(spread.terms, terms, spread.shares, strict=True)
        ),
        traits=setting.work.traits,
        distance=spread.distance,
        common=spread.common,
        rest_common=spread.rest_common,
    )


def is_rare_attention(setting: Setting) -> bool:
    """Say whether the network has attention and runs on a GPU one picture at a time: few published rows do."""
    return setting.work.attention and setting.device_class in ("gpu-one", "phone-gpu")


def _network_variance(variance: float, factor_chips: int) -> float:
    """Return what stays unknown of a network's effect once published rows told its factor."""
    return max(variance / (1 + factor_chips), _LEAST_NETWORK_SD**2) if factor_chips else variance


def _network_key(work: NetworkWork) -> str:
    return work.name or f"{work.macs:.6g} MACs, {work.parameters:.6g} parameters"


def _observed(one: Known, target: Setting, shares: ShareTable) -> tuple[Effects, float, bool]:
    """Return a known measurement's effects, its logarithm above the expected, and whether it is of the target."""
    offer: Offer = offer_of(one.device) if one.device else target.offer
    threads = one.threads or (target.threads if one.device is None else None)
    setting = Setting(one.work, offer, one.batch, one.number_format, one.runtime, threads)
    _check(setting)
    expected, effects, _ = expected_effects(setting, shares)
    return effects, log(one.seconds) - expected, offer.chip == target.offer.chip and offer.kind == target.offer.kind


def _class_words(device_class: str) -> str:
    words = {
        "cpu": tr("CPUs"),
        "board": tr("boards"),
        "phone": tr("phones"),
        "phone-gpu": tr("GPUs of phones"),
        "gpu-one": tr("GPUs, one picture at a time"),
        "gpu-batch": tr("GPUs in batches"),
    }
    return words[device_class]


def _rests_on(setting: Setting, known: Sequence[Known], shares: ShareTable, with_factor: bool) -> list[str]:
    """Return what a range rests on, in sentences."""
    kind = _class_words(setting.device_class)
    words = [tr("published measurements of {kind}, fitted {date}", kind=kind, date=shares.fitted)]
    runtime = shares.runtime(setting.device_class, setting.runtime_key)
    if runtime is None:
        words.append(
            tr("no published row of {kind} ran {runtime}: the range is wider", kind=kind, runtime=setting.runtime)
        )
    elif runtime.chips < _ENOUGH_CHIPS:
        words.append(
            tr(
                "{runtime} on {kind} is known from few devices ({chips}), so the range is wider",
                runtime=setting.runtime,
                kind=kind,
                chips=runtime.chips,
            )
        )
    if with_factor:
        words.append(tr("{network} is published on other devices of this kind", network=setting.work.name))
    if setting.offer.guessed:
        words.append(tr("guessed for this device: {what}", what=", ".join(setting.offer.guessed)))
    if setting.offer.remembered:
        what = ", ".join(_remembered_rates(setting.offer))
        words.append(tr("not checked against a data sheet of this device: {what}", what=what))
    if setting.computed_in != setting.number_format:
        words.append(tr("no units for 8 bits there: it computes in fp32"))
    if setting.work.guessed:
        words.append(tr("guessed for this network: {what}", what=", ".join(_guessed_counts(setting.work))))
    if is_rare_attention(setting):
        words.append("a network with attention: few published rows are, so the range is wider")
    if setting.work.recurrent:
        words.append("a recurrent network: its steps wait for each other, and no published row has any")
    words += [tr("leans on {what}", what=one.label or _network_key(one.work)) for one in known]
    return words


_ENOUGH_CHIPS = 8


def _remembered_rates(offer: Offer) -> list[str]:
    """Return in words which numbers of a device were remembered."""
    words = {
        "cores": tr("its cores"),
        "rates": tr("its peak rates"),
        "tensor": tr("the peak rate of its matrix units"),
        "bandwidth": tr("its bandwidth"),
    }
    return [words[name] for name in offer.remembered]


def _guessed_counts(work: NetworkWork) -> list[str]:
    """Return in words which counts of a network were guessed."""
    words = {
        "activations": tr("its activations"),
        "layers": tr("its layers"),
        "depthwise_macs": tr("its depthwise convolutions"),
    }
    return [words.get(name, name) for name in work.guessed]
