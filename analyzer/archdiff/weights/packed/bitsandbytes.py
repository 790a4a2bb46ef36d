"""Weights that bitsandbytes stored in 4 bits: codes of a table of sixteen values, in blocks of consecutive elements.

QLoRA (Dettmers et al. 2023, arXiv:2305.14314): two codes a byte, the upper half first; each block of a flattened weight
has its largest absolute value as its scale. Those may be packed themselves: codes of a table of 256 values, in blocks
again, less their mean (`nested_offset`). The weight's shape stands in JSON beside it (`quant_state`).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from archdiff.errors import SourceError
from archdiff.sources.json_text import parse_object
from archdiff.weights.packed.floats import pairs
from archdiff.weights.packed.grid import Grid
from archdiff.weights.packed.grouped import Grouped, Scales
from archdiff.weights.packed.parts import UnreadError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from archdiff.sources.schemes import Found
    from archdiff.weights.packed.grouped import Numbers
    from archdiff.weights.packed.parts import Parts, Reader

__all__ = ["blocks_of_bitsandbytes"]

_LONGEST_STATE = 2**16
_MOST_AXES = 8


def blocks_of_bitsandbytes(parts: Parts, found: Found) -> Reader:
    """Return what reads a weight that was stored in 4 bits; reads its table and its state.

    Raises:
        UnreadError: a part is missing.
        SourceError: its parts contradict each other.
    """
    name = found.tensor.name
    stated = next(part for part in found.stored if ".quant_state." in part)
    absmax, table = f"{name}.absmax", f"{name}.quant_map"
    for part in (absmax, table):
        if part not in parts:
            raise UnreadError(f"its {part.removeprefix(name)} is missing")
    state = _state(parts, stated)
    shape, width = _shape(state), _width(state, "blocksize")
    count = math.prod(shape or ())
    if shape is None or not width or -(-count // 2) != parts[name].size:
        raise parts.fault(stated, "states a shape or a block that does not fit the weight")
    if math.prod(parts[absmax].shape) != -(-count // width):
        raise parts.misfit(absmax, name)
    scales = _scales(parts, name, state)
    kind = "nf4" if stated.endswith("nf4") else "fp4"
    words = f"one scale for each block of {width} elements{', itself packed' if isinstance(scales, _Nested) else ''}"
    meaning = replace(parts.meaning(found, f"{words} ({kind})", found.stored), shape=shape)
    # A block is a row, so that a range needs the scales of its own blocks only.
    grid = Grid(-(-count // width), width, 1, width, shared=False)
    return Grouped(parts, meaning, name, _table(parts, table), grid, scales)


def _state(parts: Parts, name: str) -> Mapping[str, object]:
    size = parts[name].size
    if size > _LONGEST_STATE:
        raise parts.fault(name, f"holds {size:,} bytes, more than any state has")
    try:
        return parse_object(parts.raw(name, 0, size).tobytes().decode("utf-8"), "")
    except (UnicodeDecodeError, SourceError):
        raise parts.fault(name, "holds no state of bitsandbytes") from None


def _shape(state: Mapping[str, object]) -> tuple[int, ...] | None:
    shape = state.get("shape")
    if not isinstance(shape, list) or len(shape) > _MOST_AXES:
        return None
    return tuple(shape) if all(type(size) is int and 0 <= size < 2**40 for size in shape) else None


def _width(state: Mapping[str, object], key: str) -> int:
    """An even number of elements of a block; 0 where none is stated."""
    size = state.get(key)
    return size if type(size) is int and 0 < size <= 2**16 and size % 2 == 0 else 0


def _table(parts: Parts, name: str) -> NDArray[np.float32]:
    if parts[name].shape != (16,):
        raise parts.fault(name, "does not hold the sixteen values of codes of 4 bits")
    return pairs(parts.scales(name), high_first=True)


def _scales(parts: Parts, name: str, state: Mapping[str, object]) -> Numbers:
    absmax, nested, table = f"{name}.absmax", f"{name}.nested_absmax", f"{name}.nested_quant_map"
    if nested not in parts:
        return Scales(absmax)
    width, offset = _width(state, "nested_blocksize"), state.get("nested_offset")
    if not width or not isinstance(offset, int | float) or not math.isfinite(offset):
        raise parts.fault(nested, "has no block or no offset in the state")
    if table not in parts or parts[table].shape != (256,) or parts[absmax].dtype != "uint8":
        raise parts.fault(nested, "has no table of 256 values beside it")
    if math.prod(parts[nested].shape) != -(-math.prod(parts[absmax].shape) // width):
        raise parts.misfit(nested, absmax)
    return _Nested(absmax, nested, table, width, float(offset))


@dataclasses.dataclass(frozen=True, slots=True)
class _Nested:
    """Scales that are codes of a table, times scales of their own, plus an offset."""

    codes: str
    name: str
    table: str
    width: int
    offset: float

    def read(self, parts: Parts, start: int, stop: int) -> NDArray[np.float32]:
        codes = parts.raw(self.codes, start, stop)
        first = start // self.width
        scales = parts.scales(self.name, first, -(-stop // self.width))
        each = scales[np.arange(start, stop) // self.width - first]
        found: NDArray[np.float32] = parts.scales(self.table)[codes] * each + np.float32(self.offset)
        return found
