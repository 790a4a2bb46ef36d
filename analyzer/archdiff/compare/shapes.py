"""What two modules hold, whatever it is called: the shapes of all tensors below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archdiff.graph.schema import ModelGraph

__all__ = ["Shapes"]


class Shapes:
    """Fingerprints of the stored tensors of modules of any graphs, without names and without an order of the parts."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, str], int | None] = {}
        self.numbers: dict[object, int] = {}

    def of(self, graph: ModelGraph, module: str) -> int | None:
        """A number that modules of equal shapes share; None where nothing is stored."""
        if (id(graph), module) not in self.known:
            for key in reversed(graph.subtree(module)):
                self.known[id(graph), key] = self._number(graph, key)
        return self.known[id(graph), module]

    def _number(self, graph: ModelGraph, module: str) -> int | None:
        own = sorted(tensor.shape for tensor in graph.nodes[module].tensors if tensor.persistent)
        below = sorted(number for k in graph.children[module] if (number := self.known[id(graph), k]) is not None)
        return self.numbers.setdefault((tuple(own), tuple(below)), len(self.numbers)) if own or below else None
