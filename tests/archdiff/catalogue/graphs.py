"""Graphs of catalogue entries, each built once in a session."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from archdiff.graph import build_graph
from archdiff.sources import resolve

if TYPE_CHECKING:
    from archdiff.graph.schema import ModelGraph


@cache
def graph_of(name: str) -> ModelGraph:
    """The graph of the entry called `name`."""
    return build_graph(resolve(name))
