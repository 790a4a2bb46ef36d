"""What is kept between two reads of one tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["KEEP", "Slot"]

KEEP = 2**27
"""The most bytes that a slot keeps."""

_Value = TypeVar("_Value")


class Slot:
    """Keeps what was made last, so that ranges read one after the other do not make it again."""

    def __init__(self) -> None:
        self._held: tuple[Hashable, object] | None = None

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """What `make` returned for the key, if that was asked for last; else what it returns now."""
        held = self._held
        if held is None or held[0] != key:
            self._held = None
            held = (key, make())
            self._held = held
        return cast("_Value", held[1])
