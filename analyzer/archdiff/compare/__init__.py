"""Two graphs, how they correspond, and everything that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archdiff.compare.comparison import Comparison
    from archdiff.graph.schema import ModelGraph

__all__ = ["compare"]


def compare(old: ModelGraph, new: ModelGraph) -> Comparison:
    """Everything that differs between two models.

    Returns:
        Alignment and changes, in an order that depends on the two graphs alone.
    """
    from archdiff.compare import engine  # rules name the types of this package; listing them needs no numpy

    return engine.compare(old, new)
