"""F4: whether the coordinates of two residual streams stand in the same order.

After Zhu, Ahmed, Kuditipudi and Liang, *Independence Tests for Language Models* (2025). All layers write into the same
coordinates, so one relabelling moves all of them: p-values of layers are copies of each other, and combining them by
Fisher's method would count the same accident once per layer. There is one similarity of coordinates, summed over
everything that has them, one matching, and one p-value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.order import effective_columns, judged, order_of, sample_rows
from archdiff.weights.statistics.outcome import Outcome, rounded
from archdiff.weights.statistics.power import detectable
from archdiff.weights.statistics.rows import assign
from archdiff.weights.statistics.trend import trends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["residual_test", "whitened"]

_MOST_ROWS = 1024
_RIDGE = 0.1


def residual_test(old_matrices: Sequence[Array], new_matrices: Sequence[Array], *, seed: int) -> Outcome:
    """Test the labels of residual coordinates, jointly over everything that has them.

    Signs may differ from coordinate to coordinate (a signed permutation keeps a model's function), except in norm
    vectors, which no sign touches. More than 2,048 coordinates are sampled as `sample_rows` says.

    Args:
        old_matrices: of OLD: rows × coordinates (embedding rows of shared tokens, input columns of a layer), or one
            axis for norm vectors.
        new_matrices: of NEW, one for each of OLD's, whose rows mean the same: the same tokens, the same layer's norm.
        seed: of the shuffles, of ties and of samples.

    Returns:
        Spearman's correlation of the labels of matched coordinates as `statistic`, with figures `effective_columns`,
        `rows` compared, `flipped` (share of matched coordinates of opposite sign), `dropped_old`, `dropped_new`.

    Raises:
        ValueError: there is no matrix, their numbers or rows differ, or they disagree on the coordinates of a side.
    """
    chosen = sample_rows(_width(old_matrices, new_matrices), _width(new_matrices, old_matrices), seed=seed)
    old, vectors = _stacked(old_matrices, chosen[0], seed)
    new, _ = _stacked(new_matrices, chosen[1], seed)
    generator = np.random.default_rng(seed)
    sides = (old.T, new.T)
    controls = (*trends(sides[0], "OLD", seed=seed), *trends(sides[1], "NEW", seed=seed))
    labels = [_labels(side, generator) for side in sides]
    if min(len(side) for side in labels) < 3:
        return Outcome(controls=controls, abstained="fewer than 3 coordinates differ from each other")
    first, second = (side[kept] for side, kept in zip(sides, labels, strict=True))
    unsigned, signed = first[:, :vectors] @ second[:, :vectors].T, _products(first[:, vectors:], second[:, vectors:])
    matching = assign(unsigned + np.abs(signed))
    columns = effective_columns((unsigned + signed) / _sizes(first, second), matching, len(old))
    figures = {
        "effective_columns": rounded(columns),
        "rows": float(len(old)),
        "flipped": rounded(float((signed[matching.rows, matching.columns] < 0).mean())),
        "dropped_old": float(len(sides[0]) - len(labels[0])),
        "dropped_new": float(len(sides[1]) - len(labels[1])),
    }
    # Either sign may match: twice as many coordinates compete for each.
    power = detectable(len(first), (2 if vectors < len(old) else 1) * len(second), columns)
    return judged(order_of(matching, labels[0], labels[1]), power, figures, controls)


def whitened(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows made nearly uncorrelated over the columns and of variance 1, each as close to itself as that allows.

    Scaled to unit second moments, then multiplied from the left by (K + λI)^(−1/2), K their correlations and λ = 0.1:
    permuting or flipping columns before or after is the same.
    """
    sizes = np.linalg.norm(rows, axis=1, keepdims=True) / np.sqrt(rows.shape[1])
    scaled = rows / np.where(sizes > 0, sizes, 1)
    values, vectors = np.linalg.eigh(scaled @ scaled.T / rows.shape[1])
    result: NDArray[np.float64] = (vectors / np.sqrt(np.maximum(values, 0) + _RIDGE)) @ (vectors.T @ scaled)
    return result


def _labels(side: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Which coordinates are neither zero nor equal to another, in random order; of equal ones one, by lot."""
    seen: set[bytes] = {np.zeros(side.shape[1]).tobytes()}
    kept = []
    for label in generator.permutation(len(side)):
        content = (side[label] + 0.0).tobytes()
        if content not in seen:
            seen.add(content)
            kept.append(label)
    return np.array(kept, dtype=np.int64)


def _products(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines of coordinates, times the rows they have: a loud coordinate counts no more than a quiet one, and every
    row as much as a norm vector."""
    products: NDArray[np.float64] = first.shape[1] * (first @ second.T) / _sizes(first, second)
    return products


def _sizes(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    sizes = np.outer(np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1))
    return np.where(sizes > 0, sizes, 1.0)


def _width(matrices: Sequence[Array], others: Sequence[Array]) -> int:
    """How many coordinates all matrices of one side have."""
    if not matrices or [matrix.shape[:-1] for matrix in matrices] != [other.shape[:-1] for other in others]:
        raise ValueError("the matrices of OLD and of NEW do not have the same rows")
    if len({matrix.shape[-1] for matrix in matrices}) != 1:
        raise ValueError(f"not all matrices have {matrices[0].shape[-1]} coordinates")
    return int(matrices[0].shape[-1])


def _stacked(
    matrices: Sequence[Array], chosen: slice | NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], int]:
    """What one model says of the chosen coordinates, whitened, norm vectors first; and how many those are."""
    vectors = [_finite(matrix[chosen]) for matrix in matrices if matrix.ndim == 1]
    parts = [] if not vectors else [_norms(np.stack(vectors))]
    generator = np.random.default_rng(seed)
    for matrix in matrices:
        if matrix.ndim == 2:
            rows = np.arange(len(matrix))
            if len(rows) > _MOST_ROWS:
                rows = np.sort(generator.choice(rows, _MOST_ROWS, replace=False))
            part = _finite(matrix[rows][:, chosen])
            parts.append(whitened(part - part.mean(axis=0)))
    return np.concatenate(parts), len(vectors)


def _norms(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return whitened(vectors - vectors.mean(axis=1, keepdims=True))


def _finite(matrix: Array) -> NDArray[np.float64]:
    return np.where(np.isfinite(matrix), matrix, 0).astype(np.float64)
