"""Towers of other modalities, and their bridges to the language model."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import Finding
from archdiff_rules._changes import union

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Change, Comparison, Difference, Place, Value

__all__ = ["bridge", "changed_towers", "gained", "inside", "towers", "with_inside"]


def gained(before: Value, after: Value) -> tuple[str, ...]:
    """The modalities of the second list that the first one lacks."""
    first, second = (value if isinstance(value, tuple) else () for value in (before, after))
    return tuple(str(name) for name in second if name not in first)


def towers(difference: Difference, what: str, changes: tuple[Change, ...]) -> Finding:
    """A finding about towers that came or went, with the changes that consist of it.

    Args:
        difference: in the modalities.
        what: which came or went.
        changes: those of the difference that belong to it.
    """
    names = [" and ".join(("text", *map(str, value or ()))) for value in map(_tuple, (difference.old, difference.new))]
    count = sum(change.parameters for change in changes)
    message = f"modalities: {names[0]} → {names[1]} ({what})"
    return dataclasses.replace(Finding.of(difference, message), explains=changes, parameters=count)


def _tuple(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else ()


def bridge(value: Value) -> str:
    """A projector as `Class (tensor shape, …)`, cut after three tensors."""
    if not isinstance(value, tuple) or not value:
        return "none"
    shapes = [str(item) for item in value[1:]]
    more = f" and {len(shapes) - 3} more" if len(shapes) > 3 else ""
    return f"{value[0]} ({', '.join(shapes[:3])}{more})" if shapes else str(value[0])


def with_inside(finding: Finding, comparison: Comparison) -> Finding:
    """The finding, explaining everything that differs inside the projectors of the two models."""
    changes = union(finding.explains, inside(comparison, "projector"))
    count = sum(change.parameters for change in changes)
    return dataclasses.replace(finding, explains=changes, parameters=count)


def changed_towers(comparison: Comparison) -> Iterator[Finding]:
    """Towers that both models have and that are of another class or size, with everything inside them."""
    for modality in ("vision", "audio"):
        for difference in comparison.differences(f"tower.{modality}"):
            if None in (difference.old, difference.new):
                continue  # the modality came or went
            changes = union(difference.explains, inside(comparison, f"{modality}-tower"))
            old, new = (", ".join(map(str, value)) for value in map(_tuple, (difference.old, difference.new)))
            message = f"{modality} tower: {old} → {new}"
            count = sum(change.parameters for change in changes)
            yield dataclasses.replace(Finding.of(difference, message), explains=changes, parameters=count)


def inside(comparison: Comparison, role: str) -> tuple[Change, ...]:
    """The changes in parts of a role."""
    old, new = (
        tuple(node.id for node in graph.nodes.values() if node.role == role)
        for graph in (comparison.old, comparison.new)
    )
    return tuple(c for c in comparison.changes if _below(c.old, old) or _below(c.new, new))


def _below(place: Place | None, roots: tuple[str, ...]) -> bool:
    return place is not None and any(place.path == root or place.path.startswith(f"{root}.") for root in roots)
