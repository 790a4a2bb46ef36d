"""The frozen view of a comparison that rules read."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

from archdiff.compare.changes import Change, Impact, Place, highest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.graph.schema import Confidence, ModelGraph, Value

__all__ = ["Comparison", "Difference", "LayerPair", "StackAlignment"]


@dataclasses.dataclass(frozen=True, slots=True)
class LayerPair:
    """Two layers that were matched, or one that has no partner.

    Args:
        old: number of the layer in OLD's stack; None if it was added.
        new: number of the layer in NEW's stack; None if it was removed.
        similarity: from 0 to 1; 0 for a layer without partner.
        method: `identical` (equal fingerprints), `aligned` (by similarity in sequence), `unmatched`.
    """

    old: int | None
    new: int | None
    similarity: float
    method: str


@dataclasses.dataclass(frozen=True, slots=True)
class StackAlignment:
    """How the layers of two stacks correspond.

    Args:
        old: id of the stack in OLD; None if NEW alone has such a stack.
        new: id of the stack in NEW; None if OLD alone has it.
        pairs: in order; every layer of both stacks stands in exactly one.
        ambiguous: whether other alignments are as good, as for layers inserted among equal ones.
    """

    old: str | None
    new: str | None
    pairs: tuple[LayerPair, ...]
    ambiguous: bool

    @property
    def matched(self) -> tuple[tuple[int, int], ...]:
        """Numbers in OLD and NEW of the layers that have a partner."""
        return tuple((p.old, p.new) for p in self.pairs if p.old is not None and p.new is not None)

    @property
    def added(self) -> tuple[int, ...]:
        """Numbers in NEW of the layers without partner."""
        return tuple(p.new for p in self.pairs if p.old is None and p.new is not None)

    @property
    def removed(self) -> tuple[int, ...]:
        """Numbers in OLD of the layers without partner."""
        return tuple(p.old for p in self.pairs if p.new is None and p.old is not None)


@dataclasses.dataclass(frozen=True)
class Difference:
    """One or more facts that differ in the same way, folded over the layers that share it.

    Args:
        facts: value in OLD and in NEW of every fact asked for, by name; None where a model does not state it.
        old_place: where in OLD.
        new_place: where in NEW.
        explains: the changes in the graph that carry the difference.
        parameters: trained elements added minus removed by those changes, where they are counted only here.
        confidence: of the matches behind it.
    """

    facts: Mapping[str, tuple[Value, Value]]
    old_place: Place
    new_place: Place
    explains: tuple[Change, ...]
    parameters: int
    confidence: Confidence

    @property
    def old(self) -> Value:
        """The first fact's value in OLD."""
        return next(iter(self.facts.values()))[0]

    @property
    def new(self) -> Value:
        """The first fact's value in NEW."""
        return next(iter(self.facts.values()))[1]

    @property
    def where(self) -> str:
        """`layers 1–45`, `layers 0–35 → 0–47`, or `model`."""
        return where(self.old_place, self.new_place)


def where(old: Place | None, new: Place | None) -> str:
    """Two places as a reader wants them."""
    if old is not None and new is not None and old.layers != new.layers:
        return f"{_layers(old)} → {_layers(new).removeprefix('layers ').removeprefix('layer ')}"
    place = new or old
    assert place is not None, "one of the two is given"
    return _layers(place)


def _layers(place: Place) -> str:
    if not place.layers:
        return place.text
    noun = "layer" if len(place.layers) == 1 else "layers"
    return f"{noun} {Place('*', place.layers).text}"


class Comparison:
    """Two graphs, how they correspond, and everything that differs; frozen.

    Args:
        old: the graph of OLD.
        new: the graph of NEW.
        alignment: one entry for each layer stack of either.
        changes: complete and in a deterministic order.
        explained: ids of the changes that findings already account for.
    """

    def __init__(
        self,
        old: ModelGraph,
        new: ModelGraph,
        alignment: Sequence[StackAlignment],
        changes: Sequence[Change],
        explained: frozenset[str] = frozenset(),
    ) -> None:
        self.old, self.new = old, new
        self.alignment, self.changes = tuple(alignment), tuple(changes)
        self.explained = explained

    def after(self, explained: Iterable[str]) -> Comparison:
        """The same comparison, in which the changes with these ids are accounted for."""
        return Comparison(self.old, self.new, self.alignment, self.changes, self.explained | frozenset(explained))

    @cached_property
    def unexplained(self) -> tuple[Change, ...]:
        """The changes that no finding accounts for and that are not inert."""
        return tuple(change for change in self.changes if change.id not in self.explained and not change.inert)

    @cached_property
    def facts(self) -> tuple[Mapping[str, Value], Mapping[str, Value]]:
        """What the two models state of themselves as a whole: OLD's facts and NEW's."""
        return self.old.nodes[""].facts, self.new.nodes[""].facts

    def differences(self, *facts: str, absent: bool = False) -> tuple[Difference, ...]:
        """Where any of the facts differs between parts that correspond.

        Args:
            facts: names from the vocabulary of facts; the first one decides whether a layer is looked at.
            absent: whether to look also where only one of the two states the first fact.

        Returns:
            One difference for each distinct pair of values, layers folded, in a deterministic order.

        Raises:
            KeyError: a name is not in the vocabulary.
        """
        from archdiff.compare.differences import differences  # it reads this class

        return differences(self, facts, absent=absent)

    def select(
        self, *kinds: str, role: str | None = None, subject: str | None = None, impact: Impact | None = None
    ) -> tuple[Change, ...]:
        """The changes of the given kinds (any, if none), of a role, with a subject, of an impact."""
        return tuple(
            change
            for change in self.changes
            if (not kinds or change.kind in kinds)
            and (role is None or change.role == role)
            and (subject is None or change.subject == subject)
            and (impact is None or change.impact == impact)
        )

    @property
    def impact(self) -> Impact:
        """The worst impact of any change; cosmetic when there are none."""
        return highest(change.impact for change in self.changes)
