"""The page of a class of 30 in a real browser: its first screen, its length, a phone, the keyboard, and its print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Opened
from classroom import MACHINES, classroom

from dlbench.bench.report.page import make_page
from dlbench.bench.report.writing import page_html
from dlbench.bench.results.merging import merge

pytestmark = pytest.mark.browser


def written(file: Path, machines: int = MACHINES) -> Path:
    entries = merge([(f"student-{i}.json", result) for i, result in enumerate(classroom(machines))])
    file.write_text(page_html(make_page(entries)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("class") / "class.html")


@pytest.fixture(scope="module")
def path_of_few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of twelve machines, one with a GPU; more pages on paper take seconds to read."""
    return written(tmp_path_factory.mktemp("few") / "class.html", 12)


@pytest.fixture
def desktop(browser: Any, path: Path) -> Iterator[Any]:
    opened = Opened(browser, path, viewport={"width": 1200, "height": 800})
    yield opened.page
    assert opened.errors == []
    opened.context.close()


@pytest.fixture
def phone(browser: Any, path: Path) -> Iterator[Any]:
    opened = Opened(browser, path, viewport={"width": 390, "height": 844}, has_touch=True)
    yield opened.page
    opened.context.close()


def shown_marks(page: Any) -> Any:
    return page.locator("#chart-answer ~ .plot.wide .mark:not([hidden])")


def test_the_first_screen_holds_the_answer_the_chart_and_the_warning(desktop: Any):
    assert "Fastest for a batch of 1: " in desktop.text_content("p.answer")
    for selector in ("p.answer", ".hero .plot.wide", ".tiles", ".warning"):
        box = desktop.locator(selector).bounding_box()
        assert box["y"] + box["height"] < 800, selector


def test_a_class_of_thirty_is_at_most_eight_screens_and_nothing_runs_past_the_edge(desktop: Any):
    assert desktop.evaluate("document.documentElement.scrollHeight") <= 8 * 800
    assert desktop.locator("#machines ~ .scroll tbody tr").count() == 31
    desktop.click("#unfold")
    wide = "es => es.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute('aria-labelledby'))"
    assert desktop.eval_on_selector_all(".scroll", wide) == []


def test_on_a_phone_every_median_is_seen_without_scrolling_sideways(phone: Any):
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    edges = "es => es.map(e => e.getBoundingClientRect()).map(b => [b.left, b.right])"
    for table in ("answer", "kinds", "machines"):
        cells = phone.eval_on_selector_all(f"#{table} ~ .scroll td.number", edges)
        assert cells and all(left >= 0 and right <= 390 for left, right in cells)
    assert phone.locator(".hero .plot.narrow").is_visible() and not phone.locator(".hero .plot.wide").is_visible()
    phone.locator(".hero .plot.narrow .mark").last.tap(force=True)
    assert "batch 1:" in phone.text_content(".hero .tip")


def test_the_keyboard_steps_from_mark_to_mark_and_shows_the_figures(desktop: Any):
    marks = desktop.locator("#chart-answer ~ .plot.wide .mark")
    assert marks.count() == 93
    assert desktop.locator("#chart-answer ~ .plot.wide .mark[tabindex='0']").count() == 1  # one stop of the Tab key
    marks.first.focus()
    first = desktop.text_content(".hero .tip")
    desktop.keyboard.press("ArrowRight")
    second = desktop.text_content(".hero .tip")
    assert first != second
    assert all(re.search(r"cpu, .* \([0-9a-f]{8}\)\nbatch 1: ~?\d", words) for words in (first, second))
    assert desktop.evaluate("document.activeElement.getAttribute('aria-label')") == second
    desktop.keyboard.press("Escape")
    assert not desktop.locator(".hero .tip").is_visible()


def test_marks_are_filtered_by_network_provider_and_machine_in_all_charts(desktop: Any):
    desktop.click(".chip:has-text('cuda')")
    assert shown_marks(desktop).count() == 90
    desktop.click(".chip:has-text('transfer')")
    assert shown_marks(desktop).count() == 60
    desktop.select_option("#who", label="Apple M1: 4 machines")
    assert shown_marks(desktop).count() == 8
    assert desktop.locator("#chart-classlatency ~ .plot.wide .mark:not([hidden])").count() == 8
    assert desktop.get_attribute(".chip:has-text('transfer')", "aria-pressed") == "false"
    desktop.select_option("#who", label="all machines")
    desktop.click(".chip:has-text('transfer')")
    desktop.click(".chip:has-text('cuda')")
    assert shown_marks(desktop).count() == 93


def rows(page: Any, table: str) -> int:
    return int(page.locator(f"#{table} ~ .scroll tbody tr:visible").count())


def test_the_tables_follow_the_filters_and_say_how_many_rows_are_left(desktop: Any):
    desktop.click("#unfold")
    line = "#machines ~ .shown"
    assert desktop.text_content("#filtered") == "" and not desktop.locator(line).is_visible()
    desktop.select_option("#who", label="Apple M1: 4 machines")
    assert rows(desktop, "machines") == 4 and rows(desktop, "kinds") == 1
    assert desktop.text_content(line) == "Showing 4 of 31 rows."
    assert re.fullmatch(r"Showing [\d,]+ of [\d,]+ rows of the tables\.", desktop.text_content("#filtered"))
    assert desktop.locator("#costs tbody tr:visible").count() == 4 * 9
    desktop.locator(".chip:has-text('dense')").focus()
    desktop.keyboard.press("Enter")
    assert desktop.locator("#costs tbody tr:visible").count() == 4 * 6
    assert desktop.locator(".scroll[aria-labelledby='ranking'] tbody tr:visible").count() == 4 * 2
    assert "dense" not in desktop.locator("#machines ~ .scroll table").inner_text()
    desktop.fill("#assumptions [name=hours_per_day]", "8")  # computed anew, still filtered
    assert desktop.locator("#costs tbody tr:visible").count() == 4 * 6
    desktop.click("#everything")
    assert rows(desktop, "machines") == 31 and desktop.locator("#costs tbody tr:visible").count() == 279
    assert desktop.text_content("#filtered") == "" and shown_marks(desktop).count() == 93
    assert desktop.evaluate("document.activeElement.className") == "chip"


def test_a_link_to_a_row_that_is_filtered_away_shows_it(desktop: Any):
    desktop.click(".chip:has-text('cpu')")
    desktop.evaluate("location.hash = '#machines-3'")
    desktop.wait_for_selector("#machines-3:visible")
    assert rows(desktop, "machines") == 31


def test_on_paper_nothing_is_filtered(desktop: Any):
    desktop.click(".chip:has-text('dense')")
    desktop.select_option("#who", label="Apple M1: 4 machines")
    desktop.emulate_media(media="print")
    assert rows(desktop, "machines") == 31 and shown_marks(desktop).count() == 8
    assert desktop.locator("#chart-answer ~ .plot.wide .mark:visible").count() == 93
    assert "dense" in desktop.locator("#machines ~ .scroll table").inner_text()
    assert not desktop.locator("#filtered").is_visible()


def test_no_text_is_under_12_px_and_what_is_touched_is_24_px_high_and_wide(desktop: Any):
    desktop.click("#unfold")
    for width in (390, 760, 900, 1200):
        desktop.set_viewport_size({"width": width, "height": 844})
        assert desktop.evaluate(SMALL) == [], width


SMALL = """() => Array.from(document.querySelectorAll("body *")).filter((e) => {
  const box = e.getBoundingClientRect(), plot = e.closest("svg.plot");
  if (!e.getClientRects().length) return false;
  if (e.matches("a, button, summary, input, select") && (box.height < 24 || box.width < 24)) return true;
  if (!Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim())) return false;
  const scale = plot ? plot.getBoundingClientRect().width / plot.viewBox.baseVal.width : 1;
  return scale * parseFloat(getComputedStyle(e).fontSize) < 11.99;
}).map((e) => e.tagName + " " + e.textContent.slice(0, 40))"""


@pytest.mark.parametrize("width", [1200, 390])
def test_what_a_word_means_is_seen_by_touch_and_by_keyboard(browser: Any, path: Path, width: int):
    opened = Opened(browser, path, viewport={"width": width, "height": 800}, has_touch=True)
    page = opened.page
    page.click("#unfold")
    page.locator("abbr").first.tap(force=True)
    shown = page.evaluate("getComputedStyle(document.activeElement, '::after').content")
    assert shown.strip('"') == page.locator("abbr").first.get_attribute("title")
    assert page.evaluate("getComputedStyle(document.activeElement, '::after').position") == "fixed"
    if width == 1200:  # on a phone the heads stand beside their figures
        page.locator("th button[data-words]").first.focus()
        shown = page.evaluate("getComputedStyle(document.activeElement, '::before').content")
        assert shown.strip('"') == page.locator("th button[data-words]").first.get_attribute("data-words")
    words = page.locator("section[aria-labelledby='words'] dt").all_text_contents()
    assert {"provider", "calm rounds"} <= {word.lower() for word in words}
    opened.context.close()


def test_without_script_everything_can_be_read_and_nothing_dead_can_be_pressed(browser: Any, path: Path):
    opened = Opened(browser, path, java_script_enabled=False)
    page = opened.page
    assert page.locator("button:not([disabled]):visible, select:visible").count() == 0
    for fold in page.locator(".fold > summary").all():
        fold.click()
    assert page.locator("details:not([open]):visible").count() == 0
    assert page.locator(".scroll[aria-labelledby='cost'] tbody tr:visible").count() == 279
    assert page.locator("noscript").is_visible() and not page.locator("#assumptions").is_visible()
    figures = page.locator(".hero .plot.wide .mark title").all_text_contents()  # on hover, by the browser itself
    assert len(figures) == 93 and all("batch 1: " in words for words in figures)
    opened.context.close()


def test_a_link_into_a_folded_part_opens_it(desktop: Any):
    assert not desktop.locator("ul.warnings").is_visible()
    desktop.click("a[href='#warnings']")
    desktop.locator("ul.warnings").wait_for()  # the page hears of a new place in the address a moment later
    assert not desktop.locator("#ranking-1").is_visible()


@pytest.mark.parametrize("script", [True, False])
def test_printed_the_page_holds_every_row(browser: Any, path_of_few: Path, tmp_path: Path, script: bool):
    from pypdf import PdfReader

    opened = Opened(browser, path_of_few, java_script_enabled=script)
    opened.page.pdf(path=str(tmp_path / "class.pdf"), format="A4")
    opened.context.close()
    pages = [page.extract_text() for page in PdfReader(tmp_path / "class.pdf").pages]
    text = "\n".join(pages)
    for fingerprint in {result.machine.fingerprint for result in classroom(12)}:
        assert text.count(fingerprint) >= 20, fingerprint  # by machine, by cell, ranked, priced
    assert "Questions for the class" in text and "Every price" in text
