"""How far a long look is, told through a callback; the command line draws it.

def on_progress(phase: str, done: int, total: int) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["OnProgress"]

OnProgress = Callable[[str, int, int], None] | None  # what is done, steps done, steps in all
