"""How weights are read: the tensors of a checkpoint as its files hold them, and as what they stand for.

Both are read by ranges, so that memory never depends on the size of a checkpoint.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Array", "Checkpoint", "Extent", "Meaning", "Openable", "Stored", "Tensors", "as_float32"]

Array: TypeAlias = "NDArray[Any]"


@runtime_checkable
class Openable(Protocol):
    """A file of this machine that compiled code may read by itself."""

    def descriptor(self, start: int, stop: int) -> AbstractContextManager[int]:
        """Open the file, of which bytes `start` to before `stop` will be read, and close it behind that.

        Raises:
            SourceError: when it is opened or closed: the file is no longer the one that it was.
        """


@dataclasses.dataclass(frozen=True, slots=True)
class Extent:
    """Where the elements of a tensor stand in a file, in row-major order without gaps, little-endian.

    Args:
        file: of this machine.
        start: byte of the first element.
    """

    file: Openable
    start: int


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as a file holds it.

    Args:
        name: the key in the checkpoint.
        shape: sizes, outermost first.
        dtype: as torch spells it (`bfloat16`), or as ggml does for its own packed types (`Q4_K`).
        size: bytes in the file.
        digest: of the content, where it is known without reading it; equal digests mean equal bytes. Else empty.
        extent: where it stands in a file of this machine; None where it stands elsewhere, or not in one piece.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    size: int
    digest: str = ""
    extent: Extent | None = dataclasses.field(default=None, compare=False)


class Checkpoint(Protocol):
    """The files of one checkpoint, opened for reading; a context manager that closes them."""

    @property
    def subject(self) -> str:
        """What errors call it: the reference that the user typed."""

    @property
    def stored(self) -> Mapping[str, Stored]:
        """Every tensor by name, sorted."""

    def read(self, name: str, start: int, stop: int) -> memoryview:
        """Bytes `start` to before `stop` of a tensor's data, read-only.

        Raises:
            SourceError: the file is truncated, changed since it was opened, or cannot be read.
        """

    def close(self) -> None:
        """Close every file."""

    def __enter__(self) -> Self:
        """Return the checkpoint itself."""

    def __exit__(self, *exception: object) -> None:
        """Close every file."""


@dataclasses.dataclass(frozen=True, slots=True)
class Meaning:
    """A tensor as what it stands for.

    Args:
        name: published name, without a packing's endings.
        shape: sizes of the values, outermost first.
        dtype: of the values that `Tensors.read` returns, as torch spells it; `float32` for packed ones.
        method: how it is packed (`fp8`, `mxfp4`, `Q4_K`, …); empty where it is not.
        scale: with which scale it is unpacked, in words; empty where it is not packed.
        size: bytes that reading all of it takes.
        digest: as of `Stored`; of packed tensors, of all their parts together.
        extent: as of `Stored`, of a tensor whose values are what a file holds.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    method: str = ""
    scale: str = ""
    size: int = 0
    digest: str = ""
    extent: Extent | None = dataclasses.field(default=None, compare=False)

    @property
    def count(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class Tensors(Protocol):
    """A checkpoint as what it stands for."""

    @property
    def subject(self) -> str:
        """What errors call it: the reference that the user typed."""

    @property
    def meanings(self) -> Mapping[str, Meaning]:
        """Every tensor by published name, sorted."""

    @property
    def unread(self) -> Mapping[str, str]:
        """Names of tensors that cannot be read, with the reason: a packing that is not known."""

    def read(self, name: str, start: int, stop: int) -> Array:
        """Elements `start` to before `stop` of a tensor in row-major order: one axis, read-only.

        Several threads may call it at once.

        The array's type is that of the values (`Meaning.dtype`); bfloat16, which numpy lacks, comes as its bits in
        uint16, and floats of 8 bits that no scale goes with as float32.

        Raises:
            SourceError: as `Checkpoint.read`; parts of a packed tensor contradict each other.
        """


def as_float32(values: Array, dtype: str) -> NDArray[np.float32]:
    """What `Tensors.read` returned, as float32 (float64 is rounded; integers and booleans as they are).

    Args:
        values: any shape.
        dtype: `Meaning.dtype` of the tensor.
    """
    import numpy as np

    if dtype == "bfloat16":
        widened = values.astype(np.uint32) << np.uint32(16)
        return widened.view(np.float32)
    return values.astype(np.float32, copy=False)
