"""Do the tests notice when the code is wrong? A seeded sample of mutants of the heart, made by cosmic-ray.

    uv run --group mutation python benchmarks/mutation.py                       # all modules of pyproject.toml
    uv run --group mutation python benchmarks/mutation.py bench/diff/ratio.py   # some of them

A place is one operator, number, condition, loop, keyword or decorator. Each chosen place is changed once, in a copy of
the checkout, and the module's tests run against the copy. What no input can reach is left out: type annotations, and
`strict=` of `zip`, a check of the code on itself. So is `==` for `is` and the like. Settings: `[tool.mutation]`.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
HEAVY = ["numpy", "scipy.special", "scipy.stats", "pydantic", "onnx", "onnxruntime", "onnxruntime.quantization"]
HEAVY += ["PIL.Image", "hypothesis", "pytest", "torch", "torchvision", "sklearn.metrics", "matplotlib.figure"]
SAME_MEANING = ("_Is_Eq", "_Eq_Is", "_IsNot_NotEq", "_NotEq_IsNot")
NO_TESTS_RAN = 5
PROCESSES = multiprocessing.get_context("forkserver")  # each run starts with the heavy packages imported


@dataclass(frozen=True)
class Mutant:
    """One change of one place."""

    module: str
    line: int
    change: str  # the changed line
    code: str  # the whole changed module


def places_of(code: str) -> list[list[tuple[Any, int]]]:
    """Return for each place of a module, in order, how it can be changed: an operator and the number of its match."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    nodes = list(ast_nodes(get_ast(code)))
    skipped = list(_skipped(code))
    places: dict[tuple[Any, ...], list[tuple[Any, int]]] = {}
    for name in operator_names():
        if name.endswith(SAME_MEANING) or "Variable" in name:
            continue
        operator = get_operator(name)()
        matches = [place for node in nodes for place in operator.mutation_positions(node)]
        for number, (start, end) in enumerate(matches):
            if not any(first <= start < last for first, last in skipped):
                places.setdefault((start, end), []).append((operator, number))
    return [places[place] for place in sorted(places)]


def _skipped(code: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield where type annotations and `strict=` of zip begin and end."""
    for node in ast.walk(ast.parse(code)):
        parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        if isinstance(node, ast.keyword) and node.arg == "strict":
            parts.append(node.value)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            parts.append(node)
        for part in parts:
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def _mutant(module: str, code: str, operator: Any, number: int) -> Mutant | None:
    """Return the module with one change; None where cosmic-ray can't make it, or it is no Python."""
    from cosmic_ray.mutating import mutate_code

    try:
        changed = mutate_code(code, operator, number)
        ast.parse(changed or "=")
    except (SyntaxError, AttributeError):  # AttributeError: an exception with a dotted name
        return None
    lines = zip(code.splitlines(), changed.splitlines(), strict=False)
    line, change = next(((i, new) for i, (old, new) in enumerate(lines, 1) if old != new), (0, ""))
    return Mutant(module, line, change.strip(), changed)


def sample(module: str, most: int, seed: int) -> list[Mutant]:
    """Return one change of each of at most so many places, drawn by the seed."""
    code = (ROOT / module).read_text(encoding="utf-8")
    draw = random.Random(f"{seed} {module}")
    places = places_of(code)
    draw.shuffle(places)
    found: list[Mutant] = []
    for changes in places:
        draw.shuffle(changes)
        mutants = (_mutant(module, code, *change) for change in changes)
        found.extend(mutant for mutant in [next((m for m in mutants if m is not None), None)] if mutant)
        if len(found) == most:
            break
    return sorted(found, key=lambda mutant: mutant.line)


class Copy:
    """A copy of the checkout as it would be installed: one folder `dlbench`, and the tests beside it."""

    def __init__(self, folder: Path, packages: dict[str, str]) -> None:
        self.folder, self.packages = folder, packages
        ignored = shutil.ignore_patterns("__pycache__")
        for name, source in sorted(packages.items()):
            target = folder / name.replace(".", "/")
            target.mkdir(parents=True, exist_ok=True)
            for path in (ROOT / source).iterdir():
                if path.is_file():
                    shutil.copy(path, target)
                elif not path.is_symlink() and not list(path.glob("*.py")):
                    shutil.copytree(path, target / path.name, ignore=ignored, dirs_exist_ok=True)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", folder)

    def file(self, module: str) -> Path:
        """Return where the copy of a module lies."""
        parent = Path(module).parent.as_posix()
        name = next(name for name, source in self.packages.items() if source == parent)
        return self.folder / name.replace(".", "/") / Path(module).name

    def fails(self, mutant: Mutant, tests: list[str], limit_s: float) -> bool:
        """Say whether the tests fail, or run for longer than the limit, where the module is the mutant."""
        path = self.file(mutant.module)
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.code, encoding="utf-8")
        if mutant.line:  # bytecode of the unchanged file, of the same second and size, would be taken for the mutant's
            os.utime(path, (0, 0))
        try:
            process = PROCESSES.Process(target=_test, args=(str(self.folder), tests, not mutant.line))
            process.start()
            process.join(limit_s)
            if process.is_alive():
                process.kill()
                process.join()
                return True
        finally:
            path.write_text(original, encoding="utf-8")
        if process.exitcode == NO_TESTS_RAN:
            raise SystemExit(f"{mutant.module}: expected tests, received none from {tests}")
        return process.exitcode != 0


def _test(folder: str, tests: list[str], keep_bytecode: bool) -> None:
    import hypothesis
    import pytest

    gc.freeze()  # what the heavy packages hold is never collected, so don't look through it
    hypothesis.settings.register_profile("mutation", max_examples=25, database=None, derandomize=True, deadline=None)
    sys.dont_write_bytecode = not keep_bytecode
    sys.path.insert(0, folder)
    os.environ["PYTHONPATH"] = folder
    os.chdir(folder)
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    options = ["-x", "-q", "-n0", "-pno:cacheprovider", "--hypothesis-profile=mutation", "-mnot slow and not shared"]
    os._exit(int(pytest.main([*options, *tests])))


def run(modules: dict[str, list[str]], most: int, seed: int, jobs: int) -> dict[str, list[tuple[Mutant, bool]]]:
    """Return each module's mutants, and whether a test noticed."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]
    PROCESSES.set_forkserver_preload(HEAVY)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        copies: Queue[Copy] = Queue()
        for number in range(jobs):
            copies.put(Copy(Path(folder) / str(number), packages))

        def fails(mutant: Mutant, tests: list[str], limit_s: float) -> bool:
            copy = copies.get()
            try:
                return copy.fails(mutant, tests, limit_s)
            finally:
                copies.put(copy)

        results = {}
        for module, tests in modules.items():
            began = time.perf_counter()
            unchanged = Mutant(module, 0, "", (ROOT / module).read_text(encoding="utf-8"))
            if any(pool.map(lambda _, t=tests, u=unchanged: fails(u, t, 600), range(jobs))):
                raise SystemExit(f"{module}: its tests fail on the unchanged code: {tests}")
            limit_s = 30 + 10 * (time.perf_counter() - began)
            chosen = sample(module, most, seed)
            noticed = pool.map(lambda mutant, t=tests, s=limit_s: fails(mutant, t, s), chosen)
            results[module] = list(zip(chosen, noticed, strict=True))
            report(module, results[module], time.perf_counter() - began)
        return results


def report(module: str, found: list[tuple[Mutant, bool]], seconds: float) -> None:
    """Print what survived in a module, while the others run."""
    survivors = [mutant for mutant, noticed in found if not noticed]
    print(f"{module}: {len(found) - len(survivors)} of {len(found)} killed, {seconds:.0f} s", flush=True)
    for mutant in survivors:
        print(f"  {mutant.line}: {mutant.change}", flush=True)


def table(results: dict[str, list[tuple[Mutant, bool]]]) -> str:
    """Return the Markdown table of all modules, and the share that was killed."""
    known = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else {}
    lines = ["| module | mutants | killed | equivalent | survived, by line |", "| --- | ---: | ---: | ---: | --- |"]
    totals = [0, 0, 0]
    for module, found in results.items():
        alive = [mutant for mutant, noticed in found if not noticed]
        equal = [mutant for mutant in alive if mutant.change in known.get(module, {})]
        numbers = [len(found), len(found) - len(alive), len(equal)]
        totals = [a + b for a, b in zip(totals, numbers, strict=True)]
        left = ", ".join(str(mutant.line) for mutant in alive if mutant not in equal)
        lines.append(f"| {module} | {numbers[0]} | {numbers[1]} | {numbers[2]} | {left} |")
    all_, killed, equal_ = totals
    lines.append(f"| all | {all_} | {killed} | {equal_} | {all_ - killed - equal_} |")
    return "\n".join([*lines, "", f"killed: {killed} of {all_}, {killed / max(all_, 1):.1%}"])


def main() -> None:
    """Run the sample and print the table."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutation"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="only these of pyproject.toml")
    parser.add_argument("--places", type=int, default=settings["places"], help="at most so many of a module")
    parser.add_argument("--seed", type=int, default=settings["seed"])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="list the chosen mutants, run nothing")
    parser.add_argument("--json", type=Path, help="write each mutant and whether it was killed")
    asked = parser.parse_args()
    modules = {name: tests for name, tests in settings["tests"].items() if not asked.modules or name in asked.modules}
    if asked.list:
        for module in modules:
            for mutant in sample(module, asked.places, asked.seed):
                print(f"{module}:{mutant.line}: {mutant.change}")
        return
    results = run(modules, asked.places, asked.seed, asked.jobs)
    print("\n" + table(results))
    if asked.json:
        rows = [[m.module, m.line, m.change, noticed] for found in results.values() for m, noticed in found]
        asked.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
