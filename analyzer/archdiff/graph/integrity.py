"""Whether a graph that came from a file agrees with itself: what every later stage takes for granted of a built one.

The fields have their types already (`archdiff.graph.snapshot`). Fingerprints are computed again, because two
modules with one fingerprint are never looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.graph.digests import digest
from archdiff.graph.fingerprints import identities_of, structures_of
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archdiff.graph.schema import ModelGraph, Node, Value

__all__ = ["faults"]

_LONGEST = 1024
_MOST_ELEMENTS = 2**60
_LARGEST = 2**64
_DEEPEST = 8


def faults(graph: ModelGraph) -> Iterator[str]:
    """What is wrong with it, one phrase a fault; the first one is found fast."""
    yield from _named(graph)
    yield from _order(graph)
    yield from _stacks(graph)
    for node in graph.nodes.values():
        yield from _sizes(node)
    yield from _ends(graph)
    yield from _fingerprints(graph)


def _named(graph: ModelGraph) -> Iterator[str]:
    for key, node in graph.nodes.items():
        joins = node.kind == "operator"
        if joins != ("#" in key) or "*" in key or len(key) > _LONGEST or not key.isprintable():
            yield f"{key!r} names no {node.kind}"
        texts = (node.class_name, node.role, *(text for t in node.tensors for text in (t.name, t.dtype, *t.axes)))
        if not all(text.isprintable() and len(text) <= _LONGEST for text in texts):
            yield f"{key!r} has a name that cannot be printed"
        if len({tensor.name for tensor in node.tensors}) != len(node.tensors):
            yield f"{key!r} has two tensors of one name"


def _order(graph: ModelGraph) -> Iterator[str]:
    """Modules stand behind the one that holds them; operators hold nothing."""
    seen = {""}
    if next(iter(graph.nodes)) != "":
        yield "the model itself does not stand first"
    for key, node in graph.nodes.items():
        if key and graph.parent(key) not in seen:
            yield f"{key!r} stands before what holds it"
        if node.kind == "module":
            seen.add(key)


def _stacks(graph: ModelGraph) -> Iterator[str]:
    for stack, layers in graph.stacks.items():
        if layers != tuple(f"{stack}.{number}" for number in range(len(layers))) or not layers:
            yield f"the layers of {stack!r} are not numbered"
        if any(graph.nodes[layer].role != "layer" for layer in layers):
            yield f"{stack!r} holds what is no layer"
        if any(stack.startswith(f"{other}.") for other in graph.stacks):
            yield f"{stack!r} stands inside another stack"


def _sizes(node: Node) -> Iterator[str]:
    for tensor in node.tensors:
        if tensor.count > _MOST_ELEMENTS or len(tensor.axes) not in (0, len(tensor.shape)):
            yield f"{node.id!r} has an impossible tensor {tensor.name!r}"
    values = (*node.attributes.items(), *node.facts.items())
    if not all(len(key) <= _LONGEST and _fits(value, _DEEPEST) for key, value in values):
        yield f"{node.id!r} has a setting out of bounds"


def _fits(value: Value, depth: int) -> bool:
    if isinstance(value, tuple):
        return depth > 0 and all(_fits(item, depth - 1) for item in value)
    return not isinstance(value, int) or abs(value) <= _LARGEST


def _ends(graph: ModelGraph) -> Iterator[str]:
    if len(set(graph.flows)) != len(graph.flows) or any(start == end for start, end in graph.flows):
        yield "a flow is there twice, or goes nowhere"
    for key, program in graph.programs.items():
        if key != digest([(o.name, o.arguments, o.inputs, o.shapes) for o in program]):
            yield f"program {key!r} is another one"


def _fingerprints(graph: ModelGraph) -> Iterator[str]:
    modules = [node for node in graph.nodes.values() if node.kind == "module"]
    structures, identities = structures_of(modules), identities_of(modules, {n.id: n.facts for n in modules})
    yield from _unequal(modules, structures, identities)


def _unequal(modules: Iterable[Node], structures: dict[str, str], identities: dict[str, str]) -> Iterator[str]:
    for node in modules:
        if (node.structure, node.identity) != (structures[node.id], identities[node.id]):
            yield f"the fingerprint of {printable(node.id)!r} is another one"
