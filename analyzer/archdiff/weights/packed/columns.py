"""Small integers whose matrix stands with the inputs as rows: the compiled loops.

Both fill a small tile column by column, in which consecutive rows stand side by side, and turn it: eight times as fast
as writing to rows that are a power of two apart, which share the same lines of the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.packed.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["unpack_columns", "unpack_eights"]

_ROWS, _COLUMNS = 64, 32


@compiled
def _turn(tile: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    rows, columns = out.shape
    for row in range(rows):
        line = out[row]
        for column in range(columns):
            line[column] = tile[column, row]


@compiled
def unpack_columns(
    words: NDArray[np.uint32],
    scales: NDArray[np.float32],
    zeros: NDArray[np.float32],
    groups: NDArray[np.int64],
    bits: int,
    first: int,
    out: NDArray[np.float32],
) -> None:
    """Write (code − zero) × scale of codes that are a stream of bits down each column.

    Args:
        words: (columns × bits / 32, rows).
        scales: (groups, rows).
        zeros: as `scales`.
        groups: of each column.
        bits: of a code.
        first: number of the first row wanted.
        out: (rows wanted, columns).
    """
    mask = np.uint32(2**bits - 1)
    count, columns = out.shape
    tile = np.empty((_COLUMNS, _ROWS), dtype=np.float32)
    for top in range(0, count, _ROWS):
        low, high = first + top, first + min(top + _ROWS, count)
        for left in range(0, columns, _COLUMNS):
            right = min(left + _COLUMNS, columns)
            for column in range(left, right):
                shift, line = np.uint32(column * bits % 32), tile[column - left]
                word = words[column * bits // 32, low:high]
                scale, zero = scales[groups[column], low:high], zeros[groups[column], low:high]
                if shift + bits <= 32:
                    for row in range(len(word)):
                        code = np.int32((word[row] >> shift) & mask)
                        line[row] = (np.float32(code) - zero[row]) * scale[row]
                else:
                    following, back = words[column * bits // 32 + 1, low:high], np.uint32(32 - shift)
                    for row in range(len(word)):
                        code = np.int32(((word[row] >> shift) | (following[row] << back)) & mask)
                        line[row] = (np.float32(code) - zero[row]) * scale[row]
            _turn(tile, out[top : top + high - low, left:right])


@compiled
def unpack_eights(
    words: NDArray[np.uint32],
    scales: NDArray[np.float32],
    zeros: NDArray[np.float32],
    groups: NDArray[np.int64],
    shifts: NDArray[np.uint32],
    first: int,
    out: NDArray[np.float32],
) -> None:
    """Write (code − zero) × scale of codes of 4 bits, of which eight rows share a word.

    Args:
        words: (columns, rows / 8).
        scales: (groups, rows).
        zeros: as `scales`.
        groups: of each column.
        shifts: how far each of eight rows stands from the lowest bit.
        first: number of the first row wanted, a multiple of eight.
        out: (rows wanted, columns), rows a multiple of eight.
    """
    count, columns = out.shape
    tile = np.empty((_COLUMNS, _ROWS), dtype=np.float32)
    for top in range(0, count, _ROWS):
        low, high = first + top, first + min(top + _ROWS, count)
        for left in range(0, columns, _COLUMNS):
            right = min(left + _COLUMNS, columns)
            for column in range(left, right):
                line, group = tile[column - left], groups[column]
                word = words[column, low // 8 : high // 8]
                scale, zero = scales[group, low:high], zeros[group, low:high]
                for index in range(len(word)):
                    for place in range(8):
                        row = 8 * index + place
                        code = np.int32((word[index] >> shifts[place]) & np.uint32(15))
                        line[row] = (np.float32(code) - zero[row]) * scale[row]
            _turn(tile, out[top : top + high - low, left:right])
