"""Weights of floats of 4 bits (E2M1), two in a byte with the lower half first.

MXFP4 (OCP Microscaling Formats 1.0): 32 columns of a row share a power of two, E8M0. NVFP4: 16 columns share a float of
8 bits, and the whole tensor a float of 32 bits, with which Model Optimizer multiplies and by which compressed-tensors
divides.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.packed.floats import E2M1, pairs
from archdiff.weights.packed.grid import Grid
from archdiff.weights.packed.grouped import Grouped, Powers, Scales
from archdiff.weights.packed.parts import UnreadError
from archdiff.weights.packed.turned import Turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from archdiff.sources.schemes import Found
    from archdiff.weights.packed.parts import Parts, Reader
    from archdiff.weights.packed.slot import Slot

__all__ = ["blocks_of_four", "nvfp4"]

_MX, _NV = 32, 16


def blocks_of_four(parts: Parts, found: Found, slot: Slot) -> Reader:
    """Return what reads MXFP4 as gpt-oss stores it: (experts, rows, columns / 32, 16), published as the transpose.

    Args:
        parts: of the checkpoint.
        found: the weight, with its scales as the second stored part.
        slot: of the checkpoint.

    Raises:
        SourceError: its scales do not fit it.
    """
    codes, scale = found.stored
    *_, columns, rows = found.tensor.shape
    if parts[scale].shape != parts[codes].shape[:-1]:
        raise parts.misfit(scale, codes)
    parts.check_size(codes, 1)
    meaning = parts.meaning(found, f"one scale for each group of {_MX} columns of a row as stored", found.stored)
    grid = Grid(rows, columns, 1, _MX, shared=False)
    shape = (*found.tensor.shape[:-2], rows, columns)
    stored = Grouped(parts, replace(meaning, shape=shape), codes, _table(), grid, Powers(scale))
    return Turned(meaning, stored, slot)


def nvfp4(parts: Parts, found: Found) -> Reader:
    """Return what reads NVFP4 of Model Optimizer or of compressed-tensors, or MXFP4 of the latter.

    Raises:
        UnreadError: its second scale is missing.
        SourceError: its scales do not fit it.
    """
    codes, scale, second = found.stored
    wide = parts[scale].dtype.startswith("float8_e4m3")
    width = _NV if wide else _MX
    *outer, rows, columns = found.tensor.shape if len(found.tensor.shape) > 1 else (1, *found.tensor.shape)
    grid = Grid(rows, columns, 1, width, shared=False)
    if parts[scale].shape != (*parts[codes].shape[:-1], -(-columns // width)):
        raise parts.misfit(scale, codes)
    parts.check_size(codes, 1)
    words = grid.words
    if not wide:
        return Grouped(parts, parts.meaning(found, words, (codes, scale)), codes, _table(), grid, Powers(scale))
    if second not in parts:
        raise UnreadError(f"its {second.removeprefix(found.base)} is missing")
    if math.prod(parts[second].shape) not in (1, math.prod(outer)):
        raise parts.misfit(second, codes)
    divides = found.method == "compressed-tensors"
    words = f"{words}, {'divided by' if divides else 'times'} one for the whole tensor"
    scales = Scales(scale, second=second, divides=divides, each=grid.each)
    return Grouped(parts, parts.meaning(found, words, found.stored), codes, _table(), grid, scales)


@cache
def _table() -> NDArray[np.float32]:
    """Value of each byte; kept, because a checkpoint may have a hundred thousand weights."""
    return pairs(np.array(E2M1, dtype=np.float32))
