"""The words of dlbench in a language: English in the code, others in gettext catalogues under `locale/`.

    with language("hu"):
        tr("{n} machines", n=units.count(3))
        said("3 machines")                              # the same, for a text that was filled in before

`tr` looks a text up and fills it in. `said` is for what is on its way to a reader and was made without a language:
errors, warnings from a result file, help texts. It finds the text of the catalogue that was filled in, and fills in its
translation. Result files, JSON and CSV stay English. `.ci/texts.py` collects the texts of the code. Both also give a
reader of the command line the option in place of an argument in backquotes, in every language.

Errors are raised in English, and code inside the library reads them so. Where one leaves the outermost call of a user
(`says_errors`), `str(error)` becomes what the command would print, and `error.english` keeps the English.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

from dlbench.errors import DlbenchError, InputError
from dlbench.show.locale.typed_options import as_options
from dlbench.show.units import Figure

if TYPE_CHECKING:
    from dlbench.show.locale.filled_texts import Catalogue
    from dlbench.show.table import Table

LANGUAGES = {"en": ("english",), "hu": ("hungarian", "magyar")}  # with their names, for who mistypes a code


@dataclass(frozen=True)
class _Language:
    code: str = "en"
    catalogue: Catalogue | None = None
    group: str = ","
    decimal: str = "."


class _Shown(Figure):
    """A figure or a text that is in the language in use already."""

    __slots__ = ()


_P = ParamSpec("_P")
_R = TypeVar("_R")
_caller: ContextVar[str] = ContextVar("caller", default="")  # "python" or "command": inside a call of one of them
_current: ContextVar[_Language | None] = ContextVar("language", default=None)  # None: nobody has chosen one
# 1, 1,234.5, 12.5 %, 38.1 µs, 3-4 ms; a version such as 1.20.1 is none
_NUMBER = r"[-−+~<>]?\d{1,3}(?:,\d{3})*(?:\.\d+)?|[-−+~<>]?\d+(?:\.\d+)?"  # an axis has a true minus
_FIGURE = re.compile(
    rf"(?:{_NUMBER})(?:(?: ?- ?|, | x | to | \+- ?| ± ?)(?:{_NUMBER}))*(?: ?[%\w/µ·]{{1,8}})?(?: \(\w\))?"
)
# a figure with its unit inside a text of others: 0.526 USD/h (aws-g4dn-xlarge)
_UNIT = r"(?:%|(?:[mµn]?s|min|h|days|years|USD|HUF|[KMGT]i?B|[mk]?W|m?J)\b)"
_MEASURED = re.compile(rf"(?<![\w.,/:=-])(?:{_NUMBER})(?:-(?:{_NUMBER}))?(?= ?{_UNIT})")


def current_language() -> str:
    """Return the code of the language in use: of the innermost `language` block, else as `chosen_language` says."""
    return _in_use().code


def _in_use() -> _Language:
    """Return the language of the block around, else that of the environment; one that is not known there is English."""
    chosen = _current.get()
    if chosen is not None:
        return chosen
    try:
        return _of_code(chosen_language())
    except InputError:  # a mistyped DLBENCH_LANG, which commands report at their start
        return _Language()


def chosen_language(given: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """Return the language of a command: what was given, else DLBENCH_LANG, else the system's where it is known.

    Raises:
        InputError: a language that was asked for and is not known.
    """
    for name, asked in (("--lang", given), ("DLBENCH_LANG", environ.get("DLBENCH_LANG"))):
        if asked:
            return _known(name, asked)
    # as gettext reads them; the first that is set counts
    system = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), None)
    if system is None and sys.platform == "win32":
        system = _of_windows()
    code = _code(system or "")
    return code if code in LANGUAGES else "en"


@functools.cache
def _of_windows() -> str:
    import ctypes
    import locale

    return locale.windows_locale.get(getattr(ctypes, "windll").kernel32.GetUserDefaultUILanguage(), "")  # noqa: B009


def _code(text: str) -> str:
    """Return hu for hu, HU, hu_HU.UTF-8 and hu-HU."""
    return re.split(r"[_.@-]", text.strip().lower())[0]


def _known(name: str, asked: str) -> str:
    code = _code(asked)
    if code in LANGUAGES:
        return code
    names = {word: known for known, words in LANGUAGES.items() for word in (known, *words)}
    meant = names.get(code) or next((names[near] for near in get_close_matches(code, names, 1, 0.5)), None)
    near = f" Did you mean {meant}?" if meant else ""
    raise InputError(f"{name}: expected one of {', '.join(LANGUAGES)}, received {asked!r}.{near}")


@contextmanager
def language(code: str) -> Iterator[None]:
    """Use a language inside the block.

    Raises:
        InputError: there is no catalogue for it.
    """
    known = _known("--lang", code)
    token = _current.set(_of_code(known))
    try:
        yield
    finally:
        _current.reset(token)


def _of_code(code: str) -> _Language:
    if code == "en":
        return _Language()
    from dlbench.show.locale.filled_texts import catalogue_of

    return _Language(code, catalogue_of(code), "\N{NARROW NO-BREAK SPACE}", ",")


def tr(message: str, /, **values: object) -> str:
    """Return the text in the language in use, with its values filled in; figures are written as the language does."""
    catalogue = _in_use().catalogue
    text = message if catalogue is None else catalogue.exact.get(message, message)
    if values:
        shown = {name: localised(value) for name, value in values.items()}
        text = text.format(**shown) if catalogue is None else catalogue.fill(text, shown)
    return _for_caller(text)


def said(text: str) -> str:
    """Return a finished English text in the language in use, as far as the catalogue knows it."""
    catalogue = _in_use().catalogue
    return _for_caller(text if catalogue is None or not text else catalogue.translated(text, _in_figures))


def _for_caller(text: str) -> str:
    """Return a text as its reader gives what it names: in Python arguments, as the library does, else options."""
    return as_options(text) if _caller.get() == "command" else text


def localised(value: object) -> object:
    """Return a figure with the language's decimal mark and digit groups, and another text as `said` does."""
    lang = _in_use()
    if not isinstance(value, str) or isinstance(value, _Shown):
        return value
    if lang.code == "en":
        return value if isinstance(value, Figure) else _for_caller(value)
    if not isinstance(value, Figure):
        return _Shown(said(value))
    words = re.search(r"[^\W\d]{3}|/", value)  # n/a, 3.1 ms (estimated); not 3.1 ms
    return _Shown(_numbers(said(str(value)) if words else str(value)), value.value)


def localised_table(table: Table) -> Table:
    """Return a table with its title, heads, cells and notes in the language in use."""
    return replace(
        table,
        title=said(table.title),
        columns=tuple(replace(column, title=said(column.title)) for column in table.columns),
        rows=tuple(tuple(cast(str, localised(cell)) for cell in row) for row in table.rows),
        notes=tuple(map(said, table.notes)),
    )


def _in_figures(text: str) -> str:
    """Return what fills a hole of a text: a figure as the language writes it, anything else as it is."""
    return _numbers(text) if _FIGURE.fullmatch(text) else _MEASURED.sub(lambda found: _numbers(found[0]), text)


def _numbers(text: str) -> str:
    lang = _in_use()
    text = re.sub(r"(?<=\d)\.(?=\d)", "\0", text).replace(" %", "%")  # 5%, as Hungarian writes it
    text = re.sub(r"(?<![\d,\0])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])", lambda whole: _grouped(whole[0], lang.group), text)
    if lang.catalogue is not None:
        for factor in "kMG":  # of a count: the catalogue has "{n} k"
            words = lang.catalogue.exact.get(f"{{n}} {factor}", factor).removeprefix("{n} ")
            text = re.sub(rf"(?<=\d ){factor}(?![\w/])", words, text)
    return text.replace("\0", lang.decimal)


def _grouped(number: str, mark: str) -> str:
    digits = number.replace(",", "")
    return digits if len(digits) < 5 else number.replace(",", mark)  # four digits stand together


@contextmanager
def command_typed() -> Iterator[None]:
    """Inside the block, errors stay as they are: the command line words them where it prints them."""
    token = _caller.set("command")
    try:
        yield
    finally:
        _caller.reset(token)


@contextmanager
def errors_said(worded: Callable[[str], str] = str) -> Iterator[None]:
    """Put errors that leave the outermost such block in the language in use, and name things as `worded` does."""
    around = _caller.get()
    token = _caller.set(around or "python")
    try:
        yield
    except DlbenchError as error:
        if around != "command":
            _reword(error, worded, last=not around)
        raise
    finally:
        _caller.reset(token)


def _reword(error: DlbenchError, worded: Callable[[str], str], last: bool) -> None:
    """Name things as each block around the error does; the last translates what was raised, then does as they did."""
    kept = vars(error)
    raised, wordings = kept.pop("raised", None) or (str(error), ())
    wordings = (*wordings, worded)
    error.args = (worded(str(error)),)
    if not last:
        kept["raised"] = (raised, wordings)
        return
    error.english = str(error)
    error.args = (functools.reduce(lambda text, change: change(text), wordings, said(raised)),)


def says_errors(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a function's errors speak the language in use."""

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with errors_said():
            return function(*args, **kwargs)

    return call
