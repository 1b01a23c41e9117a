"""Every table of every command on narrow and wide screens: keys and figures stay whole, nothing is lost silently."""

from __future__ import annotations

import ast
import functools
import pkgutil
import re
from dataclasses import replace
from pathlib import Path

import made_tables
import pytest
from made_tables import every_table

from dlbench.show.console import CleanConsole, show_tables
from dlbench.show.fitting import columns_that_fit, shown_text
from dlbench.show.table import Table
from dlbench.show.table_choice import TableChoice, choosing
from dlbench.show.units import Figure

ROOT = Path(__file__).resolve().parents[2]
WIDTHS = (60, 80, 100, 120)
_ROWS = 8
KEYS = {"network", "machine", "device", "batch", "id", "provider"}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    """Every table, the long ones with their first rows alone."""
    return [replace(t, rows=t.rows[:_ROWS], totals=0) for t in every_table(tmp_path_factory.mktemp("tables"))]


@functools.cache
def lines_of(table: Table, width: int, columns: str | None = None) -> list[str]:
    console = CleanConsole(width=width, color_system=None, force_terminal=False)
    with console.capture() as capture, choosing(TableChoice.of(columns)):
        show_tables(console, [table])
    return [line.rstrip() for line in capture.get().splitlines()]


def words(text: str) -> list[str]:
    return text.split()


def test_every_table_that_the_code_makes_is_among_them(tables: list[Table]):
    made = set()
    for folder in ("src/dlbench", "bench", "viz", "train", "export"):
        for path in (ROOT / folder).rglob("*.py"):
            code = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(code)) if "Table" in code else ():
                is_table = isinstance(node, ast.Call) and ast.unparse(node.func) in ("Table", "Table.of")
                if is_table and node.args and isinstance(node.args[0], ast.Constant):
                    made.add(node.args[0].value)
    assert len(made) > 30 and made - {table.key for table in tables} == set()
    assert [table.key for table in tables if not table.rows] == []


def test_results_that_know_every_column_beforehand_have_no_other(tables: list[Table]):
    of = {
        "dlbench.api.tuning.session_tuning:TunedSession": ["settings"],
        "dlbench.api.machine_checks:NoiseFloor": ["noise"],
        "dlbench.api.machine_checks:ThreadAdvice": ["threads"],
        "dlbench.api.judged_models:ModelErrors": ["confused", "worst"],
        "dlbench.api.variants.exporting:ExportedModel": ["The same network in other precisions", "steps"],
        "dlbench.api.side_by_side:NetworkRuns": ["The same pictures, another network", "shift"],
        "dlbench.api.side_by_side:SeedRuns": ["seeds"],
        "dlbench.api.side_by_side:TaskList": ["tasks"],
        "dlbench.api.freezing:FreezingRuns": ["freezing"],
        "dlbench.train.result:TrainResult": ["trained"],
        "dlbench.api.measured:Diff": ["diff"],
    }
    for name, keys in of.items():
        shown = [column.title for table in tables if {table.key, table.title} & set(keys) for column in table.columns]
        assert shown and set(shown) <= {column.title for column in pkgutil.resolve_name(name).every_column}, name


def test_columns_that_say_which_row_it_is_are_keys(tables: list[Table]):
    loose = [(t.key, c.title) for t in tables for c in t.columns if c.title in KEYS and not c.key]
    assert loose == [] and [t.key for t in tables if not any(c.key for c in t.columns)] == []
    assert [(t.key, c.title) for t in tables for c in t.columns if c.key and c.secondary] == []


def test_a_table_has_one_column_of_a_name(tables: list[Table]):
    for table in tables:
        titles = [column.title for column in table.columns]
        assert len(set(titles)) == len(titles), (table.key, titles)


@pytest.mark.parametrize("width", WIDTHS)
def test_keys_and_figures_are_whole_on_every_screen(tables: list[Table], width: int):
    for table in tables:
        lines = lines_of(table, width)
        text = " ".join(" ".join(lines).split())
        kept = columns_that_fit(table, width)
        shown = range(len(table.columns)) if kept is None else kept
        assert "…" not in text, (table.key, width)
        for row in table.rows:
            for place in shown:
                cell = " ".join(shown_text(row[place]).split())
                column = table.columns[place]
                if place in table.key_columns or isinstance(row[place], Figure) or column.number:
                    pieces = words(cell) if column.wraps or kept is None else [cell]
                    assert all(piece in text for piece in pieces), (table.key, width, column.title, cell)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_screen_but_one_name_that_is(tables: list[Table], width: int):
    for table in tables:
        longest = max(len(word) for row in table.rows for cell in row for word in shown_text(cell).split() or [""])
        for line in lines_of(table, width):
            assert len(line) <= max(width, longest + 4), (table.key, width, line)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_left_out_is_named_and_can_be_had(tables: list[Table], width: int):
    for table in tables:
        kept = columns_that_fit(table, width)
        text = " ".join(" ".join(lines_of(table, width)).split())
        gone = (
            []
            if kept is None
            else [" ".join(c.title.replace("/\n", "/").split()) for i, c in enumerate(table.columns) if i not in kept]
        )
        assert ("left out on this screen" in text) == bool(gone), (table.key, width)
        named = re.search(r"left out on this screen: (.*); `to_frame", text)
        assert not gone or (named and named[1] == ", ".join(gone)), (table.key, width)
        everything = " ".join(" ".join(lines_of(table, width, "all")).split())
        for row in table.rows:
            for place in range(len(table.columns)):
                assert all(w in everything or len(w) > 24 for w in words(shown_text(row[place]))), (
                    table.key,
                    row[place],
                )


def test_tables_with_usual_names_are_tables_at_80_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, usual in (("NETWORK", "mobilenet_v2"), ("MACHINE", "a1b2c3d4"), ("PROVIDER", "cuda")):
        monkeypatch.setattr(made_tables, name, usual)
    records = [table.key for table in every_table(tmp_path) if columns_that_fit(table, 80) is None]
    assert records == ["kinds"]  # a range for each network, where their smallest batches differ
