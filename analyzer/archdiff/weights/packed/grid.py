"""Which scale goes with which element: scales for a whole tensor, its matrices, rows, blocks or groups of columns."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Grid", "grid_of"]


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """Scales beside a tensor that is seen as matrices of `rows` × `columns`, one below the other.

    Args:
        rows: of one matrix.
        columns: of a row.
        step: rows that share scales.
        width: columns that share a scale.
        shared: whether all matrices have the same scales.
    """

    rows: int
    columns: int
    step: int
    width: int
    shared: bool = True

    @property
    def groups(self) -> int:
        """Scales of one row."""
        return -(-self.columns // self.width)

    @property
    def each(self) -> int:
        """Scales of one matrix."""
        return -(-self.rows // self.step) * self.groups

    def places(self, first: int, last: int) -> NDArray[np.int64]:
        """For rows `first` to before `last`, counted through all matrices, the number of their first scale."""
        matrix, row = np.divmod(np.arange(first, last, dtype=np.int64), self.rows)
        inside = row // self.step * self.groups
        return inside if self.shared else inside + matrix * self.each

    @property
    def words(self) -> str:
        """Which elements share a scale, in words."""
        whole = self.step >= self.rows, self.width >= self.columns
        if all(whole):
            return "one scale for the whole tensor" if self.shared else "one scale for each matrix"
        if whole[1] and self.step == 1:
            return "one scale for each row"
        if self.step == 1:
            return f"one scale for each group of {self.width} columns of a row"
        return f"one scale for each block of {self.step} × {self.width}"


def grid_of(weight: tuple[int, ...], scale: tuple[int, ...], block: tuple[int, int] | None = None) -> Grid | None:
    """Return how scales of one shape go with a weight of another; None where they do not.

    Args:
        weight: shape.
        scale: shape.
        block: (rows, columns) of a block, where it is stated; else blocks are as equal as they can be.
    """
    weight = weight or (1,)
    *outer, rows, columns = weight if len(weight) > 1 else (1, *weight)
    if block is None and math.prod(scale) == 1:
        return Grid(rows, columns, rows, columns)
    *apart, high, wide = _filled(weight, scale)
    shared = set(apart) <= {1}
    if (not shared and apart != outer) or not 0 < high <= rows or not 0 < wide <= columns:
        return None
    step, width = block or (-(-rows // high), -(-columns // wide))
    if (-(-rows // step), -(-columns // width)) != (high, wide):
        return None
    return Grid(rows, columns, min(step, rows), min(width, columns), shared)


def _filled(weight: tuple[int, ...], scale: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the scales with as many axes as the weight has, and at least two; zeros where they do not fit."""
    if len(scale) == len(weight):
        return scale if len(weight) > 1 else (1, *scale)
    if scale in (weight[:1], weight[:-1]):
        return (*scale, *(1 for _ in weight[len(scale) :]))
    return (0, 0)
