"""Which rows of a unit are read: all of them, or a fixed subset that keeps the exact tests exact.

A subset that is chosen by index alone, before anything is read, is as exchangeable as the whole: relabelling the
units inside it is a relabelling of the units. Both sides take the same relative positions, so that units which keep
their number, or nearly keep their order, stay partners.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np

from archdiff.weights.tensors import as_float32
from archdiff.weights.units import matrix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Tensors
    from archdiff.weights.units import Region, Unit

__all__ = ["Reading", "Runs", "bytes_of", "row_runs", "rows_of", "spread"]

Item = TypeVar("Item")

Runs: TypeAlias = tuple[tuple[int, int], ...]
"""First row and the row behind the last one of each run, ascending."""

_LENGTH = 64
"""Rows of a run: long enough that reading them is one request, short enough to cover the whole index."""


_BLOCK = 2**22
"""Elements that are read at once where not all of them are needed at the same time."""


def row_runs(rows: int, most: int) -> Runs:
    """Evenly spread runs of rows that hold `most` rows at the most; one run of all where there are no more."""
    if rows <= most:
        return ((0, rows),)
    number = max(1, most // _LENGTH)
    length = min(_LENGTH, most)
    starts = np.linspace(0, rows - length, number).astype(int)
    return tuple((int(start), int(start) + length) for start in starts)


def spread(items: Sequence[Item], most: int) -> tuple[Item, ...]:
    """At most `most` of the items, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return tuple(items)
    places = np.linspace(0, len(items) - 1, most).round().astype(int)
    return tuple(items[place] for place in dict.fromkeys(places.tolist()))


def rows_of(tensors: Tensors, unit: Unit, runs: Runs) -> NDArray[np.float32]:
    """The rows of a unit in `runs`, one below the other: (rows, columns), float32.

    Raises:
        SourceError: the checkpoint cannot be read.
    """
    if runs == ((0, unit.shape[0]),):
        return matrix(tensors, unit)
    if not _is_direct(unit):
        return np.concatenate([matrix(tensors, unit)[start:stop] for start, stop in runs])
    found, at = np.empty((sum(stop - start for start, stop in runs), unit.shape[1]), dtype=np.float32), 0
    for start, stop in runs:
        found[at : at + stop - start] = _read(tensors, unit.regions[0], start, stop)
        at += stop - start
    return found


def _read(tensors: Tensors, region: Region, start: int, stop: int) -> NDArray[np.float32]:
    columns = region.shape[1]
    first, step = (region.rows[0], region.rows[2]) if region.rows is not None else (0, 1)
    begin, end = first + start * step, first + (stop - 1) * step + 1
    values = tensors.read(region.tensor, region.start + begin * columns, region.start + end * columns)
    block = as_float32(values, tensors.meanings[region.tensor].dtype).reshape(-1, columns)
    return block[::step]


def _is_direct(unit: Unit) -> bool:
    """Whether a run of its rows is a range of the file."""
    return len(unit.regions) == 1 and len(unit.shape) == 2 and not unit.regions[0].transposed


def bytes_of(tensors: Tensors, unit: Unit, rows: int | None = None) -> int:
    """Bytes that reading a unit takes, or as many of its rows."""
    total = sum(_size(tensors, region) for region in unit.regions)
    if rows is None or not _is_direct(unit) or rows >= unit.shape[0]:
        return total
    return total * rows // unit.shape[0]


def _size(tensors: Tensors, region: Region) -> int:
    meaning = tensors.meanings[region.tensor]
    elements = region.stop - region.start
    share = elements if region.rows is None or region.transposed else _rows_in(region) * region.shape[-1]
    return round(meaning.size * share / meaning.count) if meaning.count else 0


def _rows_in(region: Region) -> int:
    if region.rows is None:
        return region.shape[0]
    start, stop, step = region.rows
    return stop - start if step == 1 else region.shape[0]


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """Rows of a unit that a test reads.

    Args:
        unit: of one model.
        runs: of its rows.
    """

    unit: Unit
    runs: Runs

    @classmethod
    def of(cls, unit: Unit, most: int) -> Reading:
        """At most `most` rows of the unit."""
        return cls(unit, row_runs(unit.shape[0], most))

    @property
    def count(self) -> int:
        """Rows that are read."""
        return sum(stop - start for start, stop in self.runs)

    def read(self, tensors: Tensors) -> NDArray[np.float32]:
        """The rows, one below the other."""
        return rows_of(tensors, self.unit, self.runs)

    def blocks(self, tensors: Tensors) -> Iterator[NDArray[np.float32]]:
        """The rows in order, some at a time where they stand in one piece of a file, so that few are in memory."""
        step = max(1, _BLOCK // max(1, self.unit.shape[-1]))
        if not _is_direct(self.unit):
            yield self.read(tensors)
            return
        for start, stop in self.runs:
            for first in range(start, stop, step):
                yield rows_of(tensors, self.unit, ((first, min(first + step, stop)),))

    def size(self, tensors: Tensors) -> int:
        """Bytes that it reads."""
        return bytes_of(tensors, self.unit, self.count)
