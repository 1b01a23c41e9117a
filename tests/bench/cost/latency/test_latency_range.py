"""Ranges of latency: what they rest on, what must always hold, and what is refused in words."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, log

import numpy as np
import pytest

from dlbench.bench.cost.catalogue import Device, load_catalogue
from dlbench.bench.cost.latency.chip_table import offer_of, published_offers
from dlbench.bench.cost.latency.latency_range import Known, effects_of, estimate_latency, known_state
from dlbench.bench.cost.latency.latency_terms import TERMS, formula
from dlbench.bench.cost.latency.network_table import NetworkFactor, network_factor, network_work
from dlbench.bench.cost.latency.share_table import family_name, share_table
from dlbench.bench.cost.latency.work_columns import Setting, columns_of, fitted_format
from dlbench.bench.cost.latency.workload import NetworkWork
from dlbench.bench.cost.latency.worth_timing import USUAL_NETWORKS, worth_timing
from dlbench.errors import PriceError

RESNET = NetworkWork(macs=4.09e9, parameters=25.6e6, activations=11.1e6, layers=54, depthwise_macs=0.0)
MOBILE = network_work("mobilenet_v2")


def device(name: str) -> Device:
    return load_catalogue().device(name)


@pytest.mark.parametrize("name", ["rpi4-4gb", "desktop-5950x", "t4", "jetson-nano", "aws-c7g-large", "apple-m2"])
def test_a_range_is_ordered_and_says_what_it_rests_on(name: str):
    found = estimate_latency(RESNET, device(name))
    assert 0 < found.fast_s < found.typical_s < found.slow_s
    assert found.rests_on and "published measurements" in found.rests_on[0]


def test_a_measurement_on_the_target_narrows_the_range_and_moves_it():
    pi = device("rpi4-4gb")
    before = estimate_latency(MOBILE, pi)
    after = estimate_latency(MOBILE, pi, known=[Known(RESNET, 2.0, label="resnet50 2 s")])
    assert after.width < 0.6 * before.width and after.typical_s > before.typical_s
    assert any("resnet50 2 s" in words for words in after.rests_on)


def test_a_convolutional_network_tells_less_of_one_with_attention():
    attention = network_work("vit_b_16")
    convolutions = NetworkWork(*(getattr(attention, f) for f in ("macs", "parameters", "activations", "layers")), 0.0)
    known = [Known(RESNET, 2.0)]
    same_kind, other_kind = (estimate_latency(w, device("rpi4-4gb"), known=known) for w in (convolutions, attention))
    alone = estimate_latency(attention, device("rpi4-4gb"))
    assert same_kind.width < other_kind.width < alone.width


def test_a_network_tells_most_of_those_whose_time_goes_the_same_way():
    pi, known = device("rpi4-4gb"), [Known(network_work("mobilenet_v2"), 0.05)]

    def left(name: str) -> float:
        """Return how much of the range's logarithm the known time leaves."""
        work = network_work(name)
        alone, told = (estimate_latency(work, pi, runtime="ncnn", known=k) for k in ((), known))
        return log(told.width) / log(alone.width)

    assert left("mobilenet_v1") < left("vgg16")


def test_a_range_is_narrow_for_networks_like_the_known_one_and_wide_for_strangers():
    here, known = device("desktop-5950x"), [Known(network_work("mobilenet_v2"), 0.002, runtime="ncnn")]
    like, stranger, told = (
        log(estimate_latency(replace(network_work(name), name=""), here, runtime="ncnn", known=known).width)
        for name in ("mnasnet_1_0", "vgg16", "mobilenet_v2")
    )
    assert told <= like < 0.8 * stranger


@pytest.mark.parametrize("where", ["desktop-5950x", "rpi4-4gb", "t4"])
@pytest.mark.parametrize("network", ["mnasnet_1_0", "resnet34", "vgg16", "mobilenet_v3_large"])
def test_what_is_worth_timing_narrows_a_range_to_the_width_that_was_promised_and_no_other_narrows_it_more(
    network: str, where: str
):
    work = network_work(network)
    found = worth_timing(Setting(work, offer_of(device(where))))
    widths = {
        name: estimate_latency(work, device(where), known=[Known(network_work(name), 0.01)]).width
        for name in USUAL_NETWORKS
    }
    assert widths[found.network] == pytest.approx(found.width) == min(widths.values())
    assert found.width < estimate_latency(work, device(where)).width


def test_a_network_of_depthwise_convolutions_asks_for_the_time_of_its_like_and_a_resnet_for_that_of_another_resnet():
    here = offer_of(device("rpi4-4gb"))
    assert worth_timing(Setting(network_work("mnasnet_1_0"), here)).network == "mobilenet_v2"
    assert worth_timing(Setting(network_work("resnet34"), here)).network == "resnet18"


def test_traits_tell_networks_apart_and_siblings_not():
    def apart(one: str, other: str) -> float:
        pairs = zip(network_work(one).traits, network_work(other).traits, strict=True)
        return sum((a - b) ** 2 for a, b in pairs) ** 0.5

    assert apart("mnasnet_1_0", "mobilenet_v2") < 0.5 < 1 < apart("resnet50", "mobilenet_v2")
    assert apart("resnet18", "resnet50") < apart("resnet18", "vit_b_16")
    assert all(map(isfinite, NetworkWork(0.0, 0.0).traits))


def test_a_network_whose_times_differ_from_chip_to_chip_has_a_wider_range():
    factors = {
        name: network_factor("processor", "ncnn", "fp32", network_work(name)) for name in ("mnasnet_1_0", "vgg16")
    }
    calm, restless = factors.values()
    assert calm.unrest < 1 < restless.unrest
    spread, setting = share_table().spreads["board"], Setting(MOBILE, offer_of(device("rpi4-4gb")))
    plain, wide, narrow = (
        effects_of(setting, spread, 0.1, replace(calm, unrest=u), (0.2,) * 5).rest_variance for u in (1.0, 2.0, 0.5)
    )
    assert wide == pytest.approx(4 * plain) and narrow == pytest.approx(plain / 4)


def test_a_range_says_which_rates_of_its_device_nobody_read_in_a_data_sheet():
    said = {
        name: " ".join(estimate_latency(MOBILE, device(name)).rests_on) for name in ("rpi5-8gb", "rpi4-4gb", "apple-m2")
    }
    assert "not checked" not in said["rpi5-8gb"]
    assert "not checked against a data sheet of this device: its bandwidth" in said["rpi4-4gb"]
    assert "not checked against a data sheet of this device: its cores" in said["apple-m2"]


def test_int8_is_no_faster_on_a_gpu_without_units_for_it():
    nano, plain = device("jetson-nano"), replace(MOBILE, name="")
    half, eight = (estimate_latency(plain, nano, number_format=form).typical_s for form in ("fp16", "int8"))
    assert eight >= half
    t4 = device("t4")
    half, eight = (estimate_latency(plain, t4, batch=64, number_format=form).typical_s for form in ("fp16", "int8"))
    assert eight < half


# What the chips' table says on purpose in other words than the price list.
OTHERWISE = {
    ("gtx-1080-ti", "tensor"): "computes halves in fp32: its own fp16 rate is 1/64",
    ("rtx-2080-ti", "tensor"): "sums in fp32, as the other cards of its kind; the list's rate sums in fp16",
    ("jetson-orin-nano-super", "tensor"): "the list has the rate without matrix units",
}


def test_the_chips_agree_with_the_price_list():
    listed = load_catalogue().devices
    for offer in published_offers().values():
        for name in offer.ids:
            row = listed[name]
            pairs = {"bandwidth": (offer.bandwidth / 1e9, row.bandwidth_gbs)}
            if offer.kind == "gpu":
                pairs |= {
                    "fp32": (offer.fp32_peak / 1e12, row.fp32_tflops),
                    "tensor": (offer.tensor_peak / 1e12, row.fp16_tflops),
                }
            for rate, (chip, sheet) in pairs.items():
                if sheet and (name, rate) not in OTHERWISE:
                    assert chip == pytest.approx(sheet, rel=0.02), (name, rate)


def test_a_time_of_the_network_itself_tells_more_than_one_of_its_twin_and_more_times_tell_more():
    nano, asked = device("jetson-nano"), network_work("resnet50")
    twin = replace(asked, name="twin")
    times = [Known(work, 0.09, runtime="ncnn", number_format="fp16") for work in (twin, asked)]
    by_twin, by_itself = (estimate_latency(asked, nano, known=[one]).width for one in times)
    both = estimate_latency(asked, nano, known=times).width
    assert both < by_itself < by_twin < estimate_latency(asked, nano).width


def test_what_times_share_is_a_covariance_in_every_class_and_across_the_batches_of_a_card():
    names = ("mobilenet_v2", "mnasnet_1_0", "resnet18", "resnet50", "vgg16", "vit_b_16", "shufflenet_v2")
    for place, batches in (("t4", (1, 4, 64)), ("rpi5-8gb", (1, 8)), ("desktop-5950x", (1, 8))):
        offer, table = offer_of(device(place)), share_table()
        effects = []
        for name in names:
            for batch in batches:
                for form in ("fp32", "int8"):
                    setting = Setting(network_work(name), offer, batch, form)
                    shares = table.family(setting.device_class).shares
                    _, terms = formula(shares, columns_of([setting]), offer.on_gpu)
                    factor = network_factor(family_name(setting.device_class), "ncnn", form, setting.work)
                    spread = table.spreads[setting.device_class]
                    effects.append(effects_of(setting, spread, 0.2, factor, terms[0]))
        among = np.array([[a.shared_with(b) for b in effects] for a in effects])
        assert among == pytest.approx(among.T)
        np.fill_diagonal(among, [each.variance for each in effects])
        assert np.linalg.eigvalsh(among).min() > 0


def test_the_terms_of_the_formula_share_the_whole_time():
    for name, small, big in (("rpi4-4gb", "mobilenet_v2", "vgg16"), ("t4", "mobilenet_v2", "vgg16")):
        settings = [Setting(network_work(n), offer_of(device(name))) for n in (small, big)]
        fitted = share_table().family(settings[0].device_class).shares
        _, shares = formula(fitted, columns_of(settings), name == "t4")
        assert shares.sum(axis=1) == pytest.approx([1.0, 1.0]) and (shares >= 0).all()
        arithmetic, launches = shares[:, TERMS.index("arithmetic")], shares[:, TERMS.index("launches")]
        assert arithmetic[1] > arithmetic[0] and launches[1] < launches[0]


def test_a_factor_of_a_network_counts_in_its_own_arithmetic_and_half_elsewhere():
    factors = {
        ("mobilenet_v2", 224): {("ncnn", "float"): NetworkFactor(0.4, 9), ("ncnn", "int"): NetworkFactor(0.1, 3)}
    }
    found = {
        (runtime, form): network_factor("processor", runtime, form, MOBILE, factors)
        for runtime, form in (("ncnn", "fp16"), ("ncnn", "int8"), ("onnxruntime", "fp32"))
    }
    assert found["ncnn", "fp16"] == NetworkFactor(0.4, 9) and found["ncnn", "int8"] == NetworkFactor(0.1, 3)
    assert found["onnxruntime", "fp32"] == NetworkFactor(pytest.approx((0.4 * 9 + 0.1 * 3) / 12 / 2), 1)
    assert network_factor("processor", "ncnn", "fp32", RESNET, factors) is None


@pytest.mark.parametrize(
    ("on_target", "with_factor", "state"),
    [(False, False, "nothing"), (False, True, "factor"), (True, False, "measured"), (True, True, "both")],
)
def test_the_state_of_knowledge_has_a_reach_of_its_own(on_target: bool, with_factor: bool, state: str):
    assert known_state(on_target, with_factor) == state
    assert all(spread.reach[state] > 1 for spread in share_table().spreads.values())


def test_more_pictures_in_a_batch_take_longer_together_and_less_each():
    one, many = (estimate_latency(RESNET, device("t4"), batch=b) for b in (16, 256))
    assert many.typical_s > one.typical_s and many.picture_s[1] <= one.picture_s[1]


def test_a_recurrent_network_and_unknown_counts_widen_the_range():
    plain = estimate_latency(RESNET, device("t4"))
    bare = estimate_latency(NetworkWork(macs=4.09e9, parameters=25.6e6), device("t4"))
    steps = estimate_latency(NetworkWork(4.09e9, 25.6e6, 11.1e6, 54, 0.0, recurrent=True), device("t4"))
    assert plain.width < bare.width < steps.width
    assert any("recurrent" in words for words in steps.rests_on)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Device("mine", "Mine", "cpu", bandwidth_gbs=10), "add fp32_tflops"),
        (Device("mine", "Mine", "gpu", fp32_tflops=10), "add bandwidth_gbs"),
        (Device("mine", "Mine", "tpu", fp16_tflops=10), "received a row of kind 'tpu'"),
    ],
)
def test_a_device_without_rates_says_which_number_is_missing(row: Device, words: str):
    with pytest.raises(PriceError, match=words):
        estimate_latency(RESNET, row)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"number_format": "fp8"}, "number format: expected one of fp32"),
        ({"batch": 0}, "batch: expected at least 1"),
        ({"work": NetworkWork(0, 10)}, "multiply-accumulates"),
    ],
)
def test_what_can_not_be_estimated_is_refused_in_words(asked: dict, words: str):
    work = asked.pop("work", RESNET)
    with pytest.raises(PriceError, match=words):
        estimate_latency(work, device("t4"), **asked)


def test_a_precision_is_estimated_in_the_fitted_format_that_computes_like_it():
    asked = ("fp32", "int8", "int8-dynamic", "bf16", "w8a16", "int4")
    assert [fitted_format(name) for name in asked] == ["fp32", "int8", "int8", "fp16", "w8a16", "fp32"]
