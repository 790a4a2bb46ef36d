"""Rows made ready for matching: unit length, shuffled, without the ones that cannot be told apart."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["Matching", "Rows", "assign", "blocks", "centred", "cosines", "prepare"]

_BLOCK = 2**20
"""Elements that are widened to float64 at once."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a matrix in random order.

    Args:
        unit: the rows at unit length, float32.
        labels: which row of the matrix each is.
        dropped: how many rows of the matrix are not among them: zero, not finite, or copies of another.
    """

    unit: NDArray[np.float32]
    labels: NDArray[np.int64]
    dropped: int


@dataclasses.dataclass(frozen=True, slots=True)
class Matching:
    """Which rows of a similarity correspond to which of its columns; as many as the shorter side has.

    Args:
        rows: ascending.
        columns: of each row.
        similarity: their mean.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    similarity: float


def prepare(matrix: Array, generator: np.random.Generator) -> Rows:
    """Shuffle the rows of a matrix, drop those that hold no direction of their own, and scale the rest to unit length.

    Solvers break ties towards the identity: dead or repeated rows in both matrices would be matched in order, which
    looks like dependence. Of equal rows one is kept, by lot.
    """
    order = generator.permutation(len(matrix))
    unit = np.empty(matrix.shape, dtype=np.float32)
    usable = np.zeros(len(matrix), dtype=bool)
    for start, stop in blocks(matrix.shape):
        rows = matrix[order[start:stop]].astype(np.float64)
        finite = np.isfinite(rows).all(axis=1)
        rows[~finite] = 0
        largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
        usable[start:stop] = largest[:, 0] > 0
        rows /= np.where(largest > 0, largest, 1)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        unit[start:stop] = rows / np.where(norms > 0, norms, 1)
    kept = np.flatnonzero(usable)
    kept = kept[_first_of_equals(unit, kept)]
    if len(kept) < len(matrix):
        unit = unit[kept]
    return Rows(unit, order[kept], len(matrix) - len(kept))


def cosines(old: Rows, new: Rows) -> NDArray[np.float64]:
    """Cosine of every row of OLD with every row of NEW."""
    result = np.empty((len(old.unit), len(new.unit)))
    for top, bottom in blocks(old.unit.shape):
        wide = old.unit[top:bottom].astype(np.float64)
        for start, stop in blocks(new.unit.shape):
            result[top:bottom, start:stop] = wide @ new.unit[start:stop].T.astype(np.float64)
    return result


def assign(similarity: NDArray[np.floating[Any]]) -> Matching:
    """The one-to-one matching of rows with columns whose similarities have the largest sum."""
    from scipy.optimize import linear_sum_assignment

    # What it minimises in this very type and order it does not copy.
    rows, columns = linear_sum_assignment(np.negative(similarity, dtype=np.float64))
    return Matching(rows, columns, float(similarity[rows, columns].mean()) if len(rows) else 0.0)


def centred(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """A similarity without what all of a row and all of a column share, which no matching depends on."""
    if not similarity.size:
        return similarity
    rest: NDArray[np.float64] = similarity - similarity.mean(axis=0)
    rest -= rest.mean(axis=1, keepdims=True)
    return rest


def _first_of_equals(unit: NDArray[np.float32], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    seen: set[bytes] = set()
    first = []
    for position, row in enumerate(kept):
        content = (np.round(unit[row], 6) + np.float32(0)).tobytes()
        if content not in seen:
            seen.add(content)
            first.append(position)
    return np.array(first, dtype=np.int64)


def blocks(shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """First row and the row behind the last one of runs of rows that take 8 MiB as float64, or are one row.

    Args:
        shape: rows × columns.
    """
    step = max(1, _BLOCK // max(1, shape[1]))
    return ((start, min(start + step, shape[0])) for start in range(0, shape[0], step))
