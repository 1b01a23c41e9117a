"""Names of a package that are imported when they are first used, so that importing the package stays light.

They are what users call, so their errors speak the reader's language.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from types import FunctionType
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package.

    Args:
        package: its name.
        homes: the names that each module gives, separated by spaces; modules are named from `dlbench` on.
    """
    home = {name: module for module, names in homes.items() for name in names.split()}

    def find(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"dlbench.{home[name]}"), name)
        decorated = not isinstance(value, FunctionType) or hasattr(value, "__wrapped__")  # that does it itself
        return value if decorated else _offered(value, package)

    return find


@functools.cache
def _offered(function: FunctionType, package: str) -> Any:
    """Return the function as users call it; it can be pickled, by the name that they know."""
    offered = import_module("dlbench.show.texts").says_errors(function)
    offered.__module__ = package
    return offered
