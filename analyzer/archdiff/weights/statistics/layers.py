"""Which layer of OLD each layer of NEW resembles, from the p-values of all pairs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST", "layer_map"]

LEAST = 2.0
"""A layer is matched where its p-value, times the number of pairs, is at most 10 to the minus this."""

_TIE = 1e-6


def layer_map(log10_p: NDArray[np.float64]) -> tuple[tuple[int | None, ...], float | None]:
    """The most telling map that follows the order of OLD's layers, by dynamic programming.

    Layers of OLD may be left out, layers of NEW may have no origin, and one layer of OLD may stand in NEW several times
    in a row. Going back in OLD, as where a block of layers was copied behind itself, costs as much as a match must be
    worth. Among maps that tell as much, the one with the most layers in sequence is taken.

    Args:
        log10_p: layers of NEW × layers of OLD: decimal logarithms of p-values; NaN for pairs that were not tested.

    Returns:
        For each layer of NEW the layer of OLD, or None; and the smallest p-value, corrected for the number of pairs
        (Bonferroni: pairs share layers, and the map was chosen among them), None without pairs.

    Raises:
        ValueError: there are other than two axes, or values above 0.
    """
    table = np.asarray(log10_p, dtype=np.float64)
    if table.ndim != 2 or np.any(table > 0):
        raise ValueError(f"no decimal logarithms of p-values of pairs of layers: shape {table.shape}")
    tested = int(np.isfinite(table).sum())
    if not tested:
        return (None,) * len(table), None
    correction = math.log10(tested)
    worth = np.where(np.isfinite(table), -table - correction, -math.inf)
    worth[worth < LEAST] = -math.inf
    return _best(worth, LEAST + correction), min(0.0, float(np.nanmin(table)) + correction)


def _best(worth: NDArray[np.float64], back: float) -> tuple[int | None, ...]:
    """Layers of NEW by layers of OLD, or none; the state is the last layer of OLD that was matched, 0 before any."""
    layers = worth.shape[1]
    steps = np.arange(1, layers + 1)[None, :] - np.arange(layers + 1)[:, None]
    costs = np.where(steps < 0, back, 0.0) + _TIE * np.abs(steps - 1)
    costs[0] = _TIE
    total = np.full(layers + 1, -math.inf)
    total[0] = 0.0
    choices: list[tuple[NDArray[np.int64], NDArray[np.bool_]]] = []
    for row in worth:
        arriving = total[:, None] - costs
        origin = np.argmax(arriving, axis=0)
        matched = arriving[origin, np.arange(layers)] + row
        better = np.concatenate(([False], matched > total[1:]))
        total = np.where(better, np.concatenate(([-math.inf], matched)), total)
        choices.append((np.concatenate(([0], origin)), better))
    state, found = int(np.argmax(total)), []
    for origins, better in reversed(choices):
        found.append(state - 1 if better[state] else None)
        state = int(origins[state]) if better[state] else state
    return tuple(reversed(found))
