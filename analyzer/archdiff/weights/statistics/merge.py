"""Whether a model is a linear merge of others: one set of mixing weights for all tensors, the rest rounding."""

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

__all__ = ["FLOOR", "mixing"]

FLOOR = 2.0**-9
"""The relative error of rounding to bfloat16, in the root mean square of a tensor."""


def mixing(child: Sequence[Array], parents: Sequence[Sequence[Array]]) -> Outcome:
    """Solve for the weights w_p in child ≈ Σ_p w_p · parent_p by least squares over all tensors together.

    Args:
        child: tensors of NEW.
        parents: for each parent its tensors, of the same shapes and in the same order.

    Returns:
        The relative residual ‖child − Σ w_p parent_p‖ / ‖child‖ as `statistic`; figures `weight.0`, `weight.1`, …,
        `spread` (largest standard deviation of a weight when each tensor is solved alone), `floor` (`FLOOR`), and
        `merged` (1 where the residual is near rounding, the weights are constant, and more than one takes part).

    Raises:
        ValueError: a parent has other tensors than the child.
    """
    if not child or not parents or any([a.shape for a in parent] != [a.shape for a in child] for parent in parents):
        raise ValueError("the child and all parents need the same tensors")
    systems = [_normal(tensor, [parent[k] for parent in parents]) for k, tensor in enumerate(child)]
    gram, right, square = (sum(system[i] for system in systems) for i in range(3))
    weights = _solved(np.asarray(gram), np.asarray(right))
    alone = np.stack([_solved(system[0], system[1]) for system in systems])
    left = float(square) - float(2 * weights @ right - weights @ gram @ weights)
    residual = math.sqrt(max(0.0, left) / float(square)) if square else 0.0
    spread = float(alone.std(axis=0).max()) if len(alone) > 1 else 0.0
    several = int((np.abs(weights) > _PART).sum()) > 1
    figures = {f"weight.{number}": rounded(float(weight)) for number, weight in enumerate(weights)}
    figures |= {"spread": rounded(spread), "floor": FLOOR}
    figures["merged"] = float(several and residual < 2 * FLOOR and spread < _CONSTANT)
    return Outcome(count=len(child), statistic=rounded(residual), figures=MappingProxyType(figures))


_PART = 0.01
_CONSTANT = 0.02

System = tuple["NDArray[np.float64]", "NDArray[np.float64]", float]


def _normal(tensor: Array, parents: Sequence[Array]) -> System:
    """Gram matrix of the parents, their products with the child, and the child's square."""
    rows = np.stack([_flat(parent) for parent in parents])
    values = _flat(tensor)
    return rows @ rows.T, rows @ values, float(values @ values)


def _flat(values: Array) -> NDArray[np.float64]:
    return np.nan_to_num(np.asarray(values, np.float64).reshape(-1), posinf=0.0, neginf=0.0)


def _solved(gram: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights of least length, so that parents which are equal share theirs."""
    return np.asarray(np.linalg.lstsq(gram, right, rcond=1e-10)[0], np.float64)
