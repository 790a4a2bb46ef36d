"""Whether the units of two feed-forwards correspond at all, in whatever order and basis.

The match statistic of Zhu, Ahmed, Kuditipudi and Liang, *Independence Tests for Language Models* (2025): units are
matched once by what `gate` makes of an input and once by what `up` makes of it. Unrelated models have no reason to
agree; a copy agrees however its units were permuted, scaled or its residual stream rotated. Models that learned the
same features may agree a little, so this is calibrated on controls (`calibrate`), not exact.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.order import effective_columns, judged
from archdiff.weights.statistics.outcome import Outcome, rounded
from archdiff.weights.statistics.power import detectable
from archdiff.weights.statistics.rows import assign, blocks, cosines, prepare
from archdiff.weights.statistics.tails import spearman

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from archdiff.weights.tensors import Array

__all__ = ["fold_norm", "match_test", "probed"]


_FEW, _MANY = 2048, 8192


def match_test(old_gate: Array, old_up: Array, new_gate: Array, new_up: Array, *, seed: int) -> Outcome:
    """Match units by their `gate` rows, and by their `up` rows, and compare the two matchings.

    Where there is no gate, `up` rows and the transpose of `down` do. Cosines of rows decide, so positive scales of rows
    do not matter, nor a rotation of the columns that both models share. Columns must be the same on both sides: input
    coordinates, or, where the residual stream may be rotated, tokens (`probed`). Of more than 2,048 units of the
    shorter side, or 8,192 of the other, a sample is matched.

    Args:
        old_gate: units × columns of OLD.
        old_up: the same units × its own columns.
        new_gate: units of NEW × columns of `old_gate`.
        new_up: units of NEW × columns of `old_up`.
        seed: of the shuffles, of ties and of samples.

    Returns:
        Spearman's correlation of the two matchings as `statistic`: NEW's units are named after the unit of OLD that
        `gate` matches with each, so whatever order NEW's units have gives the same, and OLD's are named by lot. Its
        nominal p-value treats unrelated matchings as independent. Figures: `z` (the correlation times √(n−1)),
        `agreements` (units that both match alike; by chance it is about 1), `log10_p_agreements` (k of them have at
        most the probability 1/k!), `matched_gate` and `matched_up` (mean cosines).

    Raises:
        ValueError: the shapes do not go together.
    """
    _check(old_gate, old_up, new_gate, new_up)
    generator = np.random.default_rng(seed)
    rows = _sample(len(old_gate), len(new_gate), generator)
    gate = _matching(old_gate[rows[0]], new_gate[rows[1]], generator)
    up = _matching(old_up[rows[0]], new_up[rows[1]], generator)
    pairs = _named(gate.partners, up.partners, len(rows[1]), generator)
    if len(pairs[0]) < 3:
        return Outcome(abstained="fewer than 3 units are matched by both")
    order = _ranks(pairs[1])[np.argsort(pairs[0])]
    rho, agreements = spearman(order), int((pairs[0] == pairs[1]).sum())
    figures = {
        "z": rounded(rho * math.sqrt(len(order) - 1)),
        "agreements": float(agreements),
        "log10_p_agreements": rounded(-math.lgamma(agreements + 1) / math.log(10)),
        "matched_gate": rounded(gate.similarity),
        "matched_up": rounded(up.similarity),
    }
    power = detectable(len(rows[0]), len(rows[1]), min(gate.columns, up.columns), matchings=2)
    return judged(order, power, figures, ())


def probed(
    embedding_rows: Array, norm: Array | None, weight: Array, *, epsilon: float = 1e-6, centred: bool = False
) -> NDArray[np.float32]:
    """What units make of tokens: H = RMSNorm(E)·γ·Wᵀ, with its mean over tokens taken out.

    Neither a rotation of the residual stream nor a scale moved between norm and projection changes it.

    Args:
        embedding_rows: tokens × d, the same tokens for both models.
        norm: γ, d weights of the norm before the projection; None for ones.
        weight: units × d.
        epsilon: of the norm.
        centred: whether the norm subtracts the mean, as LayerNorm does.

    Returns:
        units × tokens, float32.
    """
    made = np.empty((len(weight), len(embedding_rows)))
    for first, last in blocks(embedding_rows.shape):
        rows = embedding_rows[first:last]
        stream = np.where(np.isfinite(rows), rows, 0).astype(np.float64)
        if centred:
            stream -= stream.mean(axis=1, keepdims=True)
        stream /= np.sqrt((stream**2).mean(axis=1, keepdims=True) + epsilon)
        if norm is not None:
            stream *= norm
        for start, stop in blocks(weight.shape):
            made[start:stop, first:last] = weight[start:stop].astype(np.float64) @ stream.T
    made -= made.mean(axis=1, keepdims=True)
    return made.astype(np.float32)


def fold_norm(weight: Array, gamma: Array) -> NDArray[np.float32]:
    """A projection with the norm's weights in it: W·diag(γ), units × d."""
    folded: NDArray[np.float32] = (weight.astype(np.float64) * gamma).astype(np.float32)
    return folded


@dataclasses.dataclass(frozen=True, slots=True)
class _Partners:
    """For each row of OLD its row of NEW, or −1; the mean cosine of those; and how many columns tell rows apart."""

    partners: NDArray[np.int64]
    similarity: float
    columns: float


def _matching(old: Array, new: Array, generator: np.random.Generator) -> _Partners:
    first, second = prepare(old, generator), prepare(new, generator)
    similarity = cosines(first, second)
    matching = assign(similarity)
    partners = np.full(len(old), -1)
    partners[first.labels[matching.rows]] = second.labels[matching.columns]
    columns = effective_columns(similarity, matching, old.shape[1]) if similarity.size else 0.0
    return _Partners(partners, matching.similarity, columns)


def _named(
    gate: NDArray[np.int64], up: NDArray[np.int64], rows_new: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Partners of OLD's units by gate and by up, where both are known. NEW's units are named after their partners by
    gate, and those by lot: a trend along OLD's index must not pass for agreement."""
    names = np.full(rows_new, -1)
    known = np.flatnonzero(gate >= 0)
    names[gate[known]] = generator.permutation(len(gate))[known]
    both = known[(up[known] >= 0) & (names[up[known]] >= 0)]
    return names[gate[both]], names[up[both]]


def _sample(
    rows_old: int, rows_new: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of both sides; a partner may stand anywhere, so only one side is cut short."""
    limits = (_FEW, _MANY) if rows_old <= rows_new else (_MANY, _FEW)
    counts = (rows_old, min(rows_old, limits[0])), (rows_new, min(rows_new, limits[1]))
    first, second = (np.sort(generator.choice(rows, most, replace=False)) for rows, most in counts)
    return first, second


def _ranks(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.argsort(np.argsort(values))


def _check(old_gate: Array, old_up: Array, new_gate: Array, new_up: Array) -> None:
    shapes = [side.shape for side in (old_gate, old_up, new_gate, new_up)]
    gate, up = (shapes[0], shapes[2]), (shapes[1], shapes[3])
    if any(len(shape) != 2 for shape in shapes) or any(old[1] != new[1] for old, new in (gate, up)):
        raise ValueError(f"units of {shapes} cannot be compared")
    if any(first[0] != second[0] for first, second in zip(gate, up, strict=True)):
        raise ValueError(f"units of {shapes} are not the same by gate and by up")
