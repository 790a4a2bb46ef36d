"""Which modules of a layer are drawn as boxes of their own, and which are folded into one of those."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archdiff.graph.schema import ModelGraph, Node

__all__ = ["PLUMBING", "Box", "boxes_of", "is_box"]

PLUMBING = frozenset({"rotary", "dropout", "activation"})
"""Roles that are not drawn: values pass through them, or they state what the attention's facts state."""

_BOXES = frozenset({
    "attention", "cross-attention", "linear-attention", "state-space", "convolution-mixer", "sparse-indexer",
    "dense-mlp", "router", "expert", "shared-expert", "norm", "final-norm", "embedding", "position-embedding",
    "token-type-embedding", "patch-embedding", "relative-position-bias", "projector", "lm-head", "mtp",
    "task-head", "prediction-transform",
})  # fmt: skip
_PROJECTIONS = frozenset({"gate", "up", "down", "gate-up"})
_OPENED = frozenset({"attention", "dense-mlp"})
"""Boxes out of which a norm or a residual sum is taken where the class puts it inside, as BERT's does."""

_LAYER_OPERATORS = frozenset({"add", "multiply", "concatenate"})


@dataclasses.dataclass
class Box:
    """A part while it is put together.

    Args:
        id: node id of its first module, or of the operator.
        role: the field's term; the operator's name for an operator.
        modules: ids of the modules whose whole subtrees it covers; empty for operators.
        boxes: those inside.
        container: whether it is drawn around others; values reach those, never the container itself.
    """

    id: str
    role: str
    modules: list[str] = dataclasses.field(default_factory=list)
    boxes: list[Box] = dataclasses.field(default_factory=list)
    container: bool = False

    def every(self) -> Iterator[Box]:
        """The box and all boxes inside it."""
        yield self
        for box in self.boxes:
            yield from box.every()


def is_box(node: Node) -> bool:
    """Whether a module with this role is drawn as a box of its own."""
    return node.role in _BOXES


def boxes_of(graph: ModelGraph, layer: str) -> list[Box]:
    """The boxes of a layer, or of a part outside the layers, in definition order."""
    return _Opener(graph, layer).inside(layer, moe=False)


class _Opener:
    def __init__(self, graph: ModelGraph, layer: str) -> None:
        self.graph, self.layer = graph, layer
        self.before: dict[str, list[str]] = {}
        if any(n.kind == "operator" for n in self._nodes(layer)):
            prefixes = (f"{layer}.", f"{layer}#")
            for producer, consumer in graph.flows:
                if consumer.startswith(prefixes):
                    self.before.setdefault(consumer, []).append(producer)

    def _nodes(self, parent: str) -> list[Node]:
        return [self.graph.nodes[key] for key in self.graph.subtree(parent)]

    def inside(self, parent: str, *, moe: bool) -> list[Box]:
        found: list[Box] = []
        for child in self.graph.children[parent]:
            node = self.graph.nodes[child]
            if node.kind == "operator":
                shown = node.class_name == "add" if moe else node.class_name in _LAYER_OPERATORS
                found += [Box(child, node.class_name)] if shown else []
            else:
                self._place(node, found, moe=moe)
        return _with_gates(found)

    def _place(self, node: Node, found: list[Box], *, moe: bool) -> None:
        if node.role == "mixture-of-experts":
            found.append(Box(node.id, node.role, [node.id], self.inside(node.id, moe=True), container=True))
        elif node.role in _BOXES:
            found.append(Box(node.id, node.role, [node.id]))
            found += self._taken_out(node) if node.role in _OPENED else []
        elif node.role in _PROJECTIONS:
            _join(found, Box(node.id, "expert" if moe else "dense-mlp", [node.id]))
        elif node.role not in PLUMBING and self._holds_boxes(node):
            for box in self.inside(node.id, moe=moe):
                _join(found, box) if box.role == "dense-mlp" else found.append(box)
        elif node.role not in PLUMBING and self.graph.subtree_parameters(node.id):
            found.append(Box(node.id, node.role, [node.id]))

    def _holds_boxes(self, node: Node) -> bool:
        wanted = _BOXES | _PROJECTIONS | {"mixture-of-experts"}
        return any(inner.role in wanted for inner in self._nodes(node.id)[1:])

    def _taken_out(self, box: Node) -> Iterable[Box]:
        """Residual sums inside the box, and the norms that follow them."""
        inner = self._nodes(box.id)
        sums = [n for n in inner if n.class_name == "add" and self._joins_residual(n, box)]
        after = {n.id for n in sums}
        norms = [n for n in inner if n.role == "norm" and after & set(self.before.get(n.id, ()))]
        return [*(Box(n.id, n.class_name) for n in sums), *(Box(n.id, n.role, [n.id]) for n in norms)]

    def _joins_residual(self, operator: Node, box: Node) -> bool:
        here = (f"{box.id}.", f"{box.id}#")
        outside = [self.graph.nodes[p] for p in self.before.get(operator.id, ()) if not p.startswith(here)]
        return operator.kind == "operator" and any(node.role not in PLUMBING for node in outside)


def _join(found: list[Box], box: Box) -> None:
    """Add a loose projection to the box of its kind, or as a box of its own."""
    same = next((other for other in found if other.role == box.role), None)
    if same is None:
        found.append(box)
    else:
        same.modules += box.modules


def _with_gates(found: list[Box]) -> list[Box]:
    """The gate of a shared expert belongs to its box."""
    shared = next((box for box in found if box.role == "shared-expert"), None)
    gates = [box for box in found if box.role == "shared-expert-gate"]
    if shared is None:
        return found
    shared.modules += [module for box in gates for module in box.modules]
    return [box for box in found if box not in gates]
