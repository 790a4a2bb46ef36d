"""Typed ranges of a checkpoint's tensors, and what to say where its parts contradict each other."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from archdiff.errors import SourceError
from archdiff.text import printable
from archdiff.weights.packed.floats import bytes_to_floats
from archdiff.weights.tensors import Meaning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from archdiff.sources.schemes import Found
    from archdiff.weights.tensors import Array, Checkpoint, Stored

__all__ = ["PLAIN", "Parts", "Reader", "UnreadError", "Values", "digest_of"]

PLAIN = {
    "bool": np.bool_, "uint8": np.uint8, "int8": np.int8, "uint16": np.uint16, "int16": np.int16, "uint32": np.uint32,
    "int32": np.int32, "uint64": np.uint64, "int64": np.int64, "float16": np.float16, "bfloat16": np.uint16,
    "float32": np.float32, "float64": np.float64,
}  # fmt: skip
"""numpy's type by torch's name; bfloat16, which numpy lacks, as its bits."""

_REMEDY = "download the checkpoint again, or name the model before it was quantised"


class UnreadError(Exception):
    """Why a tensor's packing cannot be undone."""


class Values(Protocol):
    """Elements in row-major order."""

    def read(self, start: int, stop: int, /) -> Array:
        """Elements `start` to before `stop`, which lie inside the tensor; one axis.

        Raises:
            SourceError: the checkpoint cannot be read, or the tensor's parts contradict each other.
        """


class Reader(Values, Protocol):
    """Reads one tensor of a checkpoint as what it stands for."""

    @property
    def meaning(self) -> Meaning:
        """What it stands for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Parts:
    """A checkpoint's tensors as arrays."""

    checkpoint: Checkpoint

    def __getitem__(self, name: str) -> Stored:
        return self.checkpoint.stored[name]

    def __contains__(self, name: str) -> bool:
        return name in self.checkpoint.stored

    def fault(self, name: str, cause: str) -> SourceError:
        """The error that tensor `name` is wrong."""
        cause = f"tensor {printable(repr(name), 120)} {cause}"
        return SourceError(printable(self.checkpoint.subject), cause, _REMEDY)

    def raw(self, name: str, start: int, stop: int) -> NDArray[np.uint8]:
        """Bytes `start` to before `stop`, without a copy where the checkpoint makes none.

        Raises:
            SourceError: as `Checkpoint.read`, or they are not there.
        """
        if not 0 <= start <= stop <= self[name].size:
            raise self.fault(name, f"holds {self[name].size:,} bytes, too few for its shape")
        found = np.frombuffer(self.checkpoint.read(name, start, stop), dtype=np.uint8)
        if len(found) != stop - start:
            raise self.fault(name, f"gave {len(found):,} bytes where {stop - start:,} were asked for")
        return found

    def array(self, name: str, start: int, stop: int) -> Array:
        """Elements `start` to before `stop` of a type of `PLAIN`, aligned, read-only.

        Raises:
            SourceError: as `raw`, or its size is not that of its shape.
        """
        dtype = np.dtype(PLAIN[self[name].dtype])
        self.check_size(name, dtype.itemsize)
        found = self.raw(name, start * dtype.itemsize, stop * dtype.itemsize).view(dtype)
        if not found.flags.aligned:
            found = found.copy()
        found.flags.writeable = False
        return found

    def check_size(self, name: str, itemsize: int) -> None:
        """Raise a SourceError unless the tensor's size in bytes is that of its shape."""
        stored = self[name]
        if stored.size != math.prod(stored.shape) * itemsize:
            raise self.fault(name, f"holds {stored.size:,} bytes, which is not the size of its shape and type")

    def check_blocks(self, name: str, count: int, size: int) -> None:
        """Raise a SourceError unless the tensor is of whole blocks of `count` elements in `size` bytes."""
        stored = self[name]
        elements = math.prod(stored.shape)
        if elements % count or stored.size != elements // count * size:
            raise self.fault(name, f"holds {stored.size:,} bytes, which is not the size of its shape and type")

    def floats(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Elements as float32, from any type of numbers of at least 8 bits; all of them by default.

        Raises:
            SourceError: as `array`, or the type is none of numbers.
        """
        stored = self[name]
        stop = math.prod(stored.shape) if stop is None else stop
        if stored.dtype.startswith("float8"):
            self.check_size(name, 1)
            return bytes_to_floats(stored.dtype)[self.raw(name, start, stop)]
        if stored.dtype not in PLAIN:
            raise self.fault(name, f"is of the type {printable(stored.dtype, 40)}, which no scale has")
        found = self.array(name, start, stop)
        if stored.dtype == "bfloat16":
            return (found.astype(np.uint32) << np.uint32(16)).view(np.float32)
        return found.astype(np.float32)

    def scales(self, name: str, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Scales as float32.

        Raises:
            SourceError: as `floats`, or they are no floats, or one of them is not finite.
        """
        if "float" not in self[name].dtype:
            raise self.fault(name, f"is of the type {printable(self[name].dtype, 40)}, which no scale has")
        found = self.floats(name, start, stop)
        if not np.isfinite(found).all():
            raise self.fault(name, "holds a scale that is not a finite number")
        return found

    def misfit(self, name: str, other: str) -> SourceError:
        """The error that one part does not fit another."""
        theirs = f"{printable(repr(other), 120)} of shape {list(self[other].shape)}"
        return self.fault(name, f"of shape {list(self[name].shape)} does not fit {theirs}")

    def meaning(self, found: Found, scale: str, names: Sequence[str]) -> Meaning:
        """What a quantised weight stands for.

        Args:
            found: the weight.
            scale: with which scale it is unpacked, in words.
            names: of all that its values depend on, in a fixed order.
        """
        held = [self[name] for name in names]
        digest = digest_of([part.digest for part in held], found.method, scale, [part.shape for part in held])
        size = sum(part.size for part in held)
        return Meaning(found.tensor.name, found.tensor.shape, "float32", found.method, scale, size, digest)


def digest_of(digests: Sequence[str], *stated: object) -> str:
    """One digest of several and of what is stated besides; empty where one is empty."""
    if not digests or not all(digests):
        return ""
    text = json.dumps([list(digests), stated])
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
