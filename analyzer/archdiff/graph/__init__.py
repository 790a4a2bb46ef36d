"""The module graph: built on the meta device, traced, named, fingerprinted, folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archdiff.graph.schema import ModelGraph
    from archdiff.sources import Source

__all__ = ["build_graph"]


def build_graph(source: Source) -> ModelGraph:
    """Build the graph of the model that a source describes, or of bare weights; imports torch and transformers.

    Raises:
        ConfigError: its type is unknown, or it needs remote code.
        BuildError: transformers refuses to build it.
    """
    if source.kind == "weights":
        from archdiff.graph.bare import bare_graph

        return bare_graph(source)
    from archdiff.graph.assemble import build_graph as build  # torch is imported only to build

    return build(source)
