"""Checks an example against the code without running it: names, attributes and arguments exist."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
import typing
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace, UnionType
from typing import Any

UNKNOWN = object()


class Checker(ast.NodeVisitor):
    """Follows an example line by line: names that are called or imported exist, arguments fit, attributes are there.

    A value is known by its class alone (`Instance`), from annotations; what can't be known is not checked.
    """

    def __init__(self, module: Any = None, homes: Mapping[str, str] | None = None) -> None:
        self.names: dict[str, Any] = {**vars(builtins), "Path": Path, "re": re}
        self.homes = homes or {}  # a docstring may call what another module of dlbench holds
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
            if node.id not in self.names and node.id in self.homes:
                self.names[node.id] = getattr(importlib.import_module(self.homes[node.id]), node.id)
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
