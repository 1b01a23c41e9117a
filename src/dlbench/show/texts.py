"""The report's words in a language: English in the code, others in gettext catalogues under `locale/`.

    with language("hu"):
        tr("{n} machines", n=units.count(3))

`tr` marks a text for the catalogue (its texts are collected with `pybabel extract -k tr`), looks it up, and writes the
figures in it as the language does. What a result file says itself (warnings, names, sources) stays as it was written.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import resources

from dlbench.errors import InputError, close_matches
from dlbench.show.units import Figure

__all__ = ["LANGUAGES", "current_language", "language", "localised", "tr"]

LANGUAGES = ("en", "hu")


@dataclass(frozen=True)
class _Language:
    code: str = "en"
    catalogue: gettext.NullTranslations = field(default_factory=gettext.NullTranslations)
    group: str = ","
    decimal: str = "."


_current: ContextVar[_Language] = ContextVar("language", default=_Language())  # noqa: B039 (frozen)


def current_language() -> str:
    """Return the code of the language in use."""
    return _current.get().code


@contextmanager
def language(code: str) -> Iterator[None]:
    """Use a language inside the block.

    Raises:
        InputError: there is no catalogue for it.
    """
    if code not in LANGUAGES:
        near = close_matches(code, LANGUAGES)
        raise InputError(f"--lang: expected one of {', '.join(LANGUAGES)}, received {code!r}.{near}")
    token = _current.set(_Language() if code == "en" else _read(code))
    try:
        yield
    finally:
        _current.reset(token)


def _read(code: str) -> _Language:
    path = resources.files("dlbench.show") / "locale" / code / "LC_MESSAGES" / "dlbench.mo"
    with path.open("rb") as stream:
        return _Language(code, gettext.GNUTranslations(stream), "\N{NARROW NO-BREAK SPACE}", ",")


def tr(message: str, /, **values: object) -> str:
    """Return the text in the language in use, with its values filled in; figures are written as the language does."""
    text = _current.get().catalogue.gettext(message)
    return text.format(**{name: localised(value) for name, value in values.items()}) if values else text


def localised(value: object) -> object:
    """Return a figure with the language's decimal mark and digit groups; anything else as it is."""
    lang = _current.get()
    if not isinstance(value, Figure) or lang.code == "en":
        return value
    text = re.sub(r"(?<=\d),(?=\d{3})", "\0", str(value))
    text = re.sub(r"(?<=\d)\.(?=\d)", lang.decimal, text).replace("\0", lang.group)
    return Figure(text, value.value)
