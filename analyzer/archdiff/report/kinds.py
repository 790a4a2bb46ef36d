"""Fold the layers of a stack into kinds: layers that are equal, drawn once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from archdiff.graph.schema import ModelGraph

__all__ = ["MOST_KINDS", "Kind", "kinds_of"]

MOST_KINDS = 6
"""Beyond this many in a stack, layers with equal facts are taken together, then those with equal roles."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """Layers of one stack that are drawn once.

    Args:
        stack: id of the stack.
        numbers: of its layers, ascending.
        layers: ids of the modules, in the same order.
        mark: what tells these layers from equal ones that must not be mixed with them.
    """

    stack: str
    numbers: tuple[int, ...]
    layers: tuple[str, ...]
    mark: Hashable = None


def kinds_of(graph: ModelGraph, stack: str, marks: Mapping[int, Hashable] | None = None) -> tuple[Kind, ...]:
    """The kinds of a stack, in the order of their first layers.

    Args:
        graph: of the model.
        stack: id of the stack.
        marks: by layer number; layers with different marks are never mixed.
    """
    layers = graph.stacks[stack]
    marks = marks or {}
    found: tuple[Kind, ...] = ()
    for key in (_identity, _facts, _roles):
        found = _grouped(graph, stack, layers, marks, key)
        if len(found) <= MOST_KINDS:
            break
    return found


def _grouped(
    graph: ModelGraph,
    stack: str,
    layers: Sequence[str],
    marks: Mapping[int, Hashable],
    key: Callable[[ModelGraph, str], Hashable],
) -> tuple[Kind, ...]:
    groups: dict[Hashable, list[int]] = {}
    for number, layer in enumerate(layers):
        groups.setdefault((marks.get(number), key(graph, layer)), []).append(number)
    return tuple(
        Kind(stack, tuple(numbers), tuple(layers[n] for n in numbers), marks.get(numbers[0]))
        for numbers in groups.values()
    )


def _identity(graph: ModelGraph, layer: str) -> Hashable:
    return graph.nodes[layer].identity


def _facts(graph: ModelGraph, layer: str) -> Hashable:
    return tuple(sorted(graph.nodes[layer].facts.items()))


def _roles(graph: ModelGraph, layer: str) -> Hashable:
    return tuple(sorted({graph.nodes[key].role for key in graph.subtree(layer)}))
