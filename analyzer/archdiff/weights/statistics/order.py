"""F1: whether the units of two matrices stand in the same order, which unrelated models cannot know of each other.

After Zhu, Ahmed, Kuditipudi and Liang, *Independence Tests for Language Models* (2025): initialisation and training
treat all hidden units of a feed-forward alike, so under independence every labelling of OLD's units is equally likely,
whatever NEW is, and so is every order in which the best matching meets them.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.outcome import Outcome, rounded
from archdiff.weights.statistics.power import detectable
from archdiff.weights.statistics.rows import assign, centred, cosines, prepare
from archdiff.weights.statistics.tails import order_log10_p, spearman
from archdiff.weights.statistics.trend import complaint, trends

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from archdiff.weights.evidence import Control
    from archdiff.weights.statistics.rows import Matching, Rows
    from archdiff.weights.tensors import Array

__all__ = ["LONGEST", "effective_columns", "judged", "order_of", "order_test", "sample_rows"]

LONGEST = 2048
"""Rows matched at most on the shorter side; the matching takes memory with the product of both and time with n³."""

_WIDEST = 8192


def order_test(old: Array, new: Array, *, seed: int) -> Outcome:
    """Test the labels of rows: `gate` or `up` rows of a feed-forward, an expert or a shared expert.

    The p-value is exact for any OLD as long as the rows of one model are exchangeable; each model alone is tested for a
    trend along the index first, and the test abstains where there is one. Matrices of more than `LONGEST` rows are
    sampled as `sample_rows` says, which keeps the test exact and costs power as if they had so many rows.

    Args:
        old: rows × columns of OLD.
        new: rows × columns of NEW; any number of rows, the same columns.
        seed: of the shuffles, of ties and of samples.

    Returns:
        Spearman's correlation of the labels of matched rows as `statistic`, with figures `matched_cosine` (mean over
        the matching), `same_index_cosine` (where heights are equal), `effective_columns`, `rows_old`, `rows_new`,
        `dropped_old`, `dropped_new`.

    Raises:
        ValueError: the matrices have other than two axes or unequal columns.
    """
    if old.ndim != 2 or new.ndim != 2 or old.shape[1] != new.shape[1]:
        raise ValueError(f"rows of {old.shape} and {new.shape} cannot be compared")
    chosen = sample_rows(len(old), len(new), seed=seed)
    old, new = old[chosen[0]], new[chosen[1]]
    controls = (*trends(old, "OLD", seed=seed), *trends(new, "NEW", seed=seed))
    generator = np.random.default_rng(seed)
    first, second = prepare(old, generator), prepare(new, generator)
    if min(len(first.labels), len(second.labels)) < 3:
        return Outcome(controls=controls, abstained="fewer than 3 rows have a direction of their own")
    similarity = cosines(first, second)
    matching = assign(similarity)
    columns = effective_columns(similarity, matching, old.shape[1])
    figures = {
        "matched_cosine": rounded(matching.similarity),
        "effective_columns": rounded(columns),
        "rows_old": float(len(old)),
        "rows_new": float(len(new)),
        "dropped_old": float(first.dropped),
        "dropped_new": float(second.dropped),
    }
    if len(old) == len(new):
        figures["same_index_cosine"] = rounded(_same_index(similarity, first, second))
    order = order_of(matching, first.labels, second.labels)
    return judged(order, detectable(len(first.labels), len(second.labels), columns), figures, controls)


def judged(
    order: NDArray[np.int64], power: float | None, figures: Mapping[str, float], controls: tuple[Control, ...]
) -> Outcome:
    """What an order of matched labels comes to, unless a control of the models failed."""
    reason = complaint(controls)
    return Outcome(
        count=len(order),
        log10_p=None if reason else rounded(order_log10_p(order)),
        statistic=None if reason else rounded(spearman(order)),
        power=power,
        figures=MappingProxyType(dict(figures)),
        controls=controls,
        abstained=reason,
    )


def sample_rows(
    rows_old: int, rows_new: int, *, seed: int
) -> tuple[slice | NDArray[np.int64], slice | NDArray[np.int64]]:
    """Which rows of two matrices `order_test` reads, ascending: all of them if there are few.

    The choice looks at nothing but the numbers of rows, so labels stay exchangeable within it. Matrices of equal height
    get the same rows, so that every row still has its partner; otherwise the shorter one is sampled and the longer one
    kept whole up to 8,192 rows, because a row's partner may stand anywhere.
    """
    generator = np.random.default_rng(seed)
    if rows_old == rows_new:
        same = _chosen(rows_old, LONGEST, generator)
        return same, same
    short, long = (LONGEST, _WIDEST) if rows_old < rows_new else (_WIDEST, LONGEST)
    return _chosen(rows_old, short, generator), _chosen(rows_new, long, generator)


def order_of(matching: Matching, old: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.int64]:
    """The labels of the matched columns, as ranks, in the order of the matched rows' labels.

    Args:
        matching: of shuffled rows with shuffled columns.
        old: labels of the rows.
        new: labels of the columns.

    Returns:
        A permutation of 0 … n−1.
    """
    partners = new[matching.columns][np.argsort(old[matching.rows])]
    return np.argsort(np.argsort(partners))


def effective_columns(similarity: NDArray[np.float64], matching: Matching, columns: int) -> float:
    """How many independent columns would scatter cosines as much as these: 1 / variance, at most those there are.

    What all cosines of a row or of a column share does not change the matching, and is taken out first; the matched
    cosines may be signal, and do not count.
    """
    rest = centred(similarity)
    rest[matching.rows, matching.columns] = 0
    freedom = max(1, (similarity.shape[0] - 1) * (similarity.shape[1] - 1) - len(matching.rows))
    variance = float((rest**2).sum()) / freedom
    return min(float(columns), 1 / variance) if variance > 0 else float(columns)


def _same_index(similarity: NDArray[np.float64], old: Rows, new: Rows) -> float:
    labels, rows, columns = np.intersect1d(old.labels, new.labels, return_indices=True)
    return float(similarity[rows, columns].mean()) if len(labels) else math.nan


def _chosen(count: int, most: int, generator: np.random.Generator) -> slice | NDArray[np.int64]:
    return slice(None) if count <= most else np.sort(generator.choice(count, most, replace=False))
