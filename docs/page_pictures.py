"""Draw the pictures of the report's page in the documentation: on a desktop, on a phone, printed, and of a class of 30.

uv run python docs/page_pictures.py          # needs Chromium (`chromium`) and poppler's pdftoppm
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from dlbench.bench.results.schema import Result

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests" / "helpers"))
GAP = 24
COLOURS = 128


def main() -> None:
    """Write report.png and pareto.png (measured results), and class.png, phone.png and print.png (a made class)."""
    from browsing import CHROMIUM
    from classroom import classroom

    from dlbench.bench.report.page import make_page
    from dlbench.bench.report.writing import page_html
    from dlbench.bench.results.merging import Entry, merge
    from dlbench.bench.results.schema import read_result

    measured = DOCS.parent / "benchmarks" / "results"
    results = (read_result(measured / name) for name in ("h100.json", "variants.json"))
    one, variants = (page_html(make_page([Entry.of(repriced(result))])) for result in results)
    entries = merge([(f"student-{i}.json", result) for i, result in enumerate(classroom())])
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        (folder / "one.html").write_text(one, encoding="utf-8")
        (folder / "variants.html").write_text(variants, encoding="utf-8")
        (folder / "class.html").write_text(page_html(make_page(entries)), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        _shot(browser, folder / "one.html", folder / "report.png")
        _shot(browser, folder / "variants.html", folder / "pareto.png", height=1100, part=".charts")
        _shot(browser, folder / "class.html", folder / "class.png", full=True)
        _shot(browser, folder / "class.html", folder / "phone.png", width=390, height=844, full=True)
        page = browser.new_page()
        page.goto((folder / "class.html").as_uri())
        page.pdf(path=folder / "class.pdf", format="A4")
        subprocess.run(
            ["pdftoppm", "-r", "60", "-l", "4", "-png", folder / "class.pdf", folder / "printed"], check=True
        )
        _save(Image.open(folder / "report.png"), "report.png")
        _save(Image.open(folder / "pareto.png"), "pareto.png")
        _save(Image.open(folder / "class.png"), "class.png")
        phone = Image.open(folder / "phone.png").convert("RGB")
        screens = [phone.crop((0, top, 390, top + 844)) for top in (0, 844, 1688)]
        _save(_beside(screens), "phone.png")
        _save(_beside([Image.open(path).convert("RGB") for path in sorted(folder.glob("printed-*.png"))]), "print.png")


def repriced(result: Result) -> Result:
    """Return a measured result at the prices of today's list, which has an instance with its card."""
    from dlbench.bench.cost.catalogue import load_catalogue
    from dlbench.bench.cost.pricing import PriceSettings, Pricing
    from dlbench.bench.cost.renting import cores_used

    usable = result.machine.usable_cores
    cores = [cores_used(cell.threads, cell.streams, usable) for cell in result.cells]
    gpu = any(cell.place == "cuda" for cell in result.cells)
    pricing = Pricing.build(load_catalogue(), PriceSettings(), result.machine, gpu, max(cores))
    cells = tuple(
        cell.model_copy(update={"cost_usd_per_million": pricing.options(cell.place, cell.throughput_per_s, used)})
        if cell.throughput_per_s
        else cell
        for cell, used in zip(result.cells, cores, strict=True)
    )
    training = tuple(
        one.model_copy(update={"cost": pricing.training(one.device, one.training_s)}) for one in result.training
    )
    priced = {"prices": pricing.prices, "cost_inputs": pricing.inputs, "assumptions": pricing.assumptions}
    return result.model_copy(update={"cells": cells, "training": training, **priced})


def _shot(
    browser: Any, page_file: Path, path: Path, width: int = 1200, height: int = 800, full: bool = False, part: str = ""
) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(page_file.as_uri())
    if part:
        page.locator(part).first.screenshot(path=path)
    else:
        page.screenshot(path=path, full_page=full)
    page.close()


def _beside(pictures: list[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (sum(p.width + GAP for p in pictures) - GAP, max(p.height for p in pictures)), "#888888")
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width + GAP
    return sheet


def _save(picture: Image.Image, name: str) -> None:
    colours = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE)  # the few of the marks too
    colours.save(DOCS / name, optimize=True)


if __name__ == "__main__":
    main()
