"""Which blocks of OLD and NEW face each other, and over how many layers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from archdiff.report.pairing import longest_common

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archdiff.compare.comparison import Comparison
    from archdiff.report.schema import Block
    from archdiff.report.standing import Side

__all__ = ["Partners", "partners_of"]


@dataclasses.dataclass(frozen=True)
class Partners:
    """Who faces whom.

    Args:
        facing: for a side and the id of a block there, the other side's blocks that hold partners of its layers,
            with the number of those layers, the most first.
    """

    facing: Mapping[tuple[Side, str], tuple[tuple[str, int], ...]]

    def first(self, side: Side, block: str) -> str | None:
        """The block of the other model that holds most of the partners."""
        found = self.facing.get((side, block))
        return found[0][0] if found else None


def partners_of(old: Sequence[Block], new: Sequence[Block], comparison: Comparison) -> Partners:
    """Blocks of layers by the alignment of layers, the others by role and order."""
    shared = _by_layers(old, new, comparison)
    shared.update(_by_role(old, new))
    facing: dict[tuple[Side, str], list[tuple[str, int]]] = {}
    for (a, b), count in sorted(shared.items(), key=lambda item: -item[1]):
        facing.setdefault(("old", a), []).append((b, count))
        facing.setdefault(("new", b), []).append((a, count))
    return Partners({key: tuple(value) for key, value in facing.items()})


def _by_layers(
    old: Sequence[Block], new: Sequence[Block], comparison: Comparison
) -> Counter[tuple[str, str]]:
    left, right = _homes(old), _homes(new)
    return Counter(
        (left[stack.old, a], right[stack.new, b])
        for stack in comparison.alignment
        for a, b in stack.matched
        if (stack.old, a) in left and (stack.new, b) in right
    )


def _homes(blocks: Sequence[Block]) -> dict[tuple[str | None, int], str]:
    return {
        (b.stack, n): b.id
        for b in blocks
        if b.stack
        for first, last in b.layers
        for n in range(first, last + 1)
    }


def _by_role(old: Sequence[Block], new: Sequence[Block]) -> dict[tuple[str, str], int]:
    left, right = ([b for b in blocks if b.stack is None] for blocks in (old, new))
    matched = longest_common([x.role or x.label for x in left], [x.role or x.label for x in right])
    return {(left[a].id, right[b].id): 1 for a, b in matched}
