"""Which parts of two blocks correspond, for colouring, for wording and for drawing them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.report.schema import Block, Part

__all__ = ["every_part", "longest_common", "pairs"]

_ALONE = frozenset({"added", "removed"})


def every_part(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts and all parts inside them, those around first."""
    for part in parts:
        yield part
        yield from every_part(part.parts)


def pairs(old: Block, new: Block) -> tuple[tuple[Part, Part], ...]:
    """Parts of OLD and NEW that correspond, by role and order, inside corresponding parts; never crossing."""
    return tuple(_pairs(old.parts, new.parts))


def _pairs(old: Sequence[Part], new: Sequence[Part]) -> Iterator[tuple[Part, Part]]:
    left = [part for part in old if part.status not in _ALONE]
    right = [part for part in new if part.status not in _ALONE]
    for a, b in longest_common([_key(p) for p in left], [_key(p) for p in right]):
        yield left[a], right[b]
        yield from _pairs(left[a].parts, right[b].parts)


def _key(part: Part) -> str:
    return part.role or part.label


def longest_common(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of a longest common subsequence; of several, the one that pairs the earliest items."""
    rows, columns = len(old), len(new)
    lengths = [[0] * (columns + 1) for _ in range(rows + 1)]
    for a in reversed(range(rows)):
        for b in reversed(range(columns)):
            both = lengths[a + 1][b + 1] + 1 if old[a] == new[b] else 0
            lengths[a][b] = max(both, lengths[a + 1][b], lengths[a][b + 1])
    found, a, b = [], 0, 0
    while a < rows and b < columns:
        if old[a] == new[b] and lengths[a][b] == lengths[a + 1][b + 1] + 1:
            found.append((a, b))
            a, b = a + 1, b + 1
        elif lengths[a + 1][b] >= lengths[a][b + 1]:
            a += 1
        else:
            b += 1
    return found
