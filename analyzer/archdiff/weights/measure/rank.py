"""The rank of what NEW adds to OLD: a merged low-rank adapter shows as a few directions above noise."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DifferenceRank", "difference_rank"]

_DIRECTIONS = 136
_SPARE = 8
_POWERS = 2
_LOW = 1 / 8
_UNEXPLAINED = 0.02
"""Energy that a merged adapter may leave behind beside rounding: directions too weak to stand out."""

_MARGIN = 1.1
"""How far above the edge of noise a direction stands out; sampling moves the largest of noise by a few per cent."""


@dataclasses.dataclass(frozen=True, slots=True)
class DifferenceRank:
    """Singular values of NEW − OLD, the largest ones.

    Args:
        singular: them, falling; none where the difference is zero.
        energy: share of ‖NEW − OLD‖² in the first 1, 2, … of them.
        rank: how many stand out above noise; None where all that were computed do, and there may be more.
        effective: effective rank after Roy and Vetterli (2007), with energies: e to the entropy of the shares of
            ‖NEW − OLD‖²; what the computed ones leave counts as spread evenly over the rest.
        full: the largest rank that the shape admits.
        residual: share of ‖NEW − OLD‖² that is left when the directions that stand out are taken away.
        rounding: the same share that rounding NEW to the precision its values show (bfloat16, float16 or float32)
            is expected to have.
    """

    singular: tuple[float, ...]
    energy: tuple[float, ...]
    rank: int | None
    effective: float
    full: int
    residual: float = 0.0
    rounding: float = 0.0

    @property
    def is_low(self) -> bool:
        """Whether the difference is that of a merged adapter: a rank far below the full one, and rounding.

        Where rounding has most of the energy, a full fine-tune of which only a few directions stand out looks alike.
        """
        if not self.rank:
            return False
        return self.rank <= _LOW * self.full and self.residual <= 2 * self.rounding + _UNEXPLAINED


def difference_rank(old: NDArray[np.float32], new: NDArray[np.float32], *, seed: int) -> DifferenceRank:
    """The largest singular values of NEW − OLD, and how many of them stand out.

    Randomised singular value decomposition with power iterations (Halko, Martinsson and Tropp, 2011, algorithms 4.4
    and 5.1). What stands out is told one direction after the other: it does where its singular value is above the
    edge of Marchenko and Pastur (1967) for noise of the energy that is left, √n + √m standard deviations. Rounding a
    merged matrix to bfloat16 leaves such noise, often with more energy than the adapter.

    Args:
        old: rows × columns.
        new: of the same shape; elements that are not finite on both sides count as equal.
        seed: of the random directions; equal seeds give equal results.

    Raises:
        ValueError: the two are not matrices of one shape.
    """
    if old.ndim != 2 or old.shape != new.shape:
        raise ValueError(f"matrices of one shape are needed, not {old.shape} and {new.shape}")
    with np.errstate(invalid="ignore", over="ignore"):
        apart = new.astype(np.float32, copy=False) - old.astype(np.float32, copy=False)
    apart[~np.isfinite(apart)] = 0
    full = min(apart.shape)
    largest = float(np.abs(apart).max(initial=0.0))
    if not largest:
        return DifferenceRank((), (), 0, 0.0, full)
    apart /= np.float32(largest)
    energy = float(np.einsum("ij,ij->", apart, apart, dtype=np.float64))
    values = _singular_values(apart, seed).astype(np.float64)
    shares = values**2 / energy
    shares /= max(1.0, float(shares.sum()))
    rank = _standing_out(values, energy, apart.shape)
    return DifferenceRank(
        singular=tuple((values * largest).tolist()),
        energy=tuple(np.minimum(np.cumsum(shares), 1.0).tolist()),
        rank=rank,
        effective=_effective(shares, full),
        full=full,
        residual=max(0.0, 1.0 - float(shares[:rank].sum())),
        rounding=_rounding(new) / (energy * largest**2),
    )


def _rounding(values: NDArray[np.float32]) -> float:
    """The energy that rounding leaves: a twelfth of the square of the last place of each value."""
    kept = values[np.isfinite(values) & (values != 0)].astype(np.float32, copy=False)
    if not (kept.view(np.uint32) & np.uint32(0xFFFF)).any():
        digits = 8
    else:
        with np.errstate(over="ignore"):
            digits = 11 if bool((kept.astype(np.float16) == kept).all()) else 24
    places = np.frexp(kept)[1] - digits
    return float(np.sum(np.ldexp(1.0, 2 * places))) / 12


def _singular_values(matrix: NDArray[np.float32], seed: int) -> NDArray[Any]:
    if min(matrix.shape) <= 2 * _DIRECTIONS:
        return np.linalg.svd(matrix, compute_uv=False)
    random = np.random.default_rng(seed).standard_normal((matrix.shape[1], _DIRECTIONS), dtype=np.float32)
    basis = np.linalg.qr(matrix @ random)[0]
    for _ in range(_POWERS):
        basis = np.linalg.qr(matrix.T @ basis)[0]
        basis = np.linalg.qr(matrix @ basis)[0]
    # The last ones of a sample are the least exact.
    return np.linalg.svd(basis.T @ matrix, compute_uv=False)[: _DIRECTIONS - _SPARE]


def _standing_out(values: NDArray[Any], energy: float, shape: tuple[int, ...]) -> int | None:
    left, (rows, columns) = energy, shape
    for rank, value in enumerate(values.tolist()):
        high, wide = rows - rank, columns - rank
        edge = math.sqrt(max(left, 0.0) / (high * wide)) * (math.sqrt(high) + math.sqrt(wide))
        # Below float32's own rounding nothing is told apart.
        if value <= _MARGIN * edge or left <= 1e-12 * energy:
            return rank
        left -= value * value
    return len(values) if len(values) == min(shape) else None


def _effective(shares: NDArray[Any], full: int) -> float:
    told = shares[shares > 0]
    entropy = -float(np.sum(told * np.log(told)))
    left, rest = 1.0 - float(shares.sum()), full - len(shares)
    if rest and left > 0:
        entropy -= left * math.log(left / rest)
    return min(math.exp(entropy), float(full))
