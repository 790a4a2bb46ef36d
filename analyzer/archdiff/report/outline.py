"""The folded graph of a model: its layer kinds and the parts around them, as pictures and tables show it."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from archdiff.compare.changes import ranges
from archdiff.report.boxes import PLUMBING, boxes_of, is_box
from archdiff.report.flows import ENTRY, EXIT, chained, edges_of, in_flow_order, lifted
from archdiff.report.judged import with_status
from archdiff.report.kinds import Kind, kinds_of
from archdiff.report.part_facts import facts_for
from archdiff.report.parts import json_of, label_of, parts_of, shared_facts, tensors_of
from archdiff.report.schema import Block, Part
from archdiff.report.standing import Side, Standing

if TYPE_CHECKING:
    from archdiff.compare.comparison import Comparison
    from archdiff.graph.schema import ModelGraph, Node, Value
    from archdiff.rule import Finding

__all__ = ["blocks", "outline"]

Marks = Mapping[str, Mapping[int, Hashable]]

_TOWERS = frozenset({"vision-tower", "audio-tower", "patch-embedding", "projector"})
"""What makes inputs of other kinds into embeddings; it comes before the language model."""


@dataclasses.dataclass(frozen=True)
class _Place:
    """A stack, or a module outside the stacks; `own` where only what it owns itself is meant."""

    id: str
    own: bool = False


def outline(graph: ModelGraph) -> tuple[Block, ...]:
    """The folded graph of one model, towers first, then in definition order; nothing has changed."""
    return _blocks(graph, {})


def blocks(comparison: Comparison, findings: Sequence[Finding]) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """The folded graphs of OLD and of NEW, with what became of each part.

    Layers are folded together only where their partners are, too, and never with layers that have none.

    Args:
        comparison: of the two.
        findings: what the rules noticed; a change that a cosmetic finding explains does not count as one.
    """
    old = _blocks(comparison.old, _marks(comparison, comparison.new, "old"))
    new = _blocks(comparison.new, _marks(comparison, comparison.old, "new"))
    return with_status(old, new, Standing(comparison, findings))


def _marks(comparison: Comparison, other: ModelGraph, side: Side) -> Marks:
    """For every layer of a side: the kind of its partner in the other model; None without one."""
    kinds = {stack: _kind_numbers(other, stack) for stack in other.stacks}
    found: dict[str, dict[int, Hashable]] = {}
    for stack in comparison.alignment:
        own, facing = (stack.old, stack.new) if side == "old" else (stack.new, stack.old)
        if own is None or facing is None:
            continue
        for a, b in stack.matched:
            number, partner = (a, b) if side == "old" else (b, a)
            found.setdefault(own, {})[number] = (facing, kinds[facing][partner])
    return found


def _kind_numbers(graph: ModelGraph, stack: str) -> dict[int, int]:
    return {n: position for position, kind in enumerate(kinds_of(graph, stack)) for n in kind.numbers}


def _blocks(graph: ModelGraph, marks: Marks) -> tuple[Block, ...]:
    places = sorted(_places(graph, ""), key=lambda place: not _tower(graph, place.id))
    kinds = {stack: kinds_of(graph, stack, marks.get(stack)) for stack in graph.stacks}
    edges = edges_of(graph, (kind.layers[0] for found in kinds.values() for kind in found))
    found: list[Block] = []
    for place in places:
        if place.id in kinds:
            found += [_layer_block(graph, kind, edges[kind.layers[0]]) for kind in kinds[place.id]]
        else:
            found.append(_single_block(graph, place))
    return tuple(found)


def _places(graph: ModelGraph, parent: str) -> Iterator[_Place]:
    """Stacks, outermost modules that are drawn outside of them, and holders with parameters of their own."""
    if graph.own_parameters(parent):
        yield _Place(parent, own=True)
    for child in graph.children[parent]:
        node = graph.nodes[child]
        if child in graph.stacks:
            yield _Place(child)
        elif any(stack.startswith(f"{child}.") for stack in graph.stacks):
            yield from _places(graph, child)
        elif node.kind == "module" and node.role not in PLUMBING:
            yield from _outside(graph, node)


def _outside(graph: ModelGraph, node: Node) -> Iterator[_Place]:
    inner = [graph.nodes[key] for key in graph.subtree(node.id)[1:]]
    if is_box(node) or not any(is_box(each) for each in inner):
        if is_box(node) or graph.subtree_parameters(node.id):
            yield _Place(node.id)
    else:
        yield from _places(graph, node.id)


def _single_block(graph: ModelGraph, place: _Place) -> Block:
    node = graph.nodes[place.id]
    count = graph.own_parameters(node.id) if place.own else graph.subtree_parameters(node.id)
    stated = {} if _tower(graph, place.id) else graph.nodes[""].facts
    facts = facts_for(node.role, {**stated, **_norm_facts(graph, node)}, [node.role])
    label = label_of(node.role, node.name or "model")
    part = Part(
        id=node.id, role=node.role, label=label, class_name=node.class_name, status="unchanged",
        facts=json_of(facts), notes=(), parameters=count, parts=(),
        tensors=tensors_of(graph, (node.id,) if place.own else graph.subtree(node.id)),
    )  # fmt: skip
    return Block(
        id=node.id, role=node.role, label=label, stack=None, layers=(), count=1, status="unchanged", notes=(),
        parameters=count, partner=None, parts=(part,), flows=((ENTRY, node.id), (node.id, EXIT)),
    )  # fmt: skip


def _norm_facts(graph: ModelGraph, node: Node) -> dict[str, Value]:
    """Of the layers, where their norms are of the same class as this one outside of them."""
    if node.role not in ("final-norm", "norm"):
        return {}
    for layers in graph.stacks.values():
        below = (graph.nodes[key] for key in graph.subtree(layers[-1]))
        if any(each.role == "norm" and each.class_name == node.class_name for each in below):
            return {key: value for key, value in graph.nodes[layers[-1]].facts.items() if key.startswith("norm.")}
    return {}


def _layer_block(graph: ModelGraph, kind: Kind, edges: Sequence[tuple[str, str]]) -> Block:
    layer = kind.layers[0]
    found = boxes_of(graph, layer)
    flows = lifted(graph, layer, found, edges) or chained(found)
    apart = graph.nodes[layer].function is None and graph.nodes[""].function is not None
    return Block(
        id=layer,
        role="layer",
        label=_stacklabel_of(graph, kind.stack) + (", not traced" if apart else ""),
        stack=kind.stack,
        layers=ranges(kind.numbers),
        count=len(kind.layers),
        status="unchanged",
        notes=(),
        parameters=sum(graph.subtree_parameters(each) for each in kind.layers),
        partner=None,
        parts=parts_of(graph, in_flow_order(found, flows), shared_facts(graph, kind.layers)),
        flows=flows,
    )


def _stacklabel_of(graph: ModelGraph, stack: str) -> str:
    """`layers`, with the tower that holds them, or with the stack's name where several stand in no tower."""
    tower = _tower(graph, stack)
    if tower:
        return f"{label_of(tower, '')} layers"
    others = [other for other in graph.stacks if other != stack and not _tower(graph, other)]
    return f"{stack} layers" if others else "layers"


def _tower(graph: ModelGraph, node_id: str) -> str:
    """The role of the tower, or of the way from it, that the module is or stands in; empty elsewhere."""
    names = node_id.split(".")
    roles = (graph.nodes[".".join(names[:depth])].role for depth in range(1, len(names) + 1))
    return next((role for role in roles if role in _TOWERS), "")
