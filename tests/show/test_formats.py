"""The writers of the formats: the same table as HTML, Markdown and CSV, and pages that need nothing else."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

from dlbench.show.console import output, show_tables
from dlbench.show.csv_text import csv_text
from dlbench.show.html import html_list, html_table, render
from dlbench.show.markdown import markdown_table
from dlbench.show.table import Column, Table

HOSTILE = "<script>|_*`[x]"
TABLE = Table("speed", "Speed", (Column("network", False), Column("median")), ((HOSTILE, "38 µs"),), ("a note",))


def test_what_stands_in_back_ticks_is_code_and_foreign_text_stays_escaped():
    table = Table("x", "t", (Column("`task`"),), (("`positive` 3, `<b>`",),), ("use `budget` 60s, or `a ms`",))
    html = html_table(table)
    assert "<code>task</code>" in html and "<code>positive</code> 3, <code>&lt;b&gt;</code>" in html
    assert "use <code>budget</code> 60s, or <code>a ms</code>" in html and "`" not in html


def test_html_escapes_foreign_text_and_keeps_numbers_to_the_right():
    html = html_table(TABLE)
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert '<td style="text-align:right;white-space:nowrap">38 µs</td>' in html and "a note" in html


def test_html_folds_all_notes_but_the_first_where_there_are_many():
    html = html_table(replace(TABLE, notes=("one", "two", "three", "four")))
    assert "one" in html[: html.index("<details>")] and "3 more notes" in html and "four" in html
    assert "<details>" not in html_table(TABLE)


def test_html_leaves_out_what_a_notebook_has_no_room_for_and_names_it():
    columns = (Column("network", False), *(Column(f"figure {i}", secondary=i) for i in range(1, 9)))
    wide = Table("wide", "Wide", columns, (("cnn", *["12345678901234567890"] * 8),))
    html = html_table(wide)
    assert "left out on this screen: figure 5, figure 6, figure 7, figure 8; <code>to_frame()</code> shows all" in html
    assert html.count("<td") == html.count("<th ") == 5 and "overflow" not in html
    needed = replace(wide, columns=tuple(replace(column, secondary=0) for column in columns))
    assert html_table(needed).count("<td") == 9 and "overflow:auto" in html_table(needed)  # it scrolls


def test_html_lists_sentences_escaped():
    assert html_list([HOSTILE]).count("<li>") == 1 and "<script>" not in html_list([HOSTILE])
    assert not html_list([])


def test_markdown_escapes_foreign_text_and_has_as_many_bars_in_each_row():
    title, _, head, rule, row, _, note = markdown_table(TABLE)
    assert title == "## Speed" and note == "- a note" and rule == "|---|---:|"
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in (head, rule, row)}) == 1
    assert "<script>" not in row


def test_csv_reads_back_and_keeps_formulas_out():
    text = csv_text(("name", "p50"), [("=1+1", 0.5), ("a,b", None)])
    assert list(csv.reader(io.StringIO(text))) == [["name", "p50"], ["'=1+1", "0.5"], ["a,b", ""]]


def test_a_page_has_the_base_style_in_it_and_refers_to_nothing_outside():
    page = render("<style>{{ base_style | safe }}</style><p>{{ text }}</p>", text=HOSTILE)
    assert "prefers-color-scheme: dark" in page and "<script>" not in page
    assert not re.search(r"url\(|@import|https?:", page)


def test_brackets_in_titles_and_headings_are_text_for_the_terminal(capsys):
    table = Table("noise", "a[0]", (Column("layer", number=False), Column("ratio [dB]")), (("a", "3"),))
    show_tables(output(), [table])
    printed = capsys.readouterr().out
    assert "a[0]" in printed and "ratio [dB]" in printed
