"""Transposes a band of rows: the compiled loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.weights.packed.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["turn"]


@compiled
def turn(band: NDArray[np.float32], row: int, out: NDArray[np.float32]) -> None:
    """Write a few rows as columns, from column `row` on.

    Args:
        band: (n, columns), of few rows, so that a column of it is one line of the cache.
        row: number of its first row in the whole matrix.
        out: (columns, rows).
    """
    count, columns = band.shape
    for column in range(columns):
        for index in range(count):
            out[column, row + index] = band[index, column]
