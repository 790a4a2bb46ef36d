"""Blocks of 32 elements of ggml: the compiled loops.

All take what a block holds behind its scales, (blocks, bytes), with scales and minima as float32, and write
(blocks, 32). Codes of 4 bits stand as the lower halves of sixteen bytes, then as their upper halves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.packed.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["eights", "fives", "fours"]


@compiled
def fours(
    blocks: NDArray[np.uint8],
    table: NDArray[np.float32],
    scales: NDArray[np.float32],
    minima: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Write table[code] × scale + minimum, of Q4_0, Q4_1, IQ4_NL and MXFP4."""
    for block in range(len(out)):
        codes, scale, minimum = blocks[block], scales[block], minima[block]
        low, high = out[block, :16], out[block, 16:]
        for index in range(16):
            low[index] = table[codes[index] & 15] * scale + minimum
            high[index] = table[codes[index] >> 4] * scale + minimum


@compiled
def fives(
    blocks: NDArray[np.uint8],
    offset: int,
    scales: NDArray[np.float32],
    minima: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
    """Write (code − offset) × scale + minimum, of Q5_0 and Q5_1: fifth bits in four bytes, then codes of 4 bits."""
    for block in range(len(out)):
        bits, codes = blocks[block, :4], blocks[block, 4:]
        scale, minimum = scales[block], minima[block]
        for index in range(16):
            place, shift = index // 8, index % 8
            low = (codes[index] & 15) | (((bits[place] >> shift) & 1) << 4)
            high = (codes[index] >> 4) | (((bits[place + 2] >> shift) & 1) << 4)
            out[block, index] = np.float32(np.int32(low) - offset) * scale + minimum
            out[block, index + 16] = np.float32(np.int32(high) - offset) * scale + minimum


@compiled
def eights(blocks: NDArray[np.int8], scales: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write code × scale, of Q8_0."""
    for block in range(len(out)):
        codes, values, scale = blocks[block], out[block], scales[block]
        for index in range(32):
            values[index] = np.float32(codes[index]) * scale
