"""How the losses of neighbouring batches scatter: independent batches do, a running average does not.

For independent noise around a smooth curve the first differences have the lag-1 autocorrelation −1/2; for an
exponential average with weight φ it is −(1−φ)/2, and for a moving average over more than two values 0.
"""

from __future__ import annotations

import itertools
import math
import statistics
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.event import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Noise"]

_PIECE = 64
"""Losses that are judged together, after their trend is taken out."""

_LEAST = 3
"""Pieces below which nothing is said; the first one, in which the curve bends most, does not count."""

_MOST = 4096
"""Pieces that are kept; of more every second one."""

_SMOOTHED = -0.25
"""Half way between independent batches and a running average."""

_STILL = 2e-5
"""Relative scatter below which no loss of different batches stays."""


class Noise:
    """Sees every loss that is a number, in the order of the log."""

    def __init__(self) -> None:
        self._piece: list[float] = []
        self._found: list[tuple[float, float]] = []
        self._every, self._pieces = 1, 0
        self._first = self._last = 0

    def see(self, step: int, loss: float) -> None:
        """The next record."""
        self._piece.append(loss)
        self._last = step
        if len(self._piece) < _PIECE:
            return
        if self._pieces == 1:
            self._first = step
        if self._pieces and self._pieces % self._every == 0:
            self._found.append(_judged(self._piece))
            if len(self._found) > _MOST:
                self._found, self._every = self._found[::2], self._every * 2
        self._pieces += 1
        self._piece = []

    def autocorrelation(self) -> float | None:
        """Of the differences of neighbouring losses, median over pieces; None where there are too few."""
        if self._pieces < _LEAST:
            return None
        return statistics.median(correlation for correlation, _ in self._found)

    def scatter(self) -> float | None:
        """Standard deviation around the trend over the loss, median over pieces; None where there are too few."""
        if self._pieces < _LEAST:
            return None
        return statistics.median(scatter for _, scatter in self._found)

    def events(self) -> tuple[Event, ...]:
        """What was seen."""
        correlation, scatter = self.autocorrelation(), self.scatter()
        if correlation is None or scatter is None:
            return ()
        if scatter < _STILL:
            text = (
                f"neighbouring losses differ by {scatter:.1e} of their value: no loss of different batches is so smooth"
            )
        elif correlation > _SMOOTHED:
            text = (
                f"neighbouring losses go together (autocorrelation of their differences {correlation:.2f}, of separate "
                "batches −0.5): the values are running averages, or were smoothed"
            )
        else:
            return ()
        return (Event("smoothed", self._first, self._last, text),)


def _judged(values: Sequence[float]) -> tuple[float, float]:
    """Autocorrelation of the differences of a piece, and its relative scatter, without the trend."""
    rest = _without_trend([b - a for a, b in itertools.pairwise(values)])
    power = math.fsum(value * value for value in rest)
    level = abs(statistics.fmean(values))
    if power == 0 or level == 0:
        return 0.0, 0.0
    shared = math.fsum(a * b for a, b in itertools.pairwise(rest))
    return shared / power, math.sqrt(power / len(rest) / 2) / level


def _without_trend(values: Sequence[float]) -> list[float]:
    """What is left of the values beside the straight line through them."""
    middle, mean = (len(values) - 1) / 2, statistics.fmean(values)
    spread = math.fsum((at - middle) ** 2 for at in range(len(values)))
    slope = math.fsum((at - middle) * value for at, value in enumerate(values)) / spread
    return [value - mean - slope * (at - middle) for at, value in enumerate(values)]
