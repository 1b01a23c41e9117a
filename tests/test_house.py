"""The house: every name where it is said to be, every module under a name of its own, no folder that is too full."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import dlbench

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {"dlbench": ROOT / "src" / "dlbench"} | {
    f"dlbench.{n}": ROOT / n for n in ("bench", "train", "export", "viz")
}
LINKS = {"bench", "train", "export", "viz"}
MOST_MODULES = 14


def files() -> list[tuple[str, Path]]:
    """Every module's dotted name and its file, each once although links lead to some."""
    found = []
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if not (package == "dlbench" and parts[0] in LINKS):
                found.append((".".join([package, *(p for p in parts if p != "__init__")]), path))
    return found


FILES = files()


def test_the_walk_sees_the_house():
    assert {"dlbench", "dlbench.cli", "dlbench.bench.measure.comparison", "dlbench.viz"} <= {name for name, _ in FILES}
    assert {f"dlbench.{m.name}" for m in pkgutil.iter_modules(dlbench.__path__)} <= {name for name, _ in FILES}


@pytest.mark.parametrize("name", [n for n, p in FILES if "\n__all__ = " in p.read_text()])
def test_every_name_that_a_module_offers_can_be_imported(name: str):
    module = importlib.import_module(name)
    offered = module.__all__
    assert len(offered) == len(set(offered))
    assert [n for n in offered if getattr(module, n, None) is None and n != "__version__"] == []


def test_no_two_modules_share_a_name():
    by_name = defaultdict(list)
    for name, path in FILES:
        if path.stem not in ("__init__", "__main__") and "dlbench.commands" not in name:
            by_name[path.stem].append(name)
    assert {stem: names for stem, names in by_name.items() if len(names) > 1} == {}


def test_every_package_says_in_a_sentence_what_it_is_for():
    silent = []
    for name, path in FILES:
        if path.name == "__init__.py":
            said = ast.get_docstring(ast.parse(path.read_text())) or ""
            if not said.split("\n\n")[0].strip().endswith((".", "?")):
                silent.append(name)
    assert silent == []


def test_no_folder_holds_more_modules_than_a_reader_can_look_over():
    counts = defaultdict(int)
    for _, path in FILES:
        counts[path.parent] += path.name not in ("__init__.py", "__main__.py")
    assert {str(f.relative_to(ROOT)): n for f, n in counts.items() if n > MOST_MODULES} == {}


LIBRARY = [(n, p) for n, p in FILES if not n.startswith(("dlbench.commands", "dlbench.cli", "dlbench.bench.worker"))]
TYPED = re.compile(r"`[^`]*`|\b(?:dlbench|pip|torchrun) [^;:,]*")  # a whole command, which Python users type too


def texts_of_results(node: ast.AST) -> Iterator[str]:
    """Every text that a module gives to readers, but for docstrings and for errors, which know their caller."""
    if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and "Error" in ast.unparse(node.func)):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    else:
        for child in ast.iter_child_nodes(node):
            yield from texts_of_results(child)


@pytest.mark.parametrize(("name", "path"), LIBRARY, ids=[name for name, _ in LIBRARY])
def test_texts_that_results_hold_name_arguments_and_no_options(name: str, path: Path):
    texts = list(texts_of_results(ast.parse(path.read_text(encoding="utf-8"))))
    named = [
        text
        for text in texts
        if " " in text.replace("--columns all", "").strip() and re.search(r"(?<![\w-])--[a-z]{2}", TYPED.sub("", text))
    ]
    assert named == [], "name the argument in backquotes; the command line makes the option of it"


def test_a_message_of_the_library_names_arguments_and_the_command_line_its_options():
    from dlbench.bench import CompareSettings
    from dlbench.errors import InputError
    from dlbench.show.locale.typed_options import as_options

    with pytest.raises(InputError, match="`budget_s`: expected seconds from 0 to 604800, received -1") as caught:
        CompareSettings(budget_s=-1)
    assert as_options(str(caught.value)).startswith("--budget: expected seconds")
    assert as_options("see `dlbench cost template` and `other`") == "see `dlbench cost template` and `other`"
