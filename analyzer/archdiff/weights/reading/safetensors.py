"""Safetensors on this machine: one file, or the shards of an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.sources.checkpoint import agreed
from archdiff.sources.headers import locate
from archdiff.weights.reading.local import LocalFile
from archdiff.weights.reading.table import Placed, Table
from archdiff.weights.tensors import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from archdiff.sources.checkpoint import Files
    from archdiff.sources.headers import Located, Shipped
    from archdiff.weights.reading.table import Ranged

__all__ = ["open_files", "placed"]


def open_files(directory: Path, files: Files, subject: str) -> Table:
    """Open the safetensors files of a directory.

    Raises:
        SourceError: one cannot be read, its header breaks the format, or contradicts the index.
    """
    opened = {name: LocalFile(directory / name, subject) for name in files.names}
    found = {name: locate(file.head, file.size, name, subject) for name, file in opened.items()}
    if files.listed is not None:
        agreed(files.listed, lambda name: _tensors(found[name]), subject)
    return Table(subject, (item for name, file in opened.items() for item in placed(found[name], file)))


def placed(found: Iterable[Located], file: Ranged) -> Iterator[Placed]:
    """The tensors of one file, from its header."""
    for tensor, start, stop in found:
        yield Placed(Stored(tensor.name, tensor.shape, tensor.dtype, stop - start), file, start)


def _tensors(found: Iterable[Located]) -> tuple[Shipped, ...]:
    return tuple(item.tensor for item in found)
