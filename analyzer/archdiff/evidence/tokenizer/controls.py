"""Tests of the tests: NEW's ids and order shuffled, of which the answer is known beforehand."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from archdiff.evidence.tokenizer.measures import in_order, rank_correlation, same_ids

if TYPE_CHECKING:
    from archdiff.evidence.tokenizer.measures import Measures

__all__ = ["Control", "controls"]

_SEED = 20_260_122
_SAME = 10.0
"""Tokens: a random permutation leaves one in its place on average, and more than ten once in 100 million."""

_CORRELATION = 5.0
"""Standard deviations: Spearman's correlation of n ranks in random order has 1 / √(n − 1)."""

_RUN = 3.0
"""The longest run of n in random order is about 2√n, with a deviation of order n^(1/6)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Control:
    """A measure of something that is known to share nothing.

    Args:
        name: what was done to NEW.
        value: what came out; None where there was nothing to measure.
        limit: what it had to stay within.
    """

    name: str
    value: float | None
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the value stays within the limit; no value does not."""
        return self.value is not None and abs(self.value) <= self.limit


def controls(measures: Measures) -> tuple[Control, ...]:
    """Shuffle NEW's ids and NEW's order, always in the same way, and measure again."""
    shuffled = np.random.default_rng(_SEED)  # the same inputs must give the same report
    olds, news = ([pair[side] for pair in measures.ids] for side in (0, 1))
    same = same_ids(list(zip(olds, (news[place] for place in shuffled.permutation(len(news))), strict=True)))
    ranks = [measures.ranks[place] for place in shuffled.permutation(len(measures.ranks))]
    common, count = max(measures.common, 1), max(len(ranks), 1)
    root = math.sqrt(count)
    return (
        Control("same id, ids of NEW shuffled", same / common if news else None, _SAME / common),
        Control("in order, order of NEW shuffled", in_order(ranks) / count if ranks else None, _RUN / root),
        Control("rank correlation, order of NEW shuffled", rank_correlation(ranks), _CORRELATION / root),
    )
