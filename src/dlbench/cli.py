"""The command line: every command registered, every error that a user can fix as one line.

    dlbench compare --providers cpu,cuda

Exit codes: 0 done, 1 a measured or checked thing failed, 2 bad usage or input (one line), 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from dlbench.commands.help_pages.command_list import SUMMARIES, CommandList
from dlbench.commands.help_pages.help_texts import asked_language, translated_command, without_language
from dlbench.errors import DlbenchError, InputError, one_line
from dlbench.show.locale.typed_options import as_options
from dlbench.show.plain_text import accept_any_encoding, without_controls
from dlbench.show.texts import chosen_language, command_typed, language, said

app = typer.Typer(
    name="dlbench",
    cls=CommandList,
    help="What does this network cost on this hardware? Train, export to ONNX, time, price, report.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich's help would double the start-up time
)
_GROUPS = ("cost", "viz")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; every error that a user can fix is one line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        chosen = chosen_language(asked_language(given))
    except InputError as error:
        return _fail(str(error), error.exit_code)
    with language(chosen):
        return _run(given)


def _run(given: list[str]) -> int:
    words = without_language(given)
    if not words or (len(words) == 1 and words[0] in _GROUPS):
        given.append("--help")  # who names no command wants to know which there are
    try:
        _settle()
        with command_typed():
            code = translated_command(app)(given, standalone_mode=False)
        return code if isinstance(code, int) else 0  # Ctrl-C comes back as 130
    except DlbenchError as error:
        return _fail(as_options(said(str(error))), error.exit_code)
    except TyperException as error:
        command = f"dlbench {words[0]}" if words and words[0] in SUMMARIES else "dlbench"
        return _fail(f"{said(error.format_message().rstrip('.'))}; see `{command} --help`.", 2)
    except typer.Abort:
        return _fail("interrupted.", 130)
    except UnicodeEncodeError as error:
        if error.reason != "surrogates not allowed":
            raise
        name = one_line(ascii(error.object), 200)
        return _fail(f"a name can't be written as UTF-8: received {name}; rename the file or folder.", 2)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe left, as `| head` does; there is nobody to tell
        return 1
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EIO, errno.EBADF) and not error.filename:
            sys.stdout = None  # what is still to be written can't be
            return _fail(f"standard output can't be written: {error.strerror}; free space, or write elsewhere.", 1)
        if error.errno != errno.ENAMETOOLONG:
            raise
        name = one_line(ascii(error.filename or ""), 80)
        return _fail(f"a name is too long for this file system: received {name}; check the argument.", 2)


def _settle() -> None:
    """Take any encoding, and end on SIGTERM or a closed terminal as on Ctrl-C."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed (>&-), as for a service
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  # until the end
    accept_any_encoding()
    try:
        Path.cwd()
    except FileNotFoundError as error:
        text = "the current folder was deleted: expected one that is there, received none; change to another (cd)."
        raise InputError(text) from error

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP, nohup ignores it
            if signal.getsignal(getattr(signal, name, signal.SIGTERM)) is signal.SIG_DFL:
                signal.signal(getattr(signal, name, signal.SIGTERM), end)


def _fail(message: str, code: int) -> int:
    print("dlbench: " + without_controls(" ".join(said(message).split())), file=sys.stderr)  # noqa: T201
    return code


def _version(wanted: bool) -> None:
    if wanted:
        from dlbench.version import __version__

        typer.echo(f"dlbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    lang: Annotated[
        str | None,
        typer.Option("--lang", help="Language: en or hu (default: $DLBENCH_LANG, else the system's, else en)."),
    ] = None,
) -> None:
    """What does this network cost on this hardware? Train, export to ONNX, time, price, report."""
