"""Which part of a layer reads which: what no operator of the layer itself shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.compare.nodes import Found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.graph.schema import ModelGraph

__all__ = ["rewired"]

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
