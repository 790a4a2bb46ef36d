"""The changes that count, as each of the two models sees them: which of its blocks and parts they touch."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from archdiff.report.pairing import every_part
from archdiff.rule import Finding, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archdiff.compare.changes import Change, Place
    from archdiff.compare.comparison import Comparison
    from archdiff.report.schema import Block, Status

__all__ = ["Side", "Standing", "in_words"]

Side = Literal["old", "new"]

_MOST_NOTES = 3
"""Changes put into words where the facts say nothing of them; the rest is counted."""


@dataclasses.dataclass(frozen=True)
class _Touch:
    """A change as one of the two models sees it."""

    change: Change
    place: Place
    layers: frozenset[int]


class Standing:
    """The changes that count, by model.

    Args:
        comparison: of the two models.
        findings: what the rules noticed.
    """

    def __init__(self, comparison: Comparison, findings: Sequence[Finding]) -> None:
        self.comparison = comparison
        harmless = [finding for finding in findings if finding.impact == "cosmetic"]
        cosmetic = {change.id for finding in harmless for change in finding.explains}
        self.changes = [c for c in comparison.changes if _counts(c) and c.id not in cosmetic]
        self.sides: dict[Side, list[_Touch]] = {
            "old": list(_touches(self.changes, "old")),
            "new": list(_touches(self.changes, "new")),
        }

    def touching(self, block: Block, side: Side) -> dict[str, list[Change]]:
        """Changes by the id of the innermost part that they touch; the block's own stand under its id."""
        ids, every = {part.id for part in every_part(block.parts)}, _numbers(block)
        found: dict[str, list[Change]] = {}
        for touch in self.sides[side]:
            path = _path_in(block, every, touch)
            if path is not None:
                found.setdefault(_innermost(path, ids, block.id), []).append(touch.change)
        return found

    def covered(self, block: Block, side: Side) -> dict[str, Status]:
        """Parts that were added (in NEW) or removed (in OLD) as a whole, inside a block that was not."""
        status: Status = "added" if side == "new" else "removed"
        every = _numbers(block)
        moved = [touch for touch in self.sides[side] if touch.change.kind == f"module-{status}"]
        whole = [touch for touch in moved if touch.layers >= every]
        paths = [path for touch in whole if (path := _path_in(block, every, touch)) is not None]
        return {
            part.id: status
            for part in every_part(block.parts)
            if any(part.id == path or part.id.startswith((f"{path}.", f"{path}#")) for path in paths)
        }


def _counts(change: Change) -> bool:
    of_parts = change.kind not in ("config-changed", "model-changed")
    return of_parts and not change.inert and change.impact != "cosmetic"


def _touches(changes: Iterable[Change], side: Side) -> Iterator[_Touch]:
    for change in changes:
        place = change.old if side == "old" else change.new
        if place is not None:
            yield _Touch(change, place, frozenset(place.layers))


def _numbers(block: Block) -> frozenset[int]:
    return frozenset(number for first, last in block.layers for number in range(first, last + 1))


def _path_in(block: Block, every: frozenset[int], touch: _Touch) -> str | None:
    """The place as a path in the layer that stands for the block; None where it lies elsewhere."""
    if block.stack is None:
        inside = touch.place.path == block.id or touch.place.path.startswith(f"{block.id}.")
        return touch.place.path if block.id and inside and not touch.layers else None
    stack, star, rest = touch.place.path.partition(".*")
    here = star and stack == block.stack and not every.isdisjoint(touch.layers)
    return f"{block.id}{rest}" if here else None


def _innermost(path: str, ids: set[str], otherwise: str) -> str:
    while path:
        if path in ids:
            return path
        path = path.rpartition("#")[0] or path.rpartition(".")[0]
    return otherwise


def in_words(changes: Sequence[Change]) -> tuple[str, ...]:
    """The changes as notes: sizes of axes first, each text once, the rest counted."""
    said = list(dict.fromkeys(text for change in changes for text in _words(change)))
    rest = len(said) - _MOST_NOTES
    return (*said[:_MOST_NOTES], *([f"and {rest} more"] if rest > 0 else []))


def _words(change: Change) -> Iterator[str]:
    match change.kind:
        case "tensor-reshaped":
            yield from _sizes(change)
        case "tensor-added" | "module-added" | "flow-added":
            yield f"+ {change.subject or change.role}"
        case "tensor-removed" | "module-removed" | "flow-removed":
            yield f"− {change.subject or change.role}"
        case "attribute-changed":
            yield f"{change.subject} {show(change.before)} → {show(change.after)}"
        case "operators-changed":
            yield "other operators"
        case _:
            yield f"{change.subject} {change.kind.removeprefix('tensor-')}".strip()


def _sizes(change: Change) -> Iterator[str]:
    """`hidden 2,880 → 4,096` for each axis that changed."""
    before, after = (v if isinstance(v, tuple) else (v,) for v in (change.before, change.after))
    if len(before) == len(after):
        moved = [(show(a), show(b)) for a, b in zip(before, after, strict=True) if a != b]
        names = change.axes if len(change.axes) == len(moved) else ("size",) * len(moved)
        yield from (f"{name.replace('-', ' ')} {a} → {b}" for name, (a, b) in zip(names, moved, strict=True))
    else:
        yield f"shape {show(before)} → {show(after)}"
