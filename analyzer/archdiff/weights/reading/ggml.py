"""GGUF files on this machine: the bytes of each tensor as ggml packs them, under ggml's names."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.sources.gguf import parse_gguf
from archdiff.sources.gguf_config import choices, joined
from archdiff.sources.gguf_tensors import PLAIN
from archdiff.text import printable
from archdiff.weights.reading.local import LocalFile
from archdiff.weights.reading.table import Placed, Table
from archdiff.weights.tensors import Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from archdiff.sources.gguf import Gguf
    from archdiff.weights.reading.table import Ranged

__all__ = ["header", "open_ggml", "placed"]

_TYPES: Mapping[str, str] = MappingProxyType({
    **PLAIN, "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
})  # fmt: skip
"""Types that are not packed, as torch spells them."""


def open_ggml(path: Path, subject: str) -> Table:
    """Open a GGUF file with the other parts of its model, or the one model of a directory.

    Raises:
        SourceError: a file cannot be read or breaks the format; the directory does not hold just one model.
    """
    files = [LocalFile(part, subject) for part in _parts(path, subject)]
    headers = [header(file, subject) for file in files]
    joined(headers, subject)
    return Table(subject, (item for found, file in zip(headers, files, strict=True) for item in placed(found, file)))


def placed(found: Gguf, file: Ranged) -> Iterator[Placed]:
    """The tensors of one file, from its header."""
    for tensor, (start, stop) in zip(found.tensors, found.places, strict=True):
        dtype = _TYPES.get(tensor.dtype, tensor.dtype)
        yield Placed(Stored(tensor.name, tensor.shape, dtype, stop - start), file, start)


def _parts(path: Path, subject: str) -> list[Path]:
    folder = path if path.is_dir() else path.parent
    models = [[folder / name for name in names] for names in choices(file.name for file in folder.glob("*.gguf"))]
    if not path.is_dir():
        return next((parts for parts in models if path in parts), [path])
    if len(models) != 1:
        cause = f"the directory holds {len(models):,} models in GGUF files"
        raise SourceError(printable(subject), cause, "name one of its files")
    return models[0]


def header(file: LocalFile, subject: str) -> Gguf:
    """Return what a file states before its data.

    Raises:
        SourceError: it cannot be read or breaks the format.
    """
    return parse_gguf(_Reader(file), file.size, subject)


class _Reader:
    """A file read from its start on, in pieces that are larger than what is asked for."""

    def __init__(self, file: LocalFile) -> None:
        self._file, self._at, self._start, self._data = file, 0, 0, b""

    def seek(self, offset: int, /) -> int:
        self._at = offset
        return offset

    def read(self, size: int, /) -> bytes:
        begin = self._at - self._start
        if begin < 0 or begin + size > len(self._data):
            self._start, begin = self._at, 0
            self._data = self._file.head(self._at, max(size, 2**16))
        found = self._data[begin : begin + size]
        self._at += len(found)
        return found
