"""Same, faster, slower or can't tell: two results compared, or two models timed in turn.

    diff = diff_results(read_result(a), read_result(b), DiffSettings())
    for row in diff.rows: row.verdict, row.ratio, row.reason

A difference is claimed only when the interval of the ratio leaves out 1 and the ratio lies further from 1 than the A/A
noise floor (docs/measuring.md, rule 13). Cells from different machines are never called a regression.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field

from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.ratio import RatioInterval, unpaired_ratio
from dlbench.bench.results.against_parent import AgainstParent
from dlbench.bench.results.headline import QUIET, headline, quiet_rounds, samples_of
from dlbench.bench.results.records import Count, FedInput, Name, NonNegative, Positive, Record, Text
from dlbench.bench.results.schema import Cell, Result
from dlbench.errors import one_line

FILE_LEVEL = 0.99
RAN = ("ran", "partial")  # with figures of the provider that was asked for
_MIN_ROUNDS = 5
_PROBES_ALIKE = 0.03  # what a probe can tell apart

DiffVerdict = Literal["faster", "slower", "same", "can't tell", "not comparable"]


class DiffRow(Record):
    """One cell of A beside the same cell of B."""

    model_a: Name
    model_b: Name
    provider: Name
    batch: Count
    threads: Count
    how: Name = Field(default="", description="copies, streams, scenario, where they are not the plain ones")
    verdict: DiffVerdict
    reason: Text = ""
    a_s: Positive | None = None
    b_s: Positive | None = None
    a_disturbed: bool = Field(default=False, description="hardly a round of A was calm, so `a_s` comes from others")
    b_disturbed: bool = False
    ratio: Positive | None = Field(default=None, description="time of B over time of A")
    ratio_low: NonNegative | None = None
    ratio_high: NonNegative | None = None
    level: Positive | None = Field(default=None, description="confidence level of the ratio's interval")
    pairs: Count = Field(default=0, description="pairs of rounds in turn, or rounds of the side with fewer")
    ran_a: Name = Field(default="", description="what the cell of A came to: ran, unavailable, failed, ...")
    ran_b: Name = ""
    lost_accuracy: bool = Field(
        default=False, description="B is a variant that lost more answers than was allowed: its speed is no win"
    )
    trusted: bool = Field(default=True, description="false: something speaks against the ratio; `reason` says what")

    @property
    def label(self) -> str:
        """The cell in words."""
        return _in_words(self.model_b, self, self.how)

    @property
    def never_ran(self) -> bool:
        """Whether neither side ran where it was asked to."""
        return self.ran_a not in RAN and self.ran_b not in RAN


class Decision(Record):
    """What a CI run does with a diff."""

    verdict: Literal["PASS", "FAIL", "UNCLEAR"]
    slower_by: Positive | None = Field(
        default=None, description="share that B may be slower by; null: outside the noise"
    )
    failed: tuple[Text, ...] = Field(default=(), description="cells that are slower than the rule allows, or broke")
    unclear: tuple[Text, ...] = Field(default=(), description="cells of which nobody can tell")
    passed: Count = 0
    never_ran: tuple[Text, ...] = Field(default=(), description="cells that ran in neither; they don't count")


class Diff(Record):
    """All cells of two results, and what else differs between the two."""

    diff_schema: Literal["dlbench.diff/1"] = Field(default="dlbench.diff/1", alias="schema")
    a: Text
    b: Text
    in_turn: bool = Field(description="rounds of A and B were measured alternately")
    floor: Positive
    floor_source: Text
    same_within: Positive
    rows: tuple[DiffRow, ...]
    only_in_a: tuple[Text, ...] = ()
    only_in_b: tuple[Text, ...] = ()
    differences: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    warnings: tuple[Text, ...] = ()
    decision: Decision | None = Field(default=None, description="PASS, FAIL or UNCLEAR, by the rule that was asked for")
    measured: Result | None = Field(default=None, description="in turn: the rounds that the figures come from")
    variants: tuple[AgainstParent, ...] = Field(
        default=(), description="A or B in fewer bits, held against the network that it was made from"
    )

    def __repr__(self) -> str:
        verdicts = Counter(row.verdict for row in self.rows)
        counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
        return f"<Diff of A {self.a[:80]} and B {self.b[:80]}: {counted or 'no cell in both'}>"

    __str__ = __repr__

    def judged_as(self, variants: Sequence[AgainstParent]) -> Self:
        """Return the same with what its variants lost: a row of a B that lost too much is marked."""
        lost = {variant.model for variant in variants if variant.has_lost}
        return self.model_copy(
            update={
                "variants": tuple(variants),
                "rows": tuple(r.model_copy(update={"lost_accuracy": r.model_b in lost}) for r in self.rows),
                "warnings": (*(v.sentence for v in variants if v.verdict == "not judged"), *self.warnings),
                "measured": self.measured and self.measured.judged_as(variants),
            }
        )

    def slower_than(self, share: float) -> tuple[DiffRow, ...]:
        """Return the rows where B is shown to be slower, by more than `share`."""
        return tuple(r for r in self.rows if r.verdict == "slower" and r.ratio is not None and r.ratio > 1 + share)


def judge(interval: RatioInterval, settings: DiffSettings) -> tuple[DiffVerdict, str]:
    """Return the verdict on a ratio, and why."""
    away = abs(interval.ratio - 1)
    if (interval.low > 1 or interval.high < 1) and away > settings.floor:
        word: DiffVerdict = "slower" if interval.ratio > 1 else "faster"
        return word, f"the interval leaves out 1, and {away:.1%} is above the noise floor of {settings.floor:.1%}"
    if interval.low >= 1 - settings.same_within and interval.high <= 1 + settings.same_within:
        return "same", f"the interval lies within {settings.same_within:.0%} of 1"
    if away <= settings.floor and (interval.low > 1 or interval.high < 1):
        return "can't tell", f"{away:.1%} is below the noise floor of {settings.floor:.1%}"
    return "can't tell", "the interval holds 1 and reaches further than what counts as the same"


def diff_results(a: Result, b: Result, settings: DiffSettings, names: tuple[str, str] = ("A", "B")) -> Diff:
    """Compare the cells of two result files."""
    foreign = tuple(_machine_differences(a, b))
    pairs = list(_matching(a, b))
    matched = {id(c) for pair in pairs for c in pair}
    return Diff(
        a=names[0],
        b=names[1],
        in_turn=False,
        floor=settings.floor,
        floor_source=settings.floor_source,
        same_within=settings.same_within,
        rows=tuple(_file_row(x, y, foreign, (a, b), settings) for x, y in pairs),
        only_in_a=tuple(label(c) for c in a.cells if id(c) not in matched),
        only_in_b=tuple(label(c) for c in b.cells if id(c) not in matched),
        differences=(*foreign, *_software_differences(a, b)),
        variants=b.variants,
    )


def label(cell: Cell) -> str:
    """Return a cell's name."""
    return _in_words(cell.model, cell, how(cell))


def _in_words(model: str, of: Cell | DiffRow, rest: str) -> str:
    plain = f"{model} on {of.provider}, batch {of.batch}, {of.threads} threads"
    return f"{plain}, {rest}" if rest else plain


def how(cell: Cell) -> str:
    """Return copies, streams and scenario, where they are not the plain ones."""
    parts = []
    if cell.copies_included is not None:
        parts.append("with copies" if cell.copies_included else "without copies")
    if cell.scenario != "single-stream":
        parts.append(f"{cell.scenario}, {cell.streams} streams")
    if cell.rate_per_s is not None:
        parts.append(f"{cell.rate_per_s:g} runs/s offered")
    if cell.cuda_graph:
        parts.append("CUDA graph")
    return ", ".join(parts)


def _key(cell: Cell, with_model: bool) -> tuple[object, ...]:
    model = cell.model if with_model else ""
    return (model, cell.provider, cell.batch, cell.threads, how(cell))


def _matching(a: Result, b: Result) -> Iterator[tuple[Cell, Cell]]:
    """Yield cells that ask the same of the same model; with one model on each side, the names may differ."""
    by_name = not (len(a.models) == len(b.models) == 1)
    others = {_key(c, by_name): c for c in b.cells}
    for cell in a.cells:
        other = others.get(_key(cell, by_name))
        if other is not None:
            yield cell, other


def _machine_differences(a: Result, b: Result) -> Iterator[str]:
    for name in ("fingerprint", "cpu", "logical_cores", "usable_cores", "memory_bytes", "on_battery"):
        one, other = getattr(a.machine, name), getattr(b.machine, name)
        if one != other:
            yield f"machine, {name.replace('_', ' ')}: {one} and {other}"
    gpus = [m.gpu.name if m.gpu else "none" for m in (a.machine, b.machine)]
    if gpus[0] != gpus[1]:
        yield f"machine, GPU: {gpus[0]} and {gpus[1]}"
    if a.settings.spinning != b.settings.spinning:
        yield f"settings, spinning: {a.settings.spinning} and {b.settings.spinning}"
    if a.settings.seed != b.settings.seed:
        yield f"settings, seed of the inputs: {a.settings.seed} and {b.settings.seed}"


def _software_differences(a: Result, b: Result) -> Iterator[str]:
    """Yield what may itself be the cause of a difference, so that a verdict is still allowed."""
    pairs: Mapping[str, tuple[object, object]] = {
        "ONNX Runtime": (a.software.onnxruntime, b.software.onnxruntime),
        "Python": (a.software.python, b.software.python),
        "dlbench": (a.software.dlbench, b.software.dlbench),
        "system": (a.machine.os, b.machine.os),
        "GPU driver": (a.machine.gpu_driver, b.machine.gpu_driver),
    }
    for name, (one, other) in pairs.items():
        if one != other:
            yield f"software, {name}: {one} and {other}"
    hashes = {m.name: m.sha256 for m in a.models}
    changed = [m.name for m in b.models if m.name in hashes and hashes[m.name] != m.sha256]
    if changed:
        yield f"model files that differ: {', '.join(changed)[:300]}"


def cell_row(a: Cell, b: Cell, results: tuple[Result, Result], settings: DiffSettings, comparisons: int = 1) -> DiffRow:
    """Hold one cell of a result file against one of another.

    Args:
        a: the cell that counts as 1.
        b: the other one.
        results: those that the two are of.
        settings: the noise floor, and what counts as the same.
        comparisons: how many are drawn together. A difference is claimed only if it holds at a level at which all of
            them together claim a false one in at most 1 of 100 cases (Bonferroni: the chance is shared out).
    """
    foreign = tuple(_machine_differences(*results))
    found = _file_row(a, b, foreign, results, settings)
    if comparisons < 2 or found.verdict not in ("slower", "faster"):
        return found
    return _file_row(a, b, foreign, results, settings, 1 - (1 - FILE_LEVEL) / comparisons)


def _file_row(
    a: Cell,
    b: Cell,
    foreign: Sequence[str],
    results: tuple[Result, Result],
    settings: DiffSettings,
    level: float = FILE_LEVEL,
) -> DiffRow:
    problem = _why_not(a, b)
    options = [*_option_differences(a, b), *_input_differences(a, b, results)]
    if foreign or options:
        return row(a, b, "not comparable", "; ".join((*foreign, *options))[:1000])
    if problem:
        never_ran = not a.timed and not b.timed
        return row(a, b, "not comparable" if never_ran else "can't tell", problem)
    rounds = [[samples_of(r) for r in headline(c.rounds, _MIN_ROUNDS).rounds] for c in (a, b)]
    interval = unpaired_ratio(rounds[0], rounds[1], level)
    speed = _speed_of_machine(a, results)
    if speed is not None:
        return row(a, b, "can't tell", speed, interval, trusted=False)
    return row(a, b, *judge(interval, settings), interval)


def _option_differences(a: Cell, b: Cell) -> list[str]:
    of_a, of_b = a.provider_options, b.provider_options
    keys = [key for key in {**of_a, **of_b} if of_a.get(key) != of_b.get(key)]
    return [f"option {key}: {of_a.get(key)} and {of_b.get(key)}" for key in keys]


def _input_differences(a: Cell, b: Cell, results: tuple[Result, Result]) -> Iterator[str]:
    """Yield inputs of one name that were fed differently: another shape or type, or values from elsewhere."""
    fed = [
        {fed.name: fed for model in result.models if model.name == cell.model for fed in model.fed}
        for cell, result in zip((a, b), results, strict=True)
    ]
    if not all(fed):
        return  # an older result, which does not say it
    of_a, of_b = fed
    for name in (name for name in of_a if name in of_b and of_a[name] != of_b[name]):
        yield f"input {one_line(name, 60)}: {_fed_words(of_a[name])} and {_fed_words(of_b[name])}"
    if a.model == b.model:
        for name in sorted(set(of_a) ^ set(of_b)):
            yield f"input {one_line(name, 60)}: fed in {'A' if name in of_a else 'B'} alone"


def _fed_words(fed: FedInput) -> str:
    return f"{fed.type} [{', '.join(map(str, fed.shape))}] of {one_line(fed.source, 100) or 'unknown values'}"


def _why_not(a: Cell, b: Cell) -> str:
    for side, cell in (("A", a), ("B", b)):
        if problem := unfit(cell):
            return f"{side} {problem}"
    if a.verdict != b.verdict:
        return f"the nodes ran elsewhere: A {a.verdict}, B {b.verdict}"
    return ""


def unfit(cell: Cell) -> str:
    """Say why a cell of a result file can't be held against another one; "" if it can."""
    if not cell.timed:
        return f"has no figures: {cell.verdict}"
    if cell.interval_covers not in QUIET:
        return f"has only {cell.undisturbed_rounds} calm rounds of {len(cell.rounds)}; measure it again"
    for kind, rounds in (("rounds", cell.rounds), ("calm rounds", quiet_rounds(cell.rounds))):
        if len(rounds) < _MIN_ROUNDS:
            return f"has only {len(rounds)} {kind}; at least {_MIN_ROUNDS} are needed"
    return ""


def _speed_of_machine(cell: Cell, results: tuple[Result, Result]) -> str | None:
    """Say where the probes show that the machine itself ran at another speed in the two runs."""
    one, other = (next(r.probes_of(cell), None) for r in results)
    if one is None or other is None:
        return None
    moved = other.here_s / one.here_s
    if abs(moved - 1) <= _PROBES_ALIKE:
        return None
    return (
        f"the machine's own probe took {moved:.2f} times as long in B: time both models in turn (dlbench diff A.onnx "
        "B.onnx)"
    )


def row(
    a: Cell, b: Cell, verdict: DiffVerdict, reason: str, interval: RatioInterval | None = None, trusted: bool = True
) -> DiffRow:
    """Make a row from two cells and what was found."""
    medians = [c.median_s if c.latency_s else None for c in (a, b)]
    found = {"ratio": interval.ratio, "ratio_low": interval.low, "ratio_high": interval.high} if interval else {}
    return DiffRow(
        model_a=a.model,
        model_b=b.model,
        provider=a.provider,
        batch=a.batch,
        threads=a.threads,
        how=how(a),
        verdict=verdict,
        reason=reason,
        a_s=medians[0],
        b_s=medians[1],
        a_disturbed=a.disturbed,
        b_disturbed=b.disturbed,
        **found,
        level=interval.level if interval else None,
        pairs=interval.rounds if interval else 0,
        ran_a=a.verdict,
        ran_b=b.verdict,
        lost_accuracy=b.lost_accuracy and not a.lost_accuracy,
        trusted=trusted,
    )
