"""Pairs of units cut into chunks that are read one by one, so that memory does not depend on their size."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.errors import SourceError
from archdiff.weights.tensors import Extent, as_float32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.weights.tensors import Array, Tensors
    from archdiff.weights.units import Region, Unit, UnitPair

__all__ = ["ELEMENTS", "NOTHING", "PIECE", "STREAMED", "Chunk", "Part", "Reader", "Span", "chunks"]

ELEMENTS = 1 << 22
"""Elements of a chunk: enough for one transfer to a GPU."""

STREAMED = 1 << 24
"""The same where pieces of it are read one by one, so that its size is no memory: enough for a thread to go for."""

_GATHERED = 1 << 24
"""The same where a side is stored transposed: what is read at once of each of its rows has to be worth it."""

PIECE = 1 << 19
"""Elements that a processor reads at once: what was copied from the file is still in its caches when it is summed."""


_WIDTHS = MappingProxyType({"bfloat16": 2, "float16": 2, "float32": 4})
"""Bytes of an element of what compiled code reads by itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """Corresponding values of both sides, in an order of their own.

    Args:
        old: one axis; bfloat16 as bits in uint16, as `Tensors.read` gives it.
        new: as many.
        dtypes: of the values, as torch spells them.
        size: bytes that were read.
    """

    old: Array
    new: Array
    dtypes: tuple[str, str]
    size: int

    @property
    def lost_in_floats(self) -> int:
        """How many integers of 64 bits differ and are equal as float64: they are within 1e-15 of each other."""
        if not all(dtype in {"int64", "uint64"} for dtype in self.dtypes):
            return 0
        same = self.old.astype(np.float64) == self.new.astype(np.float64)
        return int(np.count_nonzero(same & (self.old != self.new)))


NOTHING = Part(np.empty(0, np.float32), np.empty(0, np.float32), ("float32", "float32"), 0)
"""No values, of which nothing was read."""


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """A chunk that both sides hold as it is, each in one piece of a file: compiled code can read it by itself.

    Args:
        old: where OLD's elements begin.
        new: where NEW's do.
        count: elements.
        dtypes: of the values, of 16 or 32 bits.
        size: bytes of both.
    """

    old: Extent
    new: Extent
    count: int
    dtypes: tuple[str, str]
    size: int


@dataclasses.dataclass(frozen=True, slots=True)
class Chunk:
    """A range of a pair that is still to be read: elements in storage order, or rows where storages differ."""

    pair: UnitPair
    start: int
    stop: int
    by_row: bool
    is_last: bool

    def span(self, old: Reader, new: Reader) -> Span | None:
        """The chunk as a span; None where it is none."""
        if self.by_row:
            return None
        first, second = (
            old.extent(self.pair.old, self.start, self.stop),
            new.extent(self.pair.new, self.start, self.stop),
        )
        if first is None or second is None:
            return None
        count = self.stop - self.start
        size = count * (_WIDTHS[first[1]] + _WIDTHS[second[1]])
        return Span(first[0], second[0], count, (first[1], second[1]), size)

    def parts(self, old: Reader, new: Reader, most: int) -> Iterator[Part]:
        """The values, in order, about so many elements at a time; transposed blocks all at once.

        Raises:
            SourceError: a side cannot be read, or holds complex numbers.
        """
        regions = (*self.pair.old.regions, *self.pair.new.regions)
        step = most
        if self.by_row:
            whole = any(region.transposed for region in regions)
            step = self.stop - self.start if whole else max(1, most * self.pair.old.shape[0] // self.pair.old.count)
        read = Reader.rows if self.by_row else Reader.elements
        for start in range(self.start, self.stop, step):
            stop = min(start + step, self.stop)
            first, old_dtype, old_size = read(old, self.pair.old, start, stop)
            second, new_dtype, new_size = read(new, self.pair.new, start, stop)
            yield Part(first, second, (old_dtype, new_dtype), old_size + new_size)


@dataclasses.dataclass(frozen=True, slots=True)
class Reader:
    """One checkpoint, read by several threads at once: a lock around each read costs a quarter of the bandwidth."""

    tensors: Tensors

    def elements(self, unit: Unit, start: int, stop: int) -> tuple[Array, str, int]:
        """Elements of a unit in storage order: the values, their type, and how many bytes were read."""
        parts = []
        for region in unit.regions:
            count = region.stop - region.start
            low, high = max(start, 0), min(stop, count)
            if low < high:
                parts.append(self._range(region, low, high))
            start, stop = start - count, stop - count
        return _joined(parts)

    def extent(self, unit: Unit, start: int, stop: int) -> tuple[Extent, str] | None:
        """Where elements of a unit, in storage order, stand, and their type; None where not in one piece of a file."""
        for region in unit.regions:
            count = region.stop - region.start
            if start < count:
                meaning = self.tensors.meanings[region.tensor]
                if stop > count or meaning.extent is None or meaning.dtype not in _WIDTHS:
                    return None
                first = meaning.extent.start + (region.start + start) * _WIDTHS[meaning.dtype]
                return Extent(meaning.extent.file, first), meaning.dtype
            start, stop = start - count, stop - count
        return None

    def rows(self, unit: Unit, start: int, stop: int) -> tuple[Array, str, int]:
        """Rows of a unit (elements of a vector), row by row: the values, their type, and how many bytes were read."""
        parts = []
        for region in unit.regions:
            chosen = _chosen(region)
            rows = chosen[max(start, 0) : max(stop, 0)]
            if rows:
                parts.append((self._stripe if region.transposed else self._slice)(region, rows))
            start, stop = start - len(chosen), stop - len(chosen)
        return _joined(parts)

    def _slice(self, region: Region, rows: range) -> tuple[Array, str, int]:
        columns = _columns(region)
        low, high = min(rows), max(rows) + 1
        values, dtype, size = self._range(region, low * columns, high * columns)
        return values.reshape(high - low, columns)[:: rows.step].reshape(-1), dtype, size

    def _stripe(self, region: Region, rows: range) -> tuple[Array, str, int]:
        deep, wide = region.shape
        low, high = min(rows), max(rows) + 1
        if high - low == wide:
            parts = [self._range(region, 0, deep * wide)]
        else:
            parts = [self._range(region, row * wide + low, row * wide + high) for row in range(deep)]
        values, dtype, size = _joined(parts)
        return values.reshape(deep, high - low)[:, :: rows.step].T.reshape(-1), dtype, size

    def _range(self, region: Region, start: int, stop: int) -> tuple[Array, str, int]:
        meaning = self.tensors.meanings[region.tensor]
        if meaning.dtype.startswith("complex"):
            raise SourceError(
                self.tensors.subject, f"{region.tensor} holds complex numbers", "leave it out of the weights to compare"
            )
        values = self.tensors.read(region.tensor, region.start + start, region.start + stop)
        return values, meaning.dtype, meaning.size * (stop - start) // meaning.count


def chunks(pair: UnitPair, most: int | None = None) -> Iterator[Chunk]:
    """The chunks of a pair of equal shape that has elements.

    Args:
        pair: of units.
        most: elements of a chunk whose sides are stored alike; `ELEMENTS` where it is not said.
    """
    by_row = not (_is_plain(pair.old) and _is_plain(pair.new)) and not _is_stored_alike(pair)
    total, step = pair.old.count, most or ELEMENTS
    if by_row:
        regions = (*pair.old.regions, *pair.new.regions)
        elements = _GATHERED if any(region.transposed for region in regions) else ELEMENTS
        columns = total // pair.old.shape[0]
        total, step = pair.old.shape[0], max(1, elements // columns)
    for start in range(0, total, step):
        yield Chunk(pair, start, min(start + step, total), by_row, start + step >= total)


def _is_plain(unit: Unit) -> bool:
    return all(region.is_plain for region in unit.regions)


def _is_stored_alike(pair: UnitPair) -> bool:
    """Whether both are whole blocks, transposed in the same way: then the order in storage does as well."""
    sides = [[(region.shape, region.transposed) for region in unit.regions] for unit in (pair.old, pair.new)]
    whole = all(region.rows is None for unit in (pair.old, pair.new) for region in unit.regions)
    return whole and sides[0] == sides[1]


def _chosen(region: Region) -> range:
    rows = region.shape[1] if region.transposed else region.shape[0]
    return range(rows) if region.rows is None else range(rows)[slice(*region.rows)]


def _columns(region: Region) -> int:
    return int(np.prod(region.shape[1:], dtype=np.int64))


def _joined(parts: list[tuple[Array, str, int]]) -> tuple[Array, str, int]:
    """Parts of one unit as one; where their types differ, as float32."""
    size = sum(part[2] for part in parts)
    if len(parts) == 1:
        return parts[0][0], parts[0][1], size
    dtypes = {dtype for _, dtype, _ in parts}
    if len(dtypes) == 1:
        return np.concatenate([values for values, _, _ in parts]), dtypes.pop(), size
    return np.concatenate([as_float32(values, dtype) for values, dtype, _ in parts]), "float32", size
