"""Where labels find room beside their marks: each in turn, on the first side that is free.

free_places([(0, 40.0)], [Box(0, 0, 10, 10)], [(5, 5)], Box(0, 0, 200, 100), 14)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot


@dataclass(frozen=True)
class Box:
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Say whether two rectangles share a point."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def distance(self, x: float, y: float) -> float:
        """Return how far a point lies from this rectangle, 0 inside it."""
        return hypot(max(self.left - x, 0.0, x - self.right), max(self.top - y, 0.0, y - self.bottom))

    def within(self, other: Box) -> bool:
        """Say whether this lies inside another one."""
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


def free_places(
    wanted: Sequence[tuple[int, float]],
    marks: Sequence[Box],
    centres: Sequence[tuple[float, float]],
    room: Box,
    line: float,
) -> Iterator[tuple[int, Box]]:
    """Yield the number of a mark and the place of its label, for those that find one.

    Args:
        wanted: the number of the mark and the width of its label, the most important first.
        marks: the places of all marks with their intervals, by number.
        centres: the marks themselves: a label stands nearer to its own than to any other.
        room: where labels may stand.
        line: a label's height.
    """
    taken: list[Box] = []
    for i, width in wanted:
        others = [mark for j, mark in enumerate(marks) if j != i]
        for box in _beside(marks[i], width, line):
            if not box.within(room) or any(map(box.meets, taken)) or any(map(box.meets, others)):
                continue
            own = box.distance(*centres[i])
            if all(own <= box.distance(*centre) for centre in centres):
                taken.append(box)
                yield i, box
                break


def _beside(mark: Box, width: float, line: float) -> Iterator[Box]:
    """Yield the places beside a mark, the best first: right, left, above, below, and further above and below."""
    x, y = (mark.left + mark.right) / 2, (mark.top + mark.bottom) / 2
    yield Box(mark.right + 2, y - line / 2, mark.right + 2 + width, y + line / 2)
    yield Box(mark.left - 2 - width, y - line / 2, mark.left - 2, y + line / 2)
    for further in (0.0, line):
        for left in (x - width / 2, x, x - width):
            yield Box(left, mark.top - line - further, left + width, mark.top - further)
            yield Box(left, mark.bottom + further, left + width, mark.bottom + line + further)
