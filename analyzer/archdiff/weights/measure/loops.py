"""The fused pass on a processor, compiled by numba on its first use for each pair of storage types.

A chunk goes block by block: a block is widened into two buffers that stay in the first cache, and everything is
summed from there. Each loop does one thing that the compiler turns into vector instructions; `_LANES` lets it sum in
several lanes and nothing else: NaN and infinity keep their meaning. What is compiled is kept beside this file or in
the user's cache, where either can be written.

Called from Python only by `archdiff.weights.measure.processor`; imported only where numba is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numba.extending import overload

from archdiff.weights.measure.sums import DECADES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BLOCK", "accumulate", "compiled", "nothing"]

BLOCK = 2048
"""Elements of a block."""

_EDGES = len(DECADES)
_FIELDS = 15
"""Figures before the counts below each edge: the order is that of `as_sums`."""

_CANCELLED = 0.01
"""Squares around the mean that are a smaller share of those around zero are not taken from them."""

_LANES = {"reassoc", "contract", "nsz"}
_ZERO, _ONE, _TEN, _HUNDRED, _THOUSAND = (np.float32(value) for value in (0, 1, 10, 100, 1000))
_HALF_BIAS = np.float32(2.0**112)
"""The bits of a half, moved to where those of a float stand, are this much too small."""


def compiled(function: Any, flags: Any = False) -> Any:
    """The function, compiled when it is first called, and kept where there is a folder for it."""
    try:
        return numba.njit(cache=True, nogil=True, fastmath=flags)(function)
    except RuntimeError:  # There is no folder to keep it in.
        return numba.njit(nogil=True, fastmath=flags)(function)


def _in_lanes(function: Any) -> Any:
    return compiled(function, _LANES)


def _widen(raw: Any, out: Any) -> None:
    """Stored values as floats: uint16 holds the bits of bfloat16, int16 those of float16."""
    raise NotImplementedError


def _widen_brain(raw: Any, out: Any) -> None:
    bits = out.view(np.uint32)
    for i in range(raw.size):
        bits[i] = np.uint32(raw[i]) << np.uint32(16)


def _widen_half(raw: Any, out: Any) -> None:
    bits = out.view(np.uint32)
    for i in range(raw.size):
        half = np.uint32(raw[i])
        size = (half & np.uint32(0x7FFF)) << np.uint32(13)
        special = np.uint32(0x7F800000) if size >= np.uint32(0x0F800000) else np.uint32(0)
        bits[i] = size | special | ((half & np.uint32(0x8000)) << np.uint32(16))
    for i in range(raw.size):
        out[i] = out[i] * _HALF_BIAS


def _widen_plain(raw: Any, out: Any) -> None:
    for i in range(raw.size):
        out[i] = raw[i]


@overload(_widen)
def _widen_typed(raw: Any, out: Any) -> Any:
    if out.dtype != numba.types.float32 or raw.dtype == out.dtype:
        return _widen_plain
    return _widen_brain if raw.dtype == numba.types.uint16 else _widen_half


@_in_lanes
def _plain_sums(x: Any, y: Any) -> Any:
    """Totals, squares and products around zero; the sum, squares and largest of the differences.

    The largest is found by bits: they are in the order of floats that are not negative, and compared in lanes.
    """
    total_x, total_y, square_x, square_y, products, absolute, square = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    largest = np.int64(0)
    for i in range(x.size):
        old, new = np.float64(x[i]), np.float64(y[i])
        distance = abs(new - old)
        total_x += old
        total_y += new
        square_x += old * old
        square_y += new * new
        products += old * new
        absolute += distance
        square += distance * distance
        largest = max(largest, np.float64(distance).view(np.int64))
    return total_x, total_y, square_x, square_y, products, absolute, square, np.int64(largest).view(np.float64)


@_in_lanes
def _sums_around(x: Any, y: Any, mean_x: Any, mean_y: Any) -> Any:
    square_x, square_y, products = 0.0, 0.0, 0.0
    for i in range(x.size):
        old, new = np.float64(x[i]) - mean_x, np.float64(y[i]) - mean_y
        square_x += old * old
        square_y += new * new
        products += old * new
    return square_x, square_y, products


@compiled
def _moments(x: Any, y: Any, sums: Any) -> Any:
    """Squares and products around the means: from those around zero where little cancels, else summed again."""
    total_x, total_y, square_x, square_y, products = sums[:5]
    mean_x, mean_y = total_x / x.size, total_y / x.size
    around_x, around_y = square_x - total_x * mean_x, square_y - total_y * mean_y
    if around_x >= _CANCELLED * square_x and around_y >= _CANCELLED * square_y:
        return around_x, around_y, products - total_x * mean_y
    return _sums_around(x, y, mean_x, mean_y)


@_in_lanes
def _counts_narrow(x: Any, y: Any, out: Any) -> None:
    """Counts for types of 16 bits, in float32: equal, zero, and below 1e-3 … 10.

    With 11 bits a difference is zero or at least 2⁻¹¹ of OLD, so no lower edge is needed; and wherever the ratio is
    near an edge, difference and product are exact or far from equal. The exception is the edge 1, which a tiny NEW
    comes near from below: |NEW − OLD| < |OLD| is told without a difference, by 0 < ±NEW < 2 |OLD|.
    """
    equal, zero, k3, k2, k1, k0, above = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    for i in range(x.size):
        old, distance = abs(x[i]), abs(y[i] - x[i])
        along = y[i] if x[i] > 0 else -y[i]
        equal += _ONE if distance == 0 else _ZERO
        zero += _ONE if distance + old == 0 else _ZERO
        k3 += _ONE if distance * _THOUSAND < old else _ZERO
        k2 += _ONE if distance * _HUNDRED < old else _ZERO
        k1 += _ONE if distance * _TEN < old else _ZERO
        k0 += _ONE if (along > 0) & (along < old + old) else _ZERO
        above += _ONE if distance < old * _TEN else _ZERO
    out[0], out[1] = equal, zero
    for k in range(5):
        out[2 + k] = equal - zero
    out[7], out[8], out[9], out[10], out[11] = k3, k2, k1, k0, above


@_in_lanes
def _counts_low(x: Any, y: Any, out: Any) -> None:
    equal, zero, k8, k7, k6, k5, k4 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        old, distance = abs(np.float64(x[i])), abs(np.float64(y[i]) - np.float64(x[i]))
        equal += 1.0 if distance == 0 else 0.0
        zero += 1.0 if distance + old == 0 else 0.0
        k8 += 1.0 if distance * 1e8 < old else 0.0
        k7 += 1.0 if distance * 1e7 < old else 0.0
        k6 += 1.0 if distance * 1e6 < old else 0.0
        k5 += 1.0 if distance * 1e5 < old else 0.0
        k4 += 1.0 if distance * 1e4 < old else 0.0
    out[0], out[1] = equal, zero
    out[2], out[3], out[4], out[5], out[6] = k8, k7, k6, k5, k4


@_in_lanes
def _counts_high(x: Any, y: Any, out: Any) -> None:
    k3, k2, k1, k0, above = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        old, distance = abs(np.float64(x[i])), abs(np.float64(y[i]) - np.float64(x[i]))
        along = np.float64(y[i] if x[i] > 0 else -y[i])
        k3 += 1.0 if distance * 1e3 < old else 0.0
        k2 += 1.0 if distance * 1e2 < old else 0.0
        k1 += 1.0 if distance * 1e1 < old else 0.0
        k0 += 1.0 if (along > 0) & (along < old + old) else 0.0
        above += 1.0 if distance < old * 1e1 else 0.0
    out[7], out[8], out[9], out[10], out[11] = k3, k2, k1, k0, above


@compiled
def _drop(x: Any, y: Any, out: Any) -> Any:
    """Move the elements that are finite on both sides to the front and count the others; how many are left."""
    kept = 0
    for i in range(x.size):
        if np.isfinite(x[i]) and np.isfinite(y[i]):
            x[kept], y[kept] = x[i], y[i]
            kept += 1
            continue
        out[3] += np.isnan(x[i])
        out[4] += np.isnan(y[i])
        out[5] += np.isinf(x[i])
        out[6] += np.isinf(y[i])
    return kept


@compiled
def _add(out: Any, count: Any, sums: Any, moments: Any) -> None:
    """Add a block to what was summed, as Chan et al. do; what rounding takes off the totals is kept at the end."""
    before = out[0]
    if before:
        weight = before * count / (before + count)
        apart_x = sums[0] / count - (out[7] + out[-2]) / before
        apart_y = sums[1] / count - (out[8] + out[-1]) / before
        out[9] += apart_x * apart_x * weight
        out[10] += apart_y * apart_y * weight
        out[11] += apart_x * apart_y * weight
    for side in range(2):
        total = out[7 + side] + sums[side]
        part = total - out[7 + side]
        out[side - 2] += (out[7 + side] - (total - part)) + (sums[side] - part)
        out[7 + side] = total
    out[0] = before + count
    for k in range(3):
        out[9 + k] += moments[k]
    out[12] += sums[5]
    out[13] += sums[6]
    out[14] = max(out[14], sums[7])


def nothing() -> NDArray[np.float64]:
    """What `accumulate` adds to: figures in the order of `as_sums`, and what rounding took off both totals."""
    return np.zeros(_FIELDS + _EDGES + 2)


@compiled
def accumulate(x: Any, y: Any, u: Any, v: Any, out: Any) -> None:
    """Add the figures of some values to those of others.

    Args:
        x: stored values of OLD: the bits of bfloat16 as uint16, those of float16 as int16, or float32 or float64.
        y: those of NEW.
        u: `BLOCK` elements to work in, of the wider float: float32, or float64 where either side is.
        v: the same again.
        out: from `nothing`.
    """
    counts, narrow = np.empty(2 + _EDGES), x.itemsize == 2 and y.itemsize == 2
    for start in range(0, x.size, u.size):
        n = min(u.size, x.size - start)
        _widen(x[start : start + n], u[:n])
        _widen(y[start : start + n], v[:n])
        sums = _plain_sums(u[:n], v[:n])
        if not np.isfinite(sums[0] + sums[1]):
            n = _drop(u[:n], v[:n], out)
            sums = _plain_sums(u[:n], v[:n])
        if n == 0:
            continue
        old, new = u[:n], v[:n]
        _add(out, n, sums, _moments(old, new, sums))
        if narrow:
            _counts_narrow(old, new, counts)
        else:
            _counts_low(old, new, counts)
            _counts_high(old, new, counts)
        out[1:3] += counts[:2]
        out[_FIELDS:-2] += counts[2:]
