"""Tensors that are not packed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.text import printable
from archdiff.weights.packed.floats import bytes_to_floats
from archdiff.weights.packed.parts import PLAIN, UnreadError
from archdiff.weights.tensors import Meaning

if TYPE_CHECKING:
    from archdiff.weights.packed.parts import Parts, Reader
    from archdiff.weights.tensors import Array, Stored

__all__ = ["plain"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Plain:
    parts: Parts
    meaning: Meaning

    def read(self, start: int, stop: int) -> Array:
        return self.parts.array(self.meaning.name, start, stop)


@dataclasses.dataclass(frozen=True, slots=True)
class _Float8:
    parts: Parts
    meaning: Meaning

    def read(self, start: int, stop: int) -> Array:
        return self.parts.floats(self.meaning.name, start, stop)


def plain(parts: Parts, stored: Stored) -> Reader:
    """Return what reads a tensor as it is stored.

    Raises:
        UnreadError: its type is none that arrays are compared in.
    """
    if stored.dtype in PLAIN:
        size, digest, extent = stored.size, stored.digest, stored.extent
        meaning = Meaning(stored.name, stored.shape, stored.dtype, size=size, digest=digest, extent=extent)
        return _Plain(parts, meaning)
    if stored.dtype.startswith("float8"):
        bytes_to_floats(stored.dtype)
        return _Float8(parts, Meaning(
            stored.name, stored.shape, "float32", stored.dtype, "no scale goes with it", stored.size, stored.digest
        ))  # fmt: skip
    raise UnreadError(f"of the type {printable(stored.dtype, 40)}, which no scheme explains")
