"""Every example holds: code in pages and docstrings, command lines, links between pages."""

from __future__ import annotations

import ast
import builtins
import doctest
import importlib
import inspect
import re
import shlex
import textwrap
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace, UnionType
from typing import Any

import pytest
import typer
from sybil import Document
from sybil.parsers.markdown import CodeBlockParser

from dlbench.cli import app

ROOT = Path(__file__).parent.parent
# what the changelog says was true when it was written
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]
PACKAGES = {"dlbench": "src/dlbench", **{f"dlbench.{part}": part for part in ("train", "export", "bench", "viz")}}
DRAWINGS = ("dlbench.errors", "dlbench.train.data.folders")  # a tree of names, not code
UNKNOWN = object()


def blocks(page: Path, language: str) -> Iterator[tuple[int, str]]:
    for example in Document.parse(str(page), CodeBlockParser(language)).examples():
        yield example.line, str(example.parsed)


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield each module's name and tree, read without importing it."""
    for package, folder in PACKAGES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            if package == "dlbench" and f"dlbench.{parts[0]}" in PACKAGES:
                continue  # a link to the folder beside it
            name = ".".join((package, *parts)).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(encoding="utf-8"))


TREES = dict(modules())
TEXTS = {module: ast.get_docstring(tree) or "" for module, tree in TREES.items()}
HOMES = {  # where each function and class stands
    statement.name: module
    for module, tree in TREES.items()
    for statement in tree.body
    if isinstance(statement, ast.FunctionDef | ast.ClassDef) and not statement.name.startswith("_")
}


def example_of(module: str, docstring: str) -> str:
    """Return the Python example of a docstring: what is indented, or parses, after the first paragraph."""
    code = []
    for paragraph in docstring.split("\n\n")[1:]:
        text = textwrap.dedent(paragraph)
        python = not re.match(r"dlbench |torchrun |python |uv |>>> ", text) and module not in DRAWINGS
        if python and (paragraph.startswith("    ") or parses(text)):
            code.append(text)
    return "\n".join(code)


def parses(text: str) -> bool:
    try:
        return bool(ast.parse(text).body)
    except SyntaxError:
        return False


DOCSTRINGS = {module: example for module, text in TEXTS.items() if (example := example_of(module, text))}
PYTHON = [(f"{page.relative_to(ROOT)}:{line}", text) for page in PAGES for line, text in blocks(page, "python")]


class Checker(ast.NodeVisitor):
    """Follows an example line by line: names that are called or imported exist, arguments fit, attributes are there.

    A value is known by its class alone (`Instance`), from annotations; what can't be known is not checked.
    """

    def __init__(self, module: Any = None) -> None:
        self.names: dict[str, Any] = {**vars(builtins), "Path": Path, "re": re}
        self.elsewhere = module is not None  # a docstring may call what another module of dlbench holds
        if module is not None:
            self.names |= {name: getattr(module, name) for name in getattr(module, "__all__", ())} | vars(module)
        self.problems: list[str] = []

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            loaded = importlib.import_module(alias.name)
            first = importlib.import_module(alias.name.split(".")[0])
            self.names[alias.asname or alias.name.split(".")[0]] = loaded if alias.asname else first

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            home = importlib.import_module(node.module or "")
            value = getattr(home, alias.name, UNKNOWN)
            if value is UNKNOWN:
                self.problems.append(f"{node.module} has no {alias.name}")
            self.names[alias.asname or alias.name] = value

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value)

    def visit_For(self, node: ast.For) -> None:
        self.value(node.iter)
        self.bind(node.target, UNKNOWN)
        for statement in node.body:
            self.visit(statement)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, UNKNOWN)
        for statement in node.body:
            self.visit(statement)

    def visit_Expr(self, node: ast.Expr) -> None:
        self.value(node.value)

    def bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple):
            for element in target.elts:
                self.bind(element, UNKNOWN)

    def value(self, node: ast.AST) -> Any:
        """Return the object of an expression, or its class as an instance, or UNKNOWN; note what does not exist."""
        if isinstance(node, ast.Name):
            if node.id not in self.names and self.elsewhere and node.id in HOMES:
                self.names[node.id] = getattr(importlib.import_module(HOMES[node.id]), node.id)
            return self.names.get(node.id, UNKNOWN)
        if isinstance(node, ast.Attribute):
            return self.attribute(self.value(node.value), node.attr)
        if isinstance(node, ast.Call):
            return self.call(node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr | ast.keyword | ast.comprehension):
                self.value(child)
        return UNKNOWN

    def attribute(self, owner: Any, name: str) -> Any:
        if owner is UNKNOWN:
            return UNKNOWN
        if isinstance(owner, Instance):
            if not owner.has(name):
                self.problems.append(f"{owner.cls.__name__} has no {name}")
            return owner.get(name)
        value = getattr(owner, name, UNKNOWN)
        if value is UNKNOWN:
            self.problems.append(f"{owner!r} has no {name}")
        return value

    def call(self, node: ast.Call) -> Any:
        called = self.value(node.func)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.value(argument)
        if called is UNKNOWN:
            if isinstance(node.func, ast.Name) and node.func.id not in self.names:
                self.problems.append(f"{node.func.id} is not defined")
            return UNKNOWN
        if not getattr(called, "__module__", None) or not str(called.__module__).startswith("dlbench"):
            return UNKNOWN
        given = [a for a in node.args if not isinstance(a, ast.Starred) and ast.unparse(a) != "..."]
        named = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        signature = inspect.signature(called)
        part = len(given) < len(node.args) or len(named) < len(node.keywords)  # `...`, `*all`: the others are not shown
        try:
            (signature.bind_partial if part else signature.bind)(*given, **named)
        except TypeError as error:
            self.problems.append(f"{ast.unparse(node)}: {error}")
        return Instance.of(called if inspect.isclass(called) else returned(called))


class Instance(SimpleNamespace):
    """Some value of a class of dlbench."""

    @staticmethod
    def of(cls: Any) -> Any:
        return Instance(cls=cls) if inspect.isclass(cls) and cls.__module__.startswith("dlbench") else UNKNOWN

    def has(self, name: str) -> bool:
        fields = [f for base in self.cls.__mro__ for f in inspect.get_annotations(base)]
        return hasattr(self.cls, name) or name in fields or hasattr(self.cls, "__getattr__")

    def get(self, name: str) -> Any:
        found = inspect.getattr_static(self.cls, name, UNKNOWN)
        if isinstance(found, property):
            return Instance.of(returned(found.fget))
        if inspect.isfunction(found):  # bound: self is given already
            return found.__get__(object())
        if isinstance(found, classmethod | staticmethod):
            return getattr(self.cls, name)
        try:
            return Instance.of(plain(typing.get_type_hints(self.cls).get(name)))
        except NameError:
            return UNKNOWN


def returned(function: Any) -> Any:
    """Return the class that a function returns, where its annotation can be read."""
    try:
        return plain(typing.get_type_hints(function).get("return"))
    except (NameError, TypeError):
        return None


def plain(hint: Any) -> Any:
    """Return X of `X | None`."""
    if isinstance(hint, UnionType):
        kept = [part for part in hint.__args__ if part is not type(None)]
        return kept[0] if len(kept) == 1 else None
    return hint


def check(code: str, module: Any = None) -> None:
    checker = Checker(module)
    checker.visit(ast.parse(code))
    assert not checker.problems, "\n".join(checker.problems)


@pytest.mark.parametrize("module", DOCSTRINGS)
def test_the_example_of_a_docstring_fits_the_code(module: str):
    check(DOCSTRINGS[module], importlib.import_module(module))


@pytest.mark.parametrize(("place", "code"), PYTHON, ids=[place for place, _ in PYTHON])
def test_the_python_of_a_page_fits_the_code(place: str, code: str):
    check(code)


def stands_alone(code: str) -> bool:
    """Say whether an example needs no value that it does not show, no file, no download and no training."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    known = {*made, *vars(builtins), *(name for name in HOMES if name in called or name[0].isupper())}
    costly = re.search(r"Path\(|train\(|download|load\w*\(|measure_|backbone|\.jpg|resnet", code)
    return bool(names) and not costly and all(node.id in known for node in names)


@pytest.mark.parametrize("module", [module for module, code in DOCSTRINGS.items() if stands_alone(code)])
def test_the_example_of_a_docstring_runs(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    checker = Checker(importlib.import_module(module))
    checker.visit(ast.parse(DOCSTRINGS[module]))  # finds the names of other modules
    exec(DOCSTRINGS[module], checker.names)


@pytest.mark.parametrize("module", [module for module, text in TEXTS.items() if ">>> " in text])
def test_a_session_in_a_docstring_gives_what_it_shows(module: str):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def command_lines() -> Iterator[tuple[str, str]]:
    """Yield what follows `dlbench` in console blocks and inline code of pages and docstrings."""
    for page in PAGES:
        inline = re.findall(r"`(dlbench [^`\n]+)`", page.read_text(encoding="utf-8"))
        console = [line for _, block in blocks(page, "console") for line in block.splitlines()]
        for line in (*inline, *console):
            if found := re.search(r"\bdlbench (.+)", line):
                yield f"{page.relative_to(ROOT)}: {line}", found.group(1)
    for module, docstring in TEXTS.items():
        indented = re.findall(r"^ +dlbench (.+)", docstring, re.MULTILINE)
        for line in (*indented, *re.findall(r"`dlbench ([^`\n]+)`", docstring)):
            yield f"{module}: {line}", line


LINES = dict(command_lines())


@pytest.mark.parametrize("place", LINES)
def test_a_command_line_is_understood(place: str):
    arguments = shlex.split(re.split(r" [>|] ", LINES[place])[0], comments=True)
    if "..." in arguments:  # `dlbench viz ...` stands for all of its commands
        arguments = arguments[: arguments.index("...")]
    command: Any = typer.main.get_command(app)
    while arguments and hasattr(command, "commands"):
        name = arguments.pop(0)
        if name.startswith("-") or name == "COMMAND":
            return
        assert name in command.commands, f"no command {name}"
        command = command.commands[name]
    if arguments:
        command.make_context(command.name, arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page: Path):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if target.startswith("http"):
            continue
        aim = page if not path else (page.parent / path)
        assert aim.exists(), target
        assert not anchor or anchor in anchors(aim), target


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts and the site both make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_the_paths_that_the_guide_names_exist():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:src|bench|viz|train|export|docs|tests|benchmarks)/[\w./]*)`", guide)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_guide_lists_every_package():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["package-dir"]
    assert [folder for folder in folders.values() if f"`{folder}/`" not in guide] == []
