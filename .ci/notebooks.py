"""The lesson's notebooks: one source for two languages, written as .ipynb without outputs, run, and shown as pages.

    uv run python .ci/notebooks.py                        # writes notebooks/*.ipynb from notebooks/[0-9]*.py
    uv run python .ci/notebooks.py --run --html DIR       # runs all of them in fresh folders, and writes pages
    uv run python .ci/notebooks.py --run --together 2     # two at a time, each on its share of the cores

A cell of text with lang="hu" is in the Hungarian notebook alone. Cells of code are in both; there `# hu: ` begins a
comment of one language, and say("English", "magyar") becomes the text of that language.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import starmap
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

HOME = Path(__file__).resolve().parents[1] / "notebooks"
REPOSITORY = (
    ""  # where the notebooks are published, as "OWNER/dlbench" on GitHub; "": nowhere yet (CONTRIBUTING: Releasing)
)
LANGUAGES = ("en", "hu")
PHOTOS_NOTEBOOK = "2-look-inside-and-transfer.ipynb"
PHOTOS = HOME.parents[1] / "shared" / "data" / "cats-dogs"
_PAGE_STYLE = """
.jp-InputArea-editor pre { white-space: pre-wrap }
.jp-OutputArea-output { overflow-x: auto }  /* a wide table scrolls */
.jp-OutputArea-output pre { word-break: normal; overflow-wrap: anywhere }  /* between words */
"""
_TEXT = r'f?"(?:[^"\\]|\\.)*"'
_SAY = re.compile(rf"say\(\s*({_TEXT}),\s*({_TEXT}),?\s*\)")
_BUTTON = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{repository}/blob/main/notebooks/{name})"
_NO_BUTTON = {
    "en": "On Colab: File > Upload notebook; then upload your teacher's file `dlbench-...whl` in the Files panel (the "
    "folder on the left). A new runtime is empty: upload the file again there.",
    "hu": "A Colabon: Fájl > Jegyzetfüzet feltöltése; aztán a bal oldali mappaikonnál töltsd fel a tanárodtól kapott "
    "`dlbench-...whl` fájlt. Az új futtatókörnyezet üres: ott újra fel kell tölteni.",
}
_CELL_SECONDS = 600
_PHOTOS_A_CLASS = 100
_MISSING = ("MissingExtraError", "WeightsError")  # of this machine; the line says what to install


def main() -> int:
    """Write the notebooks; with --run, run them too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--html", type=Path, help="folder for pages with outputs")
    parser.add_argument("--only", default="", help="notebooks whose file name holds this")
    parser.add_argument("--together", type=int, default=1, help="how many run at a time")
    given = parser.parse_args()
    paths = []
    for source in sorted(HOME.glob("[0-9]*.py")):
        for language in LANGUAGES:
            paths.append(HOME / file_name(source, language))
            nbformat.write(in_language(source, language), paths[-1])
    if not given.run:
        return 0
    jobs = [(path, given.html, False) for path in paths if given.only in path.name]
    if PHOTOS.is_dir():  # the longest first
        jobs = [(HOME / PHOTOS_NOTEBOOK, None, True)] * (given.only in PHOTOS_NOTEBOOK) + jobs[::-1]
    else:
        print(f"{PHOTOS_NOTEBOOK} with photos of cats and dogs: skipped, there is no folder {PHOTOS}")
    if given.together == 1:
        return not all(list(starmap(shown_run, jobs)))
    seats = multiprocessing.Manager().Queue()
    for seat in range(given.together):
        seats.put(seat)
    with ProcessPoolExecutor(given.together, initializer=take_seat, initargs=(seats, given.together)) as pool:
        return not all(list(pool.map(shown_run, *zip(*jobs, strict=True))))


def take_seat(seats: Any, count: int) -> None:
    """Keep this process, and the kernels that it starts, to its share of the cores."""
    seat = seats.get()
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[seat::count] or cores)


def file_name(source: Path, language: str) -> str:
    """Return 1-first-networks.ipynb, and 1-first-networks.hu.ipynb."""
    return f"{source.stem}{'' if language == 'en' else f'.{language}'}.ipynb"


def in_language(source: Path, language: str) -> NotebookNode:
    """Return the notebook of one language, without outputs."""
    read = jupytext.read(source)
    cells = [cell for cell in read.cells if cell.metadata.pop("lang", language) == language]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
        if "setup" in cell.metadata.get("tags", ()):  # folded on Colab and in Jupyter
            cell.metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}}
        cell.source = _filled(cell.source, file_name(source, language), language, cell.cell_type == "code")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def _filled(text: str, name: str, language: str, code: bool) -> str:
    if text == "# {setup}":
        text = (HOME / "first_cell.py").read_text(encoding="utf-8").strip()
    if code:
        other = "|".join(each for each in LANGUAGES if each != language)
        text = re.sub(rf"^( *)# ({other}): .*(\n|\Z)", "", text, flags=re.MULTILINE)
        text = re.sub(rf"^( *)# {language}: ", r"\1# ", text, flags=re.MULTILINE)
        text = _SAY.sub(lambda match: match[1 + LANGUAGES.index(language)], text).rstrip("\n")
    button = _BUTTON.replace("{name}", name) if REPOSITORY else _NO_BUTTON[language]
    return text.replace("{colab}", button).replace("{repository}", REPOSITORY)


def shown_run(path: Path, pages: Path | None, photos: bool) -> bool:
    """Run a notebook in a folder of its own, say how that went, and write its page.

    Args:
        path: of the notebook without outputs.
        pages: folder of the page with them; None: none is written.
        photos: put some of the class photos into the folder; they must not be published, so no page may hold them.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    start, notebook = time.monotonic(), nbformat.read(path, 4)
    os.environ.pop("DLBENCH_PHOTOS", None)
    with tempfile.TemporaryDirectory() as folder:
        if photos:
            _lend_photos(Path(folder) / "photos")
        place = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=_CELL_SECONDS, startup_timeout=_CELL_SECONDS, resources=place)
        try:
            client.execute()
        except CellExecutionError as error:
            missing = error.ename in _MISSING
            print(f"{path.name}: {'skipped: ' if missing else ''}{error.ename}: {error.evalue}", file=sys.stderr)
            return missing
        finally:
            if pages:
                _write_page(notebook, pages / f"{path.stem}.html")
    what = f"{path.name}{' with photos of cats and dogs' if photos else ''}"
    print(f"{what}: {len(notebook.cells)} cells in {time.monotonic() - start:.0f} s", flush=True)
    return True


def _lend_photos(folder: Path) -> None:
    for kind in PHOTOS.iterdir():
        (folder / kind.name).mkdir(parents=True)
        for photo in sorted(kind.iterdir())[:_PHOTOS_A_CLASS]:
            shutil.copy(photo, folder / kind.name)


def _write_page(notebook: NotebookNode, path: Path) -> None:
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", ()):  # folded in Jupyter: its title says what it does
            cell.source = cell.source.split("\n", 1)[0] + "\n..."
    exporter.mathjax_url = exporter.mermaid_js_url = exporter.require_js_url = ""  # nothing from elsewhere
    html, _ = exporter.from_notebook_node(notebook)
    html = html.replace("</head>", f"<style>{_PAGE_STYLE}</style></head>", 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
