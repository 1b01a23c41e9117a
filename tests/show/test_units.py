"""Units: chosen once a table, so that its figures can be compared, and named in its head."""

from __future__ import annotations

import pytest

from dlbench.errors import InputError
from dlbench.show import units


@pytest.mark.parametrize(
    ("usd_per_million", "title", "texts"),
    [
        ([0.5, 3.2], "USD per million", ["0.500", "3.20"]),
        ([0.002, 3.2], "cents per million", ["0.200", "320"]),
        ([6.02e-6, 4.1e-4], "cents per billion", ["0.602", "41.0"]),
        ([6.02e-6, 0.25], "cents per billion", ["0.602", "25,000"]),
        ([1e-9, None], "cents per billion", ["0.000100", "n/a"]),
        ([1e-6, 400.0], "cents per million", ["0.000100", "40,000"]),  # the dear one would get too long
        ([0.0, 2.0], "USD per million", ["0", "2.00"]),
        ([None], "USD per million", ["n/a"]),
        ([4e7], "USD per million", ["40,000,000"]),
    ],
)
def test_prices_stand_in_the_largest_unit_that_shows_the_smallest(usd_per_million, title, texts):
    unit = units.price_unit(usd_per_million)
    assert unit.title == title
    assert [unit.figure(value) for value in usd_per_million] == texts


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("90s", 90),
        ("2min", 120),
        ("1.5 h", 5400),
        ("1,5ms", 0.0015),
        ("1,500", 1500),
        (" 70 ", 70),
        ("7us", 7e-6),
        (3, 3),
    ],
)
def test_a_typed_time_has_its_unit_or_is_in_seconds(typed, seconds):
    assert units.typed_seconds("--budget", typed) == pytest.approx(seconds)


@pytest.mark.parametrize("typed", ["", "much", "2x", "nan", "inf", "1,2,3s", "3 4s", "s"])
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(InputError, match="--budget: expected seconds"):
        units.typed_seconds("--budget", typed)


def test_a_time_without_its_unit_is_refused_where_it_must_have_one():
    with pytest.raises(InputError, match="expected a time with its unit, such as 5ms, received '5'"):
        units.typed_seconds("--latency", "5", bare="")


def test_a_table_is_sorted_by_the_base_unit_whatever_it_shows():
    assert units.price_unit([6e-6]).figure(6e-6).value == 6e-6


@pytest.mark.parametrize(
    ("choose", "amount", "text"),
    [
        (units.mass_unit, 0.204, "0.204 kg"),
        (units.mass_unit, 0.0061, "6.10 g"),
        (units.mass_unit, 8e-6, "8.00 mg"),
        (units.mass_unit, 8e-9, "8.00 µg"),
        (units.energy_unit, 1.5, "1.50 kWh"),
        (units.energy_unit, 0.002, "2.00 Wh"),
        (units.energy_unit, 3e-6, "3.00 mWh"),
        (units.training_price_unit, 2.0, "2.00 USD"),
        (units.training_price_unit, 0.004, "0.400 cents"),
        (units.training_price_unit, 6e-6, "0.600 cents for 1,000 trainings"),
    ],
)
def test_mass_energy_and_trainings_have_units_that_fit(choose, amount, text):
    unit = choose([amount])
    assert f"{unit.figure(amount)} {unit.title}" == text


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((6.4e-4, 4.9e-3), "0.64-4.9 ms"),  # both ends in the unit of the slow one
        ((0.0124, 0.0333), "12-33 ms"),
        ((2e-6, 0.9), "2.0 µs-900 ms"),  # 0.002-900 ms could not be read
        ((100.0, 400.0), "1.7-6.7 min"),
        ((3600.0, 86_400.0), "1.0-24 h"),
        ((0.002, 0.002), "2.0 ms"),
        ((0.002, None), "2.0 ms or more"),
    ],
)
def test_both_ends_of_a_range_stand_in_one_unit(ends: tuple[float, float | None], text: str):
    assert units.duration_span(*ends) == text
