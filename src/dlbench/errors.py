"""The errors that dlbench raises for its users.

    from dlbench.errors import DlbenchError

Every message is one line: what happened, what was expected, what was received, what to do next. It is raised
in English; users read it in the language in use, and `error.english` keeps the English (`dlbench.show.texts`).

    DlbenchError                 exit_code 1
    |-- InputError               exit_code 2: bad usage or bad input
    |   |-- DataError            a data folder or data set that can't be used
    |   |-- ModelFileError       an ONNX file that can't be read, checked or fed
    |   |-- ResultFileError      a result file of another schema, truncated or hostile
    |   |-- PriceError           a price file or device name that can't be used
    |   |-- ProviderError        an execution provider name that nobody knows
    |   |-- WeightsError         pretrained weights that are missing or have the wrong hash
    |   |-- RuntimeBrokenError   ONNX Runtime can't be imported
    |   |-- WorkspaceError       a folder that can't be written, a full disk
    |   `-- MissingExtraError    a command that needs an extra which is not installed
    `-- CheckFailedError         exit_code 1: a measured or checked thing failed (parity, --strict)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 2000  # of a message, in characters


class DlbenchError(Exception):
    """Base of all errors that a user of dlbench is meant to read.

    `exit_code` is the process's. `english` is the message in English, whatever language `str(error)` is in.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message, _LONGEST))  # it may quote a name or a message from a foreign file
        self.english = str(self)

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of a traceback: the one line."""
        return [f"{type(self).__name__}: {self}"]


class InputError(DlbenchError):
    """Bad usage or bad input."""

    exit_code = 2


class DataError(InputError):
    """A data folder or data set that can't be used."""


class ModelFileError(InputError):
    """An ONNX file that can't be read, checked or fed."""


class ResultFileError(InputError):
    """A result file of another schema, truncated or hostile."""


class PriceError(InputError):
    """A price file or a device name that can't be used."""


class ProviderError(InputError):
    """An execution provider name that nobody knows."""


class WeightsError(InputError):
    """Pretrained weights that are missing or have the wrong hash."""


class RuntimeBrokenError(InputError):
    """ONNX Runtime can't be imported."""


class WorkspaceError(InputError):
    """A folder that can't be written, or a full disk."""


class MissingExtraError(InputError):
    """A command that needs an extra which is not installed."""


class CheckFailedError(DlbenchError):
    """A measured or checked thing failed: parity, or a cell under --strict."""


def close_matches(name: str, known: Iterable[str]) -> str:
    """Return " Did you mean a or b?" for near names, else an empty string."""
    names = {each.lower(): each for each in sorted(known)}
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(names[each] for each in near)}?" if near else ""


def one_line(error: BaseException | str, limit: int = 300) -> str:
    """Return a foreign message as one bounded printable line."""
    text = str(error) or type(error).__name__
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."
