"""Layers that repeat earlier ones are drawn as one box that says so."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from archdiff.render.labels import layers_of
from archdiff.report.pairing import every_part
from archdiff.report.phrases import PHRASES, differing, is_stated, phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.report.schema import Block, Part

__all__ = ["Alike", "alike"]

MOST_DIFFERENCES = 3


@dataclasses.dataclass(frozen=True)
class Alike:
    """How a block repeats an earlier one.

    Args:
        said: which layers it is like.
        but: facts in which it is not.
    """

    said: str
    but: tuple[str, ...]


def alike(block: Block, drawn: Sequence[Block]) -> Alike | None:
    """The earlier block of the same stack that has the same parts in the same order, up to a few facts.

    A block that changed in a way the earlier one does not show is never folded into that.
    """
    for earlier in drawn:
        if block.stack is None or earlier.stack != block.stack or _shape(block.parts) != _shape(earlier.parts):
            continue
        but = tuple(_differences(block, earlier))
        if len(but) <= MOST_DIFFERENCES and _shows_all(block, earlier):
            return Alike(f"as {layers_of(earlier)}, but:" if but else f"identical to {layers_of(earlier)}", but)
    return None


def _shape(parts: Sequence[Part]) -> tuple[Any, ...]:
    return tuple((part.role, part.label, part.class_name, _shape(part.parts)) for part in parts)


def _differences(block: Block, earlier: Block) -> Iterator[str]:
    for own, other in zip(every_part(block.parts), every_part(earlier.parts), strict=True):
        for fact in differing(other.facts, own.facts):
            yield f"{own.label}: {_here(fact, own.facts.get(fact))}"


def _here(fact: str, value: object) -> str:
    return phrase(fact, value) if is_stated(value) else f"no {PHRASES.get(fact, fact).replace('{}', '').strip()}"


def _shows_all(block: Block, earlier: Block) -> bool:
    if block.status in ("added", "removed", "unchanged"):
        return True
    pairs = zip(every_part(block.parts), every_part(earlier.parts), strict=True)
    return all(a.status in (b.status, "unchanged") and set(a.notes) <= set(b.notes) for a, b in pairs)
