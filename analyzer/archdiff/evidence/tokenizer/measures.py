"""What two tokenizers share, in figures."""

from __future__ import annotations

import bisect
import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.evidence.tokenizer.tokenizer import Tokenizer

__all__ = ["Measures", "common_prefix", "in_order", "measure", "rank_correlation", "same_ids"]


@dataclasses.dataclass(frozen=True, slots=True)
class Measures:
    """What OLD and NEW share. Tokens are the learned ones: bytes that are tokens of their own are not counted.

    Args:
        tokens: numbers of learned tokens of OLD and NEW.
        ids: id in OLD and id in NEW of each common token, ascending by that in OLD.
        shift: what NEW's ids most often have beyond OLD's.
        same: common tokens with the same id.
        shifted: common tokens with the same id after the shift.
        ranks: positions in OLD's order of the tokens that both learned, in NEW's order.
        by_ids: whether the orders are those of the ids, because the two models learn differently.
        prefix: leading tokens of the two orders that are equal.
        run: tokens in the longest run of `ranks` that ascends.
        correlation: Spearman's, of `ranks`; None for fewer than two.
    """

    tokens: tuple[int, int]
    ids: tuple[tuple[int, int], ...]
    shift: int
    same: int
    shifted: int
    ranks: tuple[int, ...]
    by_ids: bool
    prefix: int
    run: int
    correlation: float | None

    @property
    def common(self) -> int:
        """Tokens of both."""
        return len(self.ids)

    @property
    def shared(self) -> float | None:
        """Common tokens as a share of the smaller vocabulary."""
        return _share(self.common, min(self.tokens))

    @property
    def same_id(self) -> float | None:
        """Common tokens with the same id."""
        return _share(self.same, self.common)

    @property
    def same_id_shifted(self) -> float | None:
        """Common tokens with the same id after the most frequent shift."""
        return _share(self.shifted, self.common)

    @property
    def in_order(self) -> float | None:
        """The longest run in the same order, as a share of what both learned."""
        return _share(self.run, len(self.ranks))


def measure(old: Tokenizer, new: Tokenizer) -> Measures:
    """Measure what two tokenizers share; time grows as n·log n with their tokens."""
    common = [token for token in old.tokens if len(token) > 1 and token in new.tokens]
    ids = tuple((old.tokens[token], new.tokens[token]) for token in common)
    shift, shifted = _shift(ids)
    by_ids = old.model != new.model or not old.order or not new.order
    orders = [tuple(each.tokens) if by_ids else each.order for each in (old, new)]
    ranks = _ranks(*orders)
    return Measures(
        tokens=(sum(len(token) > 1 for token in old.tokens), sum(len(token) > 1 for token in new.tokens)),
        ids=ids,
        shift=shift,
        same=same_ids(ids),
        shifted=shifted,
        ranks=ranks,
        by_ids=by_ids,
        prefix=common_prefix(*orders),
        run=in_order(ranks),
        correlation=rank_correlation(ranks),
    )


def same_ids(ids: Sequence[tuple[int, int]]) -> int:
    """How many pairs are equal."""
    return sum(old == new for old, new in ids)


def common_prefix(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """How many leading items are equal."""
    pairs = zip(old, new, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


def in_order(ranks: Sequence[int]) -> int:
    """The length of the longest ascending subsequence of distinct numbers, found by patience sorting.

    Of n numbers in random order it is about 2√n (Vershik and Kerov; Logan and Shepp, 1977).
    """
    ends: list[int] = []
    for rank in ranks:
        place = bisect.bisect_left(ends, rank)
        ends[place : place + 1] = [rank]
    return len(ends)


def rank_correlation(ranks: Sequence[int]) -> float | None:
    """Spearman's rank correlation of distinct numbers with their own places; None for fewer than two."""
    if len(ranks) < 2:
        return None
    places = np.argsort(np.argsort(np.asarray(ranks, dtype=np.int64), kind="stable"), kind="stable")
    gaps = (places - np.arange(len(ranks))).astype(np.float64)
    count = float(len(ranks))
    return float(1 - 6 * np.dot(gaps, gaps) / (count * (count * count - 1)))


def _ranks(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[int, ...]:
    places = {token: place for place, token in enumerate(old) if len(token) > 1}
    return tuple(places[token] for token in new if token in places)


def _shift(ids: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The most frequent difference of ids, of several the nearest to 0, and how often it occurs."""
    if not ids:
        return 0, 0
    pairs = np.asarray(ids, dtype=np.int64)
    found, counts = np.unique(pairs[:, 1] - pairs[:, 0], return_counts=True)
    best = int(np.lexsort((found, np.abs(found), -counts))[0])
    return int(found[best]), int(counts[best])


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
