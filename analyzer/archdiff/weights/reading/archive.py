"""The zip archive that torch.save writes: where the bytes of each storage stand in the file."""

from __future__ import annotations

import mmap
import os
import struct
import zipfile
from typing import TYPE_CHECKING, NamedTuple

from archdiff.errors import SourceError
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.weights.reading.local import LocalFile

__all__ = ["MAGIC", "Record", "base_of", "storages"]

MAGIC = b"PK\x03\x04"

_LARGEST_DIRECTORY = 2**26
_LARGEST_PICKLE = 2**28
_LOCAL = struct.Struct("<4s22xHH")
_REMEDY = "save it again with torch.save, or convert it to safetensors"


class Record(NamedTuple):
    """The bytes of one storage: the first one in the file, and how many they are."""

    start: int
    size: int


def storages(file: LocalFile, subject: str) -> tuple[Record, ...]:
    """Return where the storages of an archive stand, in the order of the file; reads no byte of them.

    Raises:
        SourceError: it is no such archive, is compressed, too large to be listed, or of a big-endian machine.
    """
    try:
        with zipfile.ZipFile(_Stream(file)) as archive:
            every = archive.infolist()
            held = {info.filename.partition("/")[2]: info for info in every}
            order = archive.read(held["byteorder"]) if "byteorder" in held else b"little"
            pickled = held["data.pkl"]
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, EOFError, OverflowError, RuntimeError,
            struct.error) as error:  # fmt: skip
        raise _fault(file, subject, "is no archive that torch.save wrote") from error
    if len(held) < len(every):
        raise _fault(file, subject, "holds two records of one name")
    kept = [info for name, info in held.items() if name.startswith("data/")]
    if any(info.compress_type != zipfile.ZIP_STORED for info in (pickled, *kept)):
        raise _fault(file, subject, "is compressed, which torch.save never does")
    if order != b"little":
        raise _fault(file, subject, "was written by a big-endian machine")
    if pickled.file_size > _LARGEST_PICKLE:
        raise _fault(file, subject, f"lists its tensors in more than {_LARGEST_PICKLE // 2**20} MiB")
    return tuple(sorted(_record(file, info, subject) for info in kept if info.file_size))


def base_of(records: tuple[Record, ...], mapped: set[Record]) -> int | None:
    """Return the address at which the file is mapped; None where it does not follow.

    Args:
        records: of the file.
        mapped: address and size of every storage that was loaded from the mapped file.
    """
    if not mapped:
        return 0
    known = {record.start: record.size for record in records}
    first = min(mapped)
    bases = {first.start - start for start in known if (first.start - start) % mmap.PAGESIZE == 0}
    fitting = [base for base in bases if all(item.size <= known.get(item.start - base, -1) for item in mapped)]
    return fitting[0] if len(fitting) == 1 else None


def _record(file: LocalFile, info: zipfile.ZipInfo, subject: str) -> Record:
    head = file.head(info.header_offset, _LOCAL.size)
    magic, name, extra = _LOCAL.unpack(head) if len(head) == _LOCAL.size else (b"", 0, 0)
    start = info.header_offset + _LOCAL.size + name + extra
    if magic != MAGIC or start + info.file_size > file.size:
        raise _fault(file, subject, "is cut off, or no archive that torch.save wrote")
    return Record(start, info.file_size)


def _fault(file: LocalFile, subject: str, what: str) -> SourceError:
    return SourceError(printable(subject), f"{printable(file.path.name, 80)} {what}", _REMEDY)


class _Stream:
    """A file as zipfile reads it, which never reads more of it at once than the list of a real archive needs."""

    def __init__(self, file: LocalFile) -> None:
        self._file, self._at = file, 0

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._at = max(0, offset + (0, self._at, self._file.size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._file.size - self._at if size < 0 else size
        if wanted > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile("a list of records without an end")
        found = self._file.head(self._at, wanted)
        self._at += len(found)
        return found
