"""The teacher's plan and what is handed out: 90 minutes without a gap, in both languages, on one page."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", ["teaching.md", "teaching-hu.md"])
def test_the_plan_has_90_minutes_without_a_gap(page: str):
    rows = re.findall(r"^\| (\d+)-(\d+) \|", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    spans = [(int(start), int(end)) for start, end in rows]
    assert (spans[0][0], spans[-1][1]) == (0, 90)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))


def test_both_languages_name_the_same_commands_and_minutes():
    english, hungarian = (
        re.findall(r"^\| \d+(?:-\d+)? \|.*$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
        for page in ("teaching.md", "teaching-hu.md")
    )
    assert len(english) == len(hungarian) > 25
    for one, other in zip(english, hungarian, strict=True):
        assert one.split("|")[1] == other.split("|")[1]
        assert set(re.findall(r"`dlbench [^`]*`", one)) == set(re.findall(r"`dlbench [^`]*`", other))


@pytest.mark.parametrize(("name", "pages"), [("handout", 1), ("handout-hu", 1), ("slides", 8), ("slides-hu", 8)])
def test_what_is_handed_out_has_its_pages_and_commands(name: str, pages: int):
    read = PdfReader(DOCS / f"{name}.pdf")
    text = " ".join(page.extract_text() for page in read.pages)
    assert len(read.pages) == pages and "dlbench train" in text and "dlbench compare" in text
