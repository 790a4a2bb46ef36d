"""Whether the order of a model's own rows says anything: if it does, labels are not exchangeable, no test exact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from archdiff.weights.evidence import Control
from archdiff.weights.statistics.outcome import rounded
from archdiff.weights.statistics.rows import blocks
from archdiff.weights.statistics.tails import normal_log10_sf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["LIMIT", "complaint", "trends"]

LIMIT = -4.0
"""log10 of the two-sided p-value below which a trend counts as one. Two trends that both stay above it have rank
correlations below 3.9/√n with the index, so they shift a comparison by less than 16/√n of its standard deviations."""

_ROUNDS = 8


def trends(matrix: Array, name: str, *, seed: int, groups: int = 1) -> tuple[Control, ...]:
    """Rank correlations with the row's index, each a control: of row norms, of the first principal component, and of
    the direction along which the index changes, found on one half of the rows and tried on the other.

    Args:
        matrix: rows × columns of one model.
        name: what to call the model.
        seed: of the halves and of the start of the power iteration.
        groups: into how many equal runs the rows are divided; only the order inside each counts.
    """
    unit, norms = _scaled(matrix)
    live = np.flatnonzero(norms > 0)
    if len(live) < 4:
        return ()
    if len(live) < len(unit):
        unit = unit[live]
    every = np.arange(len(live))
    heights = max(1, len(matrix) // groups)
    generator = np.random.default_rng(seed)
    scores = {
        "row norm": (every, norms[live]),
        "first principal component": (every, _principal(unit, generator)),
        "direction of the index": _crossed(unit, live % heights, generator),
    }
    return tuple(
        _control(f"trend of {what} in {name}", live[which], values, heights) for what, (which, values) in scores.items()
    )


def complaint(controls: Sequence[Control]) -> str:
    """Why rows are not exchangeable, in words; empty if every control passed."""
    failed = [control.name for control in controls if not control.passed]
    return f"rows are not exchangeable: {', '.join(failed)}" if failed else ""


def _scaled(matrix: Array) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Rows at unit length, zero where they are not finite, and their lengths; a block at a time takes 8 MiB."""
    unit, norms = np.empty(matrix.shape, dtype=np.float32), np.empty(len(matrix))
    for start, stop in blocks(matrix.shape):
        rows = np.where(np.isfinite(matrix[start:stop]), matrix[start:stop], 0).astype(np.float64)
        norms[start:stop] = np.linalg.norm(rows, axis=1)
        unit[start:stop] = rows / np.where(norms[start:stop] > 0, norms[start:stop], 1)[:, None]
    return unit, norms


def _control(name: str, rows: NDArray[np.int64], scores: NDArray[np.float64], heights: int) -> Control:
    """Rank correlations inside the groups, summed: about normal with the variance 1/(n−1) of each."""
    total, variance = 0.0, 0.0
    for group in np.unique(rows // heights):
        inside = rows // heights == group
        places, ranks = _ranks(rows[inside]), _ranks(scores[inside])
        size = float(np.linalg.norm(places) * np.linalg.norm(ranks))
        if len(ranks) > 2 and size > 0:
            total += float(places @ ranks) / size
            variance += 1 / (len(ranks) - 1)
    z = abs(total) / math.sqrt(variance) if variance else 0.0
    value = min(0.0, normal_log10_sf(z) + math.log10(2))
    return Control(name, rounded(value), LIMIT, value >= LIMIT)


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks around their mean; equal values share theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[inverse] - (len(values) - 1) / 2


def _principal(unit: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float64]:
    """Scores of the rows on the first principal component, by power iteration with a few vectors."""
    mean = unit.mean(axis=0, dtype=np.float64)
    basis = generator.standard_normal((unit.shape[1], 4))

    def scored(basis: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the rows, less their mean, make of a few vectors."""
        made = np.empty((len(unit), basis.shape[1]))
        for start, stop in blocks(unit.shape):
            made[start:stop] = (unit[start:stop] - mean) @ basis
        return made

    for _ in range(_ROUNDS):
        turned = np.linalg.qr(scored(basis))[0]
        basis = -np.outer(mean, turned.sum(axis=0))
        for start, stop in blocks(unit.shape):
            basis += unit[start:stop].astype(np.float64).T @ turned[start:stop]
    left, _, _ = np.linalg.svd(scored(np.linalg.qr(basis)[0]), full_matrices=False)
    scores: NDArray[np.float64] = left[:, 0]
    return scores


def _crossed(
    unit: NDArray[np.float32], places: NDArray[np.int64], generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Half of the rows, and their scores along the direction in which the other half changes with its place."""
    shuffled = generator.permutation(len(unit))
    fit, held = np.array_split(shuffled, 2)
    centred = places[fit] - places[fit].mean()
    weights = np.zeros(len(unit))
    weights[fit] = centred / max(1.0, float(np.abs(centred).max()))
    direction, scores = np.zeros(unit.shape[1]), np.empty(len(unit))
    for start, stop in blocks(unit.shape):
        direction += weights[start:stop] @ unit[start:stop]
    for start, stop in blocks(unit.shape):
        scores[start:stop] = unit[start:stop] @ direction
    return held, scores[held]
