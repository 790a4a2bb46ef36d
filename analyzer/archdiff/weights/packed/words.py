"""Small integers in words of 32 bits: the layouts of GPTQ and AWQ, whose matrices stand with the inputs as rows.

GPTQ (Frantar et al. 2022, arXiv:2210.17323) as AutoGPTQ stores it: the codes of one output are a stream of bits down
a column of words, lowest bits first; the zero points of a group are such a stream along a row. The first format
(`checkpoint_format: gptq`, or none stated) stores zero points less one. AWQ (Lin et al. 2023, arXiv:2306.00978), the
version `gemm`: eight outputs of one input share a word, in the order 0, 2, 4, 6, 1, 3, 5, 7.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.text import printable
from archdiff.weights.packed.parts import UnreadError
from archdiff.weights.packed.slot import KEEP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from archdiff.sources.schemes import Found
    from archdiff.weights.packed.parts import Parts, Reader
    from archdiff.weights.packed.slot import Slot
    from archdiff.weights.tensors import Meaning

__all__ = ["fields", "words_of_awq", "words_of_gptq"]

_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
_BITS = (2, 3, 4, 8)
_FORMATS = MappingProxyType({"gptq": 1, "auto_round:gptq": 1, "auto_round:auto_gptq": 1, "gptq_v2": 0})
"""What is to be added to zero points as they are stored, by the format's name."""


def fields(words: NDArray[np.uint32], bits: int, count: int) -> NDArray[np.uint32]:
    """Return numbers that are a stream of bits along the last axis, lowest bits first.

    Args:
        words: (…, n).
        bits: of a number.
        count: of numbers in each row; they fit into n words.
    """
    at = np.arange(count, dtype=np.int64) * bits
    word, shift = at // 32, (at % 32).astype(np.uint32)
    low = words[..., word] >> shift
    over = shift + np.uint32(bits) > 32
    following = words[..., np.minimum(word + 1, words.shape[-1] - 1)]
    high = np.where(over, following << (np.uint32(31) - np.minimum(shift, np.uint32(31))) << np.uint32(1), 0)
    found: NDArray[np.uint32] = (low | high) & np.uint32(2**bits - 1)
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class _Loaded:
    """The parts of a weight; words as stored, scales and zero points (groups, rows), and the group of each column."""

    words: NDArray[np.uint32]
    scales: NDArray[np.float32]
    zeros: NDArray[np.float32]
    groups: NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True)
class _Words:
    """A weight in words; a matrix of words is read whole, and the last one of at most `KEEP` bytes is kept."""

    parts: Parts
    meaning: Meaning
    base: str
    slot: Slot
    bits: int
    plus: int = 0
    order: tuple[int, ...] = ()

    def read(self, start: int, stop: int, /) -> NDArray[np.float32]:
        from archdiff.weights.packed.columns import unpack_columns, unpack_eights

        rows, columns = self.meaning.shape
        eight = 8 if self.order else 1
        first, last = start // columns // eight * eight, -(-stop // (columns * eight)) * eight
        kept = rows * columns * self.bits // 8 <= KEEP
        loaded = self.slot.get(self.meaning.name, self._load) if kept else self._load()
        out = np.empty((last - first, columns), dtype=np.float32)
        if self.order:
            shifts = 4 * np.argsort(self.order).astype(np.uint32)
            unpack_eights(loaded.words, loaded.scales, loaded.zeros, loaded.groups, shifts, first, out)
        else:
            unpack_columns(loaded.words, loaded.scales, loaded.zeros, loaded.groups, self.bits, first, out)
        return out.reshape(-1)[start - first * columns : stop - first * columns]

    def _load(self) -> _Loaded:
        weight, zeros = self._array("qweight"), self._array("qzeros")
        rows, columns = self.meaning.shape
        scales = self.parts.scales(f"{self.base}.scales").reshape(-1, rows)
        found = fields(zeros, self.bits, rows)
        if self.order:
            found = found.reshape(len(zeros), -1, 8)[..., np.argsort(self.order)].reshape(len(zeros), rows)
        found = (found + np.uint32(self.plus)) & np.uint32(2**self.bits - 1)
        return _Loaded(weight, scales, found.astype(np.float32), self._groups(len(scales), columns))

    def _array(self, part: str) -> NDArray[np.uint32]:
        name = f"{self.base}.{part}"
        shape = self.parts[name].shape
        return self.parts.array(name, 0, shape[0] * shape[1]).view(np.uint32).reshape(shape)

    def _groups(self, count: int, columns: int) -> NDArray[np.int64]:
        name = f"{self.base}.g_idx"
        if self.order or name not in self.parts:
            return np.arange(columns, dtype=np.int64) // -(-columns // count)
        groups = self.parts.array(name, 0, columns).astype(np.int64)
        if ((groups < 0) | (groups >= count)).any():
            raise self.parts.fault(name, f"names a group that is none of the {count:,} that there are")
        return groups


def words_of_gptq(parts: Parts, found: Found, declared: Mapping[str, object], slot: Slot) -> Reader:
    """Return what reads a weight of GPTQ.

    Args:
        parts: of the checkpoint.
        found: the weight.
        declared: `quantization_config`; its `checkpoint_format`, or AutoRound's `packing_format`, tells how zero
            points are stored.
        slot: of the checkpoint.

    Raises:
        UnreadError: the format or the number of bits is not known, or zero points are missing.
        SourceError: its parts do not fit each other.
    """
    stated = str(declared.get("checkpoint_format") or declared.get("packing_format") or "gptq")
    if stated not in _FORMATS:
        raise UnreadError(f"stored in GPTQ's format {printable(stated, 40)}, which is not read")
    base, (rows, columns) = found.base, found.tensor.shape
    height, groups = _fit(parts, base)
    bits = 32 * height // columns if columns else 0
    if bits not in _BITS:
        raise UnreadError("packed by GPTQ into integers of neither 2, 3, 4 nor 8 bits")
    if height * 32 != columns * bits or parts[f"{base}.qzeros"].shape != (groups, -(-rows * bits // 32)):
        raise parts.misfit(f"{base}.qzeros", f"{base}.qweight")
    index = f"{base}.g_idx"
    if index in parts and (parts[index].shape != (columns,) or parts[index].dtype not in ("int32", "int64")):
        raise parts.misfit(index, f"{base}.qweight")
    if index not in parts and -(-columns // -(-columns // groups)) != groups:
        raise parts.misfit(f"{base}.scales", f"{base}.qweight")
    words = f"one scale and zero point for each of {groups:,} groups of columns"
    meaning = parts.meaning(found, words if groups > 1 else "one scale and zero point for each row", found.stored)
    return _Words(parts, meaning, base, slot, bits, plus=_FORMATS[stated])


def words_of_awq(parts: Parts, found: Found, declared: Mapping[str, object], slot: Slot) -> Reader:
    """Return what reads a weight of AWQ.

    Args:
        parts: of the checkpoint.
        found: the weight.
        declared: `quantization_config`; its `version` tells the order of the numbers.
        slot: of the checkpoint.

    Raises:
        UnreadError: the version is not known, or zero points are missing.
        SourceError: its parts do not fit each other.
    """
    stated = str(declared.get("version") or "gemm").lower()
    if stated not in ("gemm", "exllama"):
        raise UnreadError(f"stored in AWQ's version {printable(stated, 40)}, which is not read")
    base, (rows, columns) = found.base, found.tensor.shape
    _, groups = _fit(parts, base)
    if parts[f"{base}.qzeros"].shape != (groups, rows // 8) or -(-columns // -(-columns // groups)) != groups:
        raise parts.misfit(f"{base}.qzeros", f"{base}.qweight")
    words = f"one scale and zero point for each group of {-(-columns // groups)} columns of a row"
    return _Words(parts, parts.meaning(found, words, found.stored), base, slot, 4, order=_ORDER)


def _fit(parts: Parts, base: str) -> tuple[int, int]:
    """Height of the matrix of words, and groups."""
    names = [f"{base}.{part}" for part in ("qweight", "qzeros", "scales")]
    if names[1] not in parts:
        raise UnreadError("its .qzeros are missing")
    for name in names[:2]:
        if parts[name].dtype not in ("int32", "uint32"):
            raise parts.fault(name, "does not hold words of 32 bits")
    groups = parts[names[2]].shape[0]
    if groups == 0 or len(parts[names[1]].shape) != 2:
        raise parts.misfit(names[1], names[0])
    return parts[names[0]].shape[0], groups
