"""What a document must be before a graph is read from it: a snapshot is a file, and nothing in it is taken on trust."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from archdiff.errors import SnapshotError
from archdiff.text import printable

__all__ = ["REMEDY", "check"]

REMEDY = "save the snapshot again with this version of archdiff"

Fits = Callable[[Any], bool]


def _text(value: object) -> bool:
    return isinstance(value, str)


def _text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _value(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str) or _list(_value)(value)


def _one_of(*values: str) -> Fits:
    return lambda value: isinstance(value, str) and value in values


def _list(fits: Fits) -> Fits:
    return lambda value: isinstance(value, list | tuple) and all(map(fits, value))


def _table(fits: Fits) -> Fits:
    return lambda value: isinstance(value, Mapping) and all(map(_text, value)) and all(map(fits, value.values()))


def _record(fields: Mapping[str, Fits]) -> Fits:
    return lambda value: isinstance(value, Mapping) and value.keys() == fields.keys() and not _unfit(value, fields)


def _unfit(value: Mapping[str, Any], fields: Mapping[str, Fits]) -> str | None:
    """The first field that is missing, or of another type."""
    return next((key for key, fits in fields.items() if key not in value or not fits(value[key])), None)


def _operator(row: object) -> bool:
    """Name, arguments, inputs and shapes of one recorded operator."""
    fields = (_text, _list(_text), _list(_text), _list(_list(_size)))
    return isinstance(row, list | tuple) and len(row) == 4 and all(f(v) for f, v in zip(fields, row, strict=True))


def _misshapen(name: object, shipped: object, built: object) -> bool:
    return _text(name) and _list(_size)(shipped) and _list(_size)(built)


_SOURCE: Mapping[str, Fits] = {
    "kind": _text,
    "digest": _text,
    "hub_id": _text_or_none,
    "revision": _text_or_none,
    "licence": _text_or_none,
    "released": _text_or_none,
    "lineage": _list(_record({"base": _text, "relation": _text})),
    "architectures": _list(_text),
    "remote_code": _flag,
}
_MODEL: Mapping[str, Fits] = {
    "name": _text,
    "reference": _text,
    "model_type": _text,
    "class_name": _text,
    "transformers": _text,
    "config": _table(lambda _: True),
    "source": _record(_SOURCE),
    "stacks": _table(_list(_text)),
    "programs": _table(_list(_operator)),
    "notes": _list(_text),
    "not_checked": _list(_text),
}
_SHIPPED: Mapping[str, Fits] = {
    "count": _size,
    "missing": _list(_text),
    "unexpected": _list(_text),
    "misshapen": _list(lambda row: isinstance(row, list | tuple) and len(row) == 3 and _misshapen(*row)),
    "left_out": _text,
}
_TENSOR: Mapping[str, Fits] = {
    "name": _text,
    "shape": _list(_size),
    "dtype": _text,
    "kind": _one_of("parameter", "buffer"),
    "persistent": _flag,
    "axes": _list(_text),
    "digest": _text_or_none,
    "tied_to": _text_or_none,
}
_NODE: Mapping[str, Fits] = {
    "id": _text,
    "kind": _one_of("module", "operator"),
    "class_name": _text,
    "role": _text,
    "confidence": _one_of("high", "medium", "low"),
    "tensors": _list(_record(_TENSOR)),
    "attributes": _table(_value),
    "facts": _table(_value),
    "program": _text_or_none,
    "function": _text_or_none,
    "structure": _text,
    "identity": _text,
}
_EDGE: Mapping[str, Fits] = {"source": _text, "target": _text, "kind": _one_of("contains", "flows"), "key": _size}
_DOCUMENT: Mapping[str, Fits] = {
    "directed": lambda value: value is True,
    "multigraph": lambda value: value is True,
    "graph": _table(lambda _: True),
    "nodes": _list(lambda node: isinstance(node, Mapping)),
    "edges": _list(lambda edge: isinstance(edge, Mapping)),
}


def check(document: Mapping[str, Any]) -> None:
    """Check every field of a graph in node-link JSON, and that its modules form one tree.

    Raises:
        SnapshotError: a field is missing or of another type, or nodes, edges and stacks contradict each other.
    """
    _fields("the document", document, _DOCUMENT)
    _fields("the model", document["graph"], _MODEL)
    if "shipped" in document["graph"]:
        _fields("the model", document["graph"], {"shipped": _record(_SHIPPED)})
    if "published" in document["graph"]:
        _fields("the model", document["graph"], {"published": _table(_text)})
    for node in document["nodes"]:
        _fields(f"node {node.get('id')!r}", node, _NODE)
    for edge in document["edges"]:
        _fields(f"edge {edge.get('source')!r} to {edge.get('target')!r}", edge, _EDGE)
    _agree(document["graph"], document["nodes"], document["edges"])


def _fields(what: str, value: Mapping[str, Any], fields: Mapping[str, Fits]) -> None:
    unfit = _unfit(value, fields)
    if unfit is not None:
        raise _damaged(f"{what} has no valid `{unfit}`")


def _agree(model: Mapping[str, Any], nodes: list[Any], edges: list[Any]) -> None:
    ids = [node["id"] for node in nodes]
    known = set(ids)
    if len(known) != len(ids) or "" not in known:
        raise _damaged("a node is there twice, or the model itself is missing")
    held = sorted((edge["source"], edge["target"]) for edge in edges if edge["kind"] == "contains")
    if held != sorted((_holder(key), key) for key in ids if key):
        raise _damaged("its modules do not form a tree")
    named = {end for edge in edges for end in (edge["source"], edge["target"])}
    named |= {layer for layers in model["stacks"].values() for layer in layers}
    if not named <= known:
        raise _damaged(f"{min(named - known)!r} is no node of it")
    if len({(edge["source"], edge["target"], edge["key"]) for edge in edges}) != len(edges):
        raise _damaged("two edges have one key")
    if not {node["program"] for node in nodes} <= {None, *model["programs"]}:
        raise _damaged("a node's program is missing")


def _holder(node_id: str) -> str:
    return node_id.partition("#")[0] if "#" in node_id else node_id.rpartition(".")[0]


def _damaged(cause: str) -> SnapshotError:
    return SnapshotError("snapshot", f"is damaged ({printable(cause)})", REMEDY)
