"""Matrices that are stored the other way round than they are published."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.packed.slot import KEEP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from archdiff.weights.packed.parts import Values
    from archdiff.weights.packed.slot import Slot
    from archdiff.weights.tensors import Meaning

__all__ = ["Turned"]

_BAND = 64


@dataclasses.dataclass(frozen=True, slots=True)
class Turned:
    """A tensor whose matrices are stored transposed.

    Args:
        meaning: what it stands for, (…, columns, rows); its sizes are those of `stored` with the last two swapped.
        stored: reads it as it is stored, as float32.
        slot: of the checkpoint; a matrix of at most `KEEP` bytes is turned whole and kept there.
    """

    meaning: Meaning
    stored: Values
    slot: Slot

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Elements `start` to before `stop`; raises as `Reader.read`."""
        *_, columns, rows = self.meaning.shape
        each = rows * columns
        parts = []
        for number in range(start // each, -(-stop // each)):
            low, high = max(start - number * each, 0), min(stop - number * each, each)
            parts.append(self._part(number, low, high))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _part(self, number: int, start: int, stop: int) -> NDArray[np.float32]:
        *_, columns, rows = self.meaning.shape
        if rows * columns * 4 <= KEEP:
            whole = self.slot.get((self.meaning.name, number), lambda: self._turn(number, 0, columns))
            return whole.reshape(-1)[start:stop]
        first, last = start // rows, -(-stop // rows)
        return self._turn(number, first, last).reshape(-1)[start - first * rows : stop - first * rows]

    def _turn(self, number: int, first: int, last: int) -> NDArray[np.float32]:
        """Columns `first` to before `last` of what is stored, as rows."""
        from archdiff.weights.packed.turning import turn

        *_, columns, rows = self.meaning.shape
        out = np.empty((last - first, rows), dtype=np.float32)
        for row in range(0, rows, _BAND):
            start = (number * rows + row) * columns
            stop = (number * rows + min(row + _BAND, rows)) * columns
            band = self.stored.read(start, stop).reshape(-1, columns)
            turn(band[:, first:last], row, out)
        out.flags.writeable = False
        return out
