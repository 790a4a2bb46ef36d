"""A graph that `archdiff show --save` wrote, as a file: recognised by its first key, bounded, then parsed.

Whether the document is a graph is checked where graphs are known; here nothing but JSON is.
"""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from archdiff.errors import SnapshotError, SourceError
from archdiff.sources.json_text import parse_object
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from archdiff.reference import Reference

__all__ = ["LARGEST", "Snapshot", "is_snapshot", "load"]

LARGEST = 256 * 2**20
"""The most bytes of a snapshot; one of a model of a trillion parameters has about 2 MB."""

_MOST_VALUES = 10_000_000
_DEEPEST = 48
_HEAD = 256
_FIRST_KEY = re.compile(rb'\s*\{\s*"(directed|multigraph|graph|nodes|edges)"\s*:')
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_REMEDY = "save the snapshot again with this version of archdiff"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A saved graph, read and not yet checked.

    `reference` is what the user typed; `name` the file's name, for progress; `digest` the SHA-256 of the file;
    `document` the JSON object that it holds.
    """

    reference: str
    name: str
    digest: str
    document: Mapping[str, object] = field(hash=False, repr=False)
    kind: Literal["snapshot"] = "snapshot"


def is_snapshot(path: Path) -> bool:
    """Tell whether the file begins as node-link JSON does; reads no more than its first bytes."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return _FIRST_KEY.match(file.read(_HEAD)) is not None
    except OSError:
        return False


def load(path: Path, reference: Reference) -> Snapshot:
    """Read the snapshot at `path`.

    Raises:
        SnapshotError: larger than `LARGEST`, or not one JSON object of a bounded number of values.
        SourceError: the file cannot be read.
    """
    subject = printable(reference.text)
    data = _read(path, subject)
    try:
        document = parse_object(data.decode("utf-8"), subject)
    except UnicodeDecodeError as error:
        raise _damaged(subject, f"not UTF-8 text, byte {error.start}") from error
    except SourceError as error:
        raise _damaged(subject, error.cause) from error
    if any(True for _ in _deep(document)):
        raise _damaged(subject, f"nests deeper than {_DEEPEST} levels")
    if _SURROGATE.search(data) and not all(map(_is_text, _strings(document))):
        raise _damaged(subject, "holds half a character")
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return Snapshot(reference.text, printable(path.name), digest, document)


def _read(path: Path, subject: str) -> bytes:
    try:
        data = b""
        if (size := path.stat().st_size) <= LARGEST:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
    except OSError as error:
        cause = f"cannot be read ({printable(error.strerror or str(error))})"
        raise SourceError(subject, cause, "check the file and its permissions") from error
    if max(size, len(data)) > LARGEST:
        raise SnapshotError(subject, f"larger than {LARGEST // 2**20} MiB, which no snapshot is", _REMEDY)
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > _MOST_VALUES:
        raise _damaged(subject, f"holds more than {_MOST_VALUES:,} values")
    return data


def _deep(document: object) -> list[object]:
    """What stands below the deepest level that a snapshot may have."""
    level: list[object] = [document]
    for _ in range(_DEEPEST):
        level = [item for value in level for item in _inside(value) if isinstance(item, dict | list)]
    return level


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _strings(document: object) -> list[str]:
    """Every text and every key."""
    found: list[str] = []
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            found.extend(value)
        waiting.extend(_inside(value))
    return found


def _is_text(text: str) -> bool:
    """Whether the text can be written as UTF-8: JSON can name half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _damaged(subject: str, cause: str) -> SnapshotError:
    return SnapshotError(subject, f"is damaged ({printable(cause)})", _REMEDY)
