"""From a measured cell to USD: the assumptions, the user's prices, and the cost of each way to have a machine.

    pricing = Pricing.build(load_catalogue(), PriceSettings(machine_price_usd=900), machine, with_gpu=False)
    pricing.options("cpu", throughput_per_s=5000)

Four ways: `own` (purchase and electricity spread over the hours of use), `electricity` (the machine is there
already), `rent` (an instance of the price list), `colab`. All use the speed measured on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from dlbench.bench.cost import formulas as cost
from dlbench.bench.cost.assumptions import COLAB_BY_DEFAULT, Assumptions
from dlbench.bench.cost.catalogue import Catalogue, Device
from dlbench.bench.cost.renting import instance_for, price_share, renting_sentence
from dlbench.bench.results.records import CostInputs, CostOption, Machine, Price
from dlbench.energy import UNKNOWN_TDP_W_PER_THREAD
from dlbench.errors import PriceError
from dlbench.show.texts import says_errors

OPTIONS = ("own", "electricity", "rent", "colab")
SHOWN_FIRST = ("own", "rent", "electricity")  # of this machine, where one way must do: the first that has a price


@dataclass(frozen=True)
class PriceSettings:
    """What the user said about prices; None for what was not said.

    Raises:
        PriceError: a negative or absurd number.
    """

    machine_price_usd: float | None = None
    machine_power_w: float | None = None
    electricity_usd_per_kwh: float | None = None
    rent: str | None = None
    machine: tuple[str, ...] = ()  # rows of the price list that this machine is
    source: str = "given on the command line"
    date: str = ""
    assumptions: Assumptions = field(default_factory=Assumptions)

    @says_errors
    def __post_init__(self) -> None:
        limits = {"machine_price_usd": (1e7, "USD"), "machine_power_w": (1e5, "W")}
        limits["electricity_usd_per_kwh"] = (100.0, "USD per kWh")
        for name, (limit, unit) in limits.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= limit:
                raise PriceError(
                    f"{name.replace('_', ' ')} is out of range: expected 0 to {limit:,.0f} {unit}, received "
                    f"{value:g}; check the unit."
                )


@dataclass(frozen=True)
class _Hour:
    """One way to have a machine for one hour."""

    option: str
    title: str
    usd: float | None
    why: str = ""
    shared: Device | None = None  # an instance whose price is shared out over its vCPUs

    def cost(self, **figure: Any) -> CostOption:
        """Return what something costs this way."""
        known = {"option": self.option, "title": self.title, "usd_per_hour": self.usd, "why": self.why}
        return CostOption(**{**known, **figure})

    def on(self, cores: int) -> _Hour:
        """Return the hour for work on so many cores."""
        share = price_share(self.shared, cores) if self.shared else 1
        if share == 1:
            return self
        how = f"at {share} of its price" if share < 1 else f"at {float(share):.3g} times its price"
        return replace(self, title=f"{self.title}, {how}", usd=None if self.usd is None else self.usd * float(share))


@dataclass(frozen=True)
class Pricing:
    """Costs per hour for work on the CPU and on the GPU of this machine, and where each number came from."""

    cpu: tuple[_Hour, ...]
    gpu: tuple[_Hour, ...]
    power_w: dict[str, tuple[float, str]]
    prices: tuple[Price, ...]
    assumptions: tuple[str, ...]
    inputs: tuple[CostInputs, ...] = ()
    cores: int = 1  # that this machine may use

    @classmethod
    def build(
        cls, catalogue: Catalogue, settings: PriceSettings, machine: Machine, with_gpu: bool, cores: int | None = None
    ) -> Pricing:
        """Settle every price once for a run; a cell used so many cores at most, None: all that this machine may use."""
        builder = _Builder(catalogue, settings, machine, cores or machine.usable_cores)
        cpu = builder.hours("cpu")
        gpu = builder.hours("cuda") if with_gpu else ()
        sentences = tuple(builder.sentences(with_gpu))
        prices, inputs = tuple(builder.prices.values()), tuple(builder.inputs)
        return cls(cpu, gpu, dict(builder.power), prices, sentences, inputs, machine.usable_cores)

    def options(self, place: str, throughput_per_s: float | None, cores: int | None = None) -> tuple[CostOption, ...]:
        """Return USD per million inferences at this speed on so many cores (formula 3, busy all the time it is on)."""
        if not throughput_per_s:
            return tuple(hour.cost(why=hour.why or "no measured speed") for hour in self._hours(place, cores))
        return tuple(
            hour.cost(usd_per_million=None if hour.usd is None else cost.usd_per_million(hour.usd, throughput_per_s))
            for hour in self._hours(place, cores)
        )

    def training(self, place: str, training_s: float) -> tuple[CostOption, ...]:
        """Return the cost of one training, in USD (formula 6)."""
        return tuple(
            hour.cost(usd_total=None if hour.usd is None else cost.training_usd(training_s, hour.usd))
            for hour in self._hours(place)
        )

    def _hours(self, place: str, cores: int | None = None) -> tuple[_Hour, ...]:
        return tuple(hour.on(cores or self.cores) for hour in self.cpu) if place == "cpu" else self.gpu

    def energy(self, place: str, throughput_per_s: float) -> tuple[float, str]:
        """Return joule per inference (formula 5) and where the power came from, in words."""
        power_w, source = self.power_w[place if place == "cpu" else "cuda"]
        return cost.joule_per_inference(power_w, throughput_per_s), source


class _Builder:
    """Collects hours, prices and sentences while they are settled."""

    def __init__(self, catalogue: Catalogue, settings: PriceSettings, machine: Machine, cores: int) -> None:
        self.catalogue, self.settings, self.machine, self.cores = catalogue, settings, machine, cores
        self.prices: dict[str, Price] = {}
        self.power: dict[str, tuple[float, str]] = {}
        self.inputs: list[CostInputs] = []
        given, a = settings.electricity_usd_per_kwh, settings.assumptions
        if given is not None:
            a = replace(a, electricity_usd_per_kwh=given)
            a = replace(a, electricity_date=settings.date, electricity_source=settings.source)
        self.assumed = a
        self._note("electricity", a.electricity_usd_per_kwh, "USD/kWh", a.electricity_date, a.electricity_source)

    def hours(self, place: str) -> tuple[_Hour, ...]:
        """Return the four ways for work on the CPU or on the GPU."""
        power_w, power_source = self._power(place)
        self.power[place] = power_w, power_source
        self.inputs.append(self._inputs(place, power_w))
        a = self.assumed
        electricity = cost.electricity_usd_per_hour(power_w, a.electricity_usd_per_kwh, a.pue_home)
        return (
            self._own(place, power_w),
            _Hour("electricity", "this machine, already paid: electricity alone", electricity),
            self._rented(place),
            self._colab(place),
        )

    def _inputs(self, place: str, power_w: float) -> CostInputs:
        price, row, a = self._price(place), self._row(place), self.assumed
        rent = self._instance(place)
        return CostInputs(
            place=place,
            device=row.id if row else "",
            price_usd=price[0] if price else None,
            power_w=power_w,
            **{name: getattr(a, name) for name in CostInputs.model_fields if hasattr(a, name)},
            pue=a.pue_home,
            rent=rent.name,
            rent_usd_per_hour=rent.trusted("hourly_usd"),
            rent_vcpus=rent.vcpus if place == "cpu" else None,
            colab_usd_per_hour=self.catalogue.device(COLAB_BY_DEFAULT[place]).trusted("hourly_usd"),
        )

    def _row(self, place: str) -> Device | None:
        """Return this machine's row: the one that the user named, else the one that matches the system's name."""
        kinds = ("cpu", "edge") if place == "cpu" else ("gpu", "tpu")
        named = [self.catalogue.device(i) for i in self.settings.machine]
        chosen = next((d for d in named if d.kind in kinds), None)
        return chosen or self.catalogue.match(self.machine.system_name(place))

    def _note(self, name: str, value: float, unit: str, date: str, source: str) -> None:
        self.prices[name] = Price(
            name=name, value=value, unit=unit, date=date or "today", source=source[:1000] or "not said"
        )

    def _power(self, place: str) -> tuple[float, str]:
        """Return the power under load in watts and its source; the best that is known."""
        given = self.settings.machine_power_w
        if given is not None:
            self._note("power of this machine", given, "W", self.settings.date, self.settings.source)
            return given, f"estimated: {given:g} W ({self.settings.source}) / throughput"
        row = self._row(place)
        if row and row.trusted("tdp_w"):
            watts = float(row.trusted("tdp_w") or 0)
            self._note(f"power of {row.name}", watts, "W", "see source", row.source)
            return watts, f"estimated: TDP {watts:g} W of {row.name} / throughput"
        gpu = self.machine.gpu
        if place != "cpu" and gpu and gpu.power_limit_w:
            self._note(f"power limit of {gpu.name}", gpu.power_limit_w, "W", "today", "the driver (NVML)")
            return gpu.power_limit_w, f"estimated: the driver's power limit {gpu.power_limit_w:g} W / throughput"
        threads = self.machine.usable_cores
        watts = UNKNOWN_TDP_W_PER_THREAD * threads
        self._note(
            f"power of {threads} CPU threads", watts, "W", "2023", "codecarbon: 4 W per thread where the TDP is unknown"
        )
        return watts, f"estimated: {UNKNOWN_TDP_W_PER_THREAD:g} W x {threads} threads (TDP unknown) / throughput"

    def _price(self, place: str) -> tuple[float, str] | None:
        given = self.settings.machine_price_usd
        if given is not None:
            self._note("price of this machine", given, "USD", self.settings.date, self.settings.source)
            return given, "this machine"
        row = self._row(place)
        price = row.trusted("price_usd") if row else None
        if row is None or not price:
            return None
        self._note(f"price of {row.name}", price, "USD", row.price_date, row.source)
        what = "the card alone, without the computer around it" if row.kind == "gpu" else "as in the price list"
        return price, f"{row.name} ({what})"

    def _own(self, place: str, power_w: float) -> _Hour:
        price = self._price(place)
        if price is None:
            name = self.machine.system_name(place) or place
            return _Hour(
                "own",
                "this machine, bought",
                None,
                f"the price list has no price for {name!r}: add `machine_price` USD, or `machine` ID where it is a "
                "row of `dlbench cost catalogue`",
            )
        a = self.assumed
        usd = cost.own_usd_per_active_hour(
            price[0],
            a.years,
            a.active_hours_per_day,
            power_w,
            a.electricity_usd_per_kwh,
            residual_share=a.residual_share,
            pue=a.pue_home,
        )
        return _Hour("own", f"{price[1]}, bought for {price[0]:,.0f} USD", usd)

    def _instance(self, place: str) -> Device:
        given = self.settings.rent
        if given:
            return self.catalogue.device(given)
        row = self._row(place)
        return instance_for(self.catalogue, place, self.machine.architecture, self.cores, row.id if row else "")

    def _rented(self, place: str) -> _Hour:
        row = self._instance(place)
        hour = self._hourly("rent", row, self.assumed.cloud_overhead_share)
        return replace(hour, shared=row) if place == "cpu" else hour

    def _colab(self, place: str) -> _Hour:
        return self._hourly("colab", self.catalogue.device(COLAB_BY_DEFAULT[place]), 0.0)

    def _hourly(self, option: str, row: Device, overhead: float) -> _Hour:
        hourly = row.trusted("hourly_usd")
        if hourly is None:
            return _Hour(option, row.name, None, f"the price list has no hourly price for {row.id}")
        self._note(f"{row.name} [{row.id}]", hourly, "USD/h", row.hourly_date, row.source)
        return _Hour(option, row.name, cost.cloud_usd_per_useful_hour(hourly, overhead))

    def sentences(self, with_gpu: bool) -> Iterator[str]:
        """Yield the sentences that stand under the cost table."""
        a = self.assumed
        yield (
            "the price of an inference = USD per hour / (3600 x inferences per second), at the speed measured on this "
            "machine, busy all the time it is on. A rented machine or Colab may be faster or slower than this one."
        )
        yield (
            f"own: purchase price over {a.years:g} years at {a.active_hours_per_day:g} hours of use a day, "
            f"{a.residual_share:.0%} of it left at the end, no maintenance, plus electricity at "
            f"{a.electricity_usd_per_kwh:g} USD/kWh ({a.electricity_source}, {a.electricity_date or 'today'}), PUE "
            f"{a.pue_home:g}."
        )
        places = ("cpu", "cuda") if with_gpu else ("cpu",)
        for place in places:
            row, name = self._row(place), self.machine.system_name(place)
            if row is not None:
                how = "named with `machine`" if row.id in self.settings.machine else f"matched by its name, {name!r}"
                yield f"{place}: this machine is {row.name} of the price list [{row.id}], {how}."
            watts, source = self.power[place]
            yield f"electricity ({place}): {watts:g} W under load; {source.removesuffix(' / throughput')}."
        for place in places:
            yield renting_sentence(self._instance(place), place, self.cores, self.machine.system_name(place))
        yield (
            f"rent: the on-demand price plus {a.cloud_overhead_share:.0%} for start-up and hours when it was left on "
            "by mistake; storage and traffic are left out."
        )
        yield (
            "colab: the paid runtime's price; the free one costs 0 USD up to its unpublished quota and is not "
            "guaranteed."
        )
