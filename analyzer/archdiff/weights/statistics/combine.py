"""One p-value from several, all as decimal logarithms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["bonferroni", "fisher"]

LN10 = math.log(10)


def fisher(log10_ps: Iterable[float]) -> float | None:
    """Of independent tests, by Fisher's method; None of none.

    −2 Σ ln p has a χ² distribution of 2L degrees of freedom, whose tail is that of a Poisson sum: nothing underflows.
    """
    values = _checked(log10_ps)
    if not values:
        return None
    half = -LN10 * math.fsum(values)
    if half <= 0:
        return 0.0
    terms = [k * math.log(half) - math.lgamma(k + 1) for k in range(len(values))]
    return min(0.0, (_log_sum(terms) - half) / LN10)


def bonferroni(log10_ps: Iterable[float]) -> float | None:
    """Of tests in whatever dependence: the smallest times their number; None of none."""
    values = _checked(log10_ps)
    return min(0.0, min(values) + math.log10(len(values))) if values else None


def _checked(log10_ps: Iterable[float]) -> Sequence[float]:
    values = sorted(float(value) for value in log10_ps)
    if any(not value <= 0 or math.isinf(value) for value in values):
        raise ValueError(f"decimal logarithms of p-values are finite and at most 0: {values[:3]} …")
    return values


def _log_sum(logarithms: Sequence[float]) -> float:
    largest = max(logarithms)
    return largest + math.log(math.fsum(math.exp(value - largest) for value in logarithms))
