"""Weights of whole bytes with scales: FP8 of every kind, and integers of 8 bits.

FP8 weights are multiplied with their scale, also where its name says that it is the inverse of one (`weight_scale_inv`
is the inverse of what the weight was multiplied with); scales in bytes are exponents of two (MXFP8). LLM.int8() of
bitsandbytes keeps each row's largest absolute value in `SCB`, which 127 stands for (Dettmers et al. 2022,
arXiv:2208.07339).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.weights.packed.floats import EIGHT_BITS, bytes_to_floats
from archdiff.weights.packed.grid import grid_of
from archdiff.weights.packed.grouped import Grouped, Powers, Scales
from archdiff.weights.packed.parts import UnreadError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from archdiff.sources.schemes import Found
    from archdiff.weights.packed.grid import Grid
    from archdiff.weights.packed.parts import Parts, Reader

__all__ = ["Offsets", "rows_of_bitsandbytes", "scaled"]

_USUAL = (128, 128)


@dataclasses.dataclass(frozen=True, slots=True)
class Offsets:
    """Zero points that are stored as integers, one for each group."""

    name: str

    def read(self, parts: Parts, start: int, stop: int) -> NDArray[np.float32]:
        """Zero points `start` to before `stop`; raises as `Parts.floats`."""
        return parts.floats(self.name, start, stop)


def scaled(parts: Parts, found: Found, block: tuple[int, int] | None) -> Reader:
    """Return what reads a weight of bytes.

    Args:
        parts: of the checkpoint.
        found: the weight, with its scale as the second stored part.
        block: as the config states it.

    Raises:
        UnreadError: its type is not known.
        SourceError: its scales do not fit it.
    """
    name, scale = found.stored
    shape, dtype = parts[name].shape, parts[name].dtype
    if dtype not in EIGHT_BITS:
        raise UnreadError(f"of the type {dtype}, which is not read")
    in_blocks = scale.endswith("_scale_inv") and (block is not None or len(parts[scale].shape) > 1)
    grid = grid_of(shape, parts[scale].shape, (block or _USUAL) if in_blocks else None)
    if grid is None:
        raise parts.misfit(scale, name)
    parts.check_size(name, 1)
    offsets = f"{found.module}.weight_zero_point"
    zeros = Offsets(offsets) if dtype == "int8" and offsets in parts else None
    if zeros and parts[offsets].shape != parts[scale].shape:
        raise parts.misfit(offsets, scale)
    used = (name, scale, offsets) if zeros else (name, scale)
    meaning = parts.meaning(found, _words(grid, zeros), used)
    scales = Powers(scale) if parts[scale].dtype == "uint8" else Scales(scale)
    return Grouped(parts, meaning, name, bytes_to_floats(dtype), grid, scales, zeros)


def rows_of_bitsandbytes(parts: Parts, found: Found) -> Reader:
    """Return what reads a weight that LLM.int8() stored.

    Raises:
        UnreadError: it is stored in the order of a GPU's kernels.
        SourceError: its scales do not fit it.
    """
    name, scale = found.stored
    grid = grid_of(parts[name].shape, parts[scale].shape)
    if grid is None or parts[scale].shape != parts[name].shape[:1]:
        raise parts.misfit(scale, name)
    parts.check_size(name, 1)
    order = f"{found.module}.weight_format"
    if order in parts and parts[order].size == 1 and parts.raw(order, 0, 1)[0]:
        raise UnreadError("stored by bitsandbytes in the order of a GPU's kernels")
    meaning = parts.meaning(found, "one scale for each row, SCB / 127", found.stored)
    return Grouped(parts, meaning, name, bytes_to_floats("int8"), grid, Scales(scale, 1 / 127))


def _words(grid: Grid, zeros: Offsets | None) -> str:
    return f"{grid.words}, with a zero point" if zeros else grid.words
