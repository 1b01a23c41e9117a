"""What dlbench shows as CSV: a heading and rows, unknowns empty, no cell that a spreadsheet would take for a formula.

csv_text(("network", "p50"), [("cnn", 0.002), ("dense", None)])
"""

from __future__ import annotations

import csv
import io
import string
import unicodedata
from collections.abc import Iterable, Sequence

from dlbench.show.plain_text import without_controls

_FORMULA_STARTS = ("=", "+", "-", "@")
_BLANKS = f"{string.whitespace}\xa0\xad\u200b\u200c\u200d\u2028\u2029\u2060\ufeff"  # of no width, too


def csv_text(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the text of a CSV file."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_safe(title) for title in heading])
    writer.writerows([_safe(value) for value in row] for row in rows)
    return stream.getvalue()


def _safe(value: object) -> object:
    """Keep spreadsheets from taking a foreign name for a formula."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = without_controls(value)
    # full-width signs and signs behind blanks or line breaks count too: spreadsheets normalise what they read
    first = unicodedata.normalize("NFKC", text).strip(_BLANKS)[:1]
    return "'" + text if first in _FORMULA_STARTS or text[:1] in ("\t", "\n") else text
