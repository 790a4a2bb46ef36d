"""Differences in facts, folded over layers, each with the changes in the graph that carry it."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archdiff.compare.bare import is_bare
from archdiff.compare.carriers import carries
from archdiff.compare.changes import Change, Place
from archdiff.compare.comparison import Comparison, Difference, StackAlignment
from archdiff.graph.schema import Confidence, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["differences", "vocabulary"]

_SURE, _LIKELY = 0.4, 0.3
"""Similarities of two layers from which their match is called sure, and likely: gpt-oss and Solar Open, which share
roles and routing and little else, have 0.46; GPT-2 and Llama 2 have 0.36."""

Values = tuple[tuple[Value, Value], ...]


@cache
def vocabulary() -> Mapping[str, Mapping[str, Any]]:
    """Scope, meaning and carriers of every fact, by name."""
    # Found from the package above: importing `graph.facts` itself takes torch.
    text = files("archdiff.graph").joinpath("facts", "facts.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def differences(comparison: Comparison, facts: Sequence[str], *, absent: bool) -> tuple[Difference, ...]:
    """See `Comparison.differences`."""
    scopes = {vocabulary()[fact]["scope"] for fact in facts}
    if scopes == {"model"}:
        return tuple(_of_model(comparison, facts, absent=absent))
    return tuple(
        found for stack in comparison.alignment for found in _of_stack(comparison, stack, facts, absent=absent)
    )


def _of_model(comparison: Comparison, facts: Sequence[str], *, absent: bool) -> Iterator[Difference]:
    old, new = comparison.facts
    values = _values(comparison, old, new, facts, absent=absent)
    if values is not None:
        yield _difference(comparison, facts, values, Place(""), Place(""), "high")


def _values(
    comparison: Comparison, old: Mapping[str, Value], new: Mapping[str, Value], facts: Sequence[str], *, absent: bool
) -> Values | None:
    """Both values of every fact, if any differs and the first one is stated where it must be.

    A graph of bare weights states what their shapes tell; of any other fact it is not known whether it differs.
    """
    bare = is_bare(comparison.old) or is_bare(comparison.new)
    stated = [facts[0] in side for side in (old, new)]
    if not (any(stated) if absent and not bare else all(stated)):
        return None
    known = [not bare or (fact in old and fact in new) for fact in facts]
    values = tuple((old.get(f), new.get(f)) if k else (None, None) for f, k in zip(facts, known, strict=True))
    return values if any(a != b for a, b in values) else None


def _of_stack(
    comparison: Comparison, stack: StackAlignment, facts: Sequence[str], *, absent: bool
) -> Iterator[Difference]:
    if stack.old is None or stack.new is None:
        return
    groups: dict[Values, list[tuple[int, int]]] = {}
    for i, j in stack.matched:
        first = comparison.old.nodes[comparison.old.stacks[stack.old][i]].facts
        second = comparison.new.nodes[comparison.new.stacks[stack.new][j]].facts
        values = _values(comparison, first, second, facts, absent=absent)
        if values is not None:
            groups.setdefault(values, []).append((i, j))
    for values, pairs in groups.items():
        old = Place(f"{stack.old}.*", tuple(i for i, _ in pairs))
        new = Place(f"{stack.new}.*", tuple(j for _, j in pairs))
        yield _difference(comparison, facts, values, old, new, _confidence(stack, pairs))


def _confidence(stack: StackAlignment, pairs: Sequence[tuple[int, int]]) -> Confidence:
    """That of the least similar pair of layers."""
    similarity = {(p.old, p.new): p.similarity for p in stack.pairs}
    least = min(similarity[pair] for pair in pairs)
    return "high" if least >= _SURE else "medium" if least >= _LIKELY else "low"


def _difference(
    comparison: Comparison,
    facts: Sequence[str],
    values: Values,
    old: Place,
    new: Place,
    confidence: Confidence,
) -> Difference:
    differing = [fact for fact, (a, b) in zip(facts, values, strict=True) if a != b]
    explains = tuple(
        change
        for change in comparison.changes
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
