"""How strong a resemblance of rows must be for the order test to find it."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.combine import fisher
from archdiff.weights.statistics.outcome import rounded
from archdiff.weights.statistics.tails import DRAWS, FEWEST_FOR_T, rank_log10_p

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TARGET", "detectable"]

TARGET = -12.0
"""log10 of the p-value that the specification asks of a derivation."""

_SHIFTS = np.array([0.0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6])

_FOUND = {
    8: (0, 0.132, 0.324, 0.571, 0.812, 0.941, 0.986, 0.998, 0.999, 1, 1),
    16: (0, 0.078, 0.217, 0.410, 0.651, 0.864, 0.972, 0.995, 0.999, 1, 1),
    32: (0, 0.048, 0.140, 0.285, 0.499, 0.736, 0.919, 0.989, 0.998, 1, 1),
    64: (0, 0.028, 0.092, 0.205, 0.379, 0.606, 0.830, 0.962, 0.997, 1, 1),
    128: (0, 0.017, 0.059, 0.141, 0.281, 0.477, 0.715, 0.904, 0.990, 1, 1),
    256: (0, 0.011, 0.035, 0.093, 0.209, 0.384, 0.604, 0.817, 0.963, 1, 1),
    512: (0, 0.005, 0.022, 0.065, 0.155, 0.294, 0.504, 0.729, 0.910, 0.999, 1),
    1024: (0, 0.003, 0.014, 0.044, 0.110, 0.233, 0.416, 0.634, 0.854, 0.999, 1),
    2048: (0, 0.002, 0.009, 0.030, 0.079, 0.175, 0.337, 0.554, 0.766, 0.995, 1),
}
"""Share of rows that the best matching of n rows with n columns finds beyond chance, when similarities are standard
normal and each row's partner is shifted by `_SHIFTS`: means over 4 (n = 2048) to 2,000 (n = 8) simulated matrices. The
mean rank correlation is this share: rows that are not found are matched at random."""


def detectable(rows_old: int, rows_new: int, columns: float, tests: int = 1, *, matchings: int = 1) -> float | None:
    """The least row cosine c at which the order test is expected to reach p = 1e-12.

    Cosines of unrelated rows scatter by 1/√columns, so partners stand out by c·√columns of it. Where heights differ,
    every row of the shorter side is taken to have a partner.

    Args:
        rows_old: rows of OLD.
        rows_new: rows of NEW.
        columns: independent ones (`effective_columns`).
        tests: how many such tests Fisher's method combines.
        matchings: how many independent matchings have to find a row (two where their agreement is tested).

    Returns:
        None if even equal rows would not do.
    """
    count, most = min(rows_old, rows_new), max(rows_old, rows_new)
    wanted = _each(tests)
    lowest = -math.lgamma(count + 1) / math.log(10)
    if 12 < count < FEWEST_FOR_T:
        lowest = max(lowest, -math.log10(1 + DRAWS))
    if count < 3 or columns <= 0 or wanted < lowest:
        return None
    rho = _bisect(lambda value: rank_log10_p(value, count), wanted, 0.0, 1.0)
    cosine = _shift(rho ** (1 / matchings), most) / math.sqrt(columns)
    return rounded(cosine) if cosine < 1 else None


@cache
def _each(tests: int) -> float:
    """log10 of the p-value that each of so many equal tests must reach."""
    if tests < 1:
        raise ValueError("no test has no power")
    return _bisect(lambda value: fisher([value] * tests) or 0.0, TARGET, 0.0, TARGET)


def _shift(found: float, count: int) -> float:
    """The shift at which so large a share of the rows is found, between the tabulated numbers of rows."""
    sizes = np.log(np.array(list(_FOUND), dtype=np.float64))
    shares = np.array(list(_FOUND.values()))
    row = [float(np.interp(math.log(count), sizes, column)) for column in shares.T]
    return float(np.interp(found, row, _SHIFTS))


def _bisect(function: Callable[[float], float], wanted: float, near: float, far: float) -> float:
    """Where a function that falls from `near` to `far` first reaches what is wanted."""
    for _ in range(40):
        middle = (near + far) / 2
        near, far = (middle, far) if function(middle) > wanted else (near, middle)
    return far
