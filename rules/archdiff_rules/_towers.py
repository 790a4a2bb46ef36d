"""Towers of other modalities, and their bridges to the language model."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import Finding

if TYPE_CHECKING:
    from archdiff.rule import Change, Difference, Value

__all__ = ["bridge", "gained", "towers"]


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
