"""What one pass over a pair of tensors accumulates, and the figures that come of it.

Every part of a pair is summed around its own mean, and parts are merged by the formula of Chan, Golub and LeVeque
(1983), so that a large mean does not drown a small variance.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

from archdiff.weights.moments import expected_cosine, share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["DECADES", "Figures", "Sums", "as_sums", "expected_cosine", "figures", "merged"]

DECADES = tuple(range(-8, 2))
"""Exponents of the edges of the histogram: 1e-8 … 10."""

_CONSTANT = 2.0**-46
"""A standard deviation below this share of the mean is what the rounding of a block's total leaves of a constant."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sums:
    """Sums over elements that are finite on both sides.

    Args:
        count: how many.
        equal: how many are equal.
        zero: how many are zero on both sides.
        nan: NaN in OLD and in NEW; such elements enter nothing else.
        infinite: infinite in OLD and in NEW; likewise.
        totals: Σ OLD and Σ NEW.
        squares: Σ (OLD − mean)² and Σ (NEW − mean)².
        products: Σ (OLD − mean)(NEW − mean).
        absolute: Σ |NEW − OLD|.
        square: Σ (NEW − OLD)².
        largest: max |NEW − OLD|.
        below: for each of `DECADES`, how many have |NEW − OLD| < 10^k |OLD|.
    """

    count: int = 0
    equal: int = 0
    zero: int = 0
    nan: tuple[int, int] = (0, 0)
    infinite: tuple[int, int] = (0, 0)
    totals: tuple[float, float] = (0.0, 0.0)
    squares: tuple[float, float] = (0.0, 0.0)
    products: float = 0.0
    absolute: float = 0.0
    square: float = 0.0
    largest: float = 0.0
    below: tuple[int, ...] = (0,) * len(DECADES)

    @property
    def means(self) -> tuple[float, float]:
        """Of OLD and of NEW; 0 where there are no elements."""
        return (self.totals[0] / self.count, self.totals[1] / self.count) if self.count else (0.0, 0.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Figures:
    """The figures of `archdiff.weights.evidence.Elements` that sums give, under the same names."""

    mean_difference: float
    difference: float
    norms: tuple[float, float]
    means: tuple[float, float]
    deviations: tuple[float, float]
    pearson: float
    cosine: float
    expected_cosine: float
    histogram: tuple[int, ...]


def as_sums(values: Sequence[float], lost: int = 0) -> Sums:
    """Sums from a list of their figures in the order of the fields, pairs one after the other.

    Args:
        values: counts are whole numbers.
        lost: how many are counted as equal because float64 cannot hold what they differ in.
    """
    count, equal, zero, *bad = (int(value) for value in values[:7])
    return Sums(
        count=count,
        equal=equal - lost,
        zero=zero,
        nan=(bad[0], bad[1]),
        infinite=(bad[2], bad[3]),
        totals=(values[7], values[8]),
        squares=(values[9], values[10]),
        products=values[11],
        absolute=values[12],
        square=values[13],
        largest=values[14],
        below=tuple(int(value) for value in values[15:]),
    )


def merged(parts: Sequence[Sums]) -> Sums:
    """The sums of all parts together; the order of the parts matters to no figure but by rounding."""
    if len(parts) == 1:
        return parts[0]
    count = sum(part.count for part in parts)
    totals = (_total(part.totals[0] for part in parts), _total(part.totals[1] for part in parts))
    means = (totals[0] / count, totals[1] / count) if count else (0.0, 0.0)
    apart = [(part.count, part.means[0] - means[0], part.means[1] - means[1]) for part in parts if part.count]
    return Sums(
        count=count,
        equal=sum(part.equal for part in parts),
        zero=sum(part.zero for part in parts),
        nan=(sum(part.nan[0] for part in parts), sum(part.nan[1] for part in parts)),
        infinite=(sum(part.infinite[0] for part in parts), sum(part.infinite[1] for part in parts)),
        totals=totals,
        squares=(
            _total((*(part.squares[0] for part in parts), *(n * a * a for n, a, _ in apart))),
            _total((*(part.squares[1] for part in parts), *(n * b * b for n, _, b in apart))),
        ),
        products=_total((*(part.products for part in parts), *(n * a * b for n, a, b in apart))),
        absolute=_total(part.absolute for part in parts),
        square=_total(part.square for part in parts),
        largest=max((part.largest for part in parts), default=0.0),
        below=tuple(sum(part.below[k] for part in parts) for k in range(len(DECADES))),
    )


def figures(sums: Sums) -> Figures:
    """What sums come to; NaN where a figure has no value (the correlation with a constant, a cosine with zero)."""
    count, means = sums.count, sums.means
    deviations = (_deviation(sums, 0), _deviation(sums, 1))
    # Both summands are positive, so that nothing cancels.
    norms = tuple(math.sqrt(sums.squares[side] + count * means[side] * means[side]) for side in (0, 1))
    return Figures(
        mean_difference=sums.absolute / count if count else 0.0,
        difference=math.sqrt(sums.square),
        norms=(norms[0], norms[1]),
        means=means,
        deviations=deviations,
        pearson=share(sums.products, math.sqrt(sums.squares[0]), math.sqrt(sums.squares[1]), known=all(deviations)),
        cosine=share(sums.products + count * means[0] * means[1], norms[0], norms[1], known=all(norms)),
        expected_cosine=expected_cosine(means, deviations),
        histogram=_histogram(sums),
    )


def _deviation(sums: Sums, side: int) -> float:
    if not sums.count:
        return 0.0
    deviation = math.sqrt(sums.squares[side] / sums.count)
    return 0.0 if deviation <= _CONSTANT * abs(sums.means[side]) else deviation


def _histogram(sums: Sums) -> tuple[int, ...]:
    """Equal; below the first edge; between each edge and the next; at the last edge or above."""
    edges = (sums.equal - sums.zero, *sums.below, sums.count - sums.zero)
    return sums.equal, *(high - low for low, high in itertools.pairwise(edges))


def _total(values: Iterable[float]) -> float:
    """Summed exactly and rounded once; as floats overflow where they do."""
    listed = list(values)
    try:
        return math.fsum(listed)
    except (OverflowError, ValueError):
        return sum(listed)
