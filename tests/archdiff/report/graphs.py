"""Graphs and comparisons of catalogue models, each built once."""

from __future__ import annotations

from functools import cache

from archdiff.compare import compare
from archdiff.graph import build_graph
from archdiff.sources import resolve


@cache
def graph(name):
    """The graph of a catalogue model."""
    return build_graph(resolve(name))


@cache
def comparison(old, new):
    """The comparison of two catalogue models."""
    return compare(graph(old), graph(new))
