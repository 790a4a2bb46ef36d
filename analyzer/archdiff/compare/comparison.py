"""The frozen view of a comparison that rules read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from archdiff.compare.alignment import LayerPair, StackAlignment
from archdiff.compare.changes import Change, Impact, highest
from archdiff.compare.differences import Difference, Sides, differences, where

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.compare.provenance import Provenance
    from archdiff.compare.vocabularies import Tokenizers
    from archdiff.graph.schema import ModelGraph, Value

__all__ = ["Comparison", "Difference", "LayerPair", "StackAlignment", "where"]


class Comparison:
    """Two graphs, how they correspond, and everything that differs; frozen.

    Args:
        old: the graph of OLD.
        new: the graph of NEW.
        alignment: one entry for each layer stack of either.
        changes: complete and in a deterministic order.
        explained: ids of the changes that findings already account for.
        weights: what a weight check says of each component; empty where none ran.

    What comparing tokenizers says is told by `tokenizers`, None where they were not compared.
    """

    tokenizers: Tokenizers | None = None

    def __init__(
        self,
        old: ModelGraph,
        new: ModelGraph,
        alignment: Sequence[StackAlignment],
        changes: Sequence[Change],
        explained: frozenset[str] = frozenset(),
        weights: Sequence[Provenance] = (),
    ) -> None:
        self.old, self.new = old, new
        self.alignment, self.changes = tuple(alignment), tuple(changes)
        self.explained = explained
        self.weights = tuple(weights)

    def after(self, explained: Iterable[str]) -> Comparison:
        """The same comparison, in which the changes with these ids are accounted for."""
        return self._with(explained=self.explained | frozenset(explained))

    def with_weights(self, weights: Sequence[Provenance]) -> Comparison:
        """The same comparison, with what a weight check says of each component."""
        return self._with(weights=tuple(weights))

    def with_tokenizers(self, tokenizers: Tokenizers) -> Comparison:
        """The same comparison, with what comparing the tokenizers says."""
        return self._with(tokenizers=tokenizers)

    def _with(self, **values: object) -> Comparison:
        made = Comparison(self.old, self.new, self.alignment, self.changes, self.explained, self.weights)
        vars(made).update({"tokenizers": self.tokenizers, **values})
        return made

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
        return differences(Sides(self.old, self.new, self.alignment, self.changes), facts, absent=absent)

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
