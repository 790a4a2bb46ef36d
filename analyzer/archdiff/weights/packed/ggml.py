"""Packed types of ggml: blocks of 32 or 256 consecutive elements, each with its scales inside.

The layouts are those of ggml's `block_q4_0` to `block_mxfp4` (ggml-common.h), with values as `dequantize_row_*` of
ggml-quants.c gives them.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.sources.gguf import BLOCKS
from archdiff.weights.packed.floats import bytes_to_floats
from archdiff.weights.packed.parts import PLAIN, UnreadError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from archdiff.weights.packed.parts import Parts, Values

__all__ = ["READ", "scale_of", "values_of"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Kind:
    """Where a block has its scale and its minimum (None without one), as bytes from its start, and what it says."""

    scale: int
    minimum: int | None
    words: str


_ONE = "one scale for each block of 32 elements"
_TWO = f"{_ONE}, with a minimum"
_SUPER = "one scale for each block of 256 elements, times one for each {} of them"

_KINDS: Mapping[str, _Kind] = MappingProxyType({
    "Q4_0": _Kind(0, None, _ONE),
    "Q4_1": _Kind(0, 2, _TWO),
    "Q5_0": _Kind(0, None, _ONE),
    "Q5_1": _Kind(0, 2, _TWO),
    "Q8_0": _Kind(0, None, _ONE),
    "IQ4_NL": _Kind(0, None, _ONE),
    "MXFP4": _Kind(0, None, _ONE),
    "Q2_K": _Kind(80, 82, f"{_SUPER.format(16)}, with minima"),
    "Q3_K": _Kind(108, None, _SUPER.format(16)),
    "Q4_K": _Kind(0, 2, f"{_SUPER.format(32)}, with minima"),
    "Q5_K": _Kind(0, 2, f"{_SUPER.format(32)}, with minima"),
    "Q6_K": _Kind(208, None, _SUPER.format(16)),
    "IQ4_XS": _Kind(0, None, _SUPER.format(32)),
})  # fmt: skip

READ = frozenset(_KINDS)
"""The packed types that are read."""


def scale_of(dtype: str) -> str:
    """With which scale a packed type is unpacked, in words; empty for one that is not packed."""
    return _KINDS[dtype].words if dtype in _KINDS else ""


def values_of(parts: Parts, name: str) -> Values:
    """Return what reads a tensor's elements as float32, in the order of the file.

    Raises:
        UnreadError: its type is not known.
    """
    dtype = parts[name].dtype
    if dtype in _KINDS:
        return _Blocks(parts, name)
    if dtype in PLAIN or dtype.startswith("float8"):
        return _Floats(parts, name)
    raise UnreadError(f"packed as {dtype}, which is not read")


@dataclasses.dataclass(frozen=True, slots=True)
class _Floats:
    parts: Parts
    name: str

    def read(self, start: int, stop: int, /) -> NDArray[np.float32]:
        return self.parts.floats(self.name, start, stop)


@dataclasses.dataclass(frozen=True, slots=True)
class _Blocks:
    parts: Parts
    name: str

    def read(self, start: int, stop: int, /) -> NDArray[np.float32]:
        from archdiff.weights.packed.ggml_unpack import UNPACK

        dtype = self.parts[self.name].dtype
        count, size = BLOCKS[dtype]
        self.parts.check_blocks(self.name, count, size)
        first, last = start // count, -(-stop // count)
        blocks = self.parts.raw(self.name, first * size, last * size).reshape(-1, size)
        scales, minima = self._halves(blocks)
        out = np.empty((last - first, count), dtype=np.float32)
        UNPACK[dtype](blocks, scales, minima, out)
        return out.reshape(-1)[start - first * count : stop - first * count]

    def _halves(self, blocks: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scale and minimum of each block; zeros where a type has no minimum."""
        dtype = self.parts[self.name].dtype
        kind = _KINDS[dtype]
        scales = bytes_to_floats("float8_e8m0fnu")[blocks[:, 0]] if dtype == "MXFP4" else _half(blocks, kind.scale)
        minima = np.zeros_like(scales) if kind.minimum is None else _half(blocks, kind.minimum)
        if not (np.isfinite(scales).all() and np.isfinite(minima).all()):
            raise self.parts.fault(self.name, "holds a scale that is not a finite number")
        return scales, minima


def _half(blocks: NDArray[np.uint8], at: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(blocks[:, at : at + 2]).view(np.float16)[:, 0].astype(np.float32)
