"""Files of a log, opened as untrusted input: regular, lines bounded, read as far as they went when they were found."""

from __future__ import annotations

import dataclasses
import hashlib
import stat
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["LONGEST_LINE", "LogFile", "digest", "open_file"]

LONGEST_LINE = 8 * 2**20
"""Bytes of a line; a histogram among the values takes some hundred thousand."""

_PIECE = 2**20

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
"""Compressed files say little of how large they become; they are not unpacked here."""


@dataclasses.dataclass(frozen=True)
class LogFile:
    """A file of a log.

    Args:
        path: where it is.
        subject: what errors call it.
        size: bytes that are read; a run that is going on may have written more since.
    """

    path: Path
    subject: str
    size: int

    def head(self, count: int = 4096) -> bytes:
        """The first bytes."""
        with self.path.open("rb") as file:
            return file.read(min(count, self.size))

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Every line with its number from 1, without its end; empty ones are left out.

        Raises:
            SourceError: a line is longer than any log's.
        """
        number, left = 0, self.size
        with self.path.open("rb") as file:
            while left > 0 and (line := file.readline(min(left, LONGEST_LINE + 1))):
                number, left = number + 1, left - len(line)
                if len(line) > LONGEST_LINE:
                    raise self.fault(f"line {number:,} is longer than {LONGEST_LINE // 2**20} MiB")
                if text := line.strip(b"\r\n\t \xef\xbb\xbf" if number == 1 else b"\r\n\t "):
                    yield number, text

    def fault(self, cause: str, remedy: str = "name the log as the training wrote it") -> SourceError:
        """The error that this file is no log that can be read."""
        return SourceError(self.subject, cause, remedy)


def open_file(path: Path, subject: str) -> LogFile:
    """Check a file without reading it.

    Raises:
        SourceError: it is no regular file, is empty, cannot be read, or is compressed.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(subject, "is no regular file", "name a log, or the directory of a run")
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        cause = f"cannot be read ({printable(error.strerror or str(error), 80)})"
        raise SourceError(subject, cause, "check the file and its permissions") from error
    if not head:
        raise SourceError(subject, "is empty", "name the log as the training wrote it")
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise SourceError(subject, f"is compressed ({name})", "unpack it and name the file inside")
    return LogFile(path, subject, status.st_size)


def digest(files: Sequence[LogFile]) -> str:
    """`sha256:…` of the bytes of one file; of several files, of the digests in their order."""
    found = [_digest(file) for file in files]
    if len(found) == 1:
        return f"sha256:{found[0]}"
    return f"sha256:{hashlib.sha256(' '.join(found).encode()).hexdigest()}"


def _digest(file: LogFile) -> str:
    summed, left = hashlib.sha256(), file.size
    with file.path.open("rb") as opened:
        while left > 0 and (piece := opened.read(min(left, _PIECE))):
            summed.update(piece)
            left -= len(piece)
    return summed.hexdigest()
