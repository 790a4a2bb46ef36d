"""A checkpoint as a table: the name of each tensor, the file that holds it, and the byte where it begins."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from archdiff.errors import SourceError
from archdiff.text import printable
from archdiff.weights.reading.strided import gather
from archdiff.weights.tensors import Extent, Openable, Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from archdiff.weights.reading.strided import Layout

__all__ = ["Placed", "Ranged", "Table"]


class Ranged(Protocol):
    """A file that is read by ranges of bytes."""

    def read(self, start: int, stop: int, until: int) -> memoryview:
        """Bytes `start` to before `stop`, read-only; `until` is where what may be asked for next ends.

        Raises:
            SourceError: the file is truncated, changed since it was opened, or cannot be read.
        """

    def digest(self, start: int, stop: int) -> str:
        """The digest of a range where it is known without reading it, else empty."""

    def close(self) -> None:
        """Let go of the file; may be called twice."""


class Placed(NamedTuple):
    """A tensor, and where it stands.

    Args:
        stored: without its digest.
        file: that holds it.
        start: first byte in the file.
        layout: how its elements stand there; None where they stand in row-major order without gaps.
    """

    stored: Stored
    file: Ranged
    start: int
    layout: Layout | None = None


class Table:
    """A checkpoint whose tensors are all placed (`archdiff.weights.tensors.Checkpoint`).

    Args:
        subject: the reference that the user typed.
        placed: every tensor, in any order.
        close: lets go of what the files share.

    Raises:
        SourceError: two tensors have one name.
    """

    def __init__(self, subject: str, placed: Iterable[Placed], close: Callable[[], None] | None = None) -> None:
        self._subject, self._close = printable(subject), close
        self._placed: dict[str, Placed] = {}
        for item in sorted(placed, key=lambda item: item.stored.name):
            if item.stored.name in self._placed:
                cause = f"holds two tensors of the name {printable(repr(item.stored.name), 80)}"
                raise SourceError(self._subject, cause, "save the checkpoint again")
            self._placed[item.stored.name] = item
        self._stored = MappingProxyType({name: _known(item) for name, item in self._placed.items()})

    @property
    def subject(self) -> str:
        """What errors call it: the reference that the user typed."""
        return self._subject

    @property
    def stored(self) -> Mapping[str, Stored]:
        """Every tensor by name, sorted."""
        return self._stored

    def read(self, name: str, start: int, stop: int) -> memoryview:
        """Bytes `start` to before `stop` of a tensor's data, read-only.

        Raises:
            SourceError: the file is truncated, changed since it was opened, or cannot be read; there is no such tensor,
                or no such range of it.
        """
        item = self._placed.get(name)
        if item is None or not 0 <= start <= stop <= item.stored.size:
            size = f"of {item.stored.size:,} bytes" if item else "that it does not hold"
            cause = f"bytes {start:,} to {stop:,} were asked for of tensor {printable(repr(name), 80)} {size}"
            raise SourceError(self._subject, cause, "report this as a fault of archdiff")
        if start == stop:
            return memoryview(b"")
        if item.layout is not None:
            return gather(item.file.read, item.start, item.layout, start, stop)
        return item.file.read(item.start + start, item.start + stop, item.start + item.stored.size)

    def close(self) -> None:
        """Close every file."""
        for file in {id(item.file): item.file for item in self._placed.values()}.values():
            file.close()
        if self._close is not None:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _known(item: Placed) -> Stored:
    """With its digest and its extent, where it has them."""
    stored, layout = item.stored, item.layout
    found = item.file.digest(item.start, item.start + (layout.span if layout else stored.size))
    if found and layout:
        found = f"{found}:{layout.shape}:{layout.strides}"
    extent = Extent(item.file, item.start) if layout is None and isinstance(item.file, Openable) else None
    return dataclasses.replace(stored, digest=found or stored.digest, extent=extent)
