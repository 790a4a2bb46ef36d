"""Blocks of 256 elements of ggml, whose parts have scales of their own: the compiled loops.

All take whole blocks, (blocks, bytes), with their scales and minima as float32, and write (blocks, 256).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.packed.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["iq4", "q2", "q3", "q4", "q5", "q6"]


@compiled
def q2(
    blocks: NDArray[np.uint8], scales: NDArray[np.float32], minima: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Write Q2_K: 16 parts with 4 bits of scale and of minimum each, then codes of 2 bits."""
    for block in range(len(out)):
        each, codes = blocks[block, :16], blocks[block, 16:80]
        for part in range(16):
            half, shift, left = part // 8, part % 8 // 2 * 2, part % 2 * 16
            scale = scales[block] * np.float32(np.int32(each[part] & 15))
            minimum = minima[block] * np.float32(np.int32(each[part] >> 4))
            source, values = codes[half * 32 + left : half * 32 + left + 16], out[block, part * 16 : part * 16 + 16]
            for index in range(16):
                values[index] = scale * np.float32(np.int32((source[index] >> shift) & 3)) - minimum


@compiled
def q3(blocks: NDArray[np.uint8], scales: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write Q3_K: a high bit of each element (4 less where it is 0), codes of 2 bits, 16 scales of 6 bits."""
    for block in range(len(out)):
        bits, codes, each = blocks[block, :32], blocks[block, 32:96], blocks[block, 96:108]
        for part in range(16):
            half, shift, left = part // 8, part % 8 // 2 * 2, part % 2 * 16
            low = (each[part % 8] >> (4 * half)) & 15
            high = (each[8 + part % 4] >> (part // 4 * 2)) & 3
            scale = scales[block] * np.float32(np.int32(low | (high << 4)) - 32)
            source, values = codes[half * 32 + left : half * 32 + left + 16], out[block, part * 16 : part * 16 + 16]
            bit, mask = half * 4 + shift // 2, bits[left : left + 16]
            for index in range(16):
                code = np.int32((source[index] >> shift) & 3) + np.int32((mask[index] >> bit) & 1) * 4 - 4
                values[index] = scale * np.float32(code)


@compiled
def _six_bits(each: NDArray[np.uint8], part: int) -> tuple[np.int32, np.int32]:
    """Scale and minimum of a part of Q4_K and Q5_K, out of twelve bytes."""
    if part < 4:
        return np.int32(each[part] & 63), np.int32(each[part + 4] & 63)
    low = (each[part + 4] & 15) | (each[part - 4] >> 6 << 4)
    high = (each[part + 4] >> 4) | (each[part] >> 6 << 4)
    return np.int32(low), np.int32(high)


@compiled
def q4(
    blocks: NDArray[np.uint8], scales: NDArray[np.float32], minima: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Write Q4_K: 8 parts with 6 bits of scale and of minimum each, then codes of 4 bits."""
    for block in range(len(out)):
        each, codes = blocks[block, 4:16], blocks[block, 16:144]
        for part in range(8):
            low, high = _six_bits(each, part)
            scale, minimum = scales[block] * np.float32(low), minima[block] * np.float32(high)
            shift = part % 2 * 4
            source = codes[part // 2 * 32 : part // 2 * 32 + 32]
            values = out[block, part * 32 : part * 32 + 32]
            for index in range(32):
                values[index] = scale * np.float32(np.int32((source[index] >> shift) & 15)) - minimum


@compiled
def q5(
    blocks: NDArray[np.uint8], scales: NDArray[np.float32], minima: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Write Q5_K: as Q4_K, with a fifth bit of each element between scales and codes."""
    for block in range(len(out)):
        each, bits, codes = blocks[block, 4:16], blocks[block, 16:48], blocks[block, 48:176]
        for part in range(8):
            low, high = _six_bits(each, part)
            scale, minimum = scales[block] * np.float32(low), minima[block] * np.float32(high)
            shift = part % 2 * 4
            source = codes[part // 2 * 32 : part // 2 * 32 + 32]
            values = out[block, part * 32 : part * 32 + 32]
            for index in range(32):
                code = ((source[index] >> shift) & 15) | (((bits[index] >> part) & 1) << 4)
                values[index] = scale * np.float32(np.int32(code)) - minimum


@compiled
def q6(blocks: NDArray[np.uint8], scales: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    """Write Q6_K: codes of 4 bits, their two high bits, 16 scales of 8 bits."""
    for block in range(len(out)):
        codes, bits, each = blocks[block, :128], blocks[block, 128:192], blocks[block, 192:208]
        for part in range(16):
            half, quarter, left = part // 8, part % 8 // 2, part % 2 * 16
            # Scales are signed: 128 and more stand for what is 256 less.
            signed = np.int32(each[part]) - (np.int32(each[part]) // 128) * 256
            scale = scales[block] * np.float32(signed)
            start, shift = half * 64 + quarter % 2 * 32 + left, quarter // 2 * 4
            source, values = codes[start : start + 16], out[block, part * 16 : part * 16 + 16]
            above = bits[half * 32 + left : half * 32 + left + 16]
            for index in range(16):
                code = ((source[index] >> shift) & 15) | (((above[index] >> (2 * quarter)) & 3) << 4)
                values[index] = scale * np.float32(np.int32(code) - 32)


@compiled
def iq4(
    blocks: NDArray[np.uint8], table: NDArray[np.float32], scales: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Write IQ4_XS: 8 scales of 6 bits, high bits first, then codes of 4 bits as in IQ4_NL."""
    for block in range(len(out)):
        above, below, codes = blocks[block, 2:4], blocks[block, 4:8], blocks[block, 8:136]
        for part in range(8):
            low = (below[part // 2] >> (part % 2 * 4)) & 15
            high = (above[part // 4] >> (part % 4 * 2)) & 3
            scale = scales[block] * np.float32(np.int32(low | (high << 4)) - 32)
            source = codes[part * 16 : part * 16 + 16]
            first, second = out[block, part * 32 : part * 32 + 16], out[block, part * 32 + 16 : part * 32 + 32]
            for index in range(16):
                first[index] = scale * table[source[index] & 15]
                second[index] = scale * table[source[index] >> 4]
