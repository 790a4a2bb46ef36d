"""p-values of a rank correlation, as decimal logarithms that never underflow.

Under exchangeable labels every order of n matched rows is equally likely, so the p-value of Spearman's ρ depends on n
alone: counted exactly for few rows, drawn for some, and from Student's t for many.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DRAWS", "FEWEST_FOR_T", "normal_log10_sf", "order_log10_p", "rank_log10_p", "spearman", "t_log10_sf"]

FEWEST_FOR_T = 50
"""From so many rows on, Student's t stands for the permutation distribution."""

DRAWS = 99_999
"""Orders drawn for 13 to 49 rows: no p-value there is below 1e-5."""

_COUNTED = 12
_LN10 = math.log(10)

_EXCESS = np.array(
    [
        (0.0, 0.0),
        (0.1, 0.000006),
        (0.2, 0.000098),
        (0.3, 0.000514),
        (0.4, 0.001698),
        (0.5, 0.004398),
        (0.6, 0.009830),
        (0.7, 0.019918),
        (0.8, 0.037692),
        (0.85, 0.050997),
        (0.9, 0.069066),
        (0.925, 0.080951),
        (0.95, 0.096080),
        (0.975, 0.117414),
        (0.99, 0.137779),
        (1.0, 0.176486),
    ]
)
"""By how much, for each row, Student's t overstates −ln p at a rank correlation: its rate −½ ln(1−ρ²) less the rate of
large deviations of a uniform order, which is the least relative entropy of a doubly uniform density with that ρ
(computed by Sinkhorn scaling; ln(2√3) − ½ ln 2πe short of −½ ln(1−ρ²) at ρ = 1)."""


def spearman(order: NDArray[np.int64]) -> float:
    """Rank correlation of 0, 1, 2, … with a permutation of them; NaN below two elements."""
    count = len(order)
    if count < 2:
        return math.nan
    return 1 - 6 * _distance(order) / (count * (count * count - 1))


def order_log10_p(order: NDArray[np.int64]) -> float:
    """How likely a random order is to agree with 0, 1, 2, … as well as this one: log10 of the one-sided p-value.

    Never below that of full agreement, 1/n!; from 13 to 49 rows never below 1 / (1 + `DRAWS`).

    Args:
        order: a permutation of 0 … n−1.
    """
    count = len(order)
    if count < 2:
        return 0.0
    if count <= _COUNTED:
        ways = _ways(count)
        return math.log10(ways[: _distance(order) // 2 + 1].sum() / ways.sum())
    if count < FEWEST_FOR_T:
        reached = int(np.searchsorted(_drawn(count), _distance(order), side="right"))
        return math.log10((1 + reached) / (1 + DRAWS))
    return rank_log10_p(spearman(order), count)


def rank_log10_p(rho: float, count: int) -> float:
    """The same for a rank correlation of many rows (at least 3), by Student's t with n−2 degrees of freedom.

    Far out t overstates the evidence (by one decade at n = 50 and ρ = 0.8), which is corrected to the exact rate.
    """
    excess = count * float(np.interp(rho, *_EXCESS.T)) / _LN10
    return max(min(0.0, _t_of_rho(rho, count) + excess), -math.lgamma(count + 1) / _LN10)


def t_log10_sf(t: float, freedom: float) -> float:
    """log10 P(T > t) of Student's t with so many degrees of freedom (at least 1)."""
    from scipy.special import betainc

    square = t * t
    if t <= 0:
        return math.log10(1 - 0.5 * float(betainc(freedom / 2, 0.5, freedom / (freedom + square))))
    return _log_half_beta(freedom / (freedom + square), square / (freedom + square), freedom / 2) / _LN10


def normal_log10_sf(z: float) -> float:
    """log10 P(Z > z) of the standard normal distribution."""
    from scipy.special import log_ndtr

    return float(log_ndtr(-z)) / _LN10


def _distance(order: NDArray[np.int64]) -> int:
    """Σ (i − π(i))², which is even: Spearman's ρ is 1 − 6 of them / (n³ − n)."""
    return int(((np.arange(len(order)) - order) ** 2).sum())


def _t_of_rho(rho: float, count: int) -> float:
    if abs(rho) >= 1:
        return -math.inf if rho > 0 else 0.0
    return t_log10_sf(rho * math.sqrt((count - 2) / ((1 - rho) * (1 + rho))), count - 2)


def _log_half_beta(x: float, rest: float, a: float) -> float:
    """ln ½ I_x(a, ½), the upper tail of t; `rest` is 1 − x, given apart because it may be tiny."""
    from scipy.special import betainc, betaln

    direct = 0.5 * float(betainc(a, 0.5, x))
    if direct > 1e-200:
        return math.log(direct)
    head = a * math.log(x) + 0.5 * math.log(rest) - math.log(a) - float(betaln(a, 0.5)) - math.log(2)
    return head + math.log(_beta_series(x, a))


def _beta_series(x: float, a: float) -> float:
    """₂F₁(a + ½, 1; a + 1; x) by its series, whose terms fall at least as fast as x^k (DLMF 8.17.8)."""
    total, term, k = 0.0, 1.0, 0
    while term > 1e-17 * total:
        total += term
        term *= x * (a + 0.5 + k) / (a + 1 + k)
        k += 1
    return total


@cache
def _ways(count: int) -> NDArray[np.float64]:
    """How many orders of `count` rows have each Σ (i − π(i))² / 2, counted over sets of the rows used so far."""
    width = count * (count * count - 1) // 6 + 1
    most = count * (count * count - 1) // 3
    table = {0: np.zeros(most + 1)}
    table[0][0] = 1
    for place in range(count):
        following: dict[int, NDArray[np.float64]] = {}
        for used, ways in table.items():
            for row in range(count):
                if used >> row & 1:
                    continue
                step = (place - row) ** 2
                target = following.setdefault(used | 1 << row, np.zeros(most + 1))
                target[step:] += ways[: most + 1 - step]
        table = following
    (last,) = table.values()
    return last[::2][:width]


@cache
def _drawn(count: int) -> NDArray[np.int64]:
    """Σ (i − π(i))² of `DRAWS` random orders, sorted: the same ones every time."""
    generator = np.random.default_rng(count)
    rows = np.arange(count, dtype=np.int32)
    distances = []
    for draws in np.array_split(np.arange(DRAWS), 10):
        orders = generator.permuted(np.broadcast_to(rows, (len(draws), count)), axis=1)
        distances.append(((orders - rows) ** 2).sum(axis=1))
    return np.sort(np.concatenate(distances)).astype(np.int64)
