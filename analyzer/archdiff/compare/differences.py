"""Differences in facts, folded over layers, each with the changes in the graph that carry it."""

from __future__ import annotations

import dataclasses
import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archdiff.compare.bare import is_bare
from archdiff.compare.carriers import carries
from archdiff.compare.changes import Change, Place
from archdiff.graph.schema import Confidence, ModelGraph, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.compare.alignment import StackAlignment
__all__ = ["Difference", "Sides", "differences", "vocabulary", "where"]

_SURE, _LIKELY = 0.4, 0.3
"""Similarities of two layers from which their match is called sure, and likely: gpt-oss and Solar Open, which share
roles and routing and little else, have 0.46; GPT-2 and Llama 2 have 0.36."""

Values = tuple[tuple[Value, Value], ...]


@dataclasses.dataclass(frozen=True)
class Sides:
    """Two graphs, how their layers correspond, and what changed from one to the other."""

    old: ModelGraph
    new: ModelGraph
    alignment: tuple[StackAlignment, ...]
    changes: tuple[Change, ...]


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


@cache
def vocabulary() -> Mapping[str, Mapping[str, Any]]:
    """Scope, meaning and carriers of every fact, by name."""
    # Found from the package above: importing `graph.facts` itself takes torch.
    text = files("archdiff.graph").joinpath("facts", "facts.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def differences(sides: Sides, facts: Sequence[str], *, absent: bool) -> tuple[Difference, ...]:
    """See `Comparison.differences`."""
    scopes = {vocabulary()[fact]["scope"] for fact in facts}
    if scopes == {"model"}:
        return tuple(_of_model(sides, facts, absent=absent))
    return tuple(found for stack in sides.alignment for found in _of_stack(sides, stack, facts, absent=absent))


def _of_model(sides: Sides, facts: Sequence[str], *, absent: bool) -> Iterator[Difference]:
    old, new = sides.old.nodes[""].facts, sides.new.nodes[""].facts
    values = _values(sides, old, new, facts, absent=absent)
    if values is not None:
        yield _difference(sides, facts, values, Place(""), Place(""), "high")


def _values(
    sides: Sides, old: Mapping[str, Value], new: Mapping[str, Value], facts: Sequence[str], *, absent: bool
) -> Values | None:
    """Both values of every fact, if any differs and the first one is stated where it must be.

    A graph of bare weights states what their shapes tell; of any other fact it is not known whether it differs.
    """
    bare = is_bare(sides.old) or is_bare(sides.new)
    stated = [facts[0] in side for side in (old, new)]
    if not (any(stated) if absent and not bare else all(stated)):
        return None
    known = [not bare or (fact in old and fact in new) for fact in facts]
    values = tuple((old.get(f), new.get(f)) if k else (None, None) for f, k in zip(facts, known, strict=True))
    return values if any(a != b for a, b in values) else None


def _of_stack(sides: Sides, stack: StackAlignment, facts: Sequence[str], *, absent: bool) -> Iterator[Difference]:
    if stack.old is None or stack.new is None:
        return
    groups: dict[Values, list[tuple[int, int]]] = {}
    for i, j in stack.matched:
        first = sides.old.nodes[sides.old.stacks[stack.old][i]].facts
        second = sides.new.nodes[sides.new.stacks[stack.new][j]].facts
        values = _values(sides, first, second, facts, absent=absent)
        if values is not None:
            groups.setdefault(values, []).append((i, j))
    for values, pairs in groups.items():
        old = Place(f"{stack.old}.*", tuple(i for i, _ in pairs))
        new = Place(f"{stack.new}.*", tuple(j for _, j in pairs))
        yield _difference(sides, facts, values, old, new, _confidence(stack, pairs))


def _confidence(stack: StackAlignment, pairs: Sequence[tuple[int, int]]) -> Confidence:
    """That of the least similar pair of layers."""
    similarity = {(p.old, p.new): p.similarity for p in stack.pairs}
    least = min(similarity[pair] for pair in pairs)
    return "high" if least >= _SURE else "medium" if least >= _LIKELY else "low"


def _difference(
    sides: Sides,
    facts: Sequence[str],
    values: Values,
    old: Place,
    new: Place,
    confidence: Confidence,
) -> Difference:
    differing = [fact for fact, (a, b) in zip(facts, values, strict=True) if a != b]
    explains = tuple(
        change
        for change in sides.changes
        if _touches(change, old, new) and any(carries(vocabulary()[fact], change) for fact in differing)
    )
    return Difference(
        facts=MappingProxyType(dict(zip(facts, values, strict=True))),
        old_place=old,
        new_place=new,
        explains=explains,
        parameters=sum(_within(change, old) for change in explains),
        confidence=confidence,
    )


def _within(change: Change, old: Place) -> int:
    """The parameters that the change adds in the layers of the place."""
    numbers = change.old.layers if change.old is not None else change.where.layers
    if not numbers or not old.layers:
        return change.parameters
    shared = len(set(numbers) & set(old.layers)) if change.old is not None else min(len(numbers), len(old.layers))
    return change.parameters * shared // len(numbers)


def _touches(change: Change, old: Place, new: Place) -> bool:
    """Whether the change stands in one of the layers, or outside all layers, or the difference is the model's."""
    for place, own in ((change.old, old), (change.new, new)):
        if place is None:
            continue
        if not place.layers or not own.layers:
            return True
        if place.path.startswith(own.path) and set(place.layers) & set(own.layers):
            return True
    return False
