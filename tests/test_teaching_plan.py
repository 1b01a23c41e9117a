"""The plan, the notebooks and what is handed out: 90 minutes without a gap, in one order, in both languages."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

HOME = Path(__file__).parents[1]
DOCS = HOME / "docs"
PAGES = {"en": "teaching.md", "hu": "teaching-hu.md"}


def blocks(language: str) -> dict[tuple[int, int, str], str]:
    """Return the text of each block of the plan, by its first and last minute and its name."""
    text = (DOCS / PAGES[language]).read_text(encoding="utf-8")
    parts = re.split(r"^(#{2,3} .*)$", text, flags=re.MULTILINE)[1:]
    named = zip(parts[::2], parts[1::2], strict=True)
    found = [(re.match(r"### (\d+)[-–](\d+)(?:\. perc:)? (.*)", head), body) for head, body in named]
    return {(int(head[1]), int(head[2]), head[3]): body for head, body in found if head}


@pytest.mark.parametrize("language", PAGES)
def test_the_plan_has_90_minutes_without_a_gap_and_its_table_names_every_block(language: str):
    plan = list(blocks(language))
    assert (plan[0][0], plan[-1][1]) == (0, 90)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(plan))
    text = (DOCS / PAGES[language]).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+)[-–](\d+)\.? \| (.*?) \|", text, re.MULTILINE)
    assert [(int(first), int(last), name) for first, last, name in rows] == plan


def test_both_languages_name_the_same_commands_in_each_block():
    for (english, one), (hungarian, other) in zip(blocks("en").items(), blocks("hu").items(), strict=True):
        assert english[:2] == hungarian[:2]
        assert re.findall(r"`dlbench [^`]*`", one) == re.findall(r"`dlbench [^`]*`", other), english


@pytest.mark.parametrize("language", PAGES)
def test_the_notebooks_have_the_blocks_of_the_plan_in_the_same_order(language: str):
    plan = blocks(language)
    without_one = {0, 45}  # the board and the demo; the break
    wanted = [block for block in plan if block[0] not in without_one]
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((HOME / "notebooks").glob("[0-9]*.py")))
    minutes = r"Minutes (\d+)-(\d+)" if language == "en" else r"(\d+)–(\d+)\. perc"
    heads = re.findall(rf"^# #+ (.*)\n#\n# \*{minutes}\*$", text, re.MULTILINE)
    assert [(int(first), int(last), name) for name, first, last in heads] == wanted
    listed = re.findall(r"^# \| (.*?) \| (\d+)[-–](\d+)(\.?) \|$", text, re.MULTILINE)
    ours = [(int(first), int(last), name) for name, first, last, dot in listed if bool(dot) == (language == "hu")]
    assert ours == wanted


def test_the_lines_of_both_plans_make_a_folder_of_cats_and_dogs_from_the_downloaded_set(tmp_path, monkeypatch):
    one, other = (
        re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.S) for page in PAGES.values()
    )
    assert one == other and len(one) == 1
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    pets = tmp_path / "cache" / "data" / "oxford-iiit-pet"
    (pets / "images").mkdir(parents=True)
    (pets / "annotations").mkdir()
    listed = [(f"Birman_{i}", 1, 2) for i in range(450)] + [(f"pug_{i}", 2, 1) for i in range(250)]
    lines = "\n".join(f"{stem} 7 {species} {breed}" for stem, species, breed in listed)
    (pets / "annotations" / "trainval.txt").write_text(lines)
    for stem, _, _ in listed:
        (pets / "images" / f"{stem}.jpg").write_text(stem)
    exec(compile(one[0], "plan", "exec"), {})
    for name, breed in (("cat", "Birman"), ("dog", "pug")):
        made = list((tmp_path / "photos" / name).iterdir())
        assert len(made) == 200 and all(path.read_text().startswith(breed) for path in made)


@pytest.mark.parametrize(("name", "pages"), [("handout", 1), ("handout-hu", 1), ("slides", 11), ("slides-hu", 11)])
def test_what_is_handed_out_has_its_pages_and_commands(name: str, pages: int):
    read = PdfReader(DOCS / f"{name}.pdf")
    text = " ".join(page.extract_text() for page in read.pages)
    assert len(read.pages) == pages and "dlbench train" in text and "dlbench compare" in text
