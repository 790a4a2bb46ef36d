"""Values of the numbers of 4 and 8 bits that weights and their scales are stored in, as tables by their bits.

Sources: OCP 8-bit Floating Point Specification 1.0 (E4M3, E5M2), OCP Microscaling Formats 1.0 (E2M1, E8M0),
Noune et al. 2022, arXiv:2206.02915 (the types with one zero), and NF4 of Dettmers et al. 2023, arXiv:2305.14314.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["E2M1", "EIGHT_BITS", "bytes_to_floats", "pairs"]

E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0)
"""Values of the floats of 4 bits."""

EIGHT_BITS = frozenset({
    "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu", "int8",
})  # fmt: skip
"""The types of 8 bits that `bytes_to_floats` knows, as torch spells them."""

_BITS = {
    "float8_e4m3fn": (4, 3, 7),
    "float8_e5m2": (5, 2, 15),
    "float8_e4m3fnuz": (4, 3, 8),
    "float8_e5m2fnuz": (5, 2, 16),
}
"""Bits of the exponent, of the mantissa, and the exponent's bias."""


@cache
def bytes_to_floats(dtype: str) -> NDArray[np.float32]:
    """Return the value of each byte: 256 of float32, read-only.

    Args:
        dtype: one of `EIGHT_BITS`.
    """
    if dtype == "int8":
        table = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.float32)
    elif dtype == "float8_e8m0fnu":
        table = np.append(np.exp2(np.arange(255.0) - 127), np.nan).astype(np.float32)
    else:
        table = _small_floats(dtype)
    table.flags.writeable = False
    return table


def _small_floats(dtype: str) -> NDArray[np.float32]:
    exponent_bits, mantissa_bits, bias = _BITS[dtype]
    codes = np.arange(128)
    exponents, mantissas = codes >> mantissa_bits, (codes & (2**mantissa_bits - 1)) / 2**mantissa_bits
    normal = exponents > 0
    half = np.ldexp(mantissas + normal, np.where(normal, exponents, 1) - bias)
    table = np.concatenate([half, -half]).astype(np.float32)
    if dtype.endswith("fnuz"):
        table[128] = np.nan
    elif dtype == "float8_e4m3fn":
        table[[127, 255]] = np.nan
    else:
        last = exponents == 2**exponent_bits - 1
        table[:128][last] = np.where(mantissas[last] > 0, np.nan, np.inf)
        table[128:][last] = -table[:128][last]
    return table


def pairs(values: NDArray[np.float32], *, high_first: bool = False) -> NDArray[np.float32]:
    """Return the two values of each byte: (256, 2).

    Args:
        values: of the sixteen numbers of 4 bits.
        high_first: whether the upper half of a byte comes before the lower one.
    """
    codes = np.arange(256)
    halves = (codes >> 4, codes & 15) if high_first else (codes & 15, codes >> 4)
    return np.ascontiguousarray(values[np.stack(halves, axis=1)])
