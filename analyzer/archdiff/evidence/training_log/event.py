"""Something in a log that a reader has to know."""

from __future__ import annotations

import dataclasses

__all__ = ["Event"]


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Where and what.

    Args:
        kind: `gap`, `restart`, `repeated-step`, `duplicate`, `copied`, `constant`, `straight`, `smoothed`,
            `not-a-number`, `clock`, `pause`, `note`.
        first: step at which it begins.
        last: step at which it ends.
        text: in words.
    """

    kind: str
    first: int
    last: int
    text: str
