"""Where a module stands: its component, its layer, and which part of a layer it belongs to."""

from __future__ import annotations

import dataclasses
import re
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.weights.pairing.packing import Heads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.graph.schema import ModelGraph, Node
    from archdiff.weights.units import Place

__all__ = ["Standing", "Standings"]

_COMPONENTS = MappingProxyType({
    "vision-tower": "vision-tower", "audio-tower": "audio-tower", "projector": "projector", "mtp": "prediction",
})  # fmt: skip
_TABLES = frozenset({"embedding", "position-embedding", "token-type-embedding"})
_ATTENTION = frozenset({
    "query", "key", "value", "output", "query-key-value", "key-value", "query-down", "query-up", "key-value-down",
    "key-value-up", "attention-gate", "output-down",
})  # fmt: skip
_MLP = frozenset({"gate", "up", "down", "gate-up"})
_AROUND: Mapping[str, Place] = MappingProxyType({
    "shared-expert": "shared-expert", "expert": "expert", "dense-mlp": "mlp", "layer": "mlp",
})  # fmt: skip
_NUMBERED = re.compile(r"(?:^|\.)experts\.(\d+)(?:\.|$)", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """Where a module stands.

    Args:
        component: as `Unit.component`.
        place: as `Unit.place`.
        stack: id of the layer stack; None outside.
        layer: number in the stack.
        expert: number of the expert that the module is a part of; None where experts are no modules of their own.
        heads: of the layer's attention; nothing is known outside a layer, and outside attention.
    """

    component: str
    place: Place
    stack: str | None
    layer: int | None
    expert: int | None
    heads: Heads


class Standings:
    """Where the modules of a graph stand."""

    def __init__(self, graph: ModelGraph) -> None:
        self.graph = graph
        layers = ((stack, number, key) for stack, found in graph.stacks.items() for number, key in enumerate(found))
        self.layers = {key: (stack, number) for stack, number, key in layers}
        self.heads = {key: Heads.of(graph.nodes[key].facts) for key in self.layers}

    @cached_property
    def whole(self) -> str:
        """The component of what stands in no other: that of the language model, if the model has one."""
        roles = {node.role for node in self.graph.nodes.values()}
        if roles & {"embedding", "lm-head"} or "patch-embedding" not in roles:
            return "language-model"
        return "vision-tower"

    def layer_of(self, key: str) -> str | None:
        """Id of the layer around a module, or of itself."""
        return next((outer for outer in _outward(key) if outer in self.layers), None)

    def of(self, node: Node) -> Standing:
        """Where a module stands."""
        roles = [self.graph.nodes[outer].role for outer in _outward(node.id)]
        layer = self.layer_of(node.id)
        stack, number = self.layers[layer] if layer is not None else (None, None)
        expert = _NUMBERED.search(node.id) if "expert" in roles[1:] else None
        attends = layer is not None and not {"attention", "cross-attention"}.isdisjoint(roles)
        return Standing(
            component=self._component(node, roles),
            place=_place(node, roles),
            stack=stack,
            layer=number,
            expert=int(expert[1]) if expert else None,
            heads=self.heads[layer] if attends and layer is not None else Heads(),
        )

    def _component(self, node: Node, roles: list[str]) -> str:
        inside = next((_COMPONENTS[role] for role in roles if role in _COMPONENTS), None)
        if inside is not None:
            return inside
        if node.role in _TABLES:
            return "embeddings"
        return "heads" if node.role == "lm-head" else self.whole


def _outward(key: str) -> Iterator[str]:
    """The module and everything around it, the innermost first."""
    while key:
        yield key
        key = key.rpartition(".")[0]


def _place(node: Node, roles: list[str]) -> Place:
    if node.role in _TABLES or node.role == "lm-head":
        return "outside"
    if node.role.endswith("norm"):
        return "norm"
    if node.role in ("router", "expert", "shared-expert"):
        return "router" if node.role == "router" else _AROUND[node.role]
    attends = not {"attention", "cross-attention"}.isdisjoint(roles)
    if attends and (node.role in _ATTENTION or node.role in _MLP):
        return "attention"
    if node.role in _MLP:
        stacked: Place = "expert" if any(len(tensor.shape) == 3 for tensor in node.tensors) else "mlp"
        return next((_AROUND[role] for role in roles[1:] if role in _AROUND), stacked)
    return "other"
