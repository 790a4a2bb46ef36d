"""What a file format does to the order of a tensor's elements, undone range by range."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from archdiff.weights.packed.parts import Values
    from archdiff.weights.tensors import Array

__all__ = ["Alternating", "From", "Less", "Paired"]


@dataclasses.dataclass(frozen=True, slots=True)
class From:
    """Elements from one on.

    Args:
        stored: all of them.
        first: number of the element that becomes the first.
    """

    stored: Values
    first: int

    def read(self, start: int, stop: int, /) -> Array:
        """Elements `start` to before `stop`; raises as `Reader.read`."""
        return self.stored.read(self.first + start, self.first + stop)


@dataclasses.dataclass(frozen=True, slots=True)
class Less:
    """Elements less a constant.

    Args:
        stored: float32.
        amount: what is taken off.
    """

    stored: Values
    amount: float

    def read(self, start: int, stop: int, /) -> Array:
        """Elements `start` to before `stop`; raises as `Reader.read`."""
        return self.stored.read(start, stop) - np.float32(self.amount)


@dataclasses.dataclass(frozen=True, slots=True)
class Alternating:
    """Rows of several tensors in turns: so many of the first, so many of the second, and again.

    Args:
        sources: a tensor and how many of its elements come at a time; all of them have as many turns.
    """

    sources: tuple[tuple[Values, int], ...]

    def read(self, start: int, stop: int, /) -> Array:
        """Elements `start` to before `stop`; raises as `Reader.read`; whole turns are read."""
        each = sum(count for _, count in self.sources)
        first, last = start // each, -(-stop // each)
        parts = [stored.read(first * n, last * n).reshape(-1, n) for stored, n in self.sources]
        found: Array = np.concatenate(parts, axis=1).reshape(-1)
        return found[start - first * each : stop - first * each]


@dataclasses.dataclass(frozen=True, slots=True)
class Paired:
    """Heads of n rows whose rows i and i + n / 2 stand side by side, put back in order.

    Args:
        stored: as it lies in the file.
        rows: n, of one head; even.
        columns: of a row.
    """

    stored: Values
    rows: int
    columns: int

    def read(self, start: int, stop: int, /) -> Array:
        """Elements `start` to before `stop`; raises as `Reader.read`; whole heads are read."""
        each = self.rows * self.columns
        first, last = start // each, -(-stop // each)
        heads = self.stored.read(first * each, last * each).reshape(-1, self.rows // 2, 2, self.columns)
        found: Array = heads.swapaxes(1, 2).reshape(-1)
        return found[start - first * each : stop - first * each]
