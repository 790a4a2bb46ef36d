"""Cosines and correlations from moments."""

from __future__ import annotations

import math

__all__ = ["expected_cosine", "share"]


def expected_cosine(means: tuple[float, float], deviations: tuple[float, float], correlation: float = 0.0) -> float:
    """The cosine that two vectors have by their moments alone: statistics.md, 1.

        cos = (m_A m_B + r s_A s_B) / sqrt((m_A² + s_A²)(m_B² + s_B²))

    Args:
        means: m of the two.
        deviations: population standard deviations, s.
        correlation: Pearson's r; 0 is that of unrelated vectors.

    Returns:
        NaN where one of the vectors is zero.
    """
    norms = [math.hypot(mean, deviation) for mean, deviation in zip(means, deviations, strict=True)]
    product = means[0] * means[1] + correlation * deviations[0] * deviations[1]
    return share(product, norms[0], norms[1], known=all(norms))


def share(product: float, first: float, second: float, *, known: bool) -> float:
    """The product over both norms, which rounding must not carry beyond 1."""
    value = product / first / second if known else math.nan
    return max(-1.0, min(1.0, value)) if math.isfinite(value) else math.nan
