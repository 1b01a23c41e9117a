r"""Text from others on its way out: no control codes, and something readable where an encoding lacks a character.

without_controls("cnn\x1b[31m")            # "cnn[31m"
accept_any_encoding()                      # before the first line is printed
"""

from __future__ import annotations

import codecs
import io
import re
import sys

# C0 and C1 control codes except tab and line feed, and the marks that reorder a line of text (Unicode's bidi controls)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ERRORS = "dlbench.readable"
_IN_ASCII = {
    "\u00b5": "u",
    "\u03bc": "u",
    "\u00d7": "x",
    "\u00b1": "+-",
    "\u00b7": ".",
    "\u2026": "...",
    "\u2022": "-",
    "\u2192": "->",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2248": "~",
    "\u00b2": "2",
    "\u00b3": "3",
    "\u221e": "inf",
    "\u00df": "ss",
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2500\u2501\u2550", "-"),
    **dict.fromkeys("\u2502\u2503\u2551", "|"),
    **dict.fromkeys("\u2018\u2019\u201b\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e", '"'),
    **dict.fromkeys("\u00a0\u2009\u202f", " "),
}


def without_controls(text: str) -> str:
    """Return the text without codes that a terminal obeys; tabs and line feeds stay."""
    return _CONTROLS.sub("", text)


def json_for_terminals(text: str) -> str:
    """Return a JSON text whose strings hold control codes as escapes alone: the same document."""
    return _CONTROLS.sub(lambda code: f"\\u{ord(code[0]):04x}", text)


def accept_any_encoding() -> None:
    """Let standard output and error replace what their encoding lacks: a micro sign by u, a letter by its base."""
    codecs.register_error(_ERRORS, _readable)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def _readable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_in_ascii, error.object[error.start : error.end])), error.end


def _in_ascii(character: str) -> str:
    import unicodedata

    if character in _IN_ASCII:
        return _IN_ASCII[character]
    if "\udc80" <= character <= "\udcff":  # a byte of a file name that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"
