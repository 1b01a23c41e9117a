"""Every example holds: code in pages and docstrings, command lines, links between pages."""

from __future__ import annotations

import ast
import builtins
import doctest
import importlib
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from example_checker import Checker
from sybil import Document
from sybil.parsers.markdown import CodeBlockParser

import dlbench
from dlbench.cli import app
from dlbench.commands.help_pages.help_texts import translated_command

ROOT = Path(__file__).parent.parent
# what the changelog says was true when it was written
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]
PACKAGES = {"dlbench": "src/dlbench", **{f"dlbench.{part}": part for part in ("train", "export", "bench", "viz")}}
DRAWINGS = (
    "dlbench.errors",
    "dlbench.train.data.folders",
    "dlbench.train.data.folder_layout",
)  # a tree of names, not code


def blocks(page: Path, language: str) -> Iterator[tuple[int, str]]:
    for example in Document.parse(str(page), CodeBlockParser(language)).examples():
        yield example.line, str(example.parsed)


def modules() -> Iterator[tuple[str, str]]:
    """Yield each module's name and source, read without importing it."""
    for package, folder in PACKAGES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            if package == "dlbench" and f"dlbench.{parts[0]}" in PACKAGES:
                continue  # a link to the folder beside it
            name = ".".join((package, *parts)).removesuffix(".__init__")
            yield name, path.read_text(encoding="utf-8")


def docstring_and_code(source: str) -> tuple[str, str]:
    """Return a module's two parts; to parse all of each would take a second and a half at each start of the tests."""
    if not source.startswith(('"""', 'r"""')):
        return "", source
    end = source.index('"""', source.index('"""') + 3) + 3
    return ast.get_docstring(ast.parse(source[:end])) or "", source[end:]


PARTS = {module: docstring_and_code(source) for module, source in modules()}
TEXTS = {module: docstring for module, (docstring, _) in PARTS.items()}
HOMES = {  # where each function and class stands
    name: module
    for module, (_, code) in PARTS.items()
    for name in re.findall(r"^(?:def|class) ([^\W_]\w*)", code, re.MULTILINE)
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


def check(code: str, module: Any = None) -> None:
    checker = Checker(module, HOMES if module else None)
    checker.visit(ast.parse(code))
    assert not checker.problems, "\n".join(checker.problems)


@pytest.mark.parametrize("module", DOCSTRINGS)
def test_the_example_of_a_docstring_fits_the_code(module: str):
    check(DOCSTRINGS[module], importlib.import_module(module))


@pytest.mark.parametrize(("place", "code"), PYTHON, ids=[place for place, _ in PYTHON])
def test_the_python_of_a_page_fits_the_code(place: str, code: str):
    check(code)


@pytest.mark.slow
def test_mypy_accepts_the_python_of_pages_and_the_calls_of_a_notebook(tmp_path: Path):
    for number, (place, code) in enumerate(PYTHON):
        (tmp_path / f"example_{number}.py").write_text(f"# {place}\n{code}", encoding="utf-8")
    rules = ["--config-file", "tests/helpers/examples_mypy.ini"]
    files = ["tests/helpers/api_calls.py", *map(str, sorted(tmp_path.glob("*.py")))]
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *rules, *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("replayed_rounds")
@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_the_python_of_a_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    train, compare = dlbench.train_network, dlbench.compare
    monkeypatch.setattr(dlbench, "train_network", lambda *a, **named: train(*a, **named, epochs=1), raising=False)
    short = {"budget": 0, "rounds": 2}
    monkeypatch.setattr(dlbench, "compare", lambda *a, **named: compare(*a, **named | short), raising=False)
    names: dict[str, Any] = {}
    for _, code in blocks(ROOT / page, "python"):
        exec(code, names)


def stands_alone(code: str) -> bool:
    """Say whether an example needs no value that it does not show, no file, no download and no training."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    known = {*made, *vars(builtins), *(name for name in HOMES if name in called or name[0].isupper())}
    costly = re.search(
        r"Path\(|train\(|download|load\w*\(|measure_|backbone|resnet|\(\.\.\.|\.(onnx|toml|json|jpg)\b", code
    )
    return bool(names) and not costly and all(node.id in known for node in names)


@pytest.mark.parametrize("module", [module for module, code in DOCSTRINGS.items() if stands_alone(code)])
def test_the_example_of_a_docstring_runs(module: str, request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    if module.endswith(".tour"):
        request.getfixturevalue("short_tour")
    checker = Checker(importlib.import_module(module), HOMES)
    checker.visit(ast.parse(DOCSTRINGS[module]))  # finds the names of other modules
    exec(DOCSTRINGS[module], checker.names)


@pytest.mark.parametrize("module", [module for module, text in TEXTS.items() if ">>> " in text])
def test_a_session_in_a_docstring_gives_what_it_shows(module: str):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def words_of(value: Any) -> Iterator[str]:
    """Yield every text inside lists and tables."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from words_of(inner)


def command_lines() -> Iterator[tuple[str, str]]:
    """Yield what follows `dlbench` in console blocks and inline code of pages and docstrings."""
    for page in PAGES:
        inline = re.findall(r"`(dlbench [^`\n]+)`", page.read_text(encoding="utf-8"))
        console = [line for _, block in blocks(page, "console") for line in block.splitlines()]
        for line in (*inline, *console):
            if found := re.search(r"\bdlbench (.+)", line):
                yield f"{page.relative_to(ROOT)}: {line}", found.group(1)
        for _, block in blocks(page, "yaml"):
            for line in words_of(yaml.safe_load(block)):
                for found in re.findall(r"^dlbench (.+)", line, re.MULTILINE):
                    yield f"{page.relative_to(ROOT)}: {found}", found
    for module, docstring in TEXTS.items():
        indented = re.findall(r"^ +dlbench (.+)", docstring, re.MULTILINE)
        for line in (*indented, *re.findall(r"`dlbench ([^`\n]+)`", docstring)):
            yield f"{module}: {line}", line


LINES = dict(command_lines())


@pytest.mark.parametrize("place", LINES)
def test_a_command_line_is_understood(place: str):
    arguments = shlex.split(re.split(r" (?:>>?|\|) ", LINES[place])[0], comments=True)
    if "..." in arguments:  # `dlbench viz ...` stands for all of its commands
        arguments = arguments[: arguments.index("...")]
    command: Any = translated_command(app)
    while arguments and hasattr(command, "commands"):
        name = arguments.pop(0)
        if name.startswith("-") or name == "COMMAND":
            return
        assert name in command.commands, f"no command {name}"
        command = command.commands[name]
    if arguments:
        command.make_context(command.name, arguments)


def test_the_recipes_for_ci_are_what_the_services_read():
    page = ROOT / "docs" / "ci.md"
    github, gitlab, over_time = (yaml.safe_load(block) for _, block in blocks(page, "yaml"))
    for workflow in (github, over_time):
        triggers = workflow.pop(True)  # YAML 1.1 reads the key `on` so, and the service knows
        assert triggers and set(workflow) == {"name", "jobs"}
        for job in workflow["jobs"].values():
            assert set(job) <= {"runs-on", "permissions", "env", "steps"}
            assert all(set(step) <= {"name", "if", "uses", "with", "run", "env"} for step in job["steps"])
            assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    assert set(gitlab["speed"]) == {"image", "rules", "script", "after_script", "artifacts"}
    assert all(isinstance(line, str) for line in gitlab["speed"]["script"])


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
