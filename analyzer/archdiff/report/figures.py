"""Figures of one model: active parameters, parameters by role, size of the key-value cache."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.graph.schema import ModelGraph, Value

__all__ = ["Cache", "active_parameters", "by_role", "cache", "facts", "layers"]

_BYTES = 2
"""Of one value of the cache, which is kept in bfloat16."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cache:
    """What a model keeps of each token for attention.

    Args:
        bytes_per_token: in bfloat16, over all layers, until a window is full.
        bytes_per_token_full: of the layers that keep every token.
        window: the largest sliding window in tokens; None where every layer keeps every token.
        layers: number of layers that keep keys and values, or a latent.
    """

    bytes_per_token: int
    bytes_per_token_full: int
    window: int | None
    layers: int


def layers(graph: ModelGraph) -> tuple[str, ...]:
    """Ids of the layers of every stack, in order."""
    return tuple(layer for stack in graph.stacks.values() for layer in stack)


def facts(graph: ModelGraph) -> tuple[dict[str, Value], dict[str, tuple[Value, ...]]]:
    """What holds for the whole model, and what differs from layer to layer, by the facts' names.

    Returns:
        The model's own facts and those that have one value in all layers that state them; and the distinct
        values of the others, in the order of the layers.
    """
    found: dict[str, dict[Value, None]] = {}
    for layer in layers(graph):
        for name, value in graph.nodes[layer].facts.items():
            found.setdefault(name, {})[value] = None
    shared = {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
    varying = {name: tuple(values) for name, values in sorted(found.items()) if len(values) > 1}
    return dict(sorted({**shared, **graph.nodes[""].facts}.items())), varying


def active_parameters(graph: ModelGraph) -> int | None:
    """Parameters that take part in computing one token.

    All of them, less what a token is not sent to: in each layer the parameters of the experts times
    (1 - experts per token / experts). None where there are experts and no counts of them.
    """
    idle = 0
    for layer in layers(graph):
        experts = sum(map(graph.subtree_parameters, _outermost(graph, layer, "expert")))
        share = _idle_share(graph.nodes[layer].facts) if experts else (0, 1)
        if share is None:
            return None
        idle += experts * share[0] // share[1]
    return graph.parameters - idle


def _idle_share(stated: Mapping[str, Value]) -> tuple[int, int] | None:
    """Numerator and denominator of the share of a layer's experts that a token is not sent to."""
    count, used = stated.get("experts.count"), stated.get("experts.per_token")
    if not _is_count(count) or not _is_count(used) or not isinstance(count, int) or not isinstance(used, int):
        return None
    return max(count - used, 0), count


def _is_count(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _outermost(graph: ModelGraph, top: str, role: str) -> Iterator[str]:
    """Modules of a role below `top` that are not inside another one of it."""
    if graph.nodes[top].role == role:
        yield top
        return
    for child in graph.children[top]:
        yield from _outermost(graph, child, role)


def by_role(graph: ModelGraph) -> dict[str, int]:
    """Parameters by the role of the module that owns them, or of the one around it; the largest first.

    Parts of an expert count as `expert`, parts of a shared expert as `shared-expert`, and so on.
    """
    found: Counter[str] = Counter()
    waiting = [("", "")]
    while waiting:
        node_id, around = waiting.pop()
        role = around if around in _WHOLE else graph.nodes[node_id].role or around
        found[role or "other"] += graph.own_parameters(node_id)
        waiting.extend((child, role) for child in graph.children[node_id])
    counted = {role: count for role, count in found.items() if count}
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


_WHOLE = frozenset({
    "attention", "linear-attention", "state-space", "convolution-mixer", "dense-mlp", "expert",
    "shared-expert", "router", "vision-tower", "audio-tower", "projector", "mtp", "cross-attention",
})  # fmt: skip
"""Roles whose parts are not told apart."""


def cache(graph: ModelGraph) -> Cache | None:
    """The key-value cache of one token; None for a model that keeps none, as one of state-space layers.

    Per layer 2 x key-value heads x head dimension values; for latent attention its rank and the part that
    rotates (https://arxiv.org/abs/2405.04434, section 2.1). A layer that reuses another's keys keeps none.
    """
    kept = [(_cached(graph.nodes[layer].facts), graph.nodes[layer].facts) for layer in layers(graph)]
    kept = [(size, stated) for size, stated in kept if size]
    if not kept:
        return None
    windows = [stated.get("attention.window") for _, stated in kept]
    full = sum(size for (size, _), window in zip(kept, windows, strict=True) if not _is_count(window))
    largest = max((window for window in windows if isinstance(window, int) and _is_count(window)), default=None)
    return Cache(_BYTES * sum(size for size, _ in kept), _BYTES * full, largest, len(kept))


def _cached(stated: Mapping[str, Value]) -> int:
    """Values that one layer keeps of one token."""
    if stated.get("attention.key_value_sharing") is True:
        return 0
    rank, rotary = stated.get("latent.key_value_rank"), stated.get("latent.rotary_dimension")
    if isinstance(rank, int) and rank:
        return rank + (rotary if isinstance(rotary, int) else 0)
    heads, width = stated.get("attention.key_value_heads"), stated.get("attention.head_dimension")
    if not isinstance(heads, int) or not isinstance(width, int):
        return 0
    value_width = stated.get("attention.value_head_dimension")
    return heads * (width + (value_width if isinstance(value_width, int) else width))
