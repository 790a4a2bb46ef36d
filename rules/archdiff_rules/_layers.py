"""Layer stacks as sequences: what a layer is, how many there are, which of them have no partner."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archdiff import rule as api

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.rule import Change, Comparison, Difference, Finding, ModelGraph, Place, StackAlignment, Value

__all__ = ["depth_changes", "extent", "layer_changes", "noun", "place_of", "stack_facts", "term"]

_TERMS = {"moe": "mixture of experts", "dense": "dense feed-forward", "None": "no mixer"}

_LONGEST_EXTENT = 40
"""Characters beyond which layers are counted in a message and not listed; the finding's places list them."""


def stack_facts(graph: ModelGraph, stack: str | None) -> tuple[Mapping[str, Value], ...]:
    """The facts of every layer of a stack, in order; none where there is no such stack."""
    return tuple(graph.nodes[layer].facts for layer in graph.stacks.get(stack or "", ()))


def place_of(stack: str | None, layers: Sequence[int]) -> Place | None:
    """Some layers of a stack; None where there are none."""
    return api.Place(f"{stack}.*", tuple(layers)) if stack is not None and layers else None


def extent(difference: Difference) -> str:
    """`layer 0`, `layers 1–45`, or how many where they are scattered."""
    text = difference.where
    return text if len(text) <= _LONGEST_EXTENT else noun(len(difference.new_place.layers), "layer")


def noun(number: int, thing: str) -> str:
    """`1 layer`, `12 layers`."""
    return f"{api.count(number)} {thing}{'' if number == 1 else 's'}"


def term(kind: Value) -> str:
    """A kind of layer part as a reader wants it."""
    return _TERMS.get(str(kind), str(kind).replace("-", " "))


def layer_changes(comparison: Comparison, stack: StackAlignment) -> tuple[Change, ...]:
    """The whole layers of a stack that were added or removed."""
    paths = {f"{key}.*" for key in (stack.old, stack.new) if key is not None}
    changes = comparison.select("module-added", "module-removed", role="layer")
    return tuple(change for change in changes if change.where.path in paths)


def depth_changes(comparison: Comparison, grown: bool) -> Iterator[Finding]:
    """One finding for each stack of both models that has more layers, or fewer unless `grown`."""
    for stack in comparison.alignment:
        surplus = len(stack.added) - len(stack.removed)
        if stack.old is not None and stack.new is not None and (surplus > 0 if grown else surplus < 0):
            yield _depth_change(comparison, stack)


def _depth_change(comparison: Comparison, stack: StackAlignment) -> Finding:
    changes = layer_changes(comparison, stack)
    before, after = stack_facts(comparison.old, stack.old), stack_facts(comparison.new, stack.new)
    stated = [d for d in comparison.differences("layers") if (d.old, d.new) == (len(before), len(after))]
    return api.Finding(
        message=f"{len(before)} → {len(after)} layers: {_account(stack, before, after)}",
        old=place_of(stack.old, stack.removed),
        new=place_of(stack.new, stack.added),
        facts={"layers": (len(before), len(after))},
        explains=(*changes, *(change for difference in stated for change in difference.explains)),
        parameters=sum(change.parameters for change in changes),
    )


def _account(stack: StackAlignment, before: Sequence[Mapping[str, Value]], after: Sequence[Mapping[str, Value]]) -> str:
    """`12 added, all attention with mixture of experts; structure alone cannot tell where`."""
    told = [
        f"{len(numbers)} {verb}, {_kinds([facts[number] for number in numbers])}"
        for numbers, facts, verb in ((stack.added, after, "added"), (stack.removed, before, "removed"))
        if numbers
    ]
    doubt = "; others are like them, so structure alone cannot tell which they are"
    return " and ".join(told) + (doubt if stack.ambiguous else "")


def _kinds(layers: Sequence[Mapping[str, Value]]) -> str:
    """`all attention with mixture of experts`, or how many of each kind."""
    kinds = Counter(_kind(facts) for facts in layers)
    if len(kinds) == 1:
        return next(iter(kinds)) if len(layers) == 1 else f"all {next(iter(kinds))}"
    return ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))


def _kind(facts: Mapping[str, Value]) -> str:
    parts = [term(facts[name]) for name in ("mixer.kind", "feed_forward.kind") if facts.get(name) is not None]
    return " with ".join(parts) or "of no known kind"
