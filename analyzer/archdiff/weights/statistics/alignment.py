"""Whether projections see the same residual coordinates, once the coordinates are aligned by the embeddings.

After *AWM: Accurate Weight-Matrix Fingerprint for Large Language Models* (Zeng, Chen et al., 2025): a signed
permutation of the residual stream is recovered from the embeddings of shared tokens by linear assignment, and
projections are compared by centred kernel alignment, which no rotation of their rows (heads, units) changes. The
unbiased estimator is that of Song et al. (2012) and Nguyen, Raghu and Kornblith (2021).
"""

from __future__ import annotations

import dataclasses
import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.outcome import Outcome, rounded
from archdiff.weights.statistics.rows import assign
from archdiff.weights.statistics.tails import normal_log10_sf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["Alignment", "align", "alignment_test", "unbiased_cka"]

_FEW, _MANY, _COMPARED, _FEWEST = 2048, 8192, 512, 4


def alignment_test(
    old_embedding: Array,
    new_embedding: Array,
    old_matrices: Sequence[Array],
    new_matrices: Sequence[Array],
    *,
    seed: int,
) -> Outcome:
    """Align residual coordinates by the embeddings, with signs, and compare what projections make of them.

    Args:
        old_embedding: shared tokens × coordinates of OLD.
        new_embedding: the same tokens × coordinates of NEW; any number of coordinates.
        old_matrices: projections that read the residual stream (queries and keys of each layer), rows × coordinates,
            with the norm before them folded in (`fold_norm`); any numbers of rows.
        new_matrices: one of NEW for each of OLD.
        seed: of ties and of samples.

    Returns:
        The mean unbiased CKA as `statistic`, without what the embeddings tell of either side. Its nominal p-value is
        that of projections whose coordinates are exchangeable; features that models share break it (28 unrelated
        pairs of trained models of width 64 had z from −1.7 to 10.5, a copy 76), so calibrate on controls. Figures: `z`,
        `aligned` (mean absolute correlation of aligned embedding columns), `same_index` (share of coordinates that stay
        where they are), `flipped` (share of opposite sign), `smallest` (CKA of the worst matrix).

    Raises:
        ValueError: tokens, coordinates or numbers of matrices differ where they must not, or there is no matrix.
    """
    _check(old_embedding, new_embedding, old_matrices, new_matrices)
    found = align(old_embedding, new_embedding, seed=seed)
    return found.test([found.of_old(each) for each in old_matrices], [found.of_new(each) for each in new_matrices])


def align(old_embedding: Array, new_embedding: Array, *, seed: int) -> Alignment:
    """Which residual coordinate of NEW corresponds to which of OLD, and with which sign, by the embeddings.

    Args:
        old_embedding: shared tokens × coordinates of OLD.
        new_embedding: the same tokens × coordinates of NEW; any number of coordinates.
        seed: of ties and of samples.
    """
    generator = np.random.default_rng(seed)
    aligned = _aligned(old_embedding, new_embedding, generator)
    chosen = np.sort(generator.permutation(len(aligned.signs))[:_COMPARED])
    old, new, signs = aligned.old[chosen], aligned.new[chosen], aligned.signs[chosen]
    if len(chosen) < _FEWEST:
        return Alignment(len(chosen), old, new, signs)
    figures = {
        "aligned": rounded(aligned.correlation),
        "same_index": rounded(float((aligned.old == aligned.new).mean())),
        "flipped": rounded(float((aligned.signs < 0).mean())),
    }
    seen = _basis(_kernel(old_embedding[:, old].T), _kernel((new_embedding[:, new] * signs).T))
    return Alignment(len(aligned.signs), old, new, signs, seen, MappingProxyType(figures))


@dataclasses.dataclass(frozen=True, slots=True)
class Alignment:
    """Residual coordinates of two models that correspond, and what their embeddings tell of them.

    Args:
        count: coordinates that were aligned.
        old: those of OLD that are compared, 512 at the most.
        new: of each the one of NEW.
        signs: 1 or −1 for each.
        seen: kernels of the embeddings, orthogonal to each other.
        figures: of the alignment.
    """

    count: int
    old: NDArray[np.int64]
    new: NDArray[np.int64]
    signs: NDArray[np.float64]
    seen: tuple[NDArray[np.float64], ...] = ()
    figures: Mapping[str, float] = dataclasses.field(default_factory=lambda: MappingProxyType({}))

    def of_old(self, matrix: Array) -> Array:
        """Rows × coordinates of OLD: those columns that are compared, so that the rest need not be kept."""
        return matrix[:, self.old]

    def of_new(self, matrix: Array) -> Array:
        """The same of NEW, in the order and with the signs of OLD."""
        return matrix[:, self.new] * self.signs

    def test(self, old: Sequence[Array], new: Sequence[Array]) -> Outcome:
        """As `alignment_test`, of projections that `of_old` and `of_new` gave."""
        if self.count < _FEWEST:
            return Outcome(abstained=f"fewer than {_FEWEST} coordinates can be aligned")
        kernels = [
            (_without(_kernel(one.T), self.seen), _without(_kernel(other.T), self.seen))
            for one, other in zip(old, new, strict=True)
        ]
        each = [_overlap(one, other) for one, other in kernels]
        z = float(np.mean(each)) / math.sqrt(_variance(kernels))
        figures = MappingProxyType({"z": rounded(z), **self.figures, "smallest": rounded(min(each))})
        return Outcome(self.count, rounded(normal_log10_sf(z)), rounded(float(np.mean(each))), figures=figures)


def unbiased_cka(old: Array, new: Array) -> float:
    """Centred kernel alignment of two sets of features of the same samples, linear kernels, unbiased; 0 if unrelated.

    Args:
        old: samples × features, at least 4 samples.
        new: the same samples × features.
    """
    return _overlap(_kernel(old.astype(np.float64)), _kernel(new.astype(np.float64)))


@dataclasses.dataclass(frozen=True, slots=True)
class _Aligned:
    """Coordinates of OLD, the ones of NEW that they correspond to, their signs, and the mean absolute correlation."""

    old: NDArray[np.int64]
    new: NDArray[np.int64]
    signs: NDArray[np.float64]
    correlation: float


def _aligned(old: Array, new: Array, generator: np.random.Generator) -> _Aligned:
    limits = (_FEW, _MANY) if old.shape[1] <= new.shape[1] else (_MANY, _FEW)
    first, old_labels = _columns(old, limits[0], generator)
    second, new_labels = _columns(new, limits[1], generator)
    correlation = first.T @ second
    negative = correlation < 0
    matching = assign(np.abs(correlation, out=correlation))
    signs = np.where(negative[matching.rows, matching.columns], -1.0, 1.0)
    return _Aligned(old_labels[matching.rows], new_labels[matching.columns], signs, matching.similarity)


def _kernel(samples: Array) -> NDArray[np.float64]:
    """XXᵀ, U-centred (Székely and Rizzo, 2014): rows sum to zero without the diagonal, which is left out. Then the sum
    of products of two such matrices over n(n−3) is the unbiased HSIC. Scaled to norm 1."""
    wide = np.where(np.isfinite(samples), samples, 0).astype(np.float64)
    kernel = wide @ wide.T
    np.fill_diagonal(kernel, 0)
    count = len(kernel)
    sums = kernel.sum(axis=0) / (count - 2)
    kernel += kernel.sum() / ((count - 1) * (count - 2)) - sums - sums[:, None]
    np.fill_diagonal(kernel, 0)
    size = float(np.linalg.norm(kernel))
    result: NDArray[np.float64] = kernel / size if size else kernel
    return result


def _basis(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The kernels of the two embeddings, made orthogonal."""
    rest = other - _overlap(one, other) * one
    size = float(np.linalg.norm(rest))
    return (one, rest / size) if size > 1e-6 else (one,)


def _without(kernel: NDArray[np.float64], basis: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """A kernel less what the embeddings tell of it, at norm 1: partial covariance (Székely and Rizzo, 2014).

    Projections read what embeddings write, and the alignment was chosen so that the embeddings agree: without this,
    projections of unrelated models agree as well.
    """
    rest = kernel - sum(_overlap(kernel, part) * part for part in basis)
    size = float(np.linalg.norm(rest))
    result: NDArray[np.float64] = rest / size if size else rest
    return result


def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.vdot(one, other))


def _variance(kernels: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> float:
    """Of the mean overlap when NEW's coordinates are permuted at random, the same permutation for all matrices.

    One overlap has the variance 2/(n(n−3)), exactly; that of two has the covariance of their kernels on either side.
    """
    count = len(kernels[0][0])
    old, new = (
        np.array([[_overlap(pair[side], other[side]) for other in kernels] for pair in kernels]) for side in (0, 1)
    )
    return max(float((old * new).sum()), 1e-12) * 2 / (count * (count - 3)) / len(kernels) ** 2


def _columns(
    embedding: Array, most: int, generator: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Centred columns at unit length, shuffled, without those that are constant; and which each is."""
    labels = generator.permutation(embedding.shape[1])[:most]
    columns = embedding[:, labels].astype(np.float32)
    columns[~np.isfinite(columns)] = 0
    columns -= columns.mean(axis=0, dtype=np.float64).astype(np.float32)
    sizes = np.sqrt(np.einsum("ij,ij->j", columns, columns, dtype=np.float64)).astype(np.float32)
    kept = sizes > 0
    if not kept.all():
        columns = columns[:, kept]
    columns /= sizes[kept]
    return columns, labels[kept]


def _check(old: Array, new: Array, old_matrices: Sequence[Array], new_matrices: Sequence[Array]) -> None:
    if old.ndim != 2 or new.ndim != 2 or len(old) != len(new):
        raise ValueError(f"embeddings of {old.shape} and {new.shape} are not of the same tokens")
    if not old_matrices or len(old_matrices) != len(new_matrices):
        raise ValueError(f"{len(old_matrices)} and {len(new_matrices)} matrices cannot be compared")
    for embedding, matrices in ((old, old_matrices), (new, new_matrices)):
        if any(matrix.shape[1:] != embedding.shape[1:] for matrix in matrices):
            raise ValueError(f"not all matrices have {embedding.shape[1]} coordinates")
