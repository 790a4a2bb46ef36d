"""What the cosine of norm weights is worth.

Norm weights are positive and narrow, so any two have a cosine near 1; and all norms of a model share the residual
coordinates, so their correlations over layers are not so many independent draws.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.moments import expected_cosine
from archdiff.weights.statistics.outcome import Outcome, rounded
from archdiff.weights.statistics.tails import normal_log10_sf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["pooled"]


def pooled(old_vectors: Sequence[Array], new_vectors: Sequence[Array]) -> Outcome:
    """The mean over layers of the correlation of norm vectors, against unrelated residual coordinates.

    Its variance under independence is Σ ρ_A(l, m)·ρ_B(l, m) / (L²·(d − 1)) over all pairs of layers, ρ the correlations
    within each model; the naive one, 1 / (L·(d − 1)), takes layers for independent.

    Args:
        old_vectors: of OLD, one per layer, all of one length.
        new_vectors: the vectors of NEW that correspond.

    Returns:
        The mean correlation as `statistic`, with the one-sided p-value of the corrected z. Figures: `naive_z`,
        `corrected_z`, `cosine` and `expected_cosine` (means over layers; the second is what means and deviations give).
        Vectors that are constant or not finite on either side are left out.

    Raises:
        ValueError: numbers or lengths of vectors differ.
    """
    if len(old_vectors) != len(new_vectors) or len({vector.shape for vector in (*old_vectors, *new_vectors)}) > 1:
        raise ValueError("the norm vectors of OLD and of NEW do not correspond")
    pairs = [(_wide(old), _wide(new)) for old, new in zip(old_vectors, new_vectors, strict=True)]
    pairs = [pair for pair in pairs if all(np.isfinite(side).all() and np.ptp(side) > 0 for side in pair)]
    if not pairs or len(pairs[0][0]) < 3:
        return Outcome(abstained="there are no norm vectors that vary")
    old, new = (np.stack([_standard(pair[side]) for pair in pairs]) for side in (0, 1))
    layers, width = old.shape
    correlation = float((old * new).sum(axis=1).mean())
    shared = float(((old @ old.T) * (new @ new.T)).sum())
    naive = correlation * math.sqrt(layers * (width - 1))
    corrected = correlation * math.sqrt(layers * layers * (width - 1) / max(shared, 1e-12))
    figures = {
        "naive_z": rounded(naive),
        "corrected_z": rounded(corrected),
        "cosine": rounded(float(np.mean([_cosine(*pair) for pair in pairs]))),
        "expected_cosine": rounded(float(np.mean([_expected(*pair) for pair in pairs]))),
    }
    return Outcome(layers, rounded(normal_log10_sf(corrected)), rounded(correlation), figures=MappingProxyType(figures))


def _wide(vector: Array) -> NDArray[np.float64]:
    wide: NDArray[np.float64] = vector.astype(np.float64).reshape(-1)
    return wide


def _standard(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred, at unit length."""
    centred = vector - vector.mean()
    scaled: NDArray[np.float64] = centred / np.linalg.norm(centred)
    return scaled


def _cosine(old: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    return float(old @ new / (np.linalg.norm(old) * np.linalg.norm(new)))


def _expected(old: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    return expected_cosine((float(old.mean()), float(new.mean())), (float(old.std()), float(new.std())))
