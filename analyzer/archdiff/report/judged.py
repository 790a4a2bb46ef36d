"""What became of each block and part between OLD and NEW, and in which words."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from archdiff.report.pairing import pairs
from archdiff.report.partners import Partners, partners_of
from archdiff.report.phrases import is_stated, note, notes
from archdiff.report.standing import Side, Standing, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archdiff.compare.changes import Change
    from archdiff.compare.comparison import Comparison
    from archdiff.report.schema import Block, Part, Status

__all__ = ["with_status"]

_LAYER_FACTS = ("mixer.kind", "feed_forward.kind", "norm.placement", "residual.wiring", "residual.scale")
_ALONE: Mapping[Side, Status] = {"old": "removed", "new": "added"}


def with_status(
    old: Sequence[Block], new: Sequence[Block], standing: Standing
) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """The blocks with partner, status and notes."""
    partners = partners_of(old, new, standing.comparison)
    left = {block.id: _covered(block, partners, standing, "old") for block in old}
    right = {block.id: _covered(block, partners, standing, "new") for block in new}
    return (
        tuple(_Judge(block, right, partners, standing, "old").block() for block in left.values()),
        tuple(_Judge(block, left, partners, standing, "new").block() for block in right.values()),
    )


def _covered(block: Block, partners: Partners, standing: Standing, side: Side) -> Block:
    """The block with what was added or removed as a whole already marked."""
    partner = partners.first(side, block.id)
    if partner is None:
        parts = tuple(_all(part, _ALONE[side]) for part in block.parts)
        return block.model_copy(update={"status": _ALONE[side], "parts": parts})
    found = standing.covered(block, side)
    return block.model_copy(
        update={"partner": partner, "parts": tuple(_marked(p, found) for p in block.parts)}
    )


def _all(part: Part, status: Status) -> Part:
    return part.model_copy(
        update={"status": status, "parts": tuple(_all(inner, status) for inner in part.parts)}
    )


def _marked(part: Part, status: Mapping[str, Status]) -> Part:
    parts = tuple(_marked(inner, status) for inner in part.parts)
    return part.model_copy(update={"status": status.get(part.id, part.status), "parts": parts})


@dataclasses.dataclass(frozen=True)
class _Facing:
    """What the blocks of the other model that face a block say of its parts.

    Args:
        total: layers of the block that have a partner.
        paired: ids of parts that correspond to one there.
        said: by part id, each note with the number of layers that it holds for.
    """

    total: int
    paired: frozenset[str]
    said: Mapping[str, Counter[str]]


class _Judge:
    def __init__(
        self, block: Block, others: Mapping[str, Block], partners: Partners, standing: Standing, side: Side
    ) -> None:
        self.whole, self.side, self.standing = block, side, standing
        self.facing = _facing(
            block, [(others[key], n) for key, n in partners.facing.get((side, block.id), ())], side
        )
        self.touched = standing.touching(block, side)

    def block(self) -> Block:
        """The block with the status of its parts and its own."""
        if self.whole.partner is None:
            return self.whole
        parts = tuple(self.part(part) for part in self.whole.parts)
        said = self.layer_notes() if self.whole.stack else parts[0].notes
        said = said or in_words(self.touched.get(self.whole.id, ()))
        status = "changed" if said or any(part.status != "unchanged" for part in parts) else "unchanged"
        return self.whole.model_copy(update={"parts": parts, "status": status, "notes": said})

    def part(self, part: Part) -> Part:
        """The part with its status, unless it was added or removed as a whole."""
        if part.status in ("added", "removed"):
            return part
        if part.id not in self.facing.paired:
            return _all(part, _ALONE[self.side])
        parts = tuple(self.part(inner) for inner in part.parts)
        touched: Sequence[Change] = self.touched.get(part.id, ())
        said = _over(self.facing.said.get(part.id, Counter()), self.facing.total)
        if not said and all(inner.status == "unchanged" for inner in parts):
            said = in_words(touched)
        status = "changed" if said or any(inner.status != "unchanged" for inner in parts) else "unchanged"
        return part.model_copy(update={"parts": parts, "status": status, "notes": said})

    def layer_notes(self) -> tuple[str, ...]:
        """How the layers as a whole differ from their partners."""
        said: Counter[str] = Counter(_layer_differences(self.standing.comparison, self.whole, self.side))
        return _over(said, self.facing.total)


def _facing(block: Block, others: Sequence[tuple[Block, int]], side: Side) -> _Facing:
    said: dict[str, Counter[str]] = {}
    paired: set[str] = set()
    for other, layers in others:
        old, new = (block, other) if side == "old" else (other, block)
        for a, b in pairs(old, new):
            own = a if side == "old" else b
            paired.add(own.id)
            said.setdefault(own.id, Counter()).update(dict.fromkeys(notes(a.facts, b.facts), layers))
    return _Facing(sum(layers for _, layers in others), frozenset(paired), said)


def _over(said: Counter[str], total: int) -> tuple[str, ...]:
    """Each note, with the number of layers where it does not hold for all."""
    return tuple(
        text if count == total else f"{text} in {count} of {total} layers" for text, count in said.items()
    )


def _layer_differences(comparison: Comparison, block: Block, side: Side) -> Iterator[str]:
    own = {number for first, last in block.layers for number in range(first, last + 1)}
    for stack in comparison.alignment:
        if (
            (stack.old if side == "old" else stack.new) != block.stack
            or stack.old is None
            or stack.new is None
        ):
            continue
        for a, b in stack.matched:
            if (a if side == "old" else b) in own:
                old = comparison.old.nodes[comparison.old.stacks[stack.old][a]].facts
                new = comparison.new.nodes[comparison.new.stacks[stack.new][b]].facts
                for fact in _LAYER_FACTS:
                    if old.get(fact) != new.get(fact) and (
                        is_stated(old.get(fact)) or is_stated(new.get(fact))
                    ):
                        yield note(fact, old.get(fact), new.get(fact))
