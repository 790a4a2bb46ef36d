"""Units: the matrices and vectors of a model in the field's terms, and where a checkpoint holds their values.

A checkpoint's keys are not module names: experts may be stored one by one and built as one tensor, gate and up
projections fused, queries, keys and values packed, projections transposed. A unit is what a test compares: one
projection of one expert of one layer, whatever the storage.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np

from archdiff.weights.tensors import as_float32

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from archdiff.weights.tensors import Tensors

__all__ = ["Place", "Region", "Unit", "UnitPair", "matrix"]

Place = Literal["attention", "mlp", "expert", "shared-expert", "router", "norm", "outside", "other"]
"""Where a unit stands: `mlp` is a dense feed-forward, `outside` the embeddings and heads, `other` anything else."""


@dataclasses.dataclass(frozen=True, slots=True)
class Region:
    """A part of one tensor of a checkpoint, as a matrix of rows × columns.

    Args:
        tensor: published name (`Meaning.name`).
        start: first element of the block that holds it, in row-major order.
        shape: (rows, columns) of that block as it is stored; (n,) for a vector.
        rows: first, stop and step of the rows that belong to the unit, after `transposed`; None for all.
        transposed: whether the unit is the transpose of the block.
    """

    tensor: str
    start: int
    shape: tuple[int, ...]
    rows: tuple[int, int, int] | None = None
    transposed: bool = False

    @property
    def stop(self) -> int:
        """The element behind the block."""
        return self.start + int(np.prod(self.shape, dtype=np.int64))

    @property
    def is_plain(self) -> bool:
        """Whether its elements are the block's, in order."""
        return self.rows is None and not self.transposed


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    """A matrix or vector of a model that tests compare.

    Args:
        module: id of the graph's node that owns the tensor.
        tensor: its name in the module (`weight`, `gate_up_proj`).
        component: `language-model`, `vision-tower`, `audio-tower`, `projector`, `embeddings`, `heads`, `prediction`.
        place: where it stands.
        role: of its rows: `gate`, `up`, `down`, `query`, `key`, `value`, `output`, `router`, `embedding`, `lm-head`,
            a role of `archdiff.graph.roles`, with `.bias` behind it for a bias vector.
        stack: id of the layer stack; None outside.
        layer: number in the stack; None outside.
        expert: number of the expert; None where it is no routed expert's (router rows are the experts themselves).
        shape: (rows, columns): a row has one output channel's weights, as in `y = W x`; (n,) for a vector.
        regions: where its rows stand, one below the other; one region unless the storage splits them.
        heads: into how many heads its rows are grouped (key-value heads of a value projection); None otherwise.
    """

    module: str
    tensor: str
    component: str
    place: Place
    role: str
    stack: str | None
    layer: int | None
    expert: int | None
    shape: tuple[int, ...]
    regions: tuple[Region, ...]
    heads: int | None = None

    @property
    def count(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def label(self) -> str:
        """Where it is, for people: `layers.3 expert 17 gate`, `embedding`."""
        layer = () if self.layer is None else (f"{(self.stack or '').rpartition('.')[2] or 'layers'}.{self.layer}",)
        expert = () if self.expert is None else (f"expert {self.expert}",)
        place = (self.place,) if self.place == "shared-expert" else ()
        return " ".join((*layer, *place, *expert, self.role))


@dataclasses.dataclass(frozen=True, slots=True)
class UnitPair:
    """Two units that correspond, by the alignment of the two graphs.

    Args:
        old: of OLD.
        new: of NEW.
        changed: whether the structural comparison found the part changed.
    """

    old: Unit
    new: Unit
    changed: bool = False


def matrix(tensors: Tensors, unit: Unit) -> NDArray[np.float32]:
    """The values of a unit, read whole: float32 of `unit.shape`.

    Raises:
        SourceError: the checkpoint cannot be read.
    """
    parts = [_block(tensors, region) for region in unit.regions]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _block(tensors: Tensors, region: Region) -> NDArray[np.float32]:
    values = tensors.read(region.tensor, region.start, region.stop)
    block = as_float32(values, tensors.meanings[region.tensor].dtype).reshape(region.shape)
    if region.transposed:
        block = block.T
    if region.rows is not None:
        block = block[slice(*region.rows)]
    return np.ascontiguousarray(block)
