"""Steps that are missing, come twice or run backwards, and a clock that does."""

from __future__ import annotations

import statistics
from collections import deque
from typing import TYPE_CHECKING

from archdiff.evidence.training_log.watch.kept import Kept

if TYPE_CHECKING:
    from archdiff.evidence.training_log.event import Event

__all__ = ["Steps"]

_REMEMBERED, _KNOWN = 15, 4
"""Distances between records that a gap is measured by, and how many of them must be known."""

_WIDE = 5
"""A gap is so many times as wide as the usual distance."""

_LONG_PAUSE = 3600.0
"""Seconds; a pause is also fifty times the usual time between records."""


class Steps:
    """Sees every step in the order of the log."""

    def __init__(self) -> None:
        self._gaps, self._restarts, self._repeated = Kept("gap"), Kept("restart"), Kept("repeated-step")
        self._clock, self._pauses = Kept("clock"), Kept("pause")
        self._previous: int | None = None
        self._highest = 0
        self._distances: deque[int] = deque(maxlen=_REMEMBERED)
        self._gap: tuple[int, int] | None = None
        self._time: float | None = None
        self._usual = 0.0
        self._timed = 0
        self.forwards = self.backwards = 0
        self.seconds = 0.0

    @property
    def restarts(self) -> int:
        """How often the log begins again at an earlier step."""
        return self._restarts.count

    @property
    def gaps(self) -> int:
        """How many stretches of steps are missing."""
        return self._gaps.count

    def stride(self) -> int | None:
        """Steps between two records at the end of the log; None where there are no two."""
        return round(statistics.median(self._distances)) if self._distances else None

    def see(self, step: int, time: float | None) -> None:
        """The next record."""
        previous, self._previous = self._previous, step
        if previous is None:
            self._highest = step
        else:
            self._move(previous, step)
            self._highest = max(self._highest, step)
        self._tick(previous, step, time)

    def _move(self, previous: int, step: int) -> None:
        if step > previous:
            self.forwards += 1
            self._measure(previous, step)
            self._distances.append(step - previous)
        elif step == previous:
            self._repeated.add(step, step, f"step {step:,} is there more than once")
        else:
            self.backwards += 1
            self._gap = None
            text = f"after step {previous:,} the log goes on at step {step:,}: a restart from an earlier state"
            self._restarts.add(step, previous, text)

    def _measure(self, previous: int, step: int) -> None:
        """A distance is a gap once the next one is small again; else the log is written less often from there on."""
        distance = step - previous
        if self._gap is not None and distance * 2 < self._gap[1] - self._gap[0]:
            first, last = self._gap
            self._gaps.add(first, last, f"nothing between steps {first:,} and {last:,}")
        self._gap = None
        if len(self._distances) >= _KNOWN and distance > _WIDE * statistics.median(self._distances):
            self._gap = (previous, step)

    def _tick(self, previous: int | None, step: int, time: float | None) -> None:
        last, self._time = self._time, time if time is not None else self._time
        if time is None or last is None or previous is None:
            return
        passed = time - last
        if passed < -1 and step > previous:
            self._clock.add(previous, step, f"the clock goes back by {-passed:,.0f} s while the steps go on")
        if self._timed >= _KNOWN and passed > max(_LONG_PAUSE, 50 * self._usual):
            self._pauses.add(previous, step, f"{passed / 3600:,.1f} hours between steps {previous:,} and {step:,}")
        elif passed > 0:
            self._timed += 1
            self._usual += (passed - self._usual) / min(self._timed, _REMEMBERED)
            self.seconds += passed

    def events(self) -> tuple[Event, ...]:
        """What was seen."""
        kinds = (self._restarts, self._gaps, self._repeated, self._clock, self._pauses)
        return tuple(event for kept in kinds for event in kept.events())
