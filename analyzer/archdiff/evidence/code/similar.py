"""How alike two normalised trees are: the share of their nodes that stand in equal runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.evidence.code.tree import Part, Tree

__all__ = ["RUN", "Match", "Shared", "best_matches", "shared"]

RUN = 12
"""Nodes in a row that must be equal to count; shorter runs (`self.x = x`) are in every source."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What two sources share.

    Args:
        similarity: equal nodes among the nodes of both, from 0 to 1.
        of_old: equal nodes among those of OLD.
        of_new: equal nodes among those of NEW.
    """

    similarity: float
    of_old: float
    of_new: float


@dataclass(frozen=True, slots=True)
class Match:
    """A class of NEW and the one of OLD that is most like it.

    Args:
        new: its name.
        old: the name of the other.
        similarity: from 0 to 1.
        nodes: of the class of NEW.
    """

    new: str
    old: str
    similarity: float
    nodes: int


class _Runs:
    """The runs of nodes in a tree, or in a class of it."""

    def __init__(self, nodes: Sequence[int]) -> None:
        self.length = len(nodes)
        self.width = min(RUN, self.length)
        self.runs = [tuple(nodes[at : at + self.width]) for at in range(self.length - self.width + 1)]
        self.counts = Counter(self.runs)

    def covered(self, other: _Runs) -> int:
        """Nodes of this one that stand in a run of the other; each run of the other's serves once."""
        left = dict(other.counts)
        found, end = 0, 0
        for at, run in enumerate(self.runs):
            if left.get(run, 0) > 0:
                left[run] -= 1
                found += at + self.width - max(end, at)
                end = at + self.width
        return found

    def at_most(self, other: _Runs) -> float:
        """A bound on the similarity, from the lengths alone."""
        total = self.length + other.length
        return 2 * min(self.length, other.length) / total if total else 0.0

    def shared(self, other: _Runs) -> Shared:
        own, others = self.covered(other), other.covered(self)
        total = self.length + other.length
        return Shared(
            (own + others) / total if total else 0.0,
            others / other.length if other.length else 0.0,
            own / self.length if self.length else 0.0,
        )


def shared(old: Tree, new: Tree) -> Shared:
    """What two sources share as a whole."""
    return _Runs(new.nodes).shared(_Runs(old.nodes))


def best_matches(old: Tree, new: Tree) -> tuple[Match, ...]:
    """For each class of NEW the class of OLD that is most like it, the most alike first; nothing without classes."""
    candidates = [(part.name, _Runs(old.nodes[part.start : part.stop])) for part in old.classes]
    found = [_best(part, _Runs(new.nodes[part.start : part.stop]), candidates) for part in new.classes]
    return tuple(sorted((match for match in found if match.old), key=lambda match: (-match.similarity, match.new)))


def _best(part: Part, own: _Runs, candidates: Sequence[tuple[str, _Runs]]) -> Match:
    best, name = -1.0, ""
    for other, runs in sorted(candidates, key=lambda item: (-own.at_most(item[1]), item[0])):
        if own.at_most(runs) <= best:
            break
        similarity = own.shared(runs).similarity
        if similarity > best:
            best, name = similarity, other
    return Match(part.name, name, best, own.length)
