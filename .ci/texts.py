"""Collect the texts that people read, and bring the Hungarian catalogue up to date.

    uv run python .ci/texts.py           # lists what has no translation yet, and writes dlbench.mo
    uv run python .ci/texts.py --add     # also adds those texts to dlbench.po, to be filled in there

What is collected: all texts in `tr(...)`, in templates, in the help of the commands, and every literal that reads like
one: several words, or in a place whose texts are shown, such as the title of a column. An f-string stands with its
holes as names: `f"{path.name}: no such file"` is "{name}: no such file". A literal that reads like a text and is none
(a pattern, code) is named in `NO_TEXTS`. Other single words, such as those of a phase, stand in the catalogue by hand.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src/dlbench", "train", "export", "bench", "viz")
FOLDER = ROOT / "src/dlbench/show/locale/hu/LC_MESSAGES"

# calls whose text arguments are shown even where they are one word
_SHOWN = {
    "tr", "Column", "Table", "Section", "TableOnPage", "show_notes", "set_xlabel", "set_ylabel", "set_title",
    "suptitle", "add_column", "Option", "Argument", "Finding", "colorbar",
}  # fmt: skip
_SHOWN_KEYWORDS = {"label", "title", "words", "help", "caption", "heading", "unit"}
# calls whose text arguments are for machines
_HIDDEN = {
    "compile", "sub", "search", "match", "fullmatch", "findall", "finditer", "split", "Field", "filterwarnings",
    "add_argument", "replace", "startswith", "endswith", "removeprefix", "removesuffix", "getattr", "import_module",
    "lazy_names", "TypeVar", "cast", "namedtuple", "encode", "decode", "strptime", "strftime", "run", "Popen",
    "getLogger", "open", "join_path", "set_defaults", "ArgumentParser", "AssertionError", "NotImplementedError",
    "AttributeError", "Dataset", "deprecated",
}  # fmt: skip
_HIDDEN_FILES = {"records.py", "dump_schema.py"}  # the result file speaks English
_WORD = re.compile(r"[A-Za-z][a-z'’]+|[A-Z]{2,}")
# what reads like a text and is none
NO_TEXTS = re.compile(
    r"^[\w-]+=\"|^https?://|^<|^[{}\[\]#.]|;\s*\w+=|__|\\[dwsSb]|\bimport |charset="
    r"|[\w?]\|\w*[\\^$(\[]|^\w+(\|\w+)+$"  # code, patterns, pages
    r"|\|cuda|\|CUDA"  # what libraries say
    r"|^options( =|\.)|^session = |^--columns all$"  # code to paste
    r"|^(Noto|Arial|Segoe|Source|Yu|MS|Microsoft|Malgun|Hiragino|Apple) "
)
_NO_TEXTS = {
    "past cache", "height width h w rows cols", "sample samples audio sound wave waveform signal",
    "frame frames time t step steps mel", "node nodes edge edges vertex vertices atom atoms point points",
    "box boxes anchor anchors", "channel channels", "last resort", "system volume information",
    "network trash folder", "temporary items", "Ankle boot", "upper left", "upper center", "lower center",
    "offset points", "upper right", "lower right", "lower left", "center left", "outside upper center",
    "outside lower center",
}  # fmt: skip


_OF_TYPER = (
    "Usage: ", "Options", "Arguments", "Commands", "Show this message and exit.", "default: ", "required", "env var: ",
    "No such option: {name}", "No such option: {name} (Possible options: {names})", "No such command {name}",
    "Missing command", "Missing argument {name}", "Missing option {name}", "Invalid value for {name}: {problem}",
    "Option {name} requires an argument", "Option {name} does not take a value", "{value} is not a valid {kind}",
    "Got unexpected extra argument ({names})", "Got unexpected extra arguments ({names})",
)  # fmt: skip


def texts() -> dict[str, list[str]]:
    """Return every text with the places where it stands."""
    found: dict[str, list[str]] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not any(part.is_symlink() for part in path.parents):
                for line, text in texts_of(path.read_text(encoding="utf-8"), path.name):
                    found.setdefault(text, []).append(f"{path.relative_to(ROOT)}:{line}")
    for text, place in [*_of_templates(), *_of_operators(), *_of_help(), *((text, "Typer") for text in _OF_TYPER)]:
        found.setdefault(text, []).append(place)
    return found


def texts_of(code: str, name: str = "") -> Iterator[tuple[int, str]]:
    """Yield the texts of a module, each with its line."""
    tree = ast.parse(code)
    if name not in _HIDDEN_FILES:
        yield from _below(tree, shown=False)


def _below(node: ast.AST, shown: bool) -> Iterator[tuple[int, str]]:
    text = text_of(node)
    if text is not None:
        if reads_like_a_text(text, shown):
            yield node.lineno, text
        for part in node.values if isinstance(node, ast.JoinedStr) else ():
            if isinstance(part, ast.FormattedValue):
                yield from _below(part.value, shown=False)
        return
    for child, is_shown in _children(node, shown):
        yield from _below(child, is_shown)


def _children(node: ast.AST, shown: bool) -> Iterator[tuple[ast.AST, bool]]:  # noqa: PLR0912  # one branch a kind of node
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("lazy_names", "_lazy_names"):
            return
        yield node.func, False
        for place, argument in enumerate(node.args):
            if name not in _HIDDEN or not isinstance(argument, ast.Constant | ast.JoinedStr | ast.Dict):
                yield argument, name in _SHOWN and not (name == "Table" and place == 0)  # its key
        for keyword in node.keywords:
            if name not in _HIDDEN:
                yield keyword.value, keyword.arg in _SHOWN_KEYWORDS
    elif isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
        parts = [part for part in ast.iter_child_nodes(node) if not _is_docstring(part)]
        if isinstance(node, ast.FunctionDef):
            parts = [*node.args.defaults, *[d for d in node.args.kw_defaults if d], *node.body, *node.decorator_list]
            parts += [a.annotation for a in (*node.args.args, *node.args.kwonlyargs) if a.annotation]
            parts = [part for part in parts if not _is_docstring(part)]
        yield from ((part, False) for part in parts)
    elif isinstance(node, ast.Assign) and any(getattr(t, "id", "") == "__all__" for t in node.targets):
        return
    elif isinstance(node, ast.Compare):
        yield node.left, False
    elif isinstance(node, ast.Dict):
        yield from ((value, shown) for value in node.values)
    elif isinstance(node, ast.Subscript):
        yield node.value, False
        if not isinstance(node.slice, ast.Constant):
            yield node.slice, False
    else:
        keeps = isinstance(node, ast.Tuple | ast.List | ast.IfExp | ast.BoolOp | ast.BinOp | ast.Starred)
        yield from ((child, shown and keeps) for child in ast.iter_child_nodes(node))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def text_of(node: ast.AST) -> str | None:
    """Return a literal as the catalogue has it: the holes of an f-string by name."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    parts, names = [], set[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("{", "{{").replace("}", "}}"))
        elif isinstance(part, ast.FormattedValue):
            name = base = _hole(part.value)
            number = 2
            while name in names:
                name, number = f"{base}_{number}", number + 1
            names.add(name)
            parts.append(f"{{{name}}}")
    return "".join(parts)


def _hole(node: ast.AST) -> str:
    """Return a name for what fills a hole: the last name in it."""
    if isinstance(node, ast.Name):
        return node.id.strip("_").lower() or "x"
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_").lower()
    if isinstance(node, ast.Call):
        inner = [*node.args, node.func] if isinstance(node.func, ast.Name) else [node.func, *node.args]
        return _hole(inner[0])
    if isinstance(node, ast.Subscript):
        return _hole(node.value)
    if isinstance(node, ast.BinOp):
        return _hole(node.right if isinstance(node.left, ast.Constant) else node.left)
    return "words" if isinstance(node, ast.IfExp | ast.JoinedStr | ast.BoolOp) else "value"


def reads_like_a_text(text: str, shown: bool) -> bool:
    """Say whether people read this: several words, or words in a place that is shown."""
    bare = text.strip()
    plain = re.sub(r"(?<!\{)\{\w*\}(?!\})", "0", bare)
    words = _WORD.findall(plain)
    if bare in _NO_TEXTS:
        return False
    if shown:
        return bool(words) and not plain.startswith("--")
    return len(words) > 1 and " " in bare and not NO_TEXTS.search(plain)


def _of_templates() -> Iterator[tuple[str, str]]:
    from jinja2.ext import babel_extract

    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.j2")):
            if not any(part.is_symlink() for part in path.parents):
                with path.open("rb") as stream:
                    for line, _, text, _ in babel_extract(stream, ("tr",), (), {"trim_blocks": "true"}):
                        yield str(text[0] if isinstance(text, tuple) else text), f"{path.relative_to(ROOT)}:{line}"


def _of_operators() -> Iterator[tuple[str, str]]:
    """Yield what operators do, in words."""
    path = ROOT / "src/dlbench/model/operators.toml"
    for operators in tomllib.loads(path.read_text(encoding="utf-8")).values():
        for operator in operators.values() if isinstance(operators, dict) else ():
            texts = operator.values() if isinstance(operator, dict) else ()
            yield from ((text, path.name) for text in texts if isinstance(text, str) and " " in text)


def _of_help() -> Iterator[tuple[str, str]]:
    """Yield the help of every command and option, as it stands when the commands are there."""
    from dlbench.cli import app
    from dlbench.commands.help_pages.help_texts import help_texts

    yield from ((text, "dlbench --help") for text in help_texts(app))


def holes(text: str) -> list[str]:
    """Return the names of the holes of a text."""
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


def read_catalogue() -> Catalog:
    """Return the Hungarian catalogue."""
    with (FOLDER / "dlbench.po").open("rb") as stream:
        return read_po(stream)


def main() -> int:
    """Add, compile and list; the exit code is 1 where a translation is missing."""
    catalogue = read_catalogue()
    missing = {text: places for text, places in texts().items() if text not in catalogue or not catalogue[text].string}
    if "--add" in sys.argv:
        for text in missing:
            if text not in catalogue:
                catalogue.add(text)
        with (FOLDER / "dlbench.po").open("wb") as stream:
            write_po(stream, catalogue, width=120, omit_header=False, sort_output=True)
    with (FOLDER / "dlbench.mo").open("wb") as stream:
        write_mo(stream, catalogue)
    for text, places in missing.items():
        print(f"{places[0]}: {text!r}")
    print(f"{len(missing)} texts have no translation", file=sys.stderr)
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
