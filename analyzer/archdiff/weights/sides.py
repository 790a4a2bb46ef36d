"""Two models as the planner sees them: their units, how they correspond, and how much of each a test reads."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.weights.sample import Reading, row_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.weights.layout import Layout, Spot
    from archdiff.weights.units import Unit, UnitPair

__all__ = ["EXPERTS", "ROWS", "TOKENS", "Sides", "same_columns", "tokens", "whole"]

ROWS = 1024
"""Hidden units of a feed-forward that one test matches; a linear assignment takes their number to the third power."""

EXPERTS = 2
"""Routed experts of a layer whose hidden units are tested."""

TOKENS = 2048
"""Rows of the embedding that tests of the residual stream read; a polar factor needs twice the width."""

_MOST, _MOST_TOKENS = 9 * 2**20, 2**24
"""Elements of the embedding that are read where a polar factor could use more tokens, and where fewer must do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sides:
    """Two models and how they correspond.

    Args:
        old: units of OLD.
        new: units of NEW.
        pairs: units that correspond.
        aligned: numbers of the layers that correspond, by the ids of their stacks.
    """

    old: Layout
    new: Layout
    pairs: tuple[UnitPair, ...]
    aligned: Mapping[tuple[str, str], tuple[tuple[int, int], ...]]

    def spots(self) -> Iterator[tuple[str, Spot, Spot]]:
        """Component of NEW, and the layers of OLD and NEW, for each two that correspond."""
        for (first, second), numbers in self.aligned.items():
            component = self.new.component(second)
            for i, j in numbers:
                yield component, (first, i), (second, j)


def same_columns(a: Unit, b: Unit) -> bool:
    """Whether the rows of two units can be compared."""
    return len(a.shape) == len(b.shape) == 2 and a.shape[1] == b.shape[1]


def tokens(unit: Unit, shared: int) -> tuple[Reading, ...]:
    """Rows of an embedding or a head for tokens that both models have; the same for both.

    Args:
        unit: (vocabulary, hidden).
        shared: number of tokens of the smaller vocabulary.
    """
    width = max(1, unit.shape[1])
    least = min(TOKENS, _MOST_TOKENS // width)
    return (Reading(unit, row_runs(shared, max(least, min(5 * width // 2, _MOST // width)))),)


def whole(unit: Unit) -> Reading:
    """All of a unit."""
    return Reading.of(unit, unit.shape[0])
