"""A class's report: several machines' results in one page."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from classroom import NO_DRIVER, NO_WHEEL, classroom
from reports import machine_document, merged_machines, saved_machines
from typer.testing import CliRunner

from dlbench.bench.report.answer import answer_of
from dlbench.bench.report.cell_names import machines_words, processor_name
from dlbench.bench.report.page import make_page
from dlbench.bench.report.result_csv import class_csv
from dlbench.bench.report.tables.class_tables import class_tables
from dlbench.bench.report.writing import page_html, page_markdown
from dlbench.bench.results.merging import Entry, merge, parse_names
from dlbench.bench.results.schema import read_result
from dlbench.cli import app
from dlbench.errors import InputError
from dlbench.show.texts import language, tr

runner = CliRunner()


def three(folder: Path):
    """The second machine is twice as fast; the third is the slowest, and needs the least energy."""
    return merged_machines(
        folder, machine_document(1, 1.0, 0.02), machine_document(2, 0.5, 0.03), machine_document(3, 4.0, 0.01)
    )


@pytest.fixture(scope="module")
def class_of_thirty() -> tuple[Entry, ...]:
    return merge([(f"student-{i}.json", result) for i, result in enumerate(classroom())])


def table(entries, key):
    return next(t for t in class_tables(entries) if t.key == key)


def test_machines_are_rows_with_their_processor_the_fastest_first(tmp_path: Path):
    speed = table(three(tmp_path), "machines")
    assert [c.title for c in speed.columns] == ["processor", "machine", "provider", "cnn", "dense"]
    assert speed.title == "Speed at batch 1, machine by machine"
    assert speed.rows == (
        ("CPU 2", "00000002", "cpu", "1.00 ms", "500 µs"),
        ("CPU 1", "00000001", "cpu", "2.00 ms", "1.00 ms"),
        ("CPU 3", "00000003", "cpu", "8.00 ms", "4.00 ms"),
    )


def test_machines_and_kinds_of_processor_are_counted_apart(class_of_thirty: tuple[Entry, ...]):
    assert make_page(class_of_thirty).title == "Hardware cost report: 30 machines, 6 kinds of processor"
    measured = "Measured: 30 machines, 6 kinds of processor; calm rounds: "
    assert answer_of(class_of_thirty).trust.startswith(measured)
    again = [Entry("a", class_of_thirty[0].result), Entry("b", class_of_thirty[0].result)]
    assert machines_words(again) == "2 results, one kind of processor"  # of a kind, or one machine twice


def test_money_has_one_unit_on_the_first_screen(class_of_thirty: tuple[Entry, ...]):
    page = make_page(class_of_thirty)
    unit = answer_of(class_of_thirty).price_unit.title
    assert unit == "cents per million" and page.first.plot.y.title == f"cost of answers at the best batch, {unit}"
    assert page.first.tiles[1].question == f"cheapest, {unit}, batch 32"
    assert "cents/\nmillion\n@ batch" in [column.title for column in page.tables[0].columns]
    assert all(f" {unit} (" in mark.words for mark in page.first.plot.marks)


@pytest.mark.parametrize(
    ("disturbed", "verdict"),
    [(0, ("yes", "good")), (1, ("mostly", "fair")), (3, ("no", "poor"))],
)
def test_the_first_screen_says_whether_the_figures_can_be_trusted(tmp_path: Path, disturbed: int, verdict):
    document = machine_document(1)
    for cell in [c for c in document["cells"] if c["latency_s"]][:disturbed]:
        cell["interval_covers"] = "nothing: no round was calm"
    entries = merged_machines(tmp_path, document, machine_document(2, 1.5))
    tile = make_page(entries).first.tiles[-1]
    assert tile.question == "can I trust it?" and (tile.figure, tile.state) == verdict
    assert tile.whose.endswith(" rounds were calm")


def test_machines_of_one_processor_stand_together_under_its_median_and_range(tmp_path: Path):
    machines = [machine_document(i, factor) for i, factor in ((1, 1.0), (2, 4.0), (3, 1.2), (4, 1.1))]
    for document, cpu in zip(machines, ("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", "Slow"), strict=False):
        document["machine"]["cpu"] = cpu
    for document in machines[2:]:
        document["machine"]["cpu"] = machines[0]["machine"]["cpu"]
    entries = merged_machines(tmp_path, *machines)
    assert table(entries, "kinds").rows == (
        ("Intel Core i5-8250U", "cpu", "3", "2.20 ms (2.000-2.400 ms)", "1.10 ms (1.000-1.200 ms)"),
        ("Slow", "cpu", "1", "8.00 ms", "4.00 ms"),
    )
    order = [row[1] for row in table(entries, "machines").rows]
    assert order == ["00000001", "00000004", "00000003", "00000002"]


@pytest.mark.parametrize(
    ("cpu", "short"),
    [
        ("Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "Intel Core i7-1165G7"),
        ("AMD Ryzen 7 5700U with Radeon Graphics", "AMD Ryzen 7 5700U"),
        ("AMD Ryzen 9 5950X 16-Core Processor", "AMD Ryzen 9 5950X"),
        ("Apple M1", "Apple M1"),
        ("Processor", "Processor"),
    ],
)
def test_a_processor_s_name_is_short(cpu: str, short: str):
    assert processor_name(cpu) == short


def test_a_class_of_thirty_says_each_reason_once(class_of_thirty: tuple[Entry, ...]):
    reasons = table(class_of_thirty, "notasked").rows
    assert [row[0] for row in reasons] == ["cuda", "cuda"]
    assert reasons[0][3] == "25 machines" and reasons[1][3].count(",") == 3  # a few are named
    assert [row[2] for row in reasons] == [NO_DRIVER, NO_WHEEL]
    assert len(table(class_of_thirty, "machines").rows) == 31  # one has a GPU too
    assert [row[2] for row in table(class_of_thirty, "kinds").rows] == ["1", "4", "7", "9", "7", "3"]


def test_the_ranking_by_latency_cost_and_energy_is_that_of_the_figures(tmp_path: Path):
    ranking = table(three(tmp_path), "ranking")
    dense = {row[1]: (row[2], row[5], row[8]) for row in ranking.rows if row[0] == "dense"}
    assert dense == {"00000001": ("2", "2", "2"), "00000002": ("1", "1", "3"), "00000003": ("3", "3", "1")}


def test_machines_that_are_not_shown_to_differ_share_a_place(tmp_path: Path):
    """Their times lie 0.5 % apart, and each interval is 2 % wide."""
    entries = merged_machines(
        tmp_path, machine_document(1, 1.0, 0.02), machine_document(2, 1.005, 0.02), machine_document(3, 1.5, 0.05)
    )
    ranking = table(entries, "ranking")
    dense = {row[1]: (row[2], row[5], row[8]) for row in ranking.rows if row[0] == "dense"}
    assert dense == {"00000001": ("1", "1", "1"), "00000002": ("1", "1", "1"), "00000003": ("3", "3", "3")}


def test_the_figures_of_a_disturbed_machine_are_marked_wherever_they_stand(tmp_path: Path):
    busy = machine_document(2, 2.0, 0.03)
    for cell in busy["cells"]:
        if cell["latency_s"]:
            cell["interval_covers"] = "nothing: no round was calm"
            cell["latency_s"] |= {"ci_low": None, "ci_high": None}
    entries = merged_machines(tmp_path, machine_document(1, 1.0, 0.02), busy)
    for key, places in (("ranking", (3, 6, 9)), ("cost", (4, 5, 6, 8))):
        for row in table(entries, key).rows:
            marks = {row[place].startswith("~") for place in places}
            assert marks == {"00000002" in row}, row
    assert all("~" in q.text for q in make_page(entries).questions if "machine 00000002:" in q.text)


def test_cells_that_did_not_run_stand_apart_and_in_no_ranking(tmp_path: Path):
    entries = three(tmp_path)
    lost = table(entries, "notasked")
    assert lost.rows == (("cuda", "unavailable", "no driver", "00000001, 00000002, 00000003", "cnn"),)
    assert all("cuda" not in row for row in table(entries, "machines").rows)


def test_a_fallen_back_cell_with_a_time_is_in_no_ranking(tmp_path: Path):
    changed = machine_document(2)
    changed["cells"][0]["verdict"] = "fell_back"
    entries = merged_machines(tmp_path, machine_document(1), changed)
    cells = [row[:4] for row in table(entries, "cells").rows if row[0] == "dense" and row[2] == "1"]
    assert cells == [("dense", "cpu", "1", "00000001")]


def test_one_run_given_twice_stands_once_and_two_runs_of_one_machine_are_numbered(tmp_path: Path):
    again = machine_document(1)
    later = machine_document(1, 1.1)
    later["created"] = "2026-11-23T11:00:00+00:00"
    entries = merged_machines(tmp_path, machine_document(1), again, later)
    assert [entry.label for entry in entries] == ["00000001 #1", "00000001 #2"]


def test_a_machine_is_anonymous_until_it_is_named(tmp_path: Path):
    paths = saved_machines(tmp_path, machine_document(1), machine_document(2))
    read = [(path, read_result(path)) for path in paths]
    assert [e.label for e in merge(read)] == ["00000001", "00000002"]
    named = merge(read, parse_names(["00000001=Anna's PC", "machine1=Bea's <PC>"]))
    assert [e.label for e in named] == ["Anna's PC", "Bea's <PC>"]
    page = page_html(make_page(named))
    assert "Bea&#39;s &lt;PC&gt;" in page and "<PC>" not in page


@pytest.mark.parametrize("given", ["noequals", "=name", "key=", "key=" + "x" * 61])
def test_a_name_that_does_not_fit_is_refused(given: str):
    with pytest.raises(InputError, match="FINGERPRINT=NAME"):
        parse_names([given])


def test_a_name_for_a_machine_that_is_not_there_is_refused(tmp_path: Path):
    path = saved_machines(tmp_path, machine_document(1))[0]
    with pytest.raises(InputError, match="00000009"):
        merge([(path, read_result(path))], {"00000009": "nobody"})


def test_networks_of_one_name_and_different_size_are_kept_apart(tmp_path: Path):
    other = machine_document(2)
    for cell in other["cells"]:
        cell["parameters"] = 5000
    entries = merged_machines(tmp_path, machine_document(1), other)
    assert {row[0] for row in table(entries, "cells").rows} == {
        "cnn (10 parameters)",
        "cnn (5.00 k parameters)",
        "dense (10 parameters)",
        "dense (5.00 k parameters)",
    }


def test_each_question_points_at_the_row_that_raises_it(tmp_path: Path):
    entries = three(tmp_path)
    page = make_page(entries)
    html = page_html(page)
    assert len(page.questions) >= 5
    for question in page.questions:
        assert question.anchor and f'id="{question.anchor}"' in html
    slowest = next(q for q in page.questions if "8.00 times (7.84-8.16) as long" in q.text)
    number = int(slowest.anchor.rsplit("-", 1)[1]) - 1
    row = table(entries, "cells").rows[number]
    assert row[3] == "00000003"
    assert f"{row[0]} at batch {row[2]} on cpu takes" in slowest.text
    assert f"on machine 00000002 and {row[5]} on machine 00000003" in slowest.text
    energy = next(q for q in page.questions if "phone" in q.text)
    assert "00000002" in energy.text and "00000003" in energy.text


def test_no_question_is_asked_where_the_figures_raise_none(tmp_path: Path):
    same = machine_document(1)
    same["cells"] = [{**same["cells"][0], "cost_usd_per_million": [], "accuracy": None}]
    same["training"] = []
    assert make_page(merged_machines(tmp_path, same)).questions == ()


def test_a_slower_gpu_raises_the_question_of_the_lecture(tmp_path: Path):
    with_gpu = machine_document(1)
    gpu = {**with_gpu["cells"][0], "provider": "cuda", "copies_included": True}
    gpu["latency_s"] = {**gpu["latency_s"], "p50": 0.005}
    gpu["rounds"] = [{**each, "values_ns": [5_000_000], "counts": [3]} for each in gpu["rounds"]]
    with_gpu["cells"].append(gpu)
    first = make_page(merged_machines(tmp_path, with_gpu)).questions[0]
    assert "5.00 ms on cuda and 1.00 ms on the CPU: 5.0 times (2.5-10.0) as long" in first.text
    assert first.anchor.startswith("speed-")


def test_a_batch_that_takes_as_long_as_one_picture_is_asked_about_in_times_not_in_a_ratio_that_is_not_shown(
    tmp_path: Path,
):
    level = machine_document(1)
    one, eight = level["cells"][:2]
    eight.update(latency_s=one["latency_s"], rounds=one["rounds"], throughput_per_s=8000)
    asked = next(q.text for q in make_page(merged_machines(tmp_path, level)).questions if "shared" in q.text)
    assert "8 times the work, but no longer run is seen: 1.00 ms, then 1.00 ms." in asked and "can't tell" not in asked


def test_the_csv_has_a_line_a_cell_of_every_machine(tmp_path: Path):
    rows = list(csv.DictReader(io.StringIO(class_csv(three(tmp_path)))))
    assert len(rows) == 15
    assert {row["machine"] for row in rows} == {"00000001", "00000002", "00000003"}


def test_a_report_of_thirty_machines_stays_under_two_megabytes(tmp_path: Path):
    entries = merged_machines(tmp_path, *(machine_document(i, 1 + i / 10, 0.01 * i) for i in range(1, 31)))
    assert len(page_html(make_page(entries)).encode()) < 2_000_000


def test_the_page_embeds_its_figures_as_json_that_no_name_can_break_out_of(tmp_path: Path):
    hostile = machine_document(1)
    for cell in hostile["cells"]:
        cell.update(model="</script><script>alert(1)</script><!--", macs=1000)
    html = page_html(make_page(merged_machines(tmp_path, hostile)))
    text = html.split('id="data">')[1].split("</script>")[0]
    data = json.loads(text)
    assert data["cells"][0]["network"] == "</script><script>alert(1)</script><!--"
    assert data["cells"][0]["latency_s"] == 0.001 and data["schema"] == "dlbench.page/1"
    assert html.count("<script") == 2


def test_in_hungarian_every_heading_is_translated_and_figures_have_a_decimal_comma(tmp_path: Path):
    entries = three(tmp_path)
    english = {t.title for t in class_tables(entries)}
    with language("hu"):
        page = make_page(entries)
        html, markdown = page_html(page), page_markdown(page)
    assert '<html lang="hu">' in html and "Kérdések az osztálynak" in html
    assert not english & {t.title for t in page.tables}
    assert "2,00 ms" in html and "2.00 ms" not in html.split('id="data"')[0]
    assert "2,00 ms" in markdown
    assert "0.001" in html.split('id="data">')[1]  # data stay data
    assert tr("Ranking") == "Ranking"


def test_every_text_has_a_translation_and_the_compiled_catalogue_is_that_of_its_source():
    from babel.messages.extract import extract_from_dir
    from babel.messages.mofile import read_mo
    from babel.messages.pofile import read_po

    import dlbench.bench
    import dlbench.show

    roots = [Path(str(package.__file__)).parent for package in (dlbench.bench, dlbench.show)]
    folder = roots[1] / "locale" / "hu" / "LC_MESSAGES"
    source = read_po((folder / "dlbench.po").open("rb"))
    compiled = read_mo((folder / "dlbench.mo").open("rb"))
    translated = {m.id: m.string for m in source if m.id and m.string}
    assert translated == {m.id: m.string for m in compiled if m.id}
    methods = [("**.py", "python"), ("**/templates/*.j2", "jinja2.ext:babel_extract")]
    found = {str(text) for root in roots for _, _, text, _, _ in extract_from_dir(root, methods, keywords={"tr": None})}
    assert len(found) > 200
    assert not found - set(translated)
    fields = {text: sorted(set(_fields(text))) for text in translated}
    assert all(fields[text] == sorted(set(_fields(str(words)))) for text, words in translated.items())


def _fields(text: str) -> list[str]:
    from string import Formatter

    return [name for _, name, _, _ in Formatter().parse(text) if name]


def test_the_command_merges_results_into_one_page(tmp_path: Path):
    paths = saved_machines(tmp_path, machine_document(1), machine_document(2), machine_document(1))
    done = runner.invoke(app, ["report", *map(str, paths), "--out", str(tmp_path / "out"), "--format", "html,csv"])
    assert done.exit_code == 0, done.output
    names = sorted(path.suffix for path in (tmp_path / "out").iterdir())
    assert names == [".csv", ".html"]
    assert "1 of 3 files hold a run that another one holds too" in done.output


def test_the_terminal_format_prints_the_tables_and_writes_nothing(tmp_path: Path):
    paths = saved_machines(tmp_path, machine_document(1), machine_document(2, 2.0))
    arguments = ["report", *map(str, paths), "--out", str(tmp_path / "out"), "--format", "terminal", "--full"]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "Ranking" in done.stdout and "Questions for the class" in done.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "pdf"], "html, md, csv, terminal"),
        (["--name", "x"], "FINGERPRINT=NAME"),
    ],
)
def test_a_report_option_that_does_not_fit_is_one_line_and_exit_code_2(tmp_path: Path, options: list[str], words: str):
    path = saved_machines(tmp_path, machine_document(1))[0]
    with pytest.raises(InputError) as caught:
        runner.invoke(app, ["report", str(path), *options], catch_exceptions=False)
    assert words in str(caught.value) and caught.value.exit_code == 2
