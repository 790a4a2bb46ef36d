"""Which layer of OLD each layer of NEW resembles: a map that mostly goes on by one, and may drop, repeat and jump back.

Depth up-scaling copies runs of layers (0–23, then 8–31), pruning drops some, interleaving repeats each; all are runs in
which the next layer of NEW resembles the next one of OLD, with few breaks between them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.combine import bonferroni
from archdiff.weights.statistics.outcome import rounded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["layer_map"]

_CERTAIN = -2.0
"""log10 of the corrected p-value above which a pair of layers is not matched at all."""

_ENOUGH = 30.0
"""Decades of a p-value that count: beyond, a pair is certain, and must not outweigh the order of the others."""

_REPEAT, _DROP, _BACK = 1.0, 1.0, 2.0
"""What it costs, in decades, to repeat a layer, to leave some out, and to go back."""


def layer_map(log10_p: Array) -> tuple[tuple[int | None, ...], float | None]:
    """The map of greatest evidence, by dynamic programming over NEW's layers.

    Args:
        log10_p: NEW's layers × OLD's layers; NaN where a pair was not tested.

    Returns:
        For each layer of NEW a layer of OLD, None where it resembles none; and the decimal logarithm of the least
        p-value times the number of pairs that were tested, None where none was.
    """
    scores = np.asarray(log10_p, np.float64)
    tested = int(np.isfinite(scores).sum())
    if not tested:
        return (None,) * len(scores), None
    limit = _CERTAIN - math.log10(tested)
    gains = np.where(np.nan_to_num(scores) < limit, np.minimum(-np.nan_to_num(scores), _ENOUGH), -np.inf)
    least = bonferroni(scores[np.isfinite(scores)].tolist())
    return tuple(_best(gains)), None if least is None else rounded(least)


def _best(gains: NDArray[np.float64]) -> Iterable[int | None]:
    """States are OLD's layers as the last one that was matched, and one more for none matched yet."""
    new, old = gains.shape
    costs = _costs(old)
    value = np.full(old + 1, -np.inf)
    value[old] = 0.0
    choices = []
    for row in gains:
        reached = value[:, None] - costs
        before = reached.argmax(axis=0)
        matched = reached[before, np.arange(old)] + row
        skipped = value.copy()
        is_matched = matched > skipped[:old]
        choices.append((is_matched, before))
        value = np.append(np.where(is_matched, matched, skipped[:old]), skipped[old])
    return _traced(int(value.argmax()), choices, new, old)


def _costs(old: int) -> NDArray[np.float64]:
    """Of going from the last matched layer (rows; the last one: none yet) to the next (columns)."""
    steps = np.arange(old)[None, :] - np.arange(old)[:, None]
    costs = np.select([steps == 1, steps == 0, steps > 1], [0.0, _REPEAT, _DROP], _BACK)
    first = np.where(np.arange(old) == 0, 0.0, _DROP)
    return np.vstack([costs, first])


def _traced(
    state: int, choices: list[tuple[NDArray[np.bool_], NDArray[np.intp]]], new: int, old: int
) -> list[int | None]:
    found: list[int | None] = [None] * new
    for layer in range(new - 1, -1, -1):
        is_matched, before = choices[layer]
        if state < old and is_matched[state]:
            found[layer] = state
            state = int(before[state])
    return found
