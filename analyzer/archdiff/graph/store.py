"""Files that may go at any time: a folder of entries that is bounded, shared by processes, and never trusted.

An entry is written beside its place and moved there, so that a reader sees all of it or none; it carries a digest of
its content. Nothing here raises for a disk that is full, a folder that cannot be written or an entry that is damaged:
what cannot be read is not there, and what cannot be written is not kept.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import secrets
import stat
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Entry", "Store", "note"]

_MAGIC = b"archdiff graph 1\n"
_DIGEST = 20
_ENTRY = re.compile(r"[0-9a-f]{40}\.graph")
_DRAFT = re.compile(r"\.[0-9a-f]{40}\.[0-9a-f]{16}\.tmp")
_ABANDONED = 3600
"""Seconds after which a draft belongs to a process that has died."""

_LARGEST = 64 * 2**20
_LARGEST_CONTENT = 512 * 2**20
_BINARY = getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | _BINARY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Links are not followed, and nothing waits for the other end of a pipe."""

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One file: its size in bytes, and when it was used last, in nanoseconds since 1970."""

    path: Path
    size: int
    used: int


@dataclasses.dataclass(frozen=True, slots=True)
class Store:
    """Entries by key, 40 hexadecimal digits.

    Args:
        folder: where they are; made when the first one is written, for its owner alone.
        limit: the most bytes that all of them may take; those unused for longest go first.
    """

    folder: Path
    limit: int

    def read(self, key: str) -> bytes | None:
        """The content of an entry, which then counts as used; None where there is none that is whole."""
        try:
            data = self._bytes(self._path(key))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            note(f"cache entry {key} cannot be read ({error})")
            return None
        content = _opened(data)
        if content is None:
            note(f"cache entry {key} is damaged")
        return content

    def write(self, key: str, content: bytes) -> None:
        """Keep the content, and drop what has not been used for longest where all of it is too much."""
        body = zlib.compress(content, 1)
        data = _MAGIC + _digest(body) + body
        if len(data) > min(self.limit, _LARGEST):
            return
        try:
            self._replace(self._path(key), data)
            self._trim()
        except OSError as error:
            note(f"cache entry {key} cannot be kept ({error})")

    def entries(self) -> tuple[Entry, ...]:
        """Every entry, the one unused for longest first."""
        return tuple(sorted(self._files(_ENTRY), key=lambda entry: (entry.used, entry.path.name)))

    def clear(self) -> int:
        """Remove every entry and every draft, and return how many entries went; other files stay.

        Raises:
            OSError: one cannot be removed.
        """
        found = self.entries()
        for entry in (*found, *self._files(_DRAFT)):
            entry.path.unlink(missing_ok=True)
        return len(found)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.graph"

    def _bytes(self, path: Path) -> bytes:
        """All of a regular file of this user.

        Raises:
            OSError: it cannot be read.
            ValueError: it is of another kind or another user, or larger than any entry.
        """
        with os.fdopen(os.open(path, _READ), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST or not _is_own(found):
                raise ValueError("it is no entry of this user")
            data = file.read()
        _touch(path)
        return data

    def _replace(self, path: Path, data: bytes) -> None:
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        draft = path.with_name(f".{path.stem}.{secrets.token_hex(8)}.tmp")
        try:
            with os.fdopen(os.open(draft, _WRITE, 0o600), "wb") as file:
                file.write(data)
            draft.replace(path)
        finally:
            _remove(draft)

    def _trim(self) -> None:
        entries = self.entries()
        total = sum(entry.size for entry in entries)
        for entry in entries:
            if total <= self.limit:
                break
            total -= entry.size
            _remove(entry.path)
        for draft in self._files(_DRAFT):
            if draft.used < time.time_ns() - _ABANDONED * 10**9:
                _remove(draft.path)

    def _files(self, form: re.Pattern[str]) -> Iterator[Entry]:
        """Regular files whose name has the form; those that go meanwhile are left out."""
        try:
            paths = [path for path in self.folder.iterdir() if form.fullmatch(path.name)]
        except OSError:
            return
        for path in paths:
            with suppress(OSError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode):
                    yield Entry(path, found.st_size, found.st_mtime_ns)


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()


def _opened(data: bytes) -> bytes | None:
    """The content of an entry; None where it is another file, or a part of one."""
    body = data[len(_MAGIC) + _DIGEST :]
    if data[: -len(body)] != _MAGIC + _digest(body):
        return None
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(body, _LARGEST_CONTENT)
    except zlib.error:
        return None
    return content if reader.eof else None


def _is_own(found: os.stat_result) -> bool:
    return not hasattr(os, "getuid") or found.st_uid == os.getuid()


def _touch(path: Path) -> None:
    with suppress(OSError):
        os.utime(path)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def note(text: str) -> None:
    """Tell whoever debugs; logging is imported for that alone, as nearly every run has nothing to tell."""
    import logging

    logging.getLogger("archdiff").debug(text)
