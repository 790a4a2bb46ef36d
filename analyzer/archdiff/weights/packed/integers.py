"""Integers of 4 or 8 bits that compressed-tensors packs into words of 32 bits, row by row (`pack-quantized`).

A signed number has half its range added before it is packed, the lowest bits of a word first; a group of columns has
a scale, and may have a zero point, packed in the same way along the rows. With `weight_g_idx` a column belongs to the
group that is stated there.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.packed.floats import bytes_to_floats, pairs
from archdiff.weights.packed.grid import grid_of
from archdiff.weights.packed.grouped import Grouped, Scales
from archdiff.weights.packed.parts import UnreadError
from archdiff.weights.packed.scaled import Offsets
from archdiff.weights.packed.words import fields

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from archdiff.sources.schemes import Found
    from archdiff.weights.packed.grouped import Numbers
    from archdiff.weights.packed.parts import Parts, Reader
    from archdiff.weights.tensors import Meaning

__all__ = ["words_of_integers"]


def words_of_integers(parts: Parts, found: Found) -> Reader:
    """Return what reads a weight of packed integers.

    Raises:
        UnreadError: the integers have neither 4 nor 8 bits.
        SourceError: its scales, zero points or indices do not fit it.
    """
    name, scale = found.stored[:2]
    rows, columns = found.tensor.shape
    if parts[name].dtype != "int32" or columns not in (4 * parts[name].shape[1], 8 * parts[name].shape[1]):
        raise UnreadError("packed by compressed-tensors into integers of neither 4 nor 8 bits")
    bits = 32 * parts[name].shape[1] // columns if columns else 4
    grid = grid_of((rows, columns), parts[scale].shape)
    if grid is None or grid.width % 2:
        raise parts.misfit(scale, name)
    parts.check_size(name, 4)
    beside = {part: f"{found.base}.weight_{part}" for part in ("zero_point", "g_idx", "shape")}
    there = {part: other for part, other in beside.items() if other in parts}
    zeros = _zeros(parts, there.get("zero_point", ""), scale, bits)
    index = there.get("g_idx", "")
    for part, shape in ((index, (columns,)), (there.get("shape", ""), (2,))):
        if part and (parts[part].shape != shape or parts[part].dtype not in ("int32", "int64")):
            raise parts.misfit(part, name)
    words = grid.words + (", with a zero point" if zeros else "") + (", columns grouped by an index" if index else "")
    meaning = parts.meaning(found, words, (name, scale, *there.values()))
    stored = Grouped(parts, meaning, name, _table(bits), grid, Scales(scale), zeros)
    return _Checked(stored, there.get("shape", ""), index)


@cache
def _table(bits: int) -> NDArray[np.float32]:
    """Value of each byte; kept, because a checkpoint may have a hundred thousand weights."""
    if bits == 4:
        return pairs(np.arange(16, dtype=np.float32) - 8)
    return np.roll(bytes_to_floats("int8"), 128)


def _zeros(parts: Parts, name: str, scale: str, bits: int) -> Numbers | None:
    if not name:
        return None
    rows, *groups = parts[scale].shape
    if parts[name].dtype == "int32" and parts[name].shape == (-(-rows * bits // 32), *groups):
        return _Columns(name, rows, bits)
    if parts[name].shape != parts[scale].shape:
        raise parts.misfit(name, scale)
    return Offsets(name)


@dataclasses.dataclass(frozen=True, slots=True)
class _Columns:
    """Zero points that are packed along the rows; all of them are read."""

    name: str
    rows: int
    bits: int

    def read(self, parts: Parts, start: int, stop: int) -> NDArray[np.float32]:
        shape = parts[self.name].shape
        words = parts.array(self.name, 0, shape[0] * shape[1]).view(np.uint32).reshape(shape)
        found = fields(words.T, self.bits, self.rows).T.astype(np.float32) - np.float32(2 ** (self.bits - 1))
        return np.ascontiguousarray(found).reshape(-1)[start:stop]


@dataclasses.dataclass(frozen=True, slots=True)
class _Checked:
    """Looks at the stated shape and at the index of columns before it unpacks."""

    stored: Grouped
    shape: str
    index: str

    @property
    def meaning(self) -> Meaning:
        return self.stored.meaning

    def read(self, start: int, stop: int, /) -> NDArray[np.float32]:
        parts, grid = self.stored.parts, self.stored.grid
        if self.shape:
            stated = parts.array(self.shape, 0, 2).tolist()
            if stated != list(self.meaning.shape):
                raise parts.fault(self.shape, f"states {stated}, and {list(self.meaning.shape)} are packed")
        groups = parts.array(self.index, 0, grid.columns).astype(np.int64) if self.index else None
        if groups is None or (groups < 0).any():
            return self.stored.read(start, stop)
        if (groups >= grid.groups).any():
            raise parts.fault(self.index, f"names a group behind the {grid.groups:,} that there are")
        return self._indexed(start, stop, groups)

    def _indexed(self, start: int, stop: int, groups: NDArray[np.int64]) -> NDArray[np.float32]:
        """Each column's scale by its group; whole rows are unpacked."""
        stored, columns = self.stored, self.stored.grid.columns
        first, last = start // columns, -(-stop // columns)
        bare = dataclasses.replace(stored, scales=_Ones(), zeros=None).read(first * columns, last * columns)
        each = (last - first, stored.grid.groups)
        low, high = first * each[1], last * each[1]
        values = bare.reshape(-1, columns)
        if stored.zeros is not None:
            values -= stored.zeros.read(stored.parts, low, high).reshape(each)[:, groups]
        values *= stored.scales.read(stored.parts, low, high).reshape(each)[:, groups]
        return values.reshape(-1)[start - first * columns : stop - first * columns]


@dataclasses.dataclass(frozen=True, slots=True)
class _Ones:
    def read(self, _parts: Parts, start: int, stop: int) -> NDArray[np.float32]:
        return np.ones(stop - start, dtype=np.float32)
