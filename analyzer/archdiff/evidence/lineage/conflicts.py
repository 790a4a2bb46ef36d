"""Where declarations contradict each other, or the sizes and dates that are stated beside them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from archdiff.evidence.licences import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archdiff.evidence.lineage.known import Declared, Known

__all__ = ["disagreements", "size_conflict", "too_late"]

_NAMED = 3


def size_conflict(known: Known, base: Known, relation: str) -> str:
    """A sentence where a relation that keeps every tensor meets other sizes; empty where none does."""
    other = [
        f"{key} {base.sizes[key]:,} → {value:,}"
        for key, value in known.sizes.items()
        if key in base.sizes and base.sizes[key] != value
    ]
    if not other:
        return ""
    more = f" and {len(other) - _NAMED} more" if len(other) > _NAMED else ""
    return (
        f"{known.title} declares {relation} of {base.title}, and states other sizes: {', '.join(other[:_NAMED])}{more}"
    )


def too_late(known: Known, base: Known) -> str:
    """A sentence where a base was released after what was made from it; empty where it was not."""
    if known.released is None or base.released is None or known.released >= base.released:
        return ""
    return f"{known.title} was released on {known.released}, before its declared base {base.title} ({base.released})"


def disagreements(known: Known, further: Callable[[str], Sequence[str]]) -> Iterator[str]:
    """Sentences on one model whose declarations name bases that have nothing to do with each other, or two licences.

    Args:
        known: the model.
        further: every model that another comes from by what is declared.
    """
    by_place: dict[str, list[Declared]] = {}
    for declared in known.declared:
        by_place.setdefault(declared.where, []).append(declared)
    for (first, some), (second, others) in itertools.combinations(by_place.items(), 2):
        if not any(_related(a.base, b.base, further) for a in some for b in others):
            yield f"{known.title}: {_says(first, some)}, {_says(second, others)}"
    for (place, name), (another, other) in itertools.combinations(known.licences, 2):
        rows = find(name), find(other)
        if None not in rows and rows[0] != rows[1]:
            yield f"{known.title}: the {place} declares the licence {name}, the {another} {other}"


def _related(one: str, other: str, further: Callable[[str], Sequence[str]]) -> bool:
    """Whether the two are one model, or one is declared to come from the other."""
    a, b = one.lower(), other.lower()
    return a == b or b in further(one) or a in further(other)


def _says(place: str, declared: Sequence[Declared]) -> str:
    named = ", ".join(item.base for item in declared[:_NAMED])
    return f"the {place} was saved from {named}" if place == "config" else f"the {place} names {named} as base"
