"""Matrices to test tests on: unrelated pairs, related pairs, and ones with the structure that training leaves."""

from __future__ import annotations

import numpy as np

__all__ = ["derived", "random", "trained", "uniform"]


def random(rows, columns, seed):
    """Independent normal values."""
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


def trained(rows, columns, seed, shared=0):
    """Low rank beside noise, a few outlier columns, and a common direction; `shared` seeds the structure of columns
    that unrelated models have in common."""
    generator, common = np.random.default_rng(seed), np.random.default_rng(10_000 + shared)
    scale = np.exp(0.5 * common.standard_normal(columns))
    scale[common.choice(columns, 3, replace=False)] *= 6
    directions = common.standard_normal((5, columns))
    low = generator.standard_normal((rows, 5)) * np.array([2.0, 1.5, 1, 0.7, 0.5]) @ directions
    values = (generator.standard_normal((rows, columns)) + 0.4 * low + 0.5 * directions[0]) * scale
    return (values * np.exp(0.3 * generator.standard_normal((rows, 1)))).astype(np.float32)


def derived(matrix, cosine, seed):
    """Rows that have about this cosine with those of a matrix of independent values."""
    noise = np.random.default_rng(seed).standard_normal(matrix.shape) * matrix.std()
    return (cosine * matrix + np.sqrt(1 - cosine**2) * noise).astype(np.float32)


def uniform(log10_ps):
    """p-value of the Kolmogorov–Smirnov test that these p-values are uniform."""
    from scipy.stats import kstest

    return kstest(10.0 ** np.asarray(log10_ps), "uniform").pvalue
