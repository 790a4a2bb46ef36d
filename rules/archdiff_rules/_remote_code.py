"""Whether a model can be loaded with what ships in transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archdiff.rule import ModelGraph

__all__ = ["needs_code"]


def needs_code(graph: ModelGraph) -> bool:
    """Whether its type is unknown to transformers, or its own code defines a class that was not built.

    An `auto_map` that repeats a class that ships is not needed.
    """
    if any("is unknown to transformers" in note for note in graph.notes):
        return True
    named = graph.source.get("architectures") or ()
    return bool(graph.source.get("remote_code")) and bool(named) and graph.class_name not in named
