"""A file on this machine, read by ranges, that may be truncated, replaced or removed by others at any moment.

Reads copy into a buffer of their own and map nothing: a mapping of a file that another process truncates kills the
process with SIGBUS, and its pages count as this process's memory. Measured on a warm file, copying is as fast as
reading with one fixed buffer.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from archdiff.errors import SourceError
from archdiff.text import printable
from archdiff.weights.reading.buffers import Buffers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

__all__ = ["LocalFile"]

_BLOB = re.compile(r"[0-9a-f]{64}", re.ASCII)
_AT_ONCE = 2**30
_AHEAD = 2**21
_REMEDY = "let nothing write to it and run again"


class _Identity(NamedTuple):
    """What tells one state of a file from another."""

    device: int
    inode: int
    size: int
    modified: int


class LocalFile:
    """A regular file as it is when this is made.

    Args:
        path: where it is.
        subject: what errors call the model.

    Raises:
        SourceError: it is not there, no regular file, or cannot be read.
    """

    def __init__(self, path: Path, subject: str) -> None:
        self.path, self._subject = path, printable(subject)
        self._buffers = Buffers()
        self._shown = printable(path.name, 80)
        try:
            status = path.stat()
            target = path.resolve()
        except OSError as error:
            raise self._fault(*_said(error)) from error
        if not stat.S_ISREG(status.st_mode):
            raise self._fault("is no regular file", "name a file of weights")
        self._identity = _identity(status)
        named = target.parent.name == "blobs" and _BLOB.fullmatch(target.name)
        self._digest = f"sha256:{target.name}" if named else f"file:{':'.join(map(str, self._identity))}"

    @property
    def size(self) -> int:
        """Bytes that it has."""
        return self._identity.size

    def head(self, offset: int, length: int) -> bytes:
        """Return a number of bytes from an offset on, or fewer where the file ends; raises as `read`."""
        return bytes(self.read(min(offset, self.size), min(offset + length, self.size), 0))

    def read(self, start: int, stop: int, until: int) -> memoryview:
        """Bytes `start` to before `stop`, read-only; the system is asked to fetch what follows, up to `until`.

        Raises:
            SourceError: the file was truncated, written to, replaced or removed since this was made.
        """
        buffer = self._buffers.take(stop - start).data
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(start)
                count = _fill(buffer, file)
                if stop < until:
                    _fetch_ahead(file.fileno(), stop, min(until - stop, stop - start, _AHEAD))
                found = _identity(os.fstat(file.fileno()))
        except OSError as error:
            raise self._fault(*_said(error)) from error
        if found != self._identity or count < stop - start:
            raise self._fault(self._difference(found), _REMEDY)
        return buffer.toreadonly()

    @contextmanager
    def descriptor(self, start: int, stop: int) -> Iterator[int]:
        """Open the file for reading; the system is asked to fetch the bytes `start` to before `stop`.

        Raises:
            SourceError: as `read`, when it is opened and when it is closed.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError as error:
            raise self._fault(*_said(error)) from error
        try:
            _fetch_ahead(descriptor, start, stop - start)
            yield descriptor
            found = _identity(os.fstat(descriptor))
        finally:
            os.close(descriptor)
        if found != self._identity:
            raise self._fault(self._difference(found), _REMEDY)

    def digest(self, start: int, stop: int) -> str:
        """The digest of a range, from the SHA-256 by which the hub's cache calls the file, else from its identity."""
        return f"{self._digest}:{start}-{stop}"

    def close(self) -> None:
        """Do nothing: no file stays open between two reads."""

    def _difference(self, found: _Identity) -> str:
        if found[:2] != self._identity[:2]:
            return "was replaced by another file while it was in use"
        if found.size < self._identity.size:
            return f"was truncated from {self._identity.size:,} to {found.size:,} bytes while it was in use"
        if found == self._identity:
            return f"ends before the {self._identity.size:,} bytes that it is said to have"
        return "was written to while it was in use"

    def _fault(self, what: str, remedy: str) -> SourceError:
        return SourceError(self._subject, f"{self._shown} {what}", remedy)


def _identity(status: os.stat_result) -> _Identity:
    return _Identity(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _fill(buffer: memoryview, file: FileIO) -> int:
    """Fill the buffer from its start on; returns how much there was."""
    at = 0
    while at < len(buffer) and (count := file.readinto(buffer[at : at + _AT_ONCE])):
        at += count
    return at


def _fetch_ahead(descriptor: int, offset: int, length: int) -> None:
    """Ask the system to read what comes next while this part is worked on; not every system can be asked."""
    if advise := getattr(os, "posix_fadvise", None):
        advise(descriptor, offset, length, os.POSIX_FADV_WILLNEED)


def _said(error: OSError) -> tuple[str, str]:
    if isinstance(error, FileNotFoundError):
        return "is no longer there", "put it back, or name another model"
    reason = printable(error.strerror or str(error))
    return f"cannot be read ({reason})", "check the file, its disk and its permissions"
