"""GraphML of the folded graph, through networkx: of one model, or of OLD and NEW with what corresponds.

Nodes and edges are numbered, since GraphML wants names without spaces and signs (xs:NMTOKEN); the name of the module is
the attribute `path`. Attributes are scalars, lists are JSON text; a fact is `fact.` and its name. The graph is the
folded one that reports carry: every kind of layer once, with its `count`; `archdiff show --save` writes the whole one.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from archdiff.errors import RenderError
from archdiff.render.graphs.folded import folded, partners
from archdiff.report.portrait import Portrait
from archdiff.report.schema import Report
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import networkx as nx
    from pydantic import JsonValue

    from archdiff.render import Document
    from archdiff.render.graphs.folded import FoldedNode
    from archdiff.report.schema import ModelEntry

__all__ = ["graph", "text"]

_LARGEST = 2**63 - 1
"""Of a GraphML `long`."""

LONGEST = 2000
"""The most characters of one text."""


def text(document: Document) -> str:
    """The document as GraphML, with a final newline.

    Raises:
        RenderError: it is neither a report nor a portrait.
    """
    import networkx as nx

    lines = nx.generate_graphml(graph(document), named_key_ids=False)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + "\n".join(lines) + "\n"


def graph(document: Document) -> nx.MultiDiGraph[str]:
    """The graph that is written: edges are `contains`, `flows` and, between two models, `corresponds`.

    Raises:
        RenderError: the document is neither a report nor a portrait.
    """
    import networkx as nx

    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    numbers = itertools.count()
    if isinstance(document, Portrait):
        _add(made, document.model, "model", numbers)
    elif isinstance(document, Report):
        old, new = (_add(made, entry, side, numbers) for entry, side in ((document.old, "old"), (document.new, "new")))
        for a, b in partners(document):
            if a in old and b in new:
                _connect(made, (old[a], new[b]), "corresponds", numbers)
    else:
        raise RenderError("format graphml", "does not show such a document", "write JSON")
    return made


def _add(made: nx.MultiDiGraph[str], entry: ModelEntry, side: str, numbers: Iterator[int]) -> dict[str, str]:
    """Add a model, its edges under the next numbers; the node of every id."""
    drawn = folded(entry)
    names = {node.id: f"n{number}" for number, node in enumerate(drawn.nodes, made.number_of_nodes())}
    for node in drawn.nodes:
        made.add_node(names[node.id], side=side, **_attributes(node))
        if node.parent is not None:
            _connect(made, (names[node.parent], names[node.id]), "contains", numbers)
    root = made.nodes[names[""]]
    root["digest"], root["model_type"] = printable(entry.digest), printable(entry.model_type)
    for producer, consumer in drawn.flows:
        _connect(made, (names[producer], names[consumer]), "flows", numbers)
    return names


def _connect(made: nx.MultiDiGraph[str], ends: tuple[str, str], kind: str, numbers: Iterator[int]) -> None:
    # networkx counts the edges of a multigraph anew whenever it is asked how many there are.
    made.add_edge(*ends, key=f"e{next(numbers)}", kind=kind)


def _attributes(node: FoldedNode) -> dict[str, Any]:
    stated: dict[str, JsonValue] = {
        "path": node.id,
        "label": node.label,
        "kind": node.kind,
        "role": node.role,
        "class": node.class_name,
        "status": node.status,
        "parameters": node.parameters,
        "count": node.count,
        "layers": ", ".join(f"{a}-{b}" for a, b in node.layers),
        "notes": "; ".join(node.notes),
        "tensors": [f"{each.name}: {each.dtype} {list(each.shape)}" for each in node.tensors],
        **{f"fact.{name}": value for name, value in node.facts.items()},
    }
    return {printable(name): _scalar(value) for name, value in stated.items() if value not in (None, "", [])}


def _scalar(value: JsonValue) -> str | int | float | bool:
    """A value as GraphML can hold it; XML has no control characters, which become escapes."""
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else str(value)
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), LONGEST)
