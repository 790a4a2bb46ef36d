"""Stretches that no training writes: one value many times, values on a straight line, losses that are no numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.watch.kept import Kept

if TYPE_CHECKING:
    from archdiff.evidence.training_log.event import Event

__all__ = ["Stretches"]

_EQUAL = ((6, 6), (4, 12), (0, 40))
"""How many equal values in a row are told, by the decimals that the log is written with: 6 with six or more, …"""

_STRAIGHT = 8
"""Values on one line that are told."""

_ROUNDING = 1e-6
"""Relative rounding of what TensorBoard stores in 32 bits."""

_MOST_DECIMALS = 8

_STEEP = 100
"""A line rises from value to value by so many times the rounding at the least; a plateau of rounded values does not."""


class Stretches:
    """Sees every loss in the order of the log."""

    def __init__(self) -> None:
        self._equal, self._straight, self._bad = Kept("constant"), Kept("straight"), Kept("not-a-number")
        self._values: tuple[float, ...] = ()
        self._run = self._line = 0
        self._began = self._line_began = self._previous = 0
        self._bad_began: int | None = None
        self._decimals = 0
        self.not_a_number = 0

    def see(self, step: int, loss: float) -> None:
        """The next record."""
        if not math.isfinite(loss):
            self.not_a_number += 1
            self._bad_began = step if self._bad_began is None else self._bad_began
            self._values = ()
        else:
            self._close_bad()
            while self._decimals < _MOST_DECIMALS and round(loss, self._decimals) != loss:
                self._decimals += 1
            self._compare(step, loss)
        self._previous = step

    def _compare(self, step: int, loss: float) -> None:
        if self._values and loss == self._values[-1]:
            self._run += 1
        else:
            self._close_run()
            self._run, self._began = 1, step
        if self._is_straight(loss):
            self._line += 1
        else:
            self._close_line()
            self._line, self._line_began = 2, self._previous
        self._values = (*self._values[-1:], loss)

    def _is_straight(self, loss: float) -> bool:
        if len(self._values) < 2:
            return False
        rounding = max(_ROUNDING * abs(loss), 10.0**-self._decimals)
        bend = abs(loss - 2 * self._values[1] + self._values[0])
        slope = abs(loss - self._values[1])
        return slope > _STEEP * rounding and bend < 4 * rounding

    def _close_run(self) -> None:
        if self._run >= next(most for decimals, most in _EQUAL if self._decimals >= decimals):
            self._equal.add(self._began, self._previous, f"the same loss {self._run:,} times in a row")

    def _close_line(self) -> None:
        if self._line >= _STRAIGHT:
            text = f"{self._line:,} losses on one straight line, as interpolation writes them"
            self._straight.add(self._line_began, self._previous, text)

    def _close_bad(self) -> None:
        if self._bad_began is not None:
            self._bad.add(self._bad_began, self._previous, "the loss is no number (NaN or infinite)")
        self._bad_began = None

    def events(self) -> tuple[Event, ...]:
        """What was seen; call it once, at the end."""
        self._close_run()
        self._close_line()
        self._close_bad()
        return tuple(event for kept in (self._bad, self._equal, self._straight) for event in kept.events())
