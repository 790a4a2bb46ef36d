"""What robust tests compare, read matrix by matrix: of each only what the test needs stays in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from archdiff.weights import statistics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from archdiff.weights.plan import Step
    from archdiff.weights.sample import Reading
    from archdiff.weights.tensors import Tensors

__all__ = ["aligned", "channels_seen", "first_seen", "units_seen"]

Matrix: TypeAlias = "NDArray[np.float32]"


def first_seen(tensors: Tensors, readings: Sequence[Reading]) -> Matrix:
    """The first projection of a feed-forward as tokens see it: units × tokens.

    Args:
        tensors: of one model.
        readings: both projections, the norm before them where it is known, and the embedding of shared tokens.
    """
    return statistics.probed(readings[-1].read(tensors), _norm(tensors, readings), readings[0].read(tensors))


def units_seen(tensors: Tensors, readings: Sequence[Reading]) -> tuple[Matrix, Matrix]:
    """Both projections of a feed-forward as tokens see them: units × tokens, twice; arguments as of `first_seen`."""
    first, second = readings[:2]
    embedding, norm = readings[-1].read(tensors), _norm(tensors, readings)
    gate = statistics.probed(embedding, norm, first.read(tensors))
    if second.unit.role != "down":
        return gate, statistics.probed(embedding, norm, second.read(tensors))
    chosen = np.concatenate([np.arange(*run) for run in first.runs])
    return gate, statistics.probed(embedding, None, _turned(tensors, second, chosen))


def channels_seen(tensors: Tensors, readings: Sequence[Reading]) -> tuple[Matrix, Matrix]:
    """Both ends of the value channels as shared tokens see them: channels × tokens, twice.

    Query heads that share a key-value head are summed, so that their order does not count.

    Args:
        tensors: of one model.
        readings: value and output projection, the norm before the former where it is known, and the embedding of
            shared tokens.
    """
    value, output = readings[:2]
    channels, heads = value.unit.shape[0], value.unit.heads or 1
    written, at = np.empty((channels, output.unit.shape[0]), dtype=np.float32), 0
    for rows in output.blocks(tensors):
        grouped = rows.reshape(len(rows), heads, -1, channels // heads).sum(axis=2)
        written[:, at : at + len(rows)] = grouped.reshape(len(rows), channels).T
        at += len(rows)
    embedding = readings[-1].read(tensors)
    read = statistics.probed(embedding, _norm(tensors, readings), value.read(tensors))
    return read, statistics.probed(embedding, None, written)


def aligned(
    old: Tensors, new: Tensors, step: Step, seed: int
) -> Iterator[tuple[statistics.Alignment, list[Matrix], list[Matrix]]]:
    """Ways to align the residual streams: by signed permutation, and by rotation where enough tokens tell it.

    Args:
        old: of OLD.
        new: of NEW.
        step: its readings are projections, each with the norm before it where it is known, and last the embedding of
            shared tokens.
        seed: of ties and of samples.

    Yields:
        An alignment, and for OLD and NEW the projections at the coordinates that it compares.
    """
    a, b = step.old[-1].read(old), step.new[-1].read(new)
    alignment = statistics.align(a, b, seed=seed)
    factor = None
    if a.shape[1] == b.shape[1] and len(a) >= 2 * a.shape[1]:
        factor = statistics.polar_factor(a, b).astype(np.float32)
        rotated = statistics.align(a @ factor, b, seed=seed)
    del a, b
    mine = [alignment.of_old(each) for each in _projections(old, step.old)]
    yield alignment, mine, [alignment.of_new(each) for each in _projections(new, step.new)]
    if factor is not None:
        turned = [rotated.of_old(each @ factor) for each in _projections(old, step.old)]
        yield rotated, turned, [rotated.of_new(each) for each in _projections(new, step.new)]


def _projections(tensors: Tensors, readings: Sequence[Reading]) -> Iterator[Matrix]:
    """Projections with the norms before them folded in, one by one."""
    waiting: Matrix | None = None
    for reading in readings[:-1]:
        matrix = reading.read(tensors)
        if reading.unit.place == "norm" and waiting is not None:
            yield statistics.fold_norm(waiting, matrix).astype(np.float32)
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        waiting = matrix
    if waiting is not None:
        yield waiting


def _norm(tensors: Tensors, readings: Sequence[Reading]) -> Matrix | None:
    """The norm between the two projections and the embedding, where there is one."""
    return readings[2].read(tensors) if len(readings) > 3 else None


def _turned(tensors: Tensors, reading: Reading, chosen: NDArray[np.int64]) -> Matrix:
    """Some columns of a matrix as rows."""
    made, at = np.empty((len(chosen), reading.count), dtype=np.float32), 0
    for rows in reading.blocks(tensors):
        made[:, at : at + len(rows)] = rows[:, chosen].T
        at += len(rows)
    return made
