"""Which boxes of the diagram a finding or a change is about, and which findings a box has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.report.pairing import every_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archdiff.report.schema import Block, ChangeEntry, FindingEntry, ModelEntry, PlaceEntry, Report

__all__ = ["Index", "block_key", "keys_of_findings", "part_keys", "tensor_changes"]

_SILENT = frozenset({"class-changed", "config-changed", "model-changed"})
"""Changes that stand everywhere, or nowhere in particular."""

_TENSORS = {"tensor-added": "+", "tensor-removed": "−"}


def block_key(side: int, number: int) -> str:
    """Names a block of the diagram."""
    return f"{'on'[side]}{number}"


def part_keys(block: Block, key: str) -> dict[str, str]:
    """Names of the parts of a block by their ids; the only part of a block outside the layers is the block."""
    if block.stack is None:
        return {block.parts[0].id: key} if block.parts else {}
    return {part.id: f"{key}.{number}" for number, part in enumerate(every_part(block.parts))}


class Index:
    """Finds the boxes of one model that stand for a place.

    Args:
        model: whose blocks are drawn.
        side: 0 for OLD, 1 for NEW.
    """

    def __init__(self, model: ModelEntry, side: int) -> None:
        self.alone: dict[str, str] = {}
        self.stacks: dict[str, list[tuple[Block, str, dict[str, str]]]] = {}
        for number, block in enumerate(model.blocks):
            key = block_key(side, number)
            if block.stack is None:
                self.alone.update(dict.fromkeys(_names(block, ""), key))
            else:
                inside = dict(_inside(block, part_keys(block, key)))
                self.stacks.setdefault(block.stack, []).append((block, key, inside))

    def keys(self, place: PlaceEntry | None) -> tuple[str, ...]:
        """The boxes of a place; none for the whole model, or for what is not drawn."""
        if place is None or not place.path:
            return ()
        for stack, blocks in self.stacks.items():
            rest = place.path.removeprefix(f"{stack}.*")
            if rest != place.path and (not rest or rest[0] in ".#"):
                return tuple(_nearest(rest, inside) or key for block, key, inside in blocks if _meets(block, place))
        found = _nearest(place.path, self.alone)
        return (found,) if found else ()


def _names(block: Block, without: str) -> Iterator[str]:
    """Modules of a block outside the layers."""
    for part in block.parts:
        yield part.id
        yield from (tensor.name.rpartition(".")[0].removeprefix(without) for tensor in part.tensors)


def _inside(block: Block, keys: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Modules of a block of layers, without its name, each with the box it is drawn in."""
    for part in every_part(block.parts):
        for tensor in part.tensors:
            module = tensor.name.rpartition(".")[0]
            if module != block.id:
                yield module.removeprefix(block.id), keys[part.id]
    for part in every_part(block.parts):
        yield part.id.removeprefix(block.id), keys[part.id]


def _nearest(name: str, known: Mapping[str, str]) -> str:
    """The box of a module, or of the nearest one around it that has a box; empty without any."""
    while name:
        if name in known:
            return known[name]
        name = name.rpartition("#" if "#" in name else ".")[0]
    return ""


def _meets(block: Block, place: PlaceEntry) -> bool:
    return any(a <= last and first <= b for a, b in place.layers for first, last in block.layers)


def keys_of_findings(report: Report, findings: Sequence[FindingEntry]) -> list[tuple[str, ...]]:
    """For each finding the boxes it is about: those of the changes that it explains, else its own place."""
    sides = (Index(report.old, 0), Index(report.new, 1))
    drawn = {change.id: _drawn(change, sides) for change in report.changes}
    found = []
    for finding in findings:
        changed = [key for change in finding.changes for key in drawn.get(change, ())]
        own = (*sides[0].keys(finding.old), *sides[1].keys(finding.new))
        found.append(tuple(dict.fromkeys(changed or own)))
    return found


def _drawn(change: ChangeEntry, sides: tuple[Index, Index]) -> tuple[str, ...]:
    if change.kind in _SILENT or change.inert:
        return ()
    return (*sides[0].keys(change.old), *sides[1].keys(change.new))


def tensor_changes(changes: Iterable[ChangeEntry], sides: tuple[Index, Index]) -> dict[tuple[str, str], str]:
    """The mark of each tensor that was added, removed or changed, by box and by the end of its name."""
    found: dict[tuple[str, str], str] = {}
    for change in changes:
        if not change.kind.startswith("tensor-"):
            continue
        for index, place in zip(sides, (change.old, change.new), strict=True):
            for key in index.keys(place):
                name = f"{place.path.rpartition('.')[2] if place is not None else ''}.{change.subject}"
                found.setdefault((key, name), _TENSORS.get(change.kind, "~"))
    return found
