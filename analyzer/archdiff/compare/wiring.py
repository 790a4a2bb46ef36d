"""Which part of a layer reads which: what no operator of the layer itself shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.compare.nodes import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.compare.comparison import StackAlignment
    from archdiff.graph.schema import ModelGraph

__all__ = ["rewired", "tapped"]

_OUTSIDE = "the layer's input"


def rewired(old: ModelGraph, new: ModelGraph, a: str, b: str, found: Sequence[Found]) -> Iterator[Found]:
    """A change for parts that read others, where nothing else says that the layer computes something else.

    Bloom adds the residual stream inside its parts, so that another residual shows in their inputs alone.

    Args:
        old: a graph.
        new: the other.
        a: id of a layer of OLD.
        b: id of the layer of NEW that corresponds.
        found: what is known to differ in it.
    """
    first, second = old.nodes[a], new.nodes[b]
    traced = first.function is not None and second.function is not None
    if not traced or first.function == second.function or first.class_name != second.class_name:
        return
    if any(change.impact != "cosmetic" for change in found):
        return
    before, after = _edges(old, a), _edges(new, b)
    if before != after:
        yield Found(
            "operators-changed", a, b, first.role, "wiring",
            tuple(sorted(before - after)), tuple(sorted(after - before)), "behavioral",
        )  # fmt: skip


def _edges(graph: ModelGraph, layer: str) -> frozenset[str]:
    """What each part reads, as `source → target`, operators under the parts that run them."""
    inside = f"{layer}."
    ends = [(a.partition("#")[0], b.partition("#")[0]) for a, b in graph.flows]
    return frozenset(
        f"{a.removeprefix(inside) if a.startswith(inside) else _OUTSIDE} → {b.removeprefix(inside)}"
        for a, b in ends
        if b.startswith(inside) and a != b
    )


def tapped(
    old: ModelGraph, new: ModelGraph, stack: StackAlignment, names: Mapping[str, str], *, same_parts: bool
) -> Iterator[Found]:
    """A change for each part outside a stack that reads other layers of it, as a projector may read the last but one.

    Where layers were added or removed, what reads the last one moves along, and nothing is said. Nor is it of a part
    that reads the stack in one of the models alone, unless they have the same parts: another may stand between.

    Args:
        old: a graph.
        new: the other.
        stack: how their layers correspond.
        names: ids in NEW, by those in OLD.
        same_parts: whether the two are of one class, and no module came or went.
    """
    if stack.old is None or stack.new is None or stack.added or stack.removed:
        return
    partners = dict(stack.matched)
    first, second = _readers(old, stack.old), _readers(new, stack.new)
    for reader in sorted(key for key, name in names.items() if key in first or name in second):
        before = {partners[number] for number in first.get(reader, ())}
        after = second.get(names[reader], set())
        if before != after and (same_parts or (before and after)):
            yield Found(
                "operators-changed", reader, names[reader], old.nodes[reader].role, "wiring",
                tuple(f"layer {number}" for number in sorted(before)),
                tuple(f"layer {number}" for number in sorted(after)), "behavioral",
            )  # fmt: skip


def _readers(graph: ModelGraph, stack: str) -> dict[str, set[int]]:
    """Numbers of the layers that each module outside the stack reads."""
    layer_of = {key: number for number, layer in enumerate(graph.stacks[stack]) for key in graph.subtree(layer)}
    found: dict[str, set[int]] = {}
    for producer, consumer in graph.flows:
        start, end = layer_of.get(producer.partition("#")[0]), consumer.partition("#")[0]
        if start is not None and end not in layer_of:
            found.setdefault(end, set()).add(start)
    return found
