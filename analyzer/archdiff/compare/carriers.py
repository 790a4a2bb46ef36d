"""Whether a change carries a fact, by the fact's row in the vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.compare.changes import Change

__all__ = ["carries"]

_PARTS = ("module-added", "module-removed")
_SIZES = ("tensor-reshaped", "tensor-recomputed")
_TENSORS = ("tensor-added", "tensor-removed", "tensor-retied")


def carries(fact: Mapping[str, Any], change: Change) -> bool:
    """Whether the change is one of those that a difference in the fact explains.

    Args:
        fact: a row of `facts.toml`.
        change: any change.
    """
    if change.kind in _SIZES:
        return _axes(fact, change) or _tensor(fact, change)
    if change.kind in _TENSORS:
        return _tensor(fact, change)
    if change.kind in _PARTS:
        return change.role in fact.get("parts", ())
    if change.kind == "attribute-changed":
        return change.subject in fact.get("attributes", ())
    if change.kind == "config-changed":
        keys = fact.get("config", ())
        return any(part in keys for part in change.subject.split("."))
    if change.kind == "operators-changed":
        return _operators(fact, change)
    return change.kind in fact.get("kinds", ())


def _tensor(fact: Mapping[str, Any], change: Change) -> bool:
    return any(_names(text, change) for text in fact.get("tensors", ()))


def _names(text: str, change: Change) -> bool:
    role, _, name = text.partition(".")
    return role in ("*", change.role) and name in ("*", change.subject)


def _axes(fact: Mapping[str, Any], change: Change) -> bool:
    """Whether it concerns only axes that the fact counts; a table of frequencies carries what its axis counts."""
    return bool(change.axes) and set(change.axes) <= set(fact.get("axes", ()))


def _operators(fact: Mapping[str, Any], change: Change) -> bool:
    rows = [text.partition(": ") for text in fact.get("operators", ())]
    names = {name for role, _, listed in rows if role == change.role for name in listed.split()}
    return bool(names & {"*", change.subject})
