"""Graph JSON of Model Explorer: one collection, with one graph for a model, or one each for OLD and NEW.

The format is that of `model_explorer/graph_builder.py` in the package ai-edge-model-explorer 0.1, whose page takes an
object with `label` and `graphs`. The package brings a server and a web page, so a few models hold the fields that are
used here instead. Status is an attribute, a mark before the label, and a colour.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from archdiff.errors import RenderError
from archdiff.render.graphs.folded import folded
from archdiff.render.palette import LOOKS
from archdiff.report.phrases import is_stated, spelled
from archdiff.report.portrait import Portrait
from archdiff.report.schema import Report
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.render import Document
    from archdiff.render.graphs.folded import Folded, FoldedNode
    from archdiff.report.schema import ModelEntry, Status

__all__ = ["Graph", "GraphCollection", "collection", "text"]


_PLAIN = str.maketrans({"–": "-", "−": "-", "…": "...", "×": "x"})
"""Signs of labels that the font of Model Explorer's canvas does not have."""

_UNSPLIT = str.maketrans({"/": "|", "\\": "|"})
"""Signs that a namespace is split and escaped by."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class KeyValue(_Model):
    """An attribute that the side panel shows."""

    key: str
    value: str


class MetadataItem(_Model):
    """What is said of an output."""

    id: str
    attrs: tuple[KeyValue, ...]


class IncomingEdge(_Model):
    """An edge, kept by the node that it leads to."""

    source_node_id: str
    source_node_output_id: str
    target_node_input_id: str


class Style(_Model):
    """Colours of a node."""

    background_color: str
    border_color: str


class GraphNode(_Model):
    """A node; its namespace says what it stands in, from the outside, between slashes."""

    id: str
    label: str
    namespace: str
    attrs: tuple[KeyValue, ...]
    incoming_edges: tuple[IncomingEdge, ...]
    outputs_metadata: tuple[MetadataItem, ...]
    style: Style | None


class GroupNodeConfig(_Model):
    """Colours of what has nodes inside."""

    namespace_regex: str
    background_color: str
    border_color: str


class LayoutConfigs(_Model):
    """How the graph is laid out."""

    keep_layers_with_a_single_child: bool = True


class Graph(_Model):
    """One model."""

    id: str
    nodes: tuple[GraphNode, ...]
    group_node_attributes: dict[str, dict[str, str]]
    group_node_configs: tuple[GroupNodeConfig, ...]
    layout_configs: LayoutConfigs = LayoutConfigs()


class GraphCollection(_Model):
    """The graphs of a document; sorted so that OLD comes first."""

    label: str
    graphs: tuple[Graph, ...]
    graph_sorting: Literal["name_desc"] = "name_desc"


def text(document: Document) -> str:
    """The document as Model Explorer's JSON, indented by two, with a final newline.

    Raises:
        RenderError: it is neither a report nor a portrait.
    """
    return collection(document).model_dump_json(indent=2, by_alias=True, exclude_none=True) + "\n"


def collection(document: Document) -> GraphCollection:
    """The graphs of a document.

    Raises:
        RenderError: it is neither a report nor a portrait.
    """
    if isinstance(document, Portrait):
        name = _named(document.model.name)
        return GraphCollection(label=name, graphs=(_graph(document.model, name),))
    if isinstance(document, Report):
        names = [_named(entry.name) for entry in (document.old, document.new)]
        graphs = (_graph(document.old, f"OLD {names[0]}"), _graph(document.new, f"NEW {names[1]}"))
        return GraphCollection(label=" → ".join(names), graphs=graphs)
    raise RenderError("format model-explorer", "does not show such a document", "write JSON")


def _graph(entry: ModelEntry, name: str) -> Graph:
    drawn = folded(entry)
    spaces = _namespaces(drawn)
    groups = [node for node in drawn.nodes if node.has_parts]
    return Graph(
        id=name,
        nodes=tuple(_nodes(drawn, spaces)),
        group_node_attributes={
            spaces[node.id]: {each.key: each.value for each in _attributes(node)} for node in groups
        },
        group_node_configs=tuple(_coloured(spaces[node.id], node.status) for node in groups if _is_marked(node.status)),
    )


def _namespaces(drawn: Folded) -> dict[str, str]:
    """The namespace that the parts of each node stand in; alike ones beside each other are numbered."""
    found = {"": ""}
    taken: Counter[str] = Counter()
    for node in drawn.nodes:
        if node.has_parts and node.parent is not None:
            around = f"{found[node.parent]}/" if found[node.parent] else ""
            space = numbered = f"{around}{_segment(node)}"
            while taken[numbered]:
                numbered = f"{space} #{taken[space] + 1}"
                taken[space] += 1
            taken[numbered] += 1
            found[node.id] = numbered
    return found


def _segment(node: FoldedNode) -> str:
    """A label as a part of a namespace, where slashes separate and backslashes escape."""
    times = f" x{node.count}" if node.count > 1 else ""
    return _labelled(node).translate(_UNSPLIT) + times


def _nodes(drawn: Folded, spaces: Mapping[str, str]) -> Iterator[GraphNode]:
    """Nodes without parts; those with parts are groups."""
    leaves = {node.id: node for node in drawn.nodes if not node.has_parts}
    inner: dict[str, list[str]] = {}
    for node in drawn.nodes:
        inner.setdefault(node.parent or "", []).append(node.id)
    sources: dict[str, list[str]] = {}
    for producer, consumer in drawn.flows:
        end = _inside(inner, consumer, last=False)
        sources.setdefault(end, []).append(_inside(inner, producer, last=True))
    for node in leaves.values():
        edges = (
            IncomingEdge(source_node_id=source, source_node_output_id="0", target_node_input_id=str(number))
            for number, source in enumerate(dict.fromkeys(sources.get(node.id, ())))
        )
        yield GraphNode(
            id=node.id,
            label=_labelled(node),
            namespace=spaces[node.parent or ""],
            attrs=tuple(_attributes(node)),
            incoming_edges=tuple(edges),
            outputs_metadata=(MetadataItem(id="0", attrs=()),),
            style=_style(node.status) if _is_marked(node.status) else None,
        )


def _inside(inner: Mapping[str, Sequence[str]], name: str, *, last: bool) -> str:
    """The node, or the first or last one in it: only what has no parts has edges."""
    while name in inner:
        name = inner[name][-1 if last else 0]
    return name


def _attributes(node: FoldedNode) -> Iterator[KeyValue]:
    stated = {
        "role": node.role,
        "class": node.class_name,
        "module": node.id,
        "status": node.status,
        "parameters": f"{node.parameters:,}",
        "layers": ", ".join(f"{a}–{b}" for a, b in node.layers),
        "notes" if node.kind == "model" else "changed": "; ".join(node.notes),
        **{name: spelled(value) for name, value in node.facts.items() if is_stated(value)},
        **{f"tensor {each.name}": f"{each.dtype} {'×'.join(map(str, each.shape))}" for each in node.tensors},
    }
    for key, value in stated.items():
        if value:
            yield KeyValue(key=printable(key), value=printable(value))


def _labelled(node: FoldedNode) -> str:
    mark = LOOKS[node.status].mark
    return f"{mark} {_named(node.label)}".strip().translate(_PLAIN)


def _named(text: str) -> str:
    return printable(text, 80) or "(no name)"


def _is_marked(status: Status) -> bool:
    return status != "unchanged"


def _style(status: Status) -> Style:
    return Style(background_color=LOOKS[status].fill, border_color=LOOKS[status].line)


def _coloured(namespace: str, status: Status) -> GroupNodeConfig:
    look = LOOKS[status]
    return GroupNodeConfig(
        namespace_regex=f"^{re.escape(namespace)}$", background_color=look.area, border_color=look.line
    )
