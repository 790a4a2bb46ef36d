"""Dense feed-forwards and mixtures of experts: which layer has which, and what was exchanged for what."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff import rule as api
from archdiff_rules._layers import extent, layer_changes, noun, place_of, stack_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.rule import Change, Comparison, Difference, Finding, ModelGraph, StackAlignment, Value

__all__ = ["conversions", "dense_layers", "has_experts", "is_mixture", "pair_of_mixtures", "shared_experts"]

_SHARED = ("shared_experts.count", "shared_experts.width", "shared_experts.gate")

_TOLD = ("feed_forward.kind", "mlp.width", "experts.count", "experts.width", "experts.per_token", _SHARED[0])
"""What the message of an exchange says; the first fact decides which layers are looked at."""

_EXCHANGED = (
    *_TOLD, "mlp.gated", "mlp.activation", "mlp.bias", "experts.bias", "experts.activation",
    "experts.interleaved", "router.scoring", "router.scoring_order", "router.bias", "router.normalization",
    "router.scaling", "router.groups", *_SHARED[1:],
)  # fmt: skip
"""Everything that comes or goes when a feed-forward is exchanged for experts."""


def is_mixture(kind: Value) -> bool:
    """Whether a layer of this kind routes tokens to experts."""
    return isinstance(kind, str) and "moe" in kind


def has_experts(graph: ModelGraph) -> bool:
    """Whether any layer routes tokens to experts."""
    layers = (facts for key in graph.stacks for facts in stack_facts(graph, key))
    return any(is_mixture(facts.get("feed_forward.kind")) for facts in layers)


def pair_of_mixtures(difference: Difference) -> bool:
    """Whether both layers route tokens to experts; `feed_forward.kind` must be among the facts."""
    return all(is_mixture(kind) for kind in difference.facts["feed_forward.kind"])


def conversions(comparison: Comparison, to_experts: bool) -> Iterator[Finding]:
    """Where a feed-forward without experts was exchanged for one with them, or the reverse."""
    for difference in comparison.differences(*_EXCHANGED):
        kinds = tuple(is_mixture(kind) for kind in difference.facts["feed_forward.kind"])
        if kinds == (not to_experts, to_experts):
            before, after = _side(difference, 0), _side(difference, 1)
            message = f"{_describe(before)} → {_describe(after)} in {extent(difference)}"
            finding = api.Finding.of(difference, message)
            yield dataclasses.replace(finding, facts={name: difference.facts[name] for name in _TOLD})


def _side(difference: Difference, side: int) -> dict[str, Value]:
    return {name: pair[side] for name, pair in difference.facts.items()}


def _describe(facts: Mapping[str, Value]) -> str:
    """`dense feed-forward of width 10,944`, `128 routed experts of width 1,280, 8 for each token`."""
    kind, shared = facts["feed_forward.kind"], facts["shared_experts.count"]
    if kind is None:
        return "no feed-forward"
    if not is_mixture(kind):
        return f"dense feed-forward of width {api.show(facts['mlp.width'])}"
    width, chosen = api.show(facts["experts.width"]), api.show(facts["experts.per_token"])
    text = f"{api.show(facts['experts.count'])} routed experts of width {width}, {chosen} for each token"
    return f"{text}, and {api.show(shared)} shared" if shared else text


def dense_layers(comparison: Comparison, gone: bool) -> Iterator[Finding]:
    """Where both models have experts: dense layers that are gone, or that came, unless `gone`."""
    if has_experts(comparison.old) and has_experts(comparison.new):
        yield from conversions(comparison, to_experts=gone)
        for stack in comparison.alignment:
            yield from _unmatched(comparison, stack, gone)


def _unmatched(comparison: Comparison, stack: StackAlignment, gone: bool) -> Iterator[Finding]:
    """Dense layers without partner, where their share of the stack fell (or rose) and not the depth alone."""
    if stack.old is None or stack.new is None:
        return
    before, after = stack_facts(comparison.old, stack.old), stack_facts(comparison.new, stack.new)
    key, facts, numbers = (stack.old, before, stack.removed) if gone else (stack.new, after, stack.added)
    layers = [number for number in numbers if facts[number].get("feed_forward.kind") == "dense"]
    shift = _dense(after) * len(before) - _dense(before) * len(after)
    if not layers or (shift >= 0 if gone else shift <= 0):
        return
    place = place_of(key, layers)
    widths = api.show(tuple(sorted({api.show(facts[number].get("mlp.width")) for number in layers})))
    changes = layer_changes(comparison, stack)
    yield api.Finding(
        message=f"{noun(len(layers), 'dense layer')} of width {widths} {'dropped' if gone else 'added'}",
        old=place if gone else None,
        new=None if gone else place,
        facts={"dense layers": (_dense(before), _dense(after))},
        explains=(*(c for c in changes if _touches(c.old if gone else c.new, layers)), *_stated(comparison)),
    )


def _stated(comparison: Comparison) -> Iterator[Change]:
    """What the configs say of where the dense layers stand."""
    for key in ("first_k_dense_replace", "mlp_only_layers", "mlp_layer_types", "moe_layers"):
        yield from comparison.select("config-changed", subject=key)


def _touches(place: api.Place | None, layers: list[int]) -> bool:
    return place is not None and not set(place.layers).isdisjoint(layers)


def _dense(layers: tuple[Mapping[str, Value], ...]) -> int:
    return sum(facts.get("feed_forward.kind") == "dense" for facts in layers)


def shared_experts(comparison: Comparison, gained: bool) -> Iterator[Finding]:
    """Mixtures of experts that gained shared experts, or lost them, unless `gained`."""
    for difference in comparison.differences("feed_forward.kind", *_SHARED):
        if pair_of_mixtures(difference):
            had, has = (bool(count) for count in difference.facts["shared_experts.count"])
            if (had, has) == (not gained, gained):
                yield _shared(comparison, difference, gained)


def _shared(comparison: Comparison, difference: Difference, gained: bool) -> Finding:
    side = 1 if gained else 0
    facts = {name: difference.facts[name] for name in _SHARED if len(set(difference.facts[name])) == 2}
    number, width = (difference.facts[name][side] for name in _SHARED[:2])
    layers, extra = _spread(comparison, difference, side)
    experts = "one shared expert" if number == 1 else f"{api.show(number)} shared experts"
    verb, age = ("added to", "new") if gained else ("removed from", "removed")
    each = f"each of {len(layers)} layers" if len(layers) > 1 else "1 layer"
    also = f", {extra} of which are {age} themselves" if extra else ""
    finding = api.Finding.of(difference, f"{experts} of width {api.show(width)} {verb} {each}{also}")
    place = dataclasses.replace(difference.new_place if gained else difference.old_place, layers=layers)
    finding = dataclasses.replace(finding, new=place) if gained else dataclasses.replace(finding, old=place)
    return dataclasses.replace(finding, facts=facts)


def _spread(comparison: Comparison, difference: Difference, side: int) -> tuple[tuple[int, ...], int]:
    """The layers with the same shared experts, and how many of them have no partner in the other model."""
    place = difference.new_place if side else difference.old_place
    graph = comparison.new if side else comparison.old
    key = place.path.partition(".*")[0]
    stack = next((s for s in comparison.alignment if key == (s.new if side else s.old)), None)
    facts, alone = stack_facts(graph, key), (stack.added if side else stack.removed) if stack else ()
    wanted = tuple(difference.facts[name][side] for name in _SHARED)
    extra = [n for n in alone if tuple(facts[n].get(name) for name in _SHARED) == wanted]
    return tuple(sorted({*place.layers, *extra})), len(extra)
