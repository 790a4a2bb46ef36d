"""F2 and F3: labels that are exchangeable inside groups: experts of a router, channels of a value head.

After Zhu, Ahmed, Kuditipudi and Liang, *Independence Tests for Language Models* (2025). Groups of OLD and NEW are
paired by what the order inside them does not touch; given the pairing, the orders inside are tested one by one, and
are independent of each other under the null.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.combine import fisher
from archdiff.weights.statistics.order import effective_columns, order_of
from archdiff.weights.statistics.outcome import Outcome, rounded
from archdiff.weights.statistics.power import detectable
from archdiff.weights.statistics.rows import assign, centred, cosines, prepare
from archdiff.weights.statistics.tails import order_log10_p, spearman
from archdiff.weights.statistics.trend import complaint, trends

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from archdiff.weights.evidence import Control
    from archdiff.weights.statistics.rows import Rows
    from archdiff.weights.tensors import Array

__all__ = ["FEWEST_GROUPS", "router_test", "value_test"]

FEWEST_GROUPS = 6
"""The order of fewer groups is not counted: so few orders tell little, and make what they are combined with cruder."""


def router_test(old: Array, new: Array, *, old_groups: int = 1, new_groups: int = 1, seed: int) -> Outcome:
    """Test the labels of routed experts, by their rows in the router.

    Experts may be relabelled inside their groups, and groups among themselves; without groups it is the order test.

    Args:
        old: experts × columns of OLD.
        new: experts × columns of NEW.
        old_groups: into how many equal groups OLD's experts are divided (`n_group`).
        new_groups: the same of NEW.
        seed: of the shuffles and of ties.

    Returns:
        As `value_test`, with `groups` for heads; the order of six or more groups is one more test among the combined.

    Raises:
        ValueError: the matrices have other than two axes or unequal columns, or do not divide into the groups.
    """
    return _grouped(old, new, (old_groups, new_groups), "groups", seed)


def value_test(old: Array, new: Array, old_heads: int, new_heads: int, *, seed: int) -> Outcome:
    """Test the labels of value channels inside each key-value head, combined over heads by Fisher's method.

    Args:
        old: rows of OLD's value projection, head by head, × columns.
        new: the same of NEW.
        old_heads: key-value heads of OLD.
        new_heads: key-value heads of NEW.
        seed: of the shuffles and of ties.

    Returns:
        Spearman's correlation, averaged over heads by their matched channels, as `statistic`; figures
        `effective_columns`, `matched_cosine`, `heads` for how many were paired, `same_index_heads` for how many of them
        have the same number on both sides, `log10_p_heads` for their order, `dropped_old`, `dropped_new`.

    Raises:
        ValueError: the matrices have other than two axes or unequal columns, or do not divide into the heads.
    """
    return _grouped(old, new, (old_heads, new_heads), "heads", seed)


@dataclasses.dataclass(frozen=True, slots=True)
class _Group:
    """One group of OLD against one of NEW: the order in which rows match, and what `Matching` says of them."""

    same: bool
    order: NDArray[np.int64]
    columns: float
    cosine: float


def _grouped(old: Array, new: Array, counts: tuple[int, int], what: str, seed: int) -> Outcome:
    heights = _heights(old, new, counts)
    controls = (*trends(old, "OLD", seed=seed, groups=counts[0]), *trends(new, "NEW", seed=seed, groups=counts[1]))
    generator = np.random.default_rng(seed)
    first, second = prepare(old, generator), prepare(new, generator)
    similarity = cosines(first, second)
    places = first.labels // heights[0], second.labels // heights[1]
    pairs = _pairs(similarity, places, counts, generator)
    groups = [_inside(similarity, (first, second), places, pair) for pair in pairs]
    groups = [group for group in groups if len(group.order) > 1]
    if sum(len(group.order) for group in groups) < 3:
        return Outcome(controls=controls, abstained="fewer than 3 rows have a direction of their own")
    among = order_log10_p(np.argsort(np.argsort([new for _, new in pairs])))
    figures = {
        what: float(len(groups)),
        f"same_index_{what}": float(sum(group.same for group in groups)),
        "effective_columns": rounded(_mean(groups, [group.columns for group in groups])),
        "matched_cosine": rounded(_mean(groups, [group.cosine for group in groups])),
        "dropped_old": float(first.dropped),
        "dropped_new": float(second.dropped),
        f"log10_p_{what}": rounded(among),
    }
    counted = what == "groups" and len(pairs) >= FEWEST_GROUPS
    return _outcome(groups, [among] if counted else [], heights, figures, controls)


def _outcome(
    groups: Sequence[_Group],
    among: Sequence[float],
    heights: tuple[int, int],
    figures: Mapping[str, float],
    controls: tuple[Control, ...],
) -> Outcome:
    reason = complaint(controls)
    log10_p = fisher([*(order_log10_p(group.order) for group in groups), *among])
    return Outcome(
        count=sum(len(group.order) for group in groups),
        log10_p=None if reason or log10_p is None else rounded(log10_p),
        statistic=None if reason else rounded(_mean(groups, [spearman(group.order) for group in groups])),
        power=detectable(*heights, figures["effective_columns"], len(groups)),
        figures=MappingProxyType(dict(figures)),
        controls=controls,
        abstained=reason,
    )


def _heights(old: Array, new: Array, counts: tuple[int, int]) -> tuple[int, int]:
    if old.ndim != 2 or new.ndim != 2 or old.shape[1] != new.shape[1]:
        raise ValueError(f"rows of {old.shape} and {new.shape} cannot be compared")
    if min(counts) < 1 or len(old) % counts[0] or len(new) % counts[1]:
        raise ValueError(f"{len(old)} and {len(new)} rows do not divide into {counts[0]} and {counts[1]} groups")
    return len(old) // counts[0], len(new) // counts[1]


def _pairs(
    similarity: NDArray[np.float64],
    places: tuple[NDArray[np.int64], NDArray[np.int64]],
    counts: tuple[int, int],
    generator: np.random.Generator,
) -> list[tuple[int, int]]:
    """Groups of OLD with groups of NEW, in OLD's order: those whose rows overlap most, by the mean squared cosine of a
    row of one with a row of the other, which no order inside a group changes."""
    belongs = [
        (np.arange(count)[:, None] == place).astype(np.float64) for place, count in zip(places, counts, strict=True)
    ]
    sizes = np.outer(belongs[0].sum(axis=1), belongs[1].sum(axis=1))
    overlap = belongs[0] @ centred(similarity) ** 2 @ belongs[1].T / np.maximum(sizes, 1)
    rows, columns = (generator.permutation(count) for count in counts)
    matching = assign(overlap[np.ix_(rows, columns)])
    return sorted(zip(rows[matching.rows].tolist(), columns[matching.columns].tolist(), strict=True))


def _inside(
    similarity: NDArray[np.float64],
    sides: tuple[Rows, Rows],
    places: tuple[NDArray[np.int64], NDArray[np.int64]],
    pair: tuple[int, int],
) -> _Group:
    rows, columns = (np.flatnonzero(place == group) for place, group in zip(places, pair, strict=True))
    block = similarity[np.ix_(rows, columns)]
    matching = assign(block)
    order = order_of(matching, sides[0].labels[rows], sides[1].labels[columns])
    wide = effective_columns(block, matching, sides[0].unit.shape[1]) if block.size else 0.0
    return _Group(pair[0] == pair[1], order, wide, matching.similarity)


def _mean(groups: Sequence[_Group], values: Sequence[float]) -> float:
    """Mean over groups, by their matched rows."""
    return float(np.average(values, weights=[len(group.order) for group in groups]))
