"""The price list, the user's own prices, and what they make of a measured speed."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from damage import limits

from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.bench.cost.price_file import EXAMPLE, read_price_file
from dlbench.bench.cost.pricing import PriceSettings, Pricing
from dlbench.bench.results.records import Gpu, Machine
from dlbench.errors import PriceError


def machine(cpu: str = "AMD EPYC", gpu: str | None = None) -> Machine:
    return Machine(
        cpu=cpu,
        architecture="x86_64",
        logical_cores=2,
        physical_cores=2,
        usable_cores=2,
        memory_bytes=1 << 34,
        gpu=Gpu(name=gpu, memory_bytes=1 << 33) if gpu else None,
        os="Linux 6.1",
        fingerprint="abcd1234",
    )


def build(settings: PriceSettings | None = None, with_gpu: bool = False, **kinds: str) -> Pricing:
    return Pricing.build(load_catalogue(), settings or PriceSettings(), machine(**kinds), with_gpu)


def option(pricing: Pricing, place: str, name: str, throughput: float = 1000.0):
    return next(o for o in pricing.options(place, throughput) if o.option == name)


def test_every_priced_row_has_a_date_and_a_source():
    for device in load_catalogue().devices.values():
        assert device.source
        if device.price_usd is not None:
            assert device.price_date, device.id
        if device.hourly_usd is not None:
            assert device.hourly_date, device.id


@pytest.mark.parametrize(
    ("system", "row"),
    [
        ("NVIDIA GeForce RTX 2080 Ti", "rtx-2080-ti"),
        ("NVIDIA GeForce RTX 2080", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("Tesla T4", "t4"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm-80gb"),
        ("NVIDIA H100 PCIe", None),
        ("NVIDIA H200", "h200-sxm-141gb"),
        ("NVIDIA H200 NVL", None),
        ("NVIDIA A100-SXM4-40GB", "a100-sxm-40gb"),
        ("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "laptop-i7-1165g7"),
        ("AMD Ryzen 9 5950X 16-Core Processor", "desktop-5950x"),
        ("Apple M1", "apple-m1"),
        ("Apple M1 Pro", None),
        ("AMD EPYC", None),
    ],
)
def test_a_device_is_matched_by_its_whole_name_or_not_at_all(system: str, row: str | None):
    found = load_catalogue().match(system)
    assert (found.id if found else None) == row


def test_a_price_from_memory_enters_no_figure():
    row = load_catalogue().device("desktop-5950x")
    assert row.price_usd == 799
    assert row.trusted("price_usd") is None
    own = option(build(cpu="AMD Ryzen 9 5950X 16-Core Processor"), "cpu", "own")
    assert own.usd_per_million is None
    assert "`machine_price`" in own.why


def test_an_unknown_machine_has_no_price_until_the_user_says_one():
    assert option(build(), "cpu", "own").usd_per_million is None
    own = option(build(PriceSettings(machine_price_usd=900, machine_power_w=65)), "cpu", "own")
    hour = 900 / (365 * 4 * 3) + 0.168 * 65 / 1000
    assert own.usd_per_hour == pytest.approx(hour)
    assert own.usd_per_million == pytest.approx(hour * 1e6 / 3600 / 1000)


def test_a_known_card_is_priced_from_the_list_and_says_that_it_is_the_card_alone():
    own = option(build(with_gpu=True, gpu="NVIDIA GeForce RTX 2080 Ti"), "cuda", "own")
    assert own.usd_per_hour == pytest.approx(999 / 4380 + 0.168 * 0.25)
    assert "card alone" in own.title


def test_renting_carries_the_overhead_and_colab_does_not():
    pricing = build()
    assert option(pricing, "cpu", "rent").usd_per_hour == pytest.approx(0.08925 * 1.1)
    assert option(pricing, "cpu", "colab").usd_per_hour == pytest.approx(0.008)


@pytest.mark.parametrize(
    ("cores", "rented", "usd"),
    [
        (1, "AWS c7i.large", 0.08925 / 2),
        (2, "AWS c7i.large", 0.08925),
        (3, "AWS c7i.xlarge", 0.1785 * 3 / 4),
        (8, "AWS c7i.2xlarge", 0.357),
        (16, "AWS c7i.2xlarge", 0.357 * 2),
    ],
)
def test_the_rented_instance_has_as_many_vcpus_as_the_cores_that_were_used(cores, rented, usd):
    many = machine().model_copy(update={"usable_cores": cores})
    pricing = Pricing.build(load_catalogue(), PriceSettings(), many, False)
    rent = option(pricing, "cpu", "rent")
    assert rent.title.startswith(rented) and rent.usd_per_hour == pytest.approx(usd * 1.1)
    assert any(rented in note and "core" in note for note in pricing.assumptions)


def test_a_cell_on_fewer_cores_is_charged_its_share_of_the_instance():
    many = machine().model_copy(update={"usable_cores": 8})
    pricing = Pricing.build(load_catalogue(), PriceSettings(), many, False, cores=4)
    rents = {n: next(o for o in pricing.options("cpu", 1000, n) if o.option == "rent") for n in (1, 2, 4)}
    assert [rents[n].usd_per_hour for n in rents] == pytest.approx([0.1785 * 1.1 * n / 4 for n in rents])
    assert rents[1].title.endswith("1/4 of its price") and rents[4].title == "AWS c7i.xlarge (4 vCPU Intel)"
    assert option(pricing, "cpu", "colab").usd_per_hour == pytest.approx(0.008)  # a whole one, whatever is used


def test_an_arm_machine_is_held_against_an_arm_instance():
    arm = machine().model_copy(update={"usable_cores": 4, "architecture": "aarch64"})
    rent = option(Pricing.build(load_catalogue(), PriceSettings(), arm, False), "cpu", "rent")
    assert rent.title == "AWS c7g.xlarge (4 vCPU Arm Graviton3)"


def test_an_instance_that_was_named_is_shared_out_too_where_its_vcpus_are_known():
    rent = option(build(PriceSettings(rent="aws-c5-2xlarge")), "cpu", "rent")
    assert rent.title.endswith("1/4 of its price") and rent.usd_per_hour == pytest.approx(0.34 * 1.1 / 4)
    whole = option(build(PriceSettings(rent="aws-g4dn-xlarge")), "cpu", "rent")
    assert whole.title == "AWS g4dn.xlarge (1x T4)"


def test_every_number_of_a_cost_is_listed_with_its_source():
    pricing = build(PriceSettings(machine_price_usd=900))
    names = {p.name for p in pricing.prices}
    assert {"electricity", "price of this machine", "power of 2 CPU threads"} <= names
    assert any("aws-c7i-large" in n for n in names)
    assert all(p.source and p.date for p in pricing.prices)
    assert any("0.168 USD/kWh" in a for a in pricing.assumptions)


def test_energy_without_a_counter_is_called_estimated():
    joule, source = build().energy("cpu", 1000)
    assert joule == pytest.approx(8 / 1000)
    assert source.startswith("estimated")


def test_the_training_is_priced_by_its_seconds():
    rent = next(o for o in build().training("cpu", 3600) if o.option == "rent")
    assert rent.usd_total == pytest.approx(0.08925 * 1.1)


def test_the_example_price_file_is_read_whole(tmp_path: Path):
    path = tmp_path / "prices.toml"
    path.write_text(EXAMPLE)
    settings, devices = read_price_file(path)
    assert (settings.machine_price_usd, settings.machine_power_w) == (900, 65)
    assert settings.assumptions.years == 3
    assert [(d.id, d.hourly_usd) for d in devices] == [("school-server", 0.25)]
    assert devices[0].source == "my own receipts"


def test_a_device_of_the_price_file_can_be_rented(tmp_path: Path):
    path = tmp_path / "prices.toml"
    path.write_text(EXAMPLE)
    _, devices = read_price_file(path)
    catalogue = load_catalogue().with_devices(devices)
    pricing = Pricing.build(catalogue, PriceSettings(rent="school-server"), machine(), False)
    assert option(pricing, "cpu", "rent").usd_per_hour == pytest.approx(0.25 * 1.1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not toml [", "expected TOML"),
        ("[machine]\nprice = 1", "machine.price"),
        ("[machine]\nprice_usd = -5", "machine.price_usd"),
        ("[electricity]\nusd_per_kwh = nan", "electricity.usd_per_kwh"),
        ('[[device]]\nid = "<script>"\nname = "x"', "device.0.id"),
        ("[machine]\nprice_usd = 1e9", "machine.price_usd"),
    ],
)
def test_a_price_file_that_can_not_be_used_names_the_key(tmp_path: Path, text: str, words: str):
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(PriceError) as caught:
        read_price_file(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_device_is_answered_with_close_ids():
    with pytest.raises(PriceError, match="aws-p3-2xlarge"):
        load_catalogue().device("aws-p3-2xlrge")


@pytest.mark.parametrize("price", [-1.0, 1e9, float("nan")])
def test_a_negative_or_absurd_price_is_refused(price: float):
    with pytest.raises(PriceError, match="out of range"):
        PriceSettings(machine_price_usd=price)


def test_amounts_in_other_currencies_are_converted_at_the_files_rate_and_say_so(tmp_path: Path):
    path = tmp_path / "prices.toml"
    path.write_text(
        'source = "receipts"\n[rates]\neur_usd = 2.0\nhuf_usd = 0.01\n[machine]\nprice = "350000 HUF"\n'
        '[electricity]\nper_kwh = "0.1 EUR"\n[[device]]\nid = "server"\nname = "Server"\nhourly = "0.25 EUR"\n'
    )
    settings, (server,) = read_price_file(path)
    assert (settings.machine_price_usd, settings.electricity_usd_per_kwh) == pytest.approx((3500, 0.2))
    assert "350000 HUF at 0.01 USD for 1 HUF (the price file)" in settings.source
    assert server.hourly_usd == pytest.approx(0.5) and "0.25 EUR at 2 USD" in server.source


def test_an_amount_given_in_two_currencies_is_refused(tmp_path: Path):
    path = tmp_path / "prices.toml"
    path.write_text('[machine]\nprice = "350000 HUF"\nprice_usd = 900\n')
    with pytest.raises(PriceError, match="given twice"):
        read_price_file(path)


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("2018-09 launch", True),
        ("2026-09-24 (was 32.77)", False),
        ("2018-01-31 and 2026-09-24", False),
        ("2026-09-27 rate x 2022 CU price", True),  # as old as its older factor
        ("2025", False),
        ("launch", False),
    ],
)
def test_a_price_is_marked_when_its_date_lies_more_than_a_year_back(text: str, old: bool):
    from datetime import date

    from dlbench.bench.cost.catalogue import older_than_a_year

    assert older_than_a_year(text, date(2026, 11, 23)) is old


def test_the_price_list_fits_80_columns_in_one_line_a_row_with_ids_prices_rents_and_age():
    from rich.console import Console

    from dlbench.bench.report.tables.result_tables import catalogue_table
    from dlbench.show.console import show_tables

    devices = tuple(load_catalogue().devices.values())
    console = Console(width=80, record=True, file=io.StringIO())
    show_tables(console, (catalogue_table(devices),))
    lines = console.export_text().splitlines()
    for device in devices:
        line = next(line for line in lines if line.split()[:1] == [device.id])
        assert all(f"{price:,.10g}" in line for price in (device.price_usd, device.hourly_usd) if price is not None)
        assert device.age_years is None or f"{device.age_years:.1f}" in line


def test_a_price_is_as_old_as_its_date():
    from dlbench.bench.cost.catalogue import Device, years_old

    assert years_old("2018-09 launch", date(2026, 9, 30)) == pytest.approx(8, abs=0.01)
    assert years_old("2030", date(2026, 9, 30)) == 0  # a date that is still to come
    assert years_old("2019-99-99 or so", date(2026, 1, 1)) == pytest.approx(6, abs=0.01)
    assert years_old("launch") is None
    assert Device("a", "A", "edge", price_date="2018").age_years is None  # no price


def test_the_catalogue_command_marks_old_prices_and_takes_a_price_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    import json

    from dlbench.cli import main

    path = tmp_path / "prices.toml"
    path.write_text(EXAMPLE)
    assert main(["cost", "catalogue", "--prices", str(path), "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["school-server"]["hourly_usd"] == 0.25 and rows["t4"]["memory_gb"] == 16
    assert rows["rtx-2080-ti"]["old"] == ["price_usd"] and not rows["aws-p3-2xlarge"]["old"]
    assert "fp16_tflops" in rows["rtx-2080-ti"]["from_memory"]
    assert main(["cost", "catalogue", "--kind", "service"]) == 0
    shown = capsys.readouterr().out
    assert "(y)" in shown and "older than a year" in " ".join(shown.split())
    assert main(["cost", "catalogue", "--kind", "cpus"]) == 2


def test_prices_of_this_machine_given_by_the_user_stand_before_those_of_the_list():
    given = PriceSettings(machine_price_usd=0, machine_power_w=0, electricity_usd_per_kwh=0, date="2026-11-01")
    pricing = build(given, with_gpu=True, cpu="Apple M1", gpu="Tesla T4")
    assert option(pricing, "cpu", "own").usd_per_hour == 0  # an old machine that costs nothing is a price too
    assert option(pricing, "cuda", "electricity").usd_per_hour == 0
    assert pricing.energy("cuda", 1000) == (0, "estimated: 0 W (given on the command line) / throughput")
    assert {p.date for p in pricing.prices if "this machine" in p.name or p.name == "electricity"} == {"2026-11-01"}


def test_a_day_that_is_not_given_is_today():
    prices = {p.name: p for p in build(PriceSettings(electricity_usd_per_kwh=0.3)).prices}
    assert (prices["electricity"].value, prices["electricity"].date) == (0.3, "today")
    assert prices["electricity"].source == "given on the command line"


def test_the_power_of_a_machine_is_that_of_its_row_of_the_list():
    pricing = build(with_gpu=True, cpu="Apple M1", gpu="Tesla T4")
    assert pricing.energy("cpu", 100) == (0.1, "estimated: TDP 10 W of Apple M1 (Mac mini 8GB) / throughput")
    assert pricing.energy("cuda", 100)[0] == pytest.approx(0.7)  # 70 W
    assert option(pricing, "cuda", "electricity").usd_per_hour == pytest.approx(0.168 * 0.07)


def test_a_gpu_that_the_list_does_not_know_takes_what_its_driver_allows():
    known = machine(gpu="NVIDIA Something New")
    limited = known.model_copy(update={"gpu": known.gpu.model_copy(update={"power_limit_w": 320.0})})
    pricing = Pricing.build(load_catalogue(), PriceSettings(), limited, True)
    assert pricing.energy("cuda", 100)[0] == pytest.approx(3.2)
    assert pricing.energy("cpu", 100)[0] == pytest.approx(0.08)  # 2 threads of 4 W: the limit is not the CPU's
    without = build(with_gpu=True, gpu="NVIDIA Something New")  # no limit is known: what is known of the CPU
    assert without.energy("cuda", 100)[0] == pytest.approx(0.08)
    assert "'NVIDIA Something New'" in option(pricing, "cuda", "own").why
    assert "'AMD EPYC'" in option(pricing, "cpu", "own").why


def test_a_machine_without_a_name_is_called_by_its_place():
    assert "no price for 'cuda'" in option(build(with_gpu=True), "cuda", "own").why


def test_a_row_that_was_named_goes_before_the_one_that_the_systems_name_matches():
    pricing = build(PriceSettings(machine=("rtx-2080-ti", "apple-m4")), True, cpu="Apple M1", gpu="Tesla T4")
    assert [i.device for i in pricing.inputs] == ["apple-m4", "rtx-2080-ti"]  # each on its own place
    sentences = " ".join(pricing.assumptions)
    assert "[apple-m4], named with `machine`" in sentences and "[rtx-2080-ti], named with `machine`" in sentences
    matched = " ".join(build(cpu="Apple M1").assumptions)
    assert "[apple-m1], matched by its name, 'Apple M1'" in matched and "cuda" not in matched


@pytest.mark.parametrize(
    ("gpu", "rented", "usd"),
    [
        ("NVIDIA H100 80GB HBM3", "GCP a3-highgpu-1g (1x H100)", 10.9791),
        ("Tesla T4", "AWS g4dn.xlarge (1x T4)", 0.526),
        ("NVIDIA GeForce RTX 2080 Ti", "AWS g4dn.xlarge (1x T4)", 0.526),
    ],
)
def test_a_cards_time_is_priced_by_a_rented_machine_with_that_card_or_said_not_to_be(gpu, rented, usd):
    pricing = build(with_gpu=True, gpu=gpu)
    rent = option(pricing, "cuda", "rent")
    assert rent.title == rented and rent.usd_per_hour == pytest.approx(1.1 * usd)
    sentence = next(line for line in pricing.assumptions if line.startswith("rent (cuda)"))
    assert (f"another card than this machine's {gpu}" in sentence) == ("2080" in gpu)


def test_without_a_gpu_there_is_nothing_to_say_of_one():
    assert build().options("cuda", 1000) == () and build().training("cuda", 60) == ()
    assert len(build(with_gpu=True).options("cuda", 1000)) == 4


def test_a_speed_that_was_not_measured_has_an_hour_but_no_cost_per_million():
    for way in build(cpu="Apple M1").options("cpu", None):
        assert way.usd_per_million is None
    assert option(build(), "cpu", "rent", None).why == "no measured speed"
    assert option(build(), "cpu", "rent", None).usd_per_hour == pytest.approx(0.08925 * 1.1)
    assert option(build(), "cpu", "rent").why == ""
    assert "`machine_price`" in option(build(), "cpu", "own", None).why


def test_a_training_has_no_price_where_an_hour_has_none():
    ways = {way.option: way for way in build().training("cpu", 7200)}
    assert ways["own"].usd_total is None and ways["own"].why
    assert ways["colab"].usd_total == pytest.approx(0.016)
    assert {way.usd_per_million for way in ways.values()} == {None}


def test_a_row_without_an_hourly_price_cant_be_rented_and_says_so():
    rented = option(build(PriceSettings(rent="apple-m1")), "cpu", "rent")
    assert rented.usd_per_hour is None and rented.why == "the price list has no hourly price for apple-m1"


def test_what_a_cost_is_made_of_is_kept_for_each_place():
    cpu, gpu = build(with_gpu=True, cpu="Apple M1", gpu="NVIDIA GeForce RTX 2080 Ti").inputs
    assert (cpu.place, cpu.device, cpu.price_usd, cpu.power_w) == ("cpu", "apple-m1", 699, 10)
    assert (gpu.place, gpu.device, gpu.price_usd, gpu.power_w) == ("cuda", "rtx-2080-ti", 999, 250)
    assert (cpu.rent_usd_per_hour, cpu.rent_vcpus, cpu.colab_usd_per_hour, cpu.years) == (0.08925, 2, 0.008, 3)
    assert gpu.rent_vcpus is None  # a whole instance is rented for its card
    (unknown,) = build().inputs
    assert (unknown.device, unknown.price_usd) == ("", None)


@pytest.mark.parametrize(
    ("field", "limit"), [("machine_price_usd", 1e7), ("machine_power_w", 1e5), ("electricity_usd_per_kwh", 100)]
)
def test_a_price_at_the_limit_is_taken_and_one_above_it_refused(field: str, limit: float):
    assert getattr(PriceSettings(**{field: limit}), field) == limit
    assert getattr(PriceSettings(**{field: 0}), field) == 0
    with pytest.raises(PriceError, match="check the unit"):
        PriceSettings(**{field: limit + 0.5})


def test_a_long_source_is_cut_to_what_a_result_file_takes():
    prices = build(PriceSettings(machine_price_usd=1, source="x" * 2000)).prices
    assert max(len(p.source) for p in prices) == 1000


def test_prices_once_settled_cant_be_changed_by_accident():
    for record in (PriceSettings(), build(), build().cpu[0]):
        with pytest.raises(AttributeError):
            record.source = "another"


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 50_000) + " = 1",
        "[" + ".".join(["a"] * 50_000) + "]",
        "x = {" + " . ".join(["'a'"] * 50_000) + " = 1}",
        "x = " + "[" * 100_000,
        "x = " + "{a=" * 100_000,
        "source = " + "9" * 5000,
        'source = "' + "a.b.c.d.e.f.g.h.i.j.k" + '"\nunknown = 1  # a.b.c.d.e.f.g.h.i.j.k',
    ],
    ids=["key", "table", "inline", "arrays", "tables", "digits", "dots in a text"],
)
def test_a_price_file_that_would_fill_the_memory_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(PriceError) as caught, limits():
        read_price_file(path)
    assert "\n" not in str(caught.value)


def test_dots_in_texts_and_comments_are_no_keys(tmp_path: Path):
    path = tmp_path / "p.toml"
    path.write_text('source = "a.b.c.d.e.f.g.h.i.j.k"  # l.m.n.o.p.q.r.s.t.u.v\n')
    assert read_price_file(path)[0].source == "a.b.c.d.e.f.g.h.i.j.k"
