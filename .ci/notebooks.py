"""The lesson's notebooks: one source for two languages, written as .ipynb without outputs, run, and shown as pages.

    uv run python .ci/notebooks.py                        # writes notebooks/*.ipynb from notebooks/[0-9]*.py
    uv run python .ci/notebooks.py --run --html DIR       # runs all of them in fresh folders, and writes pages

A cell of text with lang="hu" is in the Hungarian notebook alone. Cells of code are in both; there `# hu: ` begins a
comment of one language, and say("English", "magyar") becomes the text of that language.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

HOME = Path(__file__).resolve().parents[1] / "notebooks"
REPOSITORY = "OWNER/dlbench"  # where the notebooks are published: set before a release
LANGUAGES = ("en", "hu")
PHOTOS_NOTEBOOK = "2-look-inside-and-transfer.ipynb"
PHOTOS = HOME.parents[1] / "shared" / "data" / "cats-dogs"
_TEXT = r'f?"(?:[^"\\]|\\.)*"'
_SAY = re.compile(rf"say\(\s*({_TEXT}),\s*({_TEXT}),?\s*\)")
_BUTTON = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/{repository}/blob/main/notebooks/{name})"
_CELL_SECONDS = 600
_PHOTOS_A_CLASS = 100
_MISSING = ("MissingExtraError", "WeightsError")  # of this machine; the line says what to install


def main() -> int:
    """Write the notebooks; with --run, run them too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--html", type=Path, help="folder for pages with outputs")
    parser.add_argument("--only", default="", help="notebooks whose file name holds this")
    given = parser.parse_args()
    failed = 0
    for source in sorted(HOME.glob("[0-9]*.py")):
        for language in LANGUAGES:
            path = HOME / file_name(source, language)
            notebook = in_language(source, language)
            nbformat.write(notebook, path)
            if given.run and given.only in path.name:
                failed += not shown_run(notebook, path, given.html)
    if given.run and given.only in PHOTOS_NOTEBOOK:
        failed += not with_photos()
    return bool(failed)


def with_photos() -> bool:
    """Run the notebook that takes photos with those of a class."""
    if not PHOTOS.is_dir():
        print(f"{PHOTOS_NOTEBOOK} with photos of cats and dogs: skipped, there is no folder {PHOTOS}")
        return True
    path = HOME / PHOTOS_NOTEBOOK
    return shown_run(nbformat.read(path, 4), path, None, photos=True)


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
        text = re.sub(rf"^( *)# ({other}): .*\n", "", text, flags=re.MULTILINE)
        text = re.sub(rf"^( *)# {language}: ", r"\1# ", text, flags=re.MULTILINE)
        text = _SAY.sub(lambda match: match[1 + LANGUAGES.index(language)], text)
    return text.replace("{colab}", _BUTTON.replace("{name}", name)).replace("{repository}", REPOSITORY)


def shown_run(notebook: NotebookNode, path: Path, pages: Path | None, photos: bool = False) -> bool:
    """Run a notebook in a folder of its own, say how that went, and write its page.

    Args:
        notebook: gets its outputs.
        path: of the notebook without them.
        pages: folder of the page; None: none is written.
        photos: put some of the class photos into the folder; they must not be published, so no page may hold them.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    start = time.monotonic()
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
    print(f"{what}: {len(notebook.cells)} cells in {time.monotonic() - start:.0f} s")
    return True


def _lend_photos(folder: Path) -> None:
    for kind in PHOTOS.iterdir():
        (folder / kind.name).mkdir(parents=True)
        for photo in sorted(kind.iterdir())[:_PHOTOS_A_CLASS]:
            shutil.copy(photo, folder / kind.name)


def _write_page(notebook: NotebookNode, path: Path) -> None:
    from nbconvert import HTMLExporter

    html, _ = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True).from_notebook_node(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
