"""The data flow of a layer, lifted from modules and operators to the boxes that are drawn."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from archdiff.report.boxes import PLUMBING, Box

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.graph.schema import ModelGraph

__all__ = ["ENTRY", "EXIT", "chained", "edges_of", "in_flow_order", "lifted", "owners_of"]

ENTRY, EXIT = "in", "out"
"""What enters and leaves a block."""

Edge = tuple[str, str]


def edges_of(graph: ModelGraph, layers: Iterable[str]) -> dict[str, list[Edge]]:
    """Recorded paths that touch each of the layers, without those from rotary embeddings and the like."""
    found: dict[str, list[Edge]] = {layer: [] for layer in layers}
    depths = sorted({layer.count(".") + 1 for layer in found})
    plumbing = {key for key, node in graph.nodes.items() if node.role in PLUMBING}
    for edge in graph.flows:
        if edge[0] in plumbing and _layer(edge[0], found, depths) is None:
            continue
        for layer in {_layer(node, found, depths) for node in edge} - {None}:
            found[str(layer)].append(edge)
    return found


def _layer(node: str, layers: Mapping[str, object], depths: Sequence[int]) -> str | None:
    names = node.partition("#")[0].split(".")
    return next((key for depth in depths if (key := ".".join(names[:depth])) in layers), None)


def lifted(graph: ModelGraph, layer: str, boxes: Sequence[Box], edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """Paths between boxes; what is not drawn passes on what reaches it.

    Returns:
        Producer and consumer box, each pair once, sorted; `in` and `out` stand for what is outside the layer.
    """
    owners = owners_of(graph, boxes)
    following: dict[str, list[str]] = {}
    for producer, consumer in edges:
        start = _end(producer, layer, owners, ENTRY)
        following.setdefault(start, []).append(_end(consumer, layer, owners, EXIT))
    drawn = {ENTRY, EXIT, *owners.values()}
    found = {(start, end) for start in drawn - {EXIT} for end in _reached(start, following, drawn) if start != end}
    return tuple(sorted(found | _left_open(found, drawn)))


def _left_open(edges: set[Edge], drawn: set[str]) -> set[Edge]:
    """Paths out of a block that nothing recorded reads, such as a tower's side outputs: from its last boxes."""
    if not edges or any(end == EXIT for _, end in edges):
        return set()
    read_on = {start for start, _ in edges}
    return {(box, EXIT) for box in drawn - {ENTRY, EXIT} - read_on}


def _end(node: str, layer: str, owners: Mapping[str, str], outside: str) -> str:
    return owners.get(node, node) if node.startswith((f"{layer}.", f"{layer}#")) else outside


def owners_of(graph: ModelGraph, boxes: Sequence[Box]) -> dict[str, str]:
    """The box of every node that belongs to one; what was taken out of a box stands behind it and wins."""
    owners: dict[str, str] = {}
    every = [inner for box in boxes for inner in box.every() if not inner.container]
    for box in every:
        for module in box.modules:
            owners.update(dict.fromkeys(graph.subtree(module), box.id))
    owners.update({box.id: box.id for box in every})
    return owners


def _reached(start: str, following: Mapping[str, Sequence[str]], drawn: set[str]) -> set[str]:
    """The drawn ends that are reached without passing another."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(following.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node in drawn:
            found.add(node)
        elif node not in seen:
            seen.add(node)
            waiting.extend(following.get(node, ()))
    return found


def chained(boxes: Sequence[Box]) -> tuple[Edge, ...]:
    """A path through the boxes in definition order, for a model that was not traced."""
    ids = [ENTRY, *(inner.id for box in boxes for inner in box.every() if not inner.container), EXIT]
    return tuple(itertools.pairwise(ids))


def in_flow_order(boxes: Sequence[Box], edges: Sequence[Edge]) -> list[Box]:
    """The boxes with every producer before its consumers; otherwise in the order given, cycles included."""
    top = {inner.id: position for position, box in enumerate(boxes) for inner in box.every()}
    needs: dict[int, set[int]] = {position: set() for position in range(len(boxes))}
    for producer, consumer in edges:
        if producer in top and consumer in top and top[producer] != top[consumer]:
            needs[top[consumer]].add(top[producer])
    order: list[int] = []
    while needs:
        ready = next((position for position in needs if not needs[position]), next(iter(needs)))
        del needs[ready]
        order.append(ready)
        for waiting in needs.values():
            waiting.discard(ready)
    inner = {box.id: in_flow_order(box.boxes, edges) for box in boxes}
    return [dataclasses.replace(boxes[position], boxes=inner[boxes[position].id]) for position in order]
