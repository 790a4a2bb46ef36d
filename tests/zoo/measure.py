"""Build one type twice, and say what became of it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from archdiff.compare import compare
from archdiff.graph import build_graph
from archdiff.graph.build import quiet
from archdiff.sources.source import Origin, make
from tests.zoo.census import config_of, instantiate_alone, kinds
from tests.zoo.table import Row

if TYPE_CHECKING:
    from archdiff.graph.schema import ModelGraph

__all__ = ["graph_of", "measure", "role_share"]

_CONTAINERS = frozenset({"", "model", "layer"})
"""Roles that say where a tensor stands and not what it does."""


def graph_of(model_type: str) -> ModelGraph:
    """The graph of the type's default config, the way a config file would go."""
    with quiet():
        config = config_of(model_type)
    return build_graph(make(model_type, "file", model_type, config, Origin()))


def measure(model_type: str) -> Row:
    """Every column of the type's row; never raises an ordinary exception."""
    row = Row(model_type, kinds()[model_type])
    try:
        graph = graph_of(model_type)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the row's content
        return dataclasses.replace(row, built=_blame(model_type, error))
    return dataclasses.replace(
        row,
        class_name=graph.class_name,
        parameters=graph.parameters,
        nodes=len(graph.nodes),
        built="yes",
        traced=_untraced(graph) or "yes",
        ran=_ran_share(graph),
        roles=role_share(graph),
        silent=_difference(graph, model_type) or "yes",
    )


def role_share(graph: ModelGraph) -> int:
    """Parameters of modules that have a role of at least medium confidence, in per mille of all."""
    named = sum(
        graph.own_parameters(key)
        for key, node in graph.nodes.items()
        if node.role not in _CONTAINERS and node.confidence != "low"
    )
    return 1000 * named // graph.parameters if graph.parameters else 1000


def _ran_share(graph: ModelGraph) -> int:
    """Parameters of modules that the traced pass entered, in per mille of all."""
    ran = sum(graph.own_parameters(key) for key, node in graph.nodes.items() if node.function is not None)
    return 1000 * ran // graph.parameters if graph.parameters else 0


def _untraced(graph: ModelGraph) -> str:
    return " ".join(graph.not_checked).partition("could not be traced (")[2].removesuffix(")")


def _difference(graph: ModelGraph, model_type: str) -> str:
    """How a second build differs; empty where it does not."""
    try:
        again = graph_of(model_type)
        changes = compare(graph, again).changes
    except Exception as error:  # noqa: BLE001 - whatever goes wrong is the row's content
        return f"failed: {_line(error)}"
    if changes:
        return f"{len(changes)} changes, the first: {changes[0].kind} {changes[0].subject}"
    return "" if graph == again else "the two graphs are not equal"


def _blame(model_type: str, error: Exception) -> str:
    """Whether transformers alone can do what archdiff could not."""
    try:
        with quiet():
            instantiate_alone(model_type)
    except Exception as own:  # noqa: BLE001 - any class may fail in any way
        return f"transformers: {_line(own)}"
    return f"archdiff: {_line(error)}"


def _line(error: BaseException) -> str:
    text = re.sub(r"/\S*/site-packages/", "", " ".join(str(error).split())) or "no message"
    return f"{type(error).__name__}: {text[:160]}"
