"""Robust statistics measured against controls: pairs of which it is known that neither comes from the other.

The nominal null of these statistics fails where models share features, so what counts is how far a pair stands out
from unrelated pairs of the same shape, from shuffled copies, and from pairs of layers within each model.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from archdiff.weights.evidence import Control
from archdiff.weights.statistics.outcome import Outcome, rounded
from archdiff.weights.statistics.tails import t_log10_sf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archdiff.weights.tensors import Array

    Matrices: TypeAlias = Sequence["Array | Matrices"]

__all__ = ["FEWEST_CONTROLS", "calibrate", "cross_layer_controls", "shuffled_controls"]

FEWEST_CONTROLS = 3
_FALSE_FAILURE = 0.001


def calibrate(statistic: float, controls: Mapping[str, float] | Sequence[float], *, scale: float = 0.0) -> Outcome:
    """How far a statistic stands out from those of controls, upwards.

    z_adj = (statistic − μ₀) / κ with the mean and standard deviation of the controls, against Student's t as of one
    more draw from them. Each control is measured against the others first; if one stands out by itself (p < 0.001
    over all of them together), the test abstains: the controls do not describe pairs that are unrelated.

    Args:
        statistic: of the pair in question.
        controls: the same statistic of each control, by name if it has one.
        scale: least κ: the standard deviation that theory gives for unrelated matrices, if it gives one.

    Returns:
        z_adj as `statistic`, the number of controls as `count`, and figures `raw`, `centre`, `scale`.
    """
    named = dict(controls) if isinstance(controls, Mapping) else {f"control {n}": v for n, v in enumerate(controls, 1)}
    values = np.array(list(named.values()), dtype=np.float64)
    if len(values) < FEWEST_CONTROLS:
        return Outcome(len(values), abstained=f"{len(values)} controls are too few to calibrate with")
    if not np.isfinite([statistic, *values]).all():
        return Outcome(len(values), abstained="a statistic or control is not finite")
    tested = tuple(_left_out(name, index, values, scale) for index, name in enumerate(named))
    centre, width = _fitted(values, scale)
    figures = MappingProxyType({"raw": rounded(statistic), "centre": rounded(centre), "scale": rounded(width)})
    failed = [control.name for control in tested if not control.passed]
    if failed or not width:
        reason = f"failed control: {', '.join(failed)}" if failed else "controls do not scatter"
        return Outcome(len(values), figures=figures, controls=tested, abstained=reason)
    z = (statistic - centre) / width
    reference = t_log10_sf(z / math.sqrt(1 + 1 / len(values)), len(values) - 1)
    return Outcome(len(values), rounded(reference), rounded(z), figures=figures, controls=tested)


def shuffled_controls(
    test: Callable[..., Outcome], old: Matrices, new: Matrices, *, count: int, seed: int
) -> dict[str, float]:
    """The statistic of OLD against copies of NEW in which the rows of every matrix stand in an order of their own.

    That keeps every row, and breaks what ties the rows of one matrix to those of another.

    Args:
        test: called as `test(*old, *new, seed=…)`.
        old: matrices, or sequences of them.
        new: the same of NEW.
        count: how many copies.
        seed: of the shuffles and of the tests.

    Returns:
        By name; tests that abstained are missing.
    """
    found = {}
    for number in range(count):
        generator = np.random.default_rng((seed, number))
        outcome = test(*old, *(_shuffled(matrix, generator) for matrix in new), seed=seed)
        if outcome.statistic is not None:
            found[f"shuffled copy {number + 1}"] = outcome.statistic
    return found


def cross_layer_controls(
    test: Callable[..., Outcome], layers: Mapping[int, Matrices], *, count: int, seed: int, name: str = "OLD"
) -> dict[str, float]:
    """The statistic of pairs of different layers of one model, which were initialised independently.

    Args:
        test: called as `test(*layer, *other, seed=…)`.
        layers: what the test takes of each layer, by its number.
        count: how many pairs at most, drawn by lot.
        seed: of the draw and of the tests.
        name: what to call the model.

    Returns:
        By name; tests that abstained are missing.
    """
    pairs = list(itertools.combinations(sorted(layers), 2))
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:count]
    found = {}
    for one, other in (pairs[index] for index in sorted(chosen)):
        outcome = test(*layers[one], *layers[other], seed=seed)
        if outcome.statistic is not None:
            found[f"layers {one} and {other} of {name}"] = outcome.statistic
    return found


def _fitted(values: np.ndarray[tuple[int], np.dtype[np.float64]], scale: float) -> tuple[float, float]:
    return float(values.mean()), max(scale, float(values.std(ddof=1)))


def _left_out(name: str, index: int, values: np.ndarray[tuple[int], np.dtype[np.float64]], scale: float) -> Control:
    """One control against the others: how many of their standard deviations it stands off, either way."""
    from scipy.stats import t

    others = np.delete(values, index)
    centre, width = _fitted(others, scale)
    width *= math.sqrt(1 + 1 / len(others))
    off = float(values[index]) - centre
    value = off / width if width else math.copysign(math.inf, off) if off else 0.0
    limit = float(t.isf(_FALSE_FAILURE / 2 / len(values), len(others) - 1))
    return Control(name, rounded(value), rounded(limit), abs(value) <= limit)


def _shuffled(matrix: Array | Matrices, generator: np.random.Generator) -> Array | Matrices:
    if isinstance(matrix, np.ndarray):
        return matrix[generator.permutation(len(matrix))]
    return [_shuffled(part, generator) for part in matrix]
