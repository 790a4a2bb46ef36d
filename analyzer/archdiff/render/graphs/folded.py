"""The folded graph as nodes and edges: every layer kind once, the parts in it, and what flows from part to part."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from archdiff.render.labels import layers_of
from archdiff.report.flows import ENTRY, EXIT
from archdiff.report.pairing import every_part, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import JsonValue

    from archdiff.report.schema import Block, ModelEntry, Part, Report, Status, TensorEntry

__all__ = ["Folded", "FoldedNode", "folded", "partners"]

_BESIDE = frozenset({"embedding", "position-embedding", "token-type-embedding"})
"""Blocks that stand beside each other, each feeding what follows; nothing flows into them from the one before."""


@dataclasses.dataclass(frozen=True, slots=True)
class FoldedNode:
    """The model, a kind of layer, or a part.

    Args:
        id: unique in its model: the qualified name of the module in the first of the folded layers.
        parent: id of what it stands in; None for the model, which has the id ``.
        kind: `model`, `layers` for a kind of layer that repeats, `part`.
        role: in the field's terms.
        label: for people.
        class_name: of the module; empty for a kind of layer.
        status: against the other model.
        parameters: trained elements; of all its layers together for a kind of layer.
        layers: numbers of the layers, as ranges; empty for anything else.
        count: how often it repeats.
        facts: by name.
        notes: what changed.
        tensors: its own.
        has_parts: whether others stand in it.
    """

    id: str
    parent: str | None
    kind: str
    role: str
    label: str
    class_name: str
    status: Status
    parameters: int
    layers: tuple[tuple[int, int], ...] = ()
    count: int = 1
    facts: Mapping[str, JsonValue] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tensors: tuple[TensorEntry, ...] = ()
    has_parts: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Folded:
    """A folded graph.

    Args:
        nodes: what contains others before these.
        flows: producer and consumer, parts all of them, each pair once, in order.
    """

    nodes: tuple[FoldedNode, ...]
    flows: tuple[tuple[str, str], ...]


def folded(model: ModelEntry) -> Folded:
    """The folded graph of a model.

    Blocks follow each other in the order of the model, as in pictures; embeddings stand beside each other.
    """
    root = FoldedNode(
        id="", parent=None, kind="model", role="model", label=model.name, class_name=model.class_name,
        status="unchanged", parameters=model.parameters, facts=model.facts, notes=model.notes, has_parts=True,
    )  # fmt: skip
    nodes = {root.id: root}
    for node in itertools.chain.from_iterable(map(_nodes, model.blocks)):
        nodes.setdefault(node.id, node)
    return Folded(tuple(nodes.values()), tuple(_flows(model.blocks)))


def partners(report: Report) -> tuple[tuple[str, str], ...]:
    """Parts and kinds of layers of OLD and NEW that correspond, by id."""
    old = {block.id: block for block in report.old.blocks}
    found: dict[tuple[str, str], None] = {}
    for block in report.new.blocks:
        facing = old.get(block.partner or "")
        if facing is not None:
            found[facing.id, block.id] = None
            found.update(dict.fromkeys((a.id, b.id) for a, b in pairs(facing, block)))
    return tuple(found)


def _nodes(block: Block) -> Iterator[FoldedNode]:
    if block.stack is None:
        for part in block.parts:
            yield from _part(part, "")
        return
    yield FoldedNode(
        id=block.id, parent="", kind="layers", role=block.role, label=layers_of(block), class_name="",
        status=block.status, parameters=block.parameters, layers=block.layers, count=block.count, notes=block.notes,
        has_parts=bool(block.parts),
    )  # fmt: skip
    for part in block.parts:
        yield from _part(part, block.id)


def _part(part: Part, parent: str) -> Iterator[FoldedNode]:
    yield FoldedNode(
        id=part.id, parent=parent, kind="part", role=part.role, label=part.label, class_name=part.class_name,
        status=part.status, parameters=part.parameters, facts=part.facts, notes=part.notes, tensors=part.tensors,
        has_parts=bool(part.parts),
    )  # fmt: skip
    for inner in part.parts:
        yield from _part(inner, part.id)


def _flows(blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    """Paths inside the blocks, and from each block to the next."""
    found: dict[tuple[str, str], None] = {}
    tails: tuple[str, ...] = ()
    for block in blocks:
        inner, heads, ends = _ends(block)
        found.update(dict.fromkeys(inner))
        if block.role in _BESIDE:
            tails = (*tails, *ends)
            continue
        found.update(dict.fromkeys(itertools.product(tails, heads)))
        passed = tails if (ENTRY, EXIT) in block.flows else ()
        tails = (*ends, *passed) if ends or passed else tails
    yield from (edge for edge in found if edge[0] != edge[1])


def _ends(block: Block) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """Paths between parts, the parts that read what enters the block, and those that make what leaves it."""
    known = {part.id for part in every_part(block.parts)}
    inner = [(a, b) for a, b in block.flows if a in known and b in known]
    heads = [b for a, b in block.flows if a == ENTRY and b in known]
    ends = [a for a, b in block.flows if b == EXIT and a in known]
    leaves = [part.id for part in every_part(block.parts) if not part.parts]
    return inner, heads or leaves[:1], ends or leaves[-1:]
