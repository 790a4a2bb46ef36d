"""A bounded sample of a curve: its first values one by one, then means over more and more of them."""

from __future__ import annotations

import dataclasses
import math

__all__ = ["DENSE", "MOST", "Curve", "Point"]

MOST, DENSE = 1000, 200
"""Points at the most, and how many of them are the first values one by one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """A loss at a step.

    Args:
        step: of the first value behind it.
        loss: mean of the values behind it; None where none is a number.
        count: of the values that are numbers.
    """

    step: int
    loss: float | None
    count: int


class Curve:
    """Takes every value in the order of the log."""

    def __init__(self) -> None:
        self._dense: list[Point] = []
        self._rest: list[Point] = []
        self._size, self._step, self._sum, self._count, self._filled = 1, 0, 0.0, 0, 0

    def add(self, step: int, loss: float) -> None:
        """The next value."""
        is_number = math.isfinite(loss)
        if len(self._dense) < DENSE:
            self._dense.append(Point(step, loss if is_number else None, int(is_number)))
            return
        if self._filled == 0:
            self._step = step
        self._filled += 1
        if is_number:
            self._sum, self._count = self._sum + loss, self._count + 1
        if self._filled == self._size:
            self._rest.append(self._point())
            self._sum, self._count, self._filled = 0.0, 0, 0
            if len(self._rest) >= MOST - DENSE:
                self._rest = [_joined(a, b) for a, b in zip(self._rest[::2], self._rest[1::2], strict=True)]
                self._size *= 2

    def points(self) -> tuple[Point, ...]:
        """The sample, in the order of the log."""
        return (*self._dense, *self._rest, *((self._point(),) if self._filled else ()))

    def _point(self) -> Point:
        return Point(self._step, self._sum / self._count if self._count else None, self._count)


def _joined(first: Point, second: Point) -> Point:
    count = first.count + second.count
    total = (first.loss or 0.0) * first.count + (second.loss or 0.0) * second.count
    return Point(first.step, total / count if count else None, count)
