"""What a reader of logs hands on: one record after the other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NOTHING", "Record", "Setting"]

NOTHING: Mapping[str, float] = MappingProxyType({})
"""No values."""

Setting = float | str
"""A value of the run's configuration."""


class Record(NamedTuple):
    """What was logged at once.

    Args:
        values: numbers by name; NaN and infinity are values.
        step: where the format carries it apart from the values; None where a value holds it, or nothing does.
        time: seconds since 1970, where the format carries it apart from the values.
        settings: of the run, where the log tells them here.
        note: what the reader has to say of the log itself, as that its end is cut off.
    """

    values: Mapping[str, float] = NOTHING
    step: int | None = None
    time: float | None = None
    settings: Mapping[str, Setting] = NOTHING
    note: str = ""
