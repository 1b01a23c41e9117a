"""What this machine can run, how noisy it is, and which options its providers take.

import dlbench

print(dlbench.examine().table())
dlbench.noise_floor(budget=60).floor
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from dlbench.api.arguments import Names, Numbers, PathLike, names_arguments
from dlbench.api.measuring import measure_settings, telling
from dlbench.bench.diff.noise_floor import NOISE_MODEL, NoiseReport, measure_noise
from dlbench.bench.diff.thread_choice import ThreadChoice, ThreadOption, choose_threads
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.providers.options import PROVIDER_OPTIONS
from dlbench.doctor import Finding
from dlbench.doctor import examine as find
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.show import units
from dlbench.show.notebook import Progress, notebook_progress
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables


@dataclass(frozen=True, repr=False)
class Examination(WithTables):
    """What this machine can run, what it can't, why, and how to fix it."""

    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        missing = [finding.what for finding in self.findings if finding.state == "missing"]
        return f"<Examination: {len(self.findings)} findings; missing: {', '.join(missing)[:200] or 'nothing'}>"

    @property
    def usable_providers(self) -> tuple[str, ...]:
        """The execution providers that ran a model."""
        names = [(finding.what, finding.state) for finding in self.findings if finding.what.startswith("provider ")]
        return tuple(what.removeprefix("provider ") for what, state in names if state == "ok")

    def tables(self) -> TableView:
        """Return one row for each finding."""
        columns = (
            Column("what", False, key=True),
            Column("state", False),
            *(_text(name) for name in ("found", "how to fix it")),
        )
        rows = tuple((finding.what, finding.state, finding.detail, finding.fix) for finding in self.findings)
        return TableView((Table("doctor", "What this machine can run", columns, rows),))

    def document(self) -> list[dict[str, str]]:
        """Return the machine form."""
        return [{"what": f.what, "state": f.state, "detail": f.detail, "mend": f.fix} for f in self.findings]


@names_arguments
def examine(*, workspace: PathLike | None = None, on_progress: Progress | None = None) -> Examination:
    """Look at the machine, the software, each provider, the data and the folders, as `dlbench doctor` does.

    Args:
        workspace: the folder that must be writable.
        on_progress: called with what is being looked at; a notebook shows it by itself.
    """
    with notebook_progress("doctor", on_progress) as show:
        return Examination(find(Workspace.at(workspace), lambda text: show(text, 0, 0) if show else None))


@dataclass(frozen=True, repr=False)
class NoiseFloor(WithTables, NoiseReport):
    """What an A/A test showed: the smallest difference that can be claimed on this machine."""

    every_column: ClassVar = (Column("figure", False, key=True), Column("value"))

    def __repr__(self) -> str:
        return f"<NoiseFloor {self.floor:.1%} on {self.provider}, {self.threads} threads, {self.pairs} pairs>"

    def tables(self) -> TableView:
        """Return the figures of `dlbench doctor --noise`."""
        rows = (
            ("noise floor", units.percent(self.floor, 1)),
            ("ratio of A to A", units.number(self.ratio, "{:.4f}")),
            ("pairs of rounds", units.number(self.pairs, "{:d}")),
            ("calm rounds", units.percent(self.calm_share)),
            ("spread of calm medians", units.percent(self.spread, 1)),
            ("slowest over fastest round", units.number(self.worst, "{:.2f}")),
        )
        title = f"Noise on {self.provider}, {self.threads} threads (A/A)"
        return TableView((Table("noise", title, self.every_column, rows),))

    def sentences(self) -> Sequence[str]:
        """Return what the figures mean."""
        return (
            f"{NOISE_MODEL} against its own copy, in turn: ratio {self.ratio:.4f} over {self.pairs} pairs of rounds",
            f"noise floor: {self.floor:.1%}; a smaller difference than this is not claimed on this machine (kept)",
            f"calm rounds: {self.calm_share:.0%}; their medians spread by {self.spread:.1%} (standard deviation)",
            f"the slowest round took {self.worst:.2f} times as long as the fastest",
        )


@names_arguments
def noise_floor(
    *,
    providers: Names = "cpu",
    threads: Numbers = None,
    budget: str | float = 60.0,
    on_progress: Progress | None = None,
) -> NoiseFloor:
    """Time a small model against its own copy, and keep this machine's noise floor for `diff`.

    Args:
        providers: the one to measure.
        threads: CPU threads; None: the cores this process may use.
        budget: most seconds of measuring, or a text such as "2min".
        on_progress: as in `compare`.

    Raises:
        InputError: several providers or thread counts.
        CheckFailedError: the provider can't run here, or too few rounds fit into the budget.
    """
    settings = noise_settings(providers, threads, budget)
    with telling("noise", on_progress) as on_event:
        return NoiseFloor(**vars(measure_noise(settings, on_event)))


def noise_settings(providers: Names, threads: Numbers, budget: str | float) -> CompareSettings:
    """Return the settings of an A/A test.

    Raises:
        InputError: several providers or thread counts.
    """
    settings = measure_settings(providers=providers, batch_sizes=1, threads=threads, budget=budget)
    if len(settings.providers) > 1 or len(settings.all_threads) > 1:
        raise InputError("doctor: expected one provider and one thread count, received several.")
    return settings


@dataclass(frozen=True, repr=False)
class ThreadAdvice(WithTables, ThreadChoice):
    """Which threads serve best on this machine as it is now."""

    every_column: ClassVar = (
        Column("session", False, key=True, wraps=True),
        Column("median"),
        Column("slowest / fastest", secondary=True),
        Column("vs default"),
        Column("verdict", False),
    )

    def __repr__(self) -> str:
        return f"<ThreadAdvice for {self.model}: {self.fastest.name}>"

    def tables(self) -> TableView:
        """Return the table of `dlbench doctor --thread-advice`: a row a way of running the model."""
        rows = tuple(
            (
                option.name,
                units.duration(option.median_s),
                units.number(option.spread, "{:.2f}"),
                _times(option),
                option.verdict if option.times else "",
            )
            for option in self.options
        )
        return TableView((Table("threads", f"Threads for {self.model}, timed in turn", self.every_column, rows),))

    def sentences(self) -> Sequence[str]:
        """Return what the figures mean."""
        best, default = self.fastest, self.options[0]
        steadiest = min(self.options, key=lambda option: option.spread)
        if best.times is None:
            said = f"no other setting proved faster than {default.name}: leave the threads as they are"
        else:
            said = (
                f"on this machine now, {best.name} took {best.times.ratio:.2f} times as long as "
                f"{default.name} ({best.times.low:.2f}-{best.times.high:.2f}): use that setting"
            )
        return (said, f"the steadiest: {steadiest.name} (slowest round {steadiest.spread:.2f} times the fastest)")

    def document(self) -> dict[str, Any]:
        """Return the machine form."""
        return {
            "model": self.model,
            "options": [asdict(option) for option in self.options],
            "fastest": self.fastest.name,
            "evidence": self.evidence.model_dump(),
            "warnings": list(self.warnings),
        }


def _times(option: ThreadOption) -> str:
    times = option.times
    return f"{times.ratio:.2f} ({times.low:.2f}-{times.high:.2f})" if times else "1"


@names_arguments
def thread_advice(
    model: PathLike | None = None,
    *,
    threads: Numbers = None,
    budget: str | float = 60.0,
    on_progress: Progress | None = None,
) -> ThreadAdvice:
    """Time a model with ONNX Runtime's default threads and with what a user may set instead, in turn.

    Args:
        model: an ONNX file; a chain of small layers where None.
        threads: CPU threads; None: the cores this process may use.
        budget: most seconds of measuring, or a text such as "2min".
        on_progress: as in `compare`.

    Raises:
        InputError: several thread counts.
        ModelFileError: a model that can't be read, loaded or fed.
        CheckFailedError: the default did not run.
    """
    settings = noise_settings("cpu", threads, budget)
    with telling("threads", on_progress) as on_event:
        return ThreadAdvice(**vars(choose_threads(settings, model, on_event)))


@dataclass(frozen=True, repr=False)
class ProviderOptionList(WithTables):
    """What can be set for each execution provider."""

    options: Mapping[str, Mapping[str, str]]

    def __repr__(self) -> str:
        return f"<ProviderOptionList of {', '.join(self.options)}>"

    def tables(self) -> TableView:
        """Return the table of `dlbench doctor --provider-options`."""
        rows = tuple((name, key, what) for name, known in self.options.items() for key, what in known.items())
        columns = (Column("provider", False, key=True), Column("option", False, key=True), _text("what it does"))
        note = (
            "dlbench compare --provider-option cuda:use_tf32=0; a provider that is not listed here takes any option, "
            "and ONNX Runtime says what it does not know."
        )
        return TableView((Table("options", "Options of the execution providers", columns, rows, (note,)),))

    def document(self) -> dict[str, Any]:
        """Return the machine form."""
        return {name: dict(known) for name, known in self.options.items()}


def provider_options() -> ProviderOptionList:
    """Return what `provider_option` of `compare` can set, for each provider."""
    return ProviderOptionList(PROVIDER_OPTIONS)


def _text(title: str) -> Column:
    return Column(title, False, wraps=True)
