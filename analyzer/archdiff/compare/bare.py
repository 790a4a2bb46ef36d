"""Comparing with bare weights: what names and shapes of tensors cannot tell is no difference."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.graph.published import names_in

if TYPE_CHECKING:
    from archdiff.compare.changes import Change
    from archdiff.graph.schema import ModelGraph

__all__ = ["is_bare", "named_alike", "without_untold"]

_KINDS = frozenset({"module-added", "module-removed", "tensor-added", "tensor-removed"})
_WHY = "weights without a config tell of no part that stores no tensor of its own"
_UNSTATED = "weights without a config state none of its values; what they tell of storage is compared as a fact"


def is_bare(graph: ModelGraph) -> bool:
    """Whether names and shapes of tensors are all that is known: weights without a config have no class."""
    return not graph.class_name


def named_alike(old: ModelGraph, new: ModelGraph) -> tuple[ModelGraph, ModelGraph]:
    """The two graphs, bare weights of one of them under the names that the class of the other gives them."""
    if is_bare(old) is not is_bare(new):
        return (_named(old, new), new) if is_bare(old) else (old, _named(new, old))
    return old, new


def _named(bare: ModelGraph, other: ModelGraph) -> ModelGraph:
    tensors = [(key, tensor.name) for key, node in bare.nodes.items() for tensor in node.tensors]
    names = names_in(other, (f"{key}.{name}" if key else name for key, name in tensors))
    if all(own == name for name, own in names.items()) or len(set(names.values())) < len(names):
        return bare
    from archdiff.graph.bare import renamed  # it takes torch, which is seldom needed here

    return renamed(bare, names, other.class_name)


def without_untold(change: Change) -> Change:
    """The change, inert if it is a value of a config, or a part without stored tensors of its own that came or went."""
    if change.kind == "config-changed":
        return dataclasses.replace(change, inert=change.inert or _UNSTATED)
    untold = change.kind in _KINDS and (change.impact != "breaking" or _is_tied(change)) and not change.inert
    return dataclasses.replace(change, inert=_WHY) if untold else change


def _is_tied(change: Change) -> bool:
    """Whether every tensor that it stores shares the storage of another, as the head of a tied model does."""
    stored = [tensor for node in change.content for tensor in node.tensors if tensor.persistent]
    return bool(stored) and all(tensor.tied_to for tensor in stored)
