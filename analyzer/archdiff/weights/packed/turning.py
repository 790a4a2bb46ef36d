"""Transposes a band of rows: the compiled loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.packed.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["turn"]


_COLUMNS = 16


@compiled
def turn(band: NDArray[np.float32], row: int, out: NDArray[np.float32]) -> None:
    """Write rows as columns, from column `row` on.

    A tile as wide as a line of the cache is copied first: lines a power of two apart would drive each other out.

    Args:
        band: (n, columns), of at most a few hundred rows.
        row: number of its first row in the whole matrix.
        out: (columns, rows).
    """
    count, columns = band.shape
    tile = np.empty((count, _COLUMNS), dtype=np.float32)
    for left in range(0, columns, _COLUMNS):
        width = min(_COLUMNS, columns - left)
        for index in range(count):
            source, copy = band[index, left : left + width], tile[index]
            for column in range(len(source)):
                copy[column] = source[column]
        for column in range(width):
            line = out[left + column, row : row + count]
            for index in range(len(line)):
                line[index] = tile[index, column]
