"""One result as a page: self-contained HTML, Markdown and CSV from the same records.

write_reports(result, Path("dlbench-out/reports/run"))      # run.html, run.md, run.csv
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from dlbench.bench import units
from dlbench.bench.charts import all_charts
from dlbench.bench.csvtable import cells_csv
from dlbench.bench.records import Machine
from dlbench.bench.results import Result
from dlbench.bench.tables import Table, all_tables
from dlbench.files import write_atomic

__all__ = ["headline", "machine_facts_table", "render_html", "render_markdown", "write_reports"]


def write_reports(result: Result, stem: Path, formats: Sequence[str] = ("html", "md", "csv")) -> tuple[Path, ...]:
    """Write the report beside `stem` in each format, and return the paths.

    Raises:
        WorkspaceError: the place can't be written.
    """
    makers = {"html": render_html, "md": render_markdown, "csv": cells_csv}
    return tuple(write_atomic(stem.with_name(f"{stem.name}.{name}"), makers[name](result)) for name in formats)


def machine_lines(machine: Machine) -> tuple[tuple[str, str], ...]:
    """Return the machine as (what, value) pairs."""
    cores = f"{machine.usable_cores} usable of {machine.logical_cores}"
    gpu = f"{machine.gpu.name}, {units.size(machine.gpu.memory_bytes)}" if machine.gpu else "none seen"
    return (
        ("machine", machine.fingerprint),
        ("processor", f"{machine.cpu} ({machine.architecture})"),
        ("cores", cores),
        ("memory", units.size(machine.memory_bytes)),
        ("GPU", gpu),
        ("system", machine.os),
    )


def machine_facts_table(result: Result) -> tuple[tuple[str, str], ...]:
    """Return the machine, the software and the settings as (what, value) pairs."""
    software, settings = result.software, result.settings
    lines = [
        *machine_lines(result.machine),
        ("software", f"dlbench {software.dlbench}, ONNX Runtime {software.onnxruntime}, Python {software.python}"),
        ("providers that can run", ", ".join(software.providers_usable) or "none"),
        ("threads", f"{settings.threads}, spinning {'on' if settings.spinning else 'off'}"),
        ("measured", f"{result.created}, in {units.duration(settings.duration_s)}"),
    ]
    if not result.complete:
        lines.append(("state", "interrupted: some cells have fewer rounds, or none"))
    return tuple(lines)


def headline(result: Result) -> tuple[str, ...]:
    """Return what the figures say, in sentences: fastest and cheapest cell, and what did not run."""
    timed = [c for c in result.cells if c.timed and c.throughput_per_s]
    sentences = []
    if timed:
        quick = min(timed, key=lambda c: c.latency_s.p50 if c.latency_s else 0)
        wide = max(timed, key=lambda c: c.throughput_per_s or 0)
        assert quick.latency_s is not None
        sentences.append(
            f"The shortest wait: {quick.model} on {quick.provider} answers a batch of {quick.batch} in "
            f"{units.duration(quick.latency_s.p50)}."
        )
        sentences.append(
            f"The most work: {wide.model} on {wide.provider} at batch {wide.batch} makes "
            f"{units.thousands(wide.throughput_per_s)} inferences a second."
        )
    missing = sorted({(c.provider, c.reason) for c in result.cells if c.verdict == "unavailable"})
    sentences += [f"{provider} could not run here: {reason}" for provider, reason in missing]
    return tuple(sentences)


def render_html(result: Result) -> str:
    """Return one page that needs nothing else: no network, no script; all foreign text is escaped."""
    import jinja2

    source = (resources.files("dlbench.bench") / "templates" / "report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(source).render(
        result=result,
        facts=machine_facts_table(result),
        headline=headline(result),
        tables=all_tables(result),
        charts=all_charts(result),
    )


def render_markdown(result: Result) -> str:
    """Return the report as Markdown."""
    parts = ["# Hardware cost report", ""]
    parts += [f"- {_md(sentence)}" for sentence in headline(result)]
    parts += ["", "| | |", "|---|---|"]
    parts += [f"| {_md(what)} | {_md(value)} |" for what, value in machine_facts_table(result)]
    for table in all_tables(result):
        parts += ["", f"## {_md(table.title)}", "", *_md_table(table), ""]
        parts += [f"- {_md(note)}" for note in table.notes]
    parts += ["", "## Prices", "", "| what | value | date | source |", "|---|---:|---|---|"]
    parts += [f"| {_md(p.name)} | {p.value:g} {_md(p.unit)} | {_md(p.date)} | {_md(p.source)} |" for p in result.prices]
    if result.warnings:
        parts += ["", "## Warnings", "", *(f"- {_md(w)}" for w in result.warnings)]
    return "\n".join(parts) + "\n"


def _md_table(table: Table) -> list[str]:
    head = "| " + " | ".join(_md(c.title) for c in table.columns) + " |"
    rule = "|" + "|".join("---:" if c.number else "---" for c in table.columns) + "|"
    return [head, rule, *("| " + " | ".join(_md(cell) for cell in row) + " |" for row in table.rows)]


def _md(text: str) -> str:
    """Escape what Markdown or embedded HTML would take for markup."""
    for mark in ("\\", "|", "*", "_", "`", "[", "]"):
        text = text.replace(mark, "\\" + mark)
    return text.replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")
