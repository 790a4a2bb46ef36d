"""A graph as compact JSON, for the cache: nodes that differ in their id alone are written, and read, once.

What depends on where a config came from is left out, and told again by the source that the graph is unpacked for.
This form is private and changes with archdiff; the published one is `ModelGraph.to_json`.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from archdiff.graph.origin import origin
from archdiff.graph.schema import ModelGraph, Node, Tensor, freeze

if TYPE_CHECKING:
    from archdiff.sources import Source

__all__ = ["pack", "unpack"]

_FIELDS = tuple(field.name for field in dataclasses.fields(Node))[1:]
_TENSORS = _FIELDS.index("tensors")


def pack(graph: ModelGraph, source: Source) -> bytes:
    """The graph that was built of `source`, without what the source alone tells.

    Raises:
        ValueError: the graph tells something else of its source.
    """
    told, notes = origin(source), len(source.notes)
    if any(graph.attributes[key] != told[key] for key in told) or graph.notes[:notes] != source.notes:
        raise ValueError(f"{graph.name} was built of another source")
    kinds: dict[str, int] = {}
    nodes = [[key, kinds.setdefault(_row(node), len(kinds))] for key, node in graph.nodes.items()]
    number = {key: position for position, key in enumerate(graph.nodes)}
    document = {
        "order": list(graph.attributes),
        "attributes": {key: value for key, value in graph.attributes.items() if key not in (*told, "notes")},
        "notes": graph.notes[notes:],
        "nodes": nodes,
        "flows": [[number[a], number[b]] for a, b in graph.flows],
    }
    return f'{_json(document)[:-1]},"kinds":[{",".join(kinds)}]}}'.encode("ascii")


def _row(node: Node) -> str:
    """All of a node but its id; its settings and facts keep their order."""
    values = [getattr(node, name) for name in _FIELDS]
    values[_TENSORS] = [dataclasses.astuple(tensor) for tensor in node.tensors]
    return _json(values)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), default=dict)


def unpack(content: bytes, source: Source) -> ModelGraph:
    """The graph that was packed, as if it were built of `source`.

    Raises:
        AttributeError, LookupError, TypeError, ValueError: the content is not what `pack` returns.
    """
    document = json.loads(content)
    kinds = [_values(row) for row in document["kinds"]]
    nodes = {key: Node(key, *kinds[kind]) for key, kind in document["nodes"]}
    ids = tuple(nodes)
    flows = [(ids[a], ids[b]) for a, b in document["flows"]]
    stored = {**document["attributes"], **origin(source), "notes": [*source.notes, *document["notes"]]}
    return ModelGraph.of_parts({key: stored[key] for key in document["order"]}, nodes, flows)


def _values(row: list[Any]) -> list[Any]:
    """The fields that all nodes of one kind share."""
    values = [freeze(value) for value in row]
    values[_TENSORS] = tuple(Tensor(*tensor) for tensor in values[_TENSORS])
    return values
