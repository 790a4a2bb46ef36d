"""Data flow between modules: which module's output, or which joining operator, reaches which."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.graph.recorder import Call
    from archdiff.graph.schema import Node
    from archdiff.graph.trace import Trace

__all__ = ["JOINS", "Flow", "flow_of"]

JOINS: Mapping[str, str] = {
    "add": "add",
    "mul": "multiply",
    "cat": "concatenate",
    "topk": "top-k",
    "softmax": "softmax",
    "bmm": "matrix-multiply",
    "mm": "matrix-multiply",
    "baddbmm": "matrix-multiply",
    "sub": "subtract",
    "div": "divide",
    "index_add": "scatter-add",
    "scatter_add": "scatter-add",
}
"""Operators that become nodes where they join paths, under the name that the graph gives them."""


@dataclasses.dataclass(frozen=True)
class Flow:
    """Operator nodes and edges of the layers that ran, ids without copies.

    Args:
        operators: id and name of each joining operator, in execution order.
        edges: producer and consumer, each once.
    """

    operators: tuple[tuple[str, str], ...]
    edges: tuple[tuple[str, str], ...]


class _Flow:
    def __init__(self, atoms: Mapping[str, str]) -> None:
        self.atoms = atoms
        self.source: dict[int, str] = {}
        self.operators: list[tuple[str, str]] = []
        self.edges: dict[tuple[str, str], None] = {}
        self.count: dict[str, int] = {}

    def add(self, call: Call) -> None:
        sources = list(dict.fromkeys(self.source[number] for number in call.inputs if number in self.source))
        target = self.target(call, sources)
        for source in sources:
            if target is not None and source != target:
                self.edges[source, target] = None
        produced = target or (sources[0] if sources else None)
        if produced is not None:
            self.source.update(dict.fromkeys(call.outputs, produced))

    def target(self, call: Call, sources: list[str]) -> str | None:
        """The node that the call belongs to; None where values only pass through."""
        if call.module in self.atoms:
            return self.atoms[call.module]
        joins = len(sources) > 1 or call.name in ("topk", "softmax")
        if not joins or call.name not in JOINS:
            return None
        name = JOINS[call.name]
        key = f"{call.module}#{name}"
        self.count[key] = self.count.get(key, -1) + 1
        node_id = f"{key}.{self.count[key]}"
        self.operators.append((node_id, name))
        return node_id


def flow_of(trace: Trace, nodes: Iterable[Node], layers: Iterable[str]) -> Flow:
    """Operator nodes and `flows` edges of the whole model, copies of layers included.

    Args:
        trace: a finished recording.
        nodes: modules with their tensors.
        layers: ids of the layers of all stacks.
    """
    ran = [layer for layer in layers if layer in trace.received]
    weaver = _Weaver(trace, _atoms(list(nodes)), ran)
    for call in trace.calls:
        if weaver.layer_of(call.module) is None:
            weaver.settle(call.inputs)
            weaver.flow.add(call)
    for layer in ran:
        weaver.settle(trace.returned.get(layer, ()))
    return Flow(tuple(weaver.flow.operators), tuple(weaver.flow.edges))


@dataclasses.dataclass(frozen=True)
class _Template:
    """The flow inside one layer: `<k` stands for the k-th tensor that it is called with."""

    layer: str
    operators: tuple[tuple[str, str], ...]
    edges: tuple[tuple[str, str], ...]
    returned: tuple[str | None, ...]


class _Weaver:
    """Follows the calls outside the layers, and weaves in each layer when its output is first read."""

    def __init__(self, trace: Trace, atoms: Mapping[str, str], layers: list[str]) -> None:
        self.trace, self.layers, self.flow = trace, frozenset(layers), _Flow(atoms)
        self.atoms = atoms
        self.pending = {number: layer for layer in layers for number in trace.returned.get(layer, ())}
        self.done: set[str] = set()
        self.depths = sorted({layer.count(".") + 1 for layer in layers})
        self.inside: dict[str, list[Call]] = {}
        for call in trace.calls:
            layer = self.layer_of(call.module)
            if layer is not None:
                self.inside.setdefault(layer, []).append(call)
        self.templates: dict[str, _Template] = {}

    def layer_of(self, module: str) -> str | None:
        """The layer that holds the module, if one does."""
        parts = module.split(".")
        for depth in self.depths:
            candidate = ".".join(parts[:depth])
            if candidate in self.layers:
                return candidate
        return None

    def settle(self, numbers: Iterable[int]) -> None:
        """Weave in the layers that produced these tensors, and first those that they read."""
        waiting = [layer for layer in (self.pending.get(number) for number in numbers) if layer is not None]
        while waiting:
            layer = waiting[-1]
            before = [self.pending.get(number) for number in self.trace.received[layer]]
            # Layers that hand on the same tensor seem to wait for each other; the one read first is woven first.
            first = [other for other in before if other is not None and other not in self.done and other not in waiting]
            if first and layer not in self.done:
                waiting.extend(first)
                continue
            waiting.pop()
            if layer not in self.done:
                self._weave(layer)

    def _weave(self, layer: str) -> None:
        self.done.add(layer)
        template = self._template(self.trace.copies.get(layer, layer))
        received = self.trace.received[layer]

        def place(node: str) -> str | None:
            if node.startswith("<"):
                slot = int(node[1:])
                return self.flow.source.get(received[slot]) if slot < len(received) else None
            return layer + node.removeprefix(template.layer) if node.startswith(template.layer) else node

        self.flow.operators.extend((str(place(node)), name) for node, name in template.operators)
        for producer, consumer in template.edges:
            start, end = place(producer), place(consumer)
            if start is not None and end is not None and start != end:
                self.flow.edges[start, end] = None
        for number, node in zip(self.trace.returned.get(layer, ()), template.returned, strict=False):
            placed = place(node) if node is not None else None
            if placed is not None:
                self.flow.source[number] = placed

    def _template(self, layer: str) -> _Template:
        if layer not in self.templates:
            flow = _Flow(self.atoms)
            flow.source = {number: f"<{slot}" for slot, number in reversed(list(enumerate(self.trace.received[layer])))}
            for call in self.inside.get(layer, []):
                flow.add(call)
            returned = tuple(flow.source.get(number) for number in self.trace.returned.get(layer, ()))
            self.templates[layer] = _Template(layer, tuple(flow.operators), tuple(flow.edges), returned)
        return self.templates[layer]


def _atoms(nodes: list[Node]) -> dict[str, str]:
    """Modules drawn as one node, and everything inside them: those whose parts hold no tensors of their own."""
    holders = {parent for node in nodes if node.tensors for parent in _above(node.id)}
    atoms: dict[str, str] = {}
    for node in nodes:
        parent = node.id.rpartition(".")[0]
        if parent in atoms and node.id:
            atoms[node.id] = atoms[parent]
        elif node.id and node.id not in holders:
            atoms[node.id] = node.id
    return atoms


def _above(module: str) -> Iterable[str]:
    while module:
        module = module.rpartition(".")[0]
        yield module
