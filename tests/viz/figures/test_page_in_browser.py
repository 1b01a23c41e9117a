"""The page of `dlbench viz all` in a real browser, headless and with the network off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from browsing import Opened
from PIL import Image
from small_models import dense_model

from dlbench.cli import main

pytestmark = pytest.mark.browser
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of a model and a picture whose names hold markup, as files from others may."""
    tmp_path = tmp_path_factory.mktemp("page")
    pixels = np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8)
    picture = tmp_path / f"{EVIL.replace('/', '')}.png"
    Image.fromarray(pixels).save(picture)
    model = tmp_path / "<b>bold<b>.onnx"
    onnx.save_model(dense_model(), model)
    assert main(["viz", "all", str(model), str(picture), "--workspace", str(tmp_path / "out")]) == 0
    (page,) = (tmp_path / "out").rglob("index.html")
    return page


def test_the_page_shows_all_pictures_asks_for_nothing_and_runs_nothing(browser: Any, page_file: Path):
    opened = Opened(browser, page_file)
    assert [url for url in opened.requests if not url.startswith("data:")] == [page_file.as_uri()]
    assert opened.errors == []
    pictures = opened.page.eval_on_selector_all("img", "all => all.map(i => [i.naturalWidth, i.alt.length])")
    assert len(pictures) >= 6 and all(width > 100 and words > 20 for width, words in pictures)
    assert opened.page.text_content("h1") == "Inside <b>bold<b>"
    assert opened.page.query_selector("main b") is None


def test_names_in_the_table_lead_to_the_pictures(browser: Any, page_file: Path):
    page = Opened(browser, page_file).page
    links = page.eval_on_selector_all("td a", "all => all.map(a => [a.textContent, a.getAttribute('href')])")
    assert links
    for name, target in links:
        figure = page.query_selector(f"figure[id='{target[1:]}'] img")
        assert figure is not None and name in figure.get_attribute("alt")


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_fits_a_phone_and_a_wide_screen(browser: Any, page_file: Path, width: int):
    page = Opened(browser, page_file, viewport={"width": width, "height": 800}, color_scheme="dark").page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
