"""The report's page in a real browser, headless and with the network off."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from browsing import Opened
from reports import machine_document, merged_machines

from dlbench.bench.cost import formulas as cost
from dlbench.bench.report.page import make_page
from dlbench.bench.report.writing import page_html
from dlbench.show.texts import language

pytestmark = pytest.mark.browser


class Report(Opened):
    """The report's page."""

    def costs(self) -> list[list[str]]:
        return self.page.eval_on_selector_all(
            "#costs tbody tr", "rows => rows.map(r => Array.from(r.cells).map(c => c.dataset.v ?? c.textContent))"
        )


def opened(
    browser: Any, folder: Path, *documents: dict[str, Any], lang: str = "en", folded: bool = False, **options: Any
) -> Report:
    """Open the report of these results, with all its parts open where they are not to be folded."""
    with language(lang):
        html = page_html(make_page(merged_machines(folder, *documents)))
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8")
    report = Report(browser, path, **options)
    if not folded:
        report.page.click("#unfold")
    return report


def own_usd(p50: float, batch: int, hours: float = 4, per_kwh: float = 0.168, busy: float = 1.0, price: float = 900):
    hour = cost.own_usd_per_active_hour(price, 3, hours, 65, per_kwh)
    return cost.usd_per_million(hour, batch / p50, busy)


def test_the_page_asks_for_nothing_and_complains_of_nothing(browser: Any, tmp_path: Path):
    report = opened(browser, tmp_path, machine_document(1), machine_document(2, 2.0), machine_document(3, 3.0))
    assert [url for url in report.requests if not url.startswith("file:")] == []
    assert len(report.requests) == 1
    assert report.errors == []


def test_the_panel_shows_pythons_figures_and_follows_its_inputs(browser: Any, tmp_path: Path):
    report = opened(browser, tmp_path, machine_document(1))
    page, form = report.page, "#assumptions"
    first = report.costs()[0]
    assert first[:4] == ["00000001", "dense", "cpu", "1"]
    assert float(first[4]) == pytest.approx(own_usd(0.001, 1))
    assert float(first[6]) == pytest.approx(cost.usd_per_million(cost.cloud_usd_per_useful_hour(0.357, 0.1), 1000))
    page.fill(f"{form} [name=hours_per_day]", "24")
    page.fill(f"{form} [name=usd_per_kwh]", "0.5")
    page.fill(f"{form} [name=busy_percent]", "50")
    page.fill(f"{form} [name=price_usd-0-cpu]", "450")
    assert float(report.costs()[0][4]) == pytest.approx(own_usd(0.001, 1, 24, 0.5, 0.5, 450))
    before = float(report.costs()[0][4])
    page.select_option(f"{form} [name=currency]", "HUF")
    page.fill(f"{form} [name=rate]", "400")
    assert float(report.costs()[0][4]) == pytest.approx(400 * before)
    assert "HUF" in page.text_content("#said")
    assert report.errors == []


def test_the_cheapest_way_is_real_for_its_row_and_what_ties_with_it_is_counted(browser: Any, tmp_path: Path):
    busy = machine_document(2, 1.005)
    for cell in busy["cells"]:
        if cell["latency_s"] and cell["model"] == "cnn":
            cell["interval_covers"] = "nothing: no round was calm"
            cell["latency_s"] |= {"ci_low": None, "ci_high": None}
    report = opened(browser, tmp_path, machine_document(1), busy)
    report.page.fill("#assumptions [name=price_usd-0-cpu]", "")
    report.page.fill("#assumptions [name=price_usd-1-cpu]", "")
    rows = report.costs()
    assert {row[-1] for row in rows} == {"rent"}  # Colab would be cheaper, but its machine is another one
    said = report.page.text_content("#said")
    assert (
        "Colab is left out" in said
        and "dense: " in said
        and said.count("(and 1 more that are not shown to differ)") == 1
    )
    text = report.page.text_content("#costs tbody")
    assert text.count("~") == 2 * 3  # two batch sizes of cnn on machine 2: electricity, rent, Colab


def test_an_input_out_of_range_is_told_and_keeps_the_last_figures(browser: Any, tmp_path: Path):
    report = opened(browser, tmp_path, machine_document(1))
    before = report.costs()
    report.page.fill("#assumptions [name=hours_per_day]", "25")
    assert "hours of use a day" in report.page.text_content("#said")
    assert report.page.get_attribute("#assumptions [name=hours_per_day]", "aria-invalid") == "true"
    assert report.costs() == before


def test_an_empty_price_is_unknown_and_not_nothing(browser: Any, tmp_path: Path):
    report = opened(browser, tmp_path, machine_document(1))
    report.page.fill("#assumptions [name=price_usd-0-cpu]", "")
    assert {row[4] for row in report.costs()} == {"n/a"}


def test_a_column_is_sorted_by_value_with_the_keyboard_and_says_so(browser: Any, tmp_path: Path):
    report = opened(browser, tmp_path, machine_document(1), machine_document(2, 0.0003), machine_document(3, 40.0))
    page = report.page
    button = page.locator("#machines ~ .scroll th button", has_text="dense")
    button.focus()
    page.keyboard.press("Enter")
    head = page.locator("#machines ~ .scroll th", has_text="dense").first
    assert head.get_attribute("aria-sort") == "ascending"
    cells = page.eval_on_selector_all(
        "#machines ~ .scroll tbody tr", "rows => rows.map(r => [Number(r.cells[4].dataset.v), r.cells[4].textContent])"
    )
    assert [v for v, _ in cells] == sorted(v for v, _ in cells)
    assert [text for _, text in cells] == ["300 ns", "1.00 ms", "40.0 ms"]
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert page.locator("#machines ~ .scroll th[aria-sort]").count() == 1


def test_headings_are_in_order_and_every_picture_field_and_region_has_a_name(browser: Any, tmp_path: Path):
    page = opened(browser, tmp_path, machine_document(1), machine_document(2)).page
    levels = page.eval_on_selector_all("h1,h2,h3,h4", "hs => hs.map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert page.locator("main").count() == 1
    unnamed = page.eval_on_selector_all(
        "input,select", "fields => fields.filter(f => !f.labels.length && !f.getAttribute('aria-label')).length"
    )
    assert unnamed == 0
    assert page.eval_on_selector_all(
        "[role=img],[role=region]", "es => es.every(e => e.ariaLabel || e.getAttribute('aria-labelledby'))"
    )
    broken = page.eval_on_selector_all(
        "a[href^='#']", "links => links.filter(a => !document.querySelector(a.hash)).length"
    )
    assert broken == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_a_contrast_of_at_least_4_5(browser: Any, tmp_path: Path, scheme: str):
    page = opened(browser, tmp_path, machine_document(1), machine_document(2), color_scheme=scheme).page
    worst = page.evaluate(CONTRAST)
    assert worst["ratio"] >= 4.5, worst


CONTRAST = """() => {
  const parse = (c) => (c.match(/[0-9.]+/g) || []).map(Number);
  const light = (c) => {
    const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const under = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  let worst = { ratio: 99, text: "" };
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, e = node.parentElement;
    if (!node.textContent.trim() || e.closest("noscript,style,defs,metadata") || !e.getClientRects().length) continue;
    const style = getComputedStyle(e);
    const ink = parse(e.closest("svg") ? style.fill : style.color).slice(0, 3);
    const [a, b] = [light(ink), light(under(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) worst = { ratio, text: node.textContent.trim().slice(0, 60) };
  }
  return worst;
}"""


def test_thirty_merged_results_open_with_every_cost(browser: Any, tmp_path: Path):
    machines = (machine_document(i, 1 + i / 10, 0.01 * i) for i in range(1, 31))
    report = opened(browser, tmp_path, *machines)
    assert len(report.costs()) == 120 and report.errors == []


def test_hostile_names_stay_text(browser: Any, tmp_path: Path):
    hostile = machine_document(1)
    attack = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    text = json.dumps(hostile).replace('"dense"', json.dumps(attack)).replace("no driver", attack[:50])
    hostile = json.loads(text)
    hostile["machine"]["cpu"] = hostile["cost_inputs"][0]["rent"] = attack
    hostile["warnings"] = hostile["assumptions"] = [attack]
    hostile["prices"][0].update(name=attack, source=attack, date=attack)
    report = opened(browser, tmp_path, hostile)
    assert report.errors == []
    assert report.page.locator("img").count() == 0 and report.page.locator("script").count() == 2
    assert attack in report.page.text_content("#costs")


def test_in_hungarian_the_panel_speaks_hungarian(browser: Any, tmp_path: Path):
    report = opened(browser, tmp_path, machine_document(1), lang="hu")
    assert report.page.get_attribute("html", "lang") == "hu"
    said = report.page.text_content("#said")
    assert "A legolcsóbb út" in said and "," in said
    assert "," in report.page.input_value("#assumptions [name=usd_per_kwh]")
    with_comma = "#assumptions [name=hours_per_day]"
    report.page.fill(with_comma, "2,5")
    assert report.page.get_attribute(with_comma, "aria-invalid") is None
    report.page.fill(with_comma, "25")
    assert report.page.get_attribute(with_comma, "aria-invalid") == "true"
    assert report.errors == []


def test_printed_it_is_a_pdf_without_the_panel(browser: Any, tmp_path: Path):
    page = opened(browser, tmp_path, machine_document(1), machine_document(2)).page
    page.emulate_media(media="print")
    assert not page.locator(".whatif").is_visible() and not page.locator("nav").is_visible()
    assert page.locator("#ranking").is_visible()
    wide = page.evaluate("document.querySelector('main').scrollWidth > document.querySelector('main').clientWidth + 1")
    assert not wide
    assert page.pdf(path=str(tmp_path / "report.pdf"), format="A4")[:5] == b"%PDF-"


def test_a_device_is_chosen_with_two_sliders_from_the_keyboard(browser: Any, tmp_path: Path):
    document = machine_document(1)
    document["models"] = [{**m, "macs": 300_000_000, "parameters": 2_200_000} for m in document["models"]]
    report = opened(browser, tmp_path, document)
    page = report.page

    def rows() -> list[list[str]]:
        script = "rows => rows.map(r => Array.from(r.cells).map(c => c.textContent))"
        return page.eval_on_selector_all("#options tbody tr", script)

    before, said = rows(), page.text_content("#advised")
    assert before and {row[-1] for row in before} <= {"surely", "may"} and "serve" in said
    page.focus("#choose [name=latency]")
    page.keyboard.press("Home")  # 0.1 ms
    assert page.get_attribute("#choose [name=latency]", "aria-valuetext") == "100 µs"
    assert page.text_content("#advised") != said and rows() != before
    page.keyboard.press("End")
    cheap = rows()
    page.focus("#choose [name=load]")
    page.keyboard.press("End")  # a thousand million answers a day
    assert page.get_attribute("#choose [name=load]", "aria-valuetext") == "1,000,000,000"
    assert rows() != cheap and any("-" in row[4] or row[4] != "1" for row in rows())
    assert page.get_attribute("#advised", "role") == "status" and report.errors == []


def test_the_sliders_figures_are_those_of_choose(browser: Any, tmp_path: Path):
    from dlbench.api.choosing.hardware_choice import choose
    from dlbench.bench.results.schema import Result

    document = machine_document(1)
    document["models"] = [{**m, "macs": 300_000_000, "parameters": 2_200_000} for m in document["models"]]
    report = opened(browser, tmp_path, document)
    name = report.page.eval_on_selector("#choose [name=network]", "s => s.options[0].textContent")
    choice = choose(Result.model_validate(document), network=name, latency=0.01)
    known = [o for o in choice.options if o.month.usd[1] is not None and o.meets == "surely"]
    first = report.page.eval_on_selector_all("#options tbody tr th", "cells => cells.map(c => c.textContent)")
    ids = {o.way.name if o.way.kind == "have" else o.way.id for o in known}
    assert first[0] in ids and f"{len(known)} ways surely serve" in report.page.text_content("#advised")
