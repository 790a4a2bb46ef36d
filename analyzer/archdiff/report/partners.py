"""Which blocks of OLD and NEW face each other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archdiff.report.pairing import longest_common

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archdiff.compare.comparison import Comparison
    from archdiff.report.schema import Block
    from archdiff.report.standing import Side

__all__ = ["partners_of"]


def partners_of(old: Sequence[Block], new: Sequence[Block], comparison: Comparison) -> Mapping[tuple[Side, str], str]:
    """For a side and the id of a block there, the block of the other model that it corresponds to.

    Blocks of layers face the block with most of their layers' partners; the others go by role and order.
    """
    shared = _by_layers(old, new, comparison)
    shared.update(_by_role(old, new))
    found: dict[tuple[Side, str], str] = {}
    for (a, b), _ in sorted(shared.items(), key=lambda item: -item[1]):
        found.setdefault(("old", a), b)
        found.setdefault(("new", b), a)
    return found


def _by_layers(old: Sequence[Block], new: Sequence[Block], comparison: Comparison) -> Counter[tuple[str, str]]:
    left, right = _homes(old), _homes(new)
    return Counter(
        (left[stack.old, a], right[stack.new, b])
        for stack in comparison.alignment
        for a, b in stack.matched
        if (stack.old, a) in left and (stack.new, b) in right
    )


def _homes(blocks: Sequence[Block]) -> dict[tuple[str | None, int], str]:
    return {
        (block.stack, number): block.id
        for block in blocks
        for first, last in block.layers
        for number in range(first, last + 1)
    }


def _by_role(old: Sequence[Block], new: Sequence[Block]) -> dict[tuple[str, str], int]:
    left, right = ([b for b in blocks if b.stack is None] for blocks in (old, new))
    matched = longest_common([x.role or x.label for x in left], [x.role or x.label for x in right])
    return {(left[a].id, right[b].id): 1 for a, b in matched}
