"""Whether one model is a linear mixture of others."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.outcome import Outcome, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["BFLOAT16", "mixing"]

BFLOAT16 = 2.0**-9
"""Largest relative rounding error of bfloat16: a mixture stored in it is this close to itself."""

_COLLINEAR = 1e-10


def mixing(child: Sequence[Array], parents: Sequence[Sequence[Array]], *, floor: float = BFLOAT16) -> Outcome:
    """Solve for the weights with which parents were added to give a child, by least squares over all tensors.

    Args:
        child: tensors of the child.
        parents: of each parent the same tensors, in the same order and shapes.
        floor: largest relative rounding error of the type that the child is stored in.

    Returns:
        The relative residual ‖child − Σ wᵢ·parentᵢ‖ / ‖child‖ as `statistic`; at most `floor` for a mixture. Figures:
        `weight.0`, `weight.1`, …; `spread` (the largest difference of a weight, solved for one tensor, from that for
        all; near 0 for a linear merge); `single` (the residual with the best parent alone); `floor`; `sum` of weights.
        There is no p-value: nothing random is left to compare with. Abstains where parents cannot be told apart.

    Raises:
        ValueError: tensors differ in number or shape, or there is none.
    """
    _check(child, parents)
    sides = [[_flat(tensor) for tensor in model] for model in (child, *parents)]
    products = np.array([_gram([model[index] for model in sides]) for index in range(len(child))])
    total = products.sum(axis=0)
    weights = _solved(total)
    if weights is None:
        return Outcome(abstained="the parents cannot be told apart")
    size = float(np.sqrt(total[0, 0]))
    each = [solution for gram in products if (solution := _solved(gram)) is not None]
    alone = [
        np.array([float(k == best) for k in range(len(parents))]) * _alone(total, best) for best in range(len(parents))
    ]
    figures = {
        **{f"weight.{number}": rounded(float(weight)) for number, weight in enumerate(weights)},
        "sum": rounded(float(weights.sum())),
        "spread": rounded(float(np.max(np.abs(np.array(each) - weights)))) if each else 0.0,
        "single": rounded(min(_residual(sides, only) for only in alone) / size),
        "floor": floor,
    }
    return Outcome(
        count=len(child),
        statistic=rounded(_residual(sides, weights) / size),
        figures=MappingProxyType(figures),
    )


def _gram(tensors: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Products of the child (first) and the parents with each other."""
    stacked = np.stack(tensors)
    products: NDArray[np.float64] = stacked @ stacked.T
    return products


def _solved(gram: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Weights of the parents; None where they, at unit length, are nearly dependent, or the child is zero."""
    sizes = np.sqrt(np.diagonal(gram))
    if not sizes.all():
        return None
    scaled = gram / np.outer(sizes, sizes)
    if np.linalg.eigvalsh(scaled[1:, 1:])[0] < _COLLINEAR:
        return None
    solution: NDArray[np.float64] = np.linalg.solve(scaled[1:, 1:], scaled[1:, 0]) * sizes[0] / sizes[1:]
    return solution


def _alone(gram: NDArray[np.float64], parent: int) -> float:
    return float(gram[0, parent + 1] / gram[parent + 1, parent + 1])


def _residual(sides: Sequence[Sequence[NDArray[np.float64]]], weights: NDArray[np.float64]) -> float:
    """‖child − Σ wᵢ·parentᵢ‖, from the differences themselves: from the products it would cancel."""
    squares = 0.0
    for tensors in zip(*sides, strict=True):
        rest = tensors[0] - weights @ np.stack(tensors[1:])
        squares += float(rest @ rest)
    return float(np.sqrt(squares))


def _flat(tensor: Array) -> NDArray[np.float64]:
    return np.where(np.isfinite(tensor), tensor, 0).astype(np.float64).reshape(-1)


def _check(child: Sequence[Array], parents: Sequence[Sequence[Array]]) -> None:
    shapes = [tensor.shape for tensor in child]
    if not shapes or not parents or any([tensor.shape for tensor in parent] != shapes for parent in parents):
        raise ValueError("child and parents do not have the same tensors")
