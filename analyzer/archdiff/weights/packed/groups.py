"""Numbers of 4 or 8 bits in row-major order, of which a group in a row shares a scale: the compiled loops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.weights.packed.compiled import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["unpack_bytes", "unpack_pairs"]


@compiled
def unpack_bytes(
    data: NDArray[np.uint8],
    table: NDArray[np.float32],
    scales: NDArray[np.float32],
    zeros: NDArray[np.float32],
    grid: tuple[int, int, int],
    bases: NDArray[np.int64],
    out: NDArray[np.float32],
) -> None:
    """Write (table[byte] − zero) × scale.

    Args:
        data: one number each, consecutive.
        table: (256,) values.
        scales: one for each group.
        zeros: as `scales`.
        grid: columns of a row, columns of a group, column of the first number.
        bases: for each row that is touched, the place of its first group in `scales`.
        out: as `data`.
    """
    columns, width, column = grid
    at, row = 0, 0
    while at < len(out):
        group = column // width
        place = bases[row] + group
        scale, zero = scales[place], zeros[place]
        end = min((group + 1) * width, columns)
        last = min(at + end - column, len(out))
        # Slices, because their indices cannot be negative: the loop is three times as fast.
        codes, values = data[at:last], out[at:last]
        for index in range(len(codes)):
            values[index] = (table[codes[index]] - zero) * scale
        column += last - at
        at = last
        if column == columns:
            column, row = 0, row + 1


@compiled
def unpack_pairs(
    data: NDArray[np.uint8],
    table: NDArray[np.float32],
    scales: NDArray[np.float32],
    zeros: NDArray[np.float32],
    grid: tuple[int, int, int],
    bases: NDArray[np.int64],
    out: NDArray[np.float32],
) -> None:
    """Write (table[byte] − zero) × scale, two numbers a byte; rows and groups end at bytes.

    Args:
        data: two numbers each, consecutive.
        table: (256, 2) values.
        scales: one for each group.
        zeros: as `scales`.
        grid: columns of a row, columns of a group, column of the first number; all even.
        bases: for each row that is touched, the place of its first group in `scales`.
        out: twice as long as `data`.
    """
    columns, width, column = grid
    at, row = 0, 0
    while at < len(out):
        group = column // width
        place = bases[row] + group
        scale, zero = scales[place], zeros[place]
        end = min((group + 1) * width, columns)
        last = min(at + end - column, len(out))
        codes, values = data[at // 2 : last // 2], out[at:last]
        for index in range(len(codes)):
            values[2 * index] = (table[codes[index], 0] - zero) * scale
            values[2 * index + 1] = (table[codes[index], 1] - zero) * scale
        column += last - at
        at = last
        if column == columns:
            column, row = 0, row + 1
