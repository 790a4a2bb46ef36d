"""The diagram as data: rows of blocks, OLD and NEW side by side, and in each what opens; the page draws it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from archdiff.render.folding import alike
from archdiff.render.html.arrange import arrange, facing, increasing
from archdiff.render.html.places import Index, block_key, keys_of_findings, part_keys, tensor_changes
from archdiff.render.html.wires import row_of, wires
from archdiff.render.labels import human_count, layers_of
from archdiff.render.palette import LOOKS
from archdiff.render.wiring import paths_of
from archdiff.render.wording import facts_in_words
from archdiff.report.pairing import every_part, pairs
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.render.folding import Alike
    from archdiff.render.html.arrange import Spot
    from archdiff.render.wiring import Paths
    from archdiff.report.schema import Block, ModelEntry, Part, Report

__all__ = ["diagram", "diagram_of_model"]

SIGNS = {"add": "+", "multiply": "×", "concatenate": "‖"}
_OPENED = 80
"""Parts that a block may have and still stands open when the page is."""

Data = dict[str, Any]
"""What becomes JSON."""

Numbered = tuple[int, "Block"]


def diagram(report: Report) -> Data:
    """The diagram of a comparison."""
    indices = (Index(report.old, 0), Index(report.new, 1))
    marks = tensor_changes(report.changes, indices)
    painter = _Painter((report.old, report.new), marks, keys_of_findings(report, report.findings))
    return painter.data(_rows(report.old.blocks, report.new.blocks))


def diagram_of_model(model: ModelEntry) -> Data:
    """The diagram of one model."""
    return _Painter((model,), {}, ()).data([((number, block), None) for number, block in enumerate(model.blocks)])


def _rows(old: Sequence[Block], new: Sequence[Block]) -> list[tuple[Numbered | None, Numbered | None]]:
    """Blocks that correspond in one row; the others in rows of their own, in the order of both models."""
    position = {block.id: number for number, block in enumerate(old)}
    mutual = [
        (position[block.partner], number)
        for number, block in enumerate(new)
        if block.partner in position and old[position[block.partner]].partner == block.id
    ]
    rows: list[tuple[Numbered | None, Numbered | None]] = []
    left = right = 0
    for a, b in [*increasing(mutual), (len(old), len(new))]:
        rows += [((n, old[n]), None) for n in range(left, a)]
        rows += [(None, (n, new[n])) for n in range(right, b)]
        if a < len(old):
            rows.append(((a, old[a]), (b, new[b])))
        left, right = a + 1, b + 1
    return rows


@dataclasses.dataclass
class _Side:
    """What is known of a block while its row is made."""

    number: int
    block: Block
    key: str
    keys: Mapping[str, str]
    spots: Sequence[Spot] = ()
    paths: Paths | None = None


class _Painter:
    def __init__(
        self,
        models: Sequence[ModelEntry],
        marks: Mapping[tuple[str, str], str],
        findings: Sequence[Sequence[str]],
    ) -> None:
        self.models, self.marks = models, marks
        self.found: dict[str, list[int]] = {}
        for number, keys in enumerate(findings):
            for key in keys:
                self.found.setdefault(key, []).append(number)
        self.findings = findings
        self.blocks = [{block.id: block for block in model.blocks} for model in models]
        self.told: dict[tuple[int, str, str, str], list[list[list[Any]]]] = {}
        self.drawn: tuple[dict[int, list[Block]], dict[int, list[Block]]] = ({}, {})

    def data(self, rows: Iterable[tuple[Numbered | None, Numbered | None]]) -> Data:
        made = [self.row(pair) for pair in rows]
        first = next((row for row in made if row["body"] and row["changed"] and len(row["body"]) <= _OPENED), None)
        first = first or next((row for row in made if row["body"] and len(row["body"]) <= _OPENED), None)
        if first is not None:
            first["open"] = True
        names = [printable(model.name) for model in self.models]
        looks = {status: [look.mark, look.meaning] for status, look in LOOKS.items()}
        return {"names": names, "rows": made, "looks": looks, "found": self.findings}

    def row(self, pair: tuple[Numbered | None, Numbered | None]) -> Data:
        sides = [self.side(side, *each) if each is not None else None for side, each in enumerate(pair)]
        sides = sides[: len(self.models)]
        partners = self.partners(sides)
        cells = [self.head(n, side, partners[n]) if side is not None else None for n, side in enumerate(sides)]
        changed = any(side is not None and side.block.status != "unchanged" for side in sides)
        return {"cells": cells, "body": self.body(sides, partners), "open": False, "changed": changed}

    def side(self, side: int, number: int, block: Block) -> _Side:
        key = block_key(side, number)
        return _Side(number, block, key, part_keys(block, key))

    def partners(self, sides: Sequence[_Side | None]) -> list[dict[str, Part]]:
        """For each side the corresponding part of the other one, by id, even where that stands in another row."""
        found: list[dict[str, Part]] = []
        for number, side in enumerate(sides):
            other = self.partner(number, side) if side is not None else None
            if side is None or other is None:
                found.append({})
            elif number:
                found.append({b.id: a for a, b in pairs(other, side.block)})
            else:
                found.append({a.id: b for a, b in pairs(side.block, other)})
        return found

    def partner(self, number: int, side: _Side) -> Block | None:
        if len(self.models) < 2 or side.block.partner is None:
            return None
        return self.blocks[1 - number].get(side.block.partner)

    def head(self, number: int, side: _Side, partners: Mapping[str, Part]) -> Data:
        block = side.block
        like = self.like(number, block)
        told: Data = {"label": printable(layers_of(block) if block.stack is not None else block.label)}
        if block.count > 1:
            told["times"] = f"×{block.count:,}"
        lone = block.parts[0] if block.stack is None and block.parts else None
        lines = self.lines(number, lone, partners) if lone is not None else _like(like)
        cell = self.cell(side.key, block, lines, lone.tensors if lone is not None else ())
        return {**cell, **told, "notes": [printable(note) for note in (block.notes if lone is None else ())]}

    def like(self, number: int, block: Block) -> Alike | None:
        """How layers repeat earlier ones; not asked of those with more parts than a reader compares."""
        size = sum(1 for _ in every_part(block.parts))
        if block.stack is None or size > _OPENED:
            return None
        earlier = self.drawn[number].setdefault(size, [])
        found = alike(block, earlier)
        if len(earlier) < _EARLIER:
            earlier.append(block)
        return found

    def body(self, sides: Sequence[_Side | None], partners: Sequence[Mapping[str, Part]]) -> list[Any]:
        """What opens below the headings: boxes, frames and wires, each with its rows and columns."""
        opened = [side if side is not None and side.block.stack is not None else None for side in sides]
        for side in opened:
            if side is not None:
                side.paths = paths_of(side.block)
                side.spots = arrange(side.block.parts, side.paths.straight)
        old, new = (opened[0], opened[1] if len(opened) > 1 else None)
        both = [(part.id, partners[0][part.id].id) for part in _parts(old) if part.id in partners[0]]
        lines = facing(old.spots if old else (), new.spots if new else (), both)
        found: list[Any] = []
        for number, side in enumerate(opened):
            if side is not None:
                found += [self.item(number, side, spot, lines[number], partners[number]) for spot in side.spots]
        found.sort(key=lambda item: (item["top"], item["side"]))
        for number, side in enumerate(opened):
            if side is not None and side.paths is not None:
                found += [list(wire) for wire in wires(side.paths, side.spots, lines[number], number)]
        return found

    def item(self, number: int, side: _Side, spot: Spot, lines: Sequence[int], partners: Mapping[str, Part]) -> Data:
        part = spot.part
        kind = "frame" if part.parts else "operator" if part.role in SIGNS and not part.facts else "part"
        key = side.keys[part.id]
        last = lines[spot.last] if part.parts else lines[spot.line]
        cell = self.cell(key, part, self.lines(number, part, partners), part.tensors)
        told = {**cell, "label": SIGNS[part.role] if kind == "operator" else printable(part.label)}
        return {
            "kind": kind,
            "side": number,
            "top": row_of(lines[spot.line]),
            "end": row_of(last) + 1,
            "left": spot.left,
            "right": spot.right,
            "depth": spot.depth,
            "cell": told,
        }

    def cell(self, key: str, thing: Block | Part, lines: Sequence[Any], tensors: Sequence[Any]) -> Data:
        told: Data = {"key": key, "status": thing.status, "role": printable(thing.role), "id": printable(thing.id)}
        if thing.parameters:
            told["size"] = f"{human_count(thing.parameters)} parameters"
        class_name = getattr(thing, "class_name", "")
        found = {"class": printable(class_name), "lines": lines, "found": self.found.get(key, ())}
        told |= {name: value for name, value in found.items() if value}
        if tensors:
            told["tensors"] = [self.tensor(key, tensor, thing.id) for tensor in tensors]
        return told

    def tensor(self, key: str, tensor: Any, within: str) -> list[str]:
        name = tensor.name.removeprefix(f"{within}.") or tensor.name
        mark = self.marks.get((key, ".".join(tensor.name.split(".")[-2:])), "")
        return [printable(name), " × ".join(f"{size:,}" for size in tensor.shape) or "1", printable(tensor.dtype), mark]

    def lines(self, number: int, part: Part, partners: Mapping[str, Part]) -> list[list[list[Any]]]:
        other = partners.get(part.id)
        asked = (number, part.role, repr((part.facts, part.notes)), repr(other.facts) if other is not None else "")
        if asked not in self.told:
            words = facts_in_words(part, other, new=number == 1)
            found = [[[printable(span.text), int(span.bold)] for span in line] for line in words]
            self.told[asked] = [line for line in found if any(str(piece[0]).strip() for piece in line)]
        return self.told[asked]


_EARLIER = 6
"""Blocks with as many parts that one may be like."""


def _parts(side: _Side | None) -> Iterable[Part]:
    return every_part(side.block.parts) if side is not None else ()


def _like(like: Alike | None) -> list[list[list[Any]]]:
    """That the layers repeat earlier ones, up to a few facts."""
    return [[[printable(text), 0]] for text in (like.said, *like.but)] if like is not None else []
