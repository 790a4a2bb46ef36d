"""Norm weights: the correlation that is left when means are taken out, with the variance that it really has.

All norm vectors of a model share the coordinates of the residual stream, so that those of its layers correlate with
each other. Pooling layers as if they were independent gives false alarms; the variance of the mean is corrected for it.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.outcome import Outcome, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["expected_cosine", "pooled"]


def expected_cosine(mean_old: float, deviation_old: float, mean_new: float, deviation_new: float) -> float:
    """The cosine of two unrelated vectors by their moments alone: m_A m_B / sqrt((m_A² + s_A²)(m_B² + s_B²)).

    Args:
        mean_old: m_A.
        deviation_old: population standard deviation s_A.
        mean_new: m_B.
        deviation_new: s_B.

    Returns:
        NaN where one of the vectors is zero.
    """
    length = math.hypot(mean_old, deviation_old) * math.hypot(mean_new, deviation_new)
    return mean_old * mean_new / length if length else math.nan


def pooled(old: Sequence[Array], new: Sequence[Array]) -> Outcome:
    """The mean correlation of norm vectors over layers, with its naive and its corrected score.

    The variance of the mean r̄ over L layers of width d, where nothing is shared between the models, is

        Var₀(r̄) = (1 / (d − 1)) · (1 / L²) · Σ_{l,m} ρ_A(l, m) ρ_B(l, m)

    with the correlations ρ_A and ρ_B of the layers inside each model. The naive one takes Σ for L. No p-value is given:
    norms alone carry no verdict.

    Args:
        old: vectors of one width, one for each layer.
        new: the same of NEW.

    Returns:
        r̄ as `statistic`; figures `naive_z`, `corrected_z`, and the means of `cosine` and `expected_cosine`.

    Raises:
        ValueError: the vectors are not as many, or not of one width.
    """
    first, second = (np.stack([np.asarray(vector, np.float64) for vector in side]) for side in (old, new))
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(f"vectors of one width are needed, not {first.shape} and {second.shape}")
    finite = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    first, second = first[finite], second[finite]
    varied = (first.std(axis=1) > 0) & (second.std(axis=1) > 0)
    if not varied.any() or first.shape[1] < 3:
        return Outcome(abstained="norm weights do not vary")
    first, second = first[varied], second[varied]
    units = _standard(first), _standard(second)
    mean = float((units[0] * units[1]).sum(axis=1).mean())
    shared = float(((units[0] @ units[0].T) * (units[1] @ units[1].T)).sum())
    layers, width = first.shape
    corrected = math.sqrt(max(shared, 1.0) / (width - 1)) / layers
    figures = {
        "naive_z": rounded(mean * math.sqrt((width - 1) * layers)),
        "corrected_z": rounded(mean / corrected),
        "cosine": rounded(float(np.mean(_cosines(first, second)))),
        "expected_cosine": rounded(float(np.mean([_expected(a, b) for a, b in zip(first, second, strict=True)]))),
    }
    return Outcome(count=layers, statistic=rounded(mean), figures=MappingProxyType(figures))


def _standard(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred rows of length one."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    unit: NDArray[np.float64] = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return unit


def _cosines(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    found: NDArray[np.float64] = (first * second).sum(axis=1) / lengths
    return found


def _expected(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return expected_cosine(float(a.mean()), float(a.std()), float(b.mean()), float(b.std()))
