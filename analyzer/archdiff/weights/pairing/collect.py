"""From a graph and a checkpoint to units."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from archdiff.text import printable
from archdiff.weights.pairing.cutting import cut
from archdiff.weights.pairing.loader import counted, full_name, load
from archdiff.weights.pairing.packing import Piece
from archdiff.weights.pairing.patchwork import Patchwork
from archdiff.weights.pairing.places import Standings
from archdiff.weights.pairing.regions import regions_of
from archdiff.weights.units import Region, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.graph.schema import ModelGraph, Node, Tensor
    from archdiff.weights.pairing.origins import Origin
    from archdiff.weights.pairing.places import Standing
    from archdiff.weights.tensors import Tensors

__all__ = ["Units", "units_of"]

_NAMED = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Units:
    """The units of a checkpoint; each of its elements is in exactly one, or its tensor is unclaimed.

    Args:
        units: in the order of the graph's modules.
        unclaimed: names of the checkpoint's tensors that no module has, sorted.
        missing: full names of the graph's tensors that the checkpoint lacks, sorted; without those that share the
            storage of one that is there.
        notes: sentences on what could not be told.
    """

    units: tuple[Unit, ...]
    unclaimed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    """A unit before its layer and the names of its tensors are known: regions have numbers for names."""

    role: str
    shape: tuple[int, ...]
    heads: int | None
    expert: int | None
    regions: tuple[tuple[int, Region], ...]
    whole: bool = True


def units_of(graph: ModelGraph, tensors: Tensors) -> Units:
    """Find the matrices and vectors of a model in its checkpoint; imports torch and transformers.

    Args:
        graph: of the model, as it was built (of bare weights: under their own names).
        tensors: of its checkpoint; only names and shapes are read.
    """
    loaded = load(graph, tensors)
    maker = _Maker(graph, {name: meaning.count for name, meaning in tensors.meanings.items()})
    units: list[Unit] = []
    for node in graph.nodes.values():
        for tensor in node.tensors:
            origin = loaded.origins.get((node.id, tensor.name))
            if origin is not None:
                units += maker.units(node, tensor, origin)
    held = {region.tensor for unit in units for region in unit.regions}
    lost = {name for name in maker.lost if name not in held}
    unclaimed = tuple(sorted({*loaded.unclaimed, *lost}))
    return Units(tuple(units), unclaimed, loaded.missing, (*loaded.notes, *maker.notes()))


class _Maker:
    """Makes units, alike ones of a stack's layers from one template.

    Args:
        graph: of the model.
        counts: number of elements of each tensor of the checkpoint.
    """

    def __init__(self, graph: ModelGraph, counts: Mapping[str, int]) -> None:
        self.graph, self.counts = graph, counts
        self.standings = Standings(graph)
        self.templates: dict[Any, tuple[_Row, ...] | None] = {}
        self.packed: list[str] = []
        self.lost: list[str] = []

    def units(self, node: Node, tensor: Tensor, origin: Origin) -> Iterator[Unit]:
        """The units of one tensor of the graph."""
        standing = self.standings.of(node)
        rows = self._template(node, tensor, origin, standing)
        if rows is None:
            self.lost += origin.sources
            return
        if any(not row.whole for row in rows):
            self.packed.append(full_name(node.id, tensor.name))
        path = full_name(node.id, tensor.name)
        for row in rows:
            stacked = row.expert is not None and standing.place in ("mlp", "other")
            regions = tuple(
                Region(origin.sources[number], r.start, r.shape, r.rows, r.transposed) for number, r in row.regions
            )
            place = "expert" if stacked else standing.place
            expert = standing.expert if row.expert is None else row.expert
            yield Unit(
                node.id, tensor.name, standing.component, place, row.role or path,
                standing.stack, standing.layer, expert, row.shape, regions, row.heads,
            )  # fmt: skip

    def _template(self, node: Node, tensor: Tensor, origin: Origin, standing: Standing) -> tuple[_Row, ...] | None:
        holder = self.graph.nodes[self.graph.parent(node.id) or ""]
        counts = tuple(self.counts[name] for name in origin.sources)
        key = (node.identity, holder.identity, tensor.name, origin.patchwork, counts, standing.heads, standing.place)
        if not node.identity or key not in self.templates:
            pieces, is_packed = cut(node, tensor, origin.patchwork, holder, standing.heads)
            made = _rows(pieces, counts, whole=not is_packed)
            self.templates[key] = made if made is not None else _patches(node.role, origin.patchwork, counts)
        return self.templates[key]

    def notes(self) -> Iterator[str]:
        """What could not be told apart, and what could not be told at all."""
        if self.packed:
            names = ", ".join(printable(name, 120) for name in self.packed[:_NAMED])
            yield f"how rows are packed is not known of {counted(len(self.packed))}, left whole: {names}"
        if self.lost:
            name = printable(self.lost[0], 120)
            yield f"left out {counted(len(self.lost))} of the checkpoint, as their rows stand in no order: {name}"


def _rows(pieces: tuple[Piece, ...], counts: tuple[int, ...], *, whole: bool) -> tuple[_Row, ...] | None:
    """Templates of units; None where regions cannot tell the rows of one."""
    sources = [(str(number), count) for number, count in enumerate(counts)]
    found = []
    for piece in pieces:
        regions = regions_of(piece.rows, sources) if piece.rows.count else (Region("0", 0, piece.rows.shape),)
        if regions is None:
            return None
        numbered = tuple((int(region.tensor), region) for region in regions)
        found.append(_Row(piece.role, piece.rows.shape, piece.heads, piece.expert, numbered, whole))
    return tuple(found)


def _patches(role: str, patchwork: Patchwork, counts: tuple[int, ...]) -> tuple[_Row, ...] | None:
    """A unit for each patch, where the rows of the whole are made of several; None where that does not help."""
    pieces = []
    for patch in patchwork.patches:
        alone = Patchwork(patch.shape, (dataclasses.replace(patch, start=(0,) * len(patch.start)),))
        pieces.append(Piece(role, alone.reshape(patch.shape[0], -1) if len(patch.shape) > 2 else alone))
    return _rows(tuple(pieces), counts, whole=False)
