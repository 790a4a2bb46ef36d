"""JSON lines: an object on every line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.evidence.training_log.reading.numbers import flat, object_of
from archdiff.evidence.training_log.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.evidence.training_log.reading.files import LogFile

__all__ = ["read"]


def read(file: LogFile) -> Iterator[Record]:
    """The object of every line; a last line that is cut off is told, not read.

    Raises:
        SourceError: a line before the last is no JSON object.
    """
    broken = 0
    for number, line in file.lines():
        if broken:
            raise file.fault(f"line {broken:,} is no JSON object")
        values = object_of(line)
        if values is None:
            broken = number
        else:
            yield Record(flat(values))
    if broken:
        yield Record(note=f"the last line ({broken:,}) is cut off")
