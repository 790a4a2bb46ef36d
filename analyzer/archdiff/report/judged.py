"""What became of each block and part between OLD and NEW, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.report.pairing import pairs
from archdiff.report.partners import partners_of
from archdiff.report.phrases import is_stated, note, notes
from archdiff.report.standing import Side, Standing, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
        tuple(_Judge(block, right, standing, "old").block() for block in left.values()),
        tuple(_Judge(block, left, standing, "new").block() for block in right.values()),
    )


def _covered(block: Block, partners: Mapping[tuple[Side, str], str], standing: Standing, side: Side) -> Block:
    """The block with what was added or removed as a whole already marked."""
    partner = partners.get((side, block.id))
    if partner is None:
        parts = tuple(_all(part, _ALONE[side]) for part in block.parts)
        return block.model_copy(update={"status": _ALONE[side], "parts": parts})
    found = standing.covered(block, side)
    return block.model_copy(update={"partner": partner, "parts": tuple(_marked(p, found) for p in block.parts)})


def _all(part: Part, status: Status) -> Part:
    return part.model_copy(update={"status": status, "parts": tuple(_all(inner, status) for inner in part.parts)})


def _marked(part: Part, status: Mapping[str, Status]) -> Part:
    parts = tuple(_marked(inner, status) for inner in part.parts)
    return part.model_copy(update={"status": status.get(part.id, part.status), "parts": parts})


class _Judge:
    def __init__(self, block: Block, others: Mapping[str, Block], standing: Standing, side: Side) -> None:
        self.whole, self.side, self.standing = block, side, standing
        self.touched = standing.touching(block, side)
        self.said: dict[str, tuple[str, ...]] = {}
        if block.partner is not None:
            other = others[block.partner]
            for a, b in pairs(block, other) if side == "old" else pairs(other, block):
                self.said[a.id if side == "old" else b.id] = notes(a.facts, b.facts)

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
        if part.id not in self.said:
            return _all(part, _ALONE[self.side])
        parts = tuple(self.part(inner) for inner in part.parts)
        said = self.said[part.id]
        if not said and all(inner.status == "unchanged" for inner in parts):
            said = in_words(self.touched.get(part.id, ()))
        status = "changed" if said or any(inner.status != "unchanged" for inner in parts) else "unchanged"
        return part.model_copy(update={"parts": parts, "status": status, "notes": said})

    def layer_notes(self) -> tuple[str, ...]:
        """How the layers as a whole differ from their partners."""
        return tuple(dict.fromkeys(_layer_differences(self.standing.comparison, self.whole, self.side)))


def _layer_differences(comparison: Comparison, block: Block, side: Side) -> Iterator[str]:
    own = {number for first, last in block.layers for number in range(first, last + 1)}
    for stack in comparison.alignment:
        if (stack.old if side == "old" else stack.new) != block.stack or stack.old is None or stack.new is None:
            continue
        for a, b in stack.matched:
            if (a if side == "old" else b) in own:
                old = comparison.old.nodes[comparison.old.stacks[stack.old][a]].facts
                new = comparison.new.nodes[comparison.new.stacks[stack.new][b]].facts
                for fact in _LAYER_FACTS:
                    if old.get(fact) != new.get(fact) and (is_stated(old.get(fact)) or is_stated(new.get(fact))):
                        yield note(fact, old.get(fact), new.get(fact))
