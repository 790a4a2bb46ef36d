"""The first events of a kind; of the others the number."""

from __future__ import annotations

from archdiff.evidence.training_log.event import Event

__all__ = ["Kept"]

_MOST = 20


class Kept:
    """Collects events of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind, self.count = kind, 0
        self._events: list[Event] = []
        self._last = 0

    def add(self, first: int, last: int, text: str) -> None:
        """Keep it, or count it."""
        self.count += 1
        self._last = last
        if self.count <= _MOST:
            self._events.append(Event(self.kind, first, last, text))

    def events(self) -> tuple[Event, ...]:
        """Those that were kept, and a line on the others."""
        if self.count <= _MOST:
            return tuple(self._events)
        more = Event(self.kind, self._events[-1].last, self._last, f"and {self.count - _MOST:,} more of this kind")
        return (*self._events, more)
