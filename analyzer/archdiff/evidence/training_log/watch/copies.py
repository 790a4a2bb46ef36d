"""Stretches of losses that are in a log twice."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.watch.kept import Kept

if TYPE_CHECKING:
    from archdiff.evidence.training_log.event import Event

__all__ = ["LENGTH", "Copies"]

LENGTH = 16
"""Losses in a row that must be equal; sixteen of a log with two decimals are not equal by chance."""

_DISTINCT = 8
"""Different values among them at the least. Rounded losses that scatter by one unit of their last digit have about
five, and are equal sixteen times in a row by chance somewhere in a long log; with eight they are not."""

_MOST = 100_000
"""Windows that are remembered; of a longer log every second one, then every fourth, chosen by their content."""


class Copies:
    """Sees every loss in the order of the log."""

    def __init__(self) -> None:
        self._duplicates, self._copies = Kept("duplicate"), Kept("copied")
        self._window: deque[float] = deque(maxlen=LENGTH)
        self._steps: deque[int] = deque(maxlen=LENGTH)
        self._seen: dict[int, tuple[int, int]] = {}
        self._sparse = 1
        self._count = 0
        self._open: tuple[int, int, int, int, int] | None = None
        """Distance in records, steps of the first one, steps of the second one so far, and when it was last seen."""

    def see(self, step: int, loss: float) -> None:
        """The next record."""
        self._count += 1
        self._window.append(loss)
        self._steps.append(step)
        if len(self._window) < LENGTH:
            return
        key = hash(tuple(self._window))
        if key % self._sparse or len(set(self._window)) < _DISTINCT:
            return
        before = self._seen.get(key)
        if before is None:
            self._remember(key)
        elif self._count - before[0] >= LENGTH:
            self._extend(before)

    def _remember(self, key: int) -> None:
        self._seen[key] = (self._count, self._steps[0])
        if len(self._seen) > _MOST:
            self._sparse *= 2
            self._seen = {each: where for each, where in self._seen.items() if each % self._sparse == 0}

    def _extend(self, before: tuple[int, int]) -> None:
        distance, last = self._count - before[0], self._steps[-1]
        if self._open is not None and self._open[0] == distance:
            _, source, first, _, _ = self._open
            self._open = (distance, source, first, last, self._count)
            return
        self._close()
        self._open = (distance, before[1], self._steps[0], last, self._count)

    def _close(self) -> None:
        if self._open is None:
            return
        _, source, first, last, _ = self._open
        if source == first:
            text = f"steps {first:,} to {last:,} are in the log twice with the same losses"
            self._duplicates.add(first, last, text)
        else:
            text = f"the losses from step {first:,} to {last:,} are exactly those that begin at step {source:,}"
            self._copies.add(first, last, text)
        self._open = None

    def events(self) -> tuple[Event, ...]:
        """What was seen; call it once, at the end."""
        self._close()
        return (*self._copies.events(), *self._duplicates.events())
