"""Reads a JSON object from an untrusted file: bounded before it is read, strict about what it says."""

from __future__ import annotations

import json
import stat
from collections import Counter
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.text import printable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LARGEST", "parse_object", "read_object", "read_text"]

LARGEST = 16 * 2**20
"""The most bytes of a file that is read whole; the largest published config.json has about 2 MB."""


class _DuplicateKeyError(ValueError):
    """An object states a key twice; readers differ in which one they believe."""


def read_object(path: Path, subject: str, largest: int = LARGEST) -> dict[str, object]:
    """Return the JSON object in the file at `path`, of at most `largest` bytes; errors call it `subject`.

    Raises:
        SourceError: not a regular file, larger than `largest`, unreadable, not UTF-8, or as `parse_object`.
    """
    return parse_object(read_text(path, subject, largest), subject)


def read_text(path: Path, subject: str, largest: int = LARGEST) -> str:
    """Return the text of a regular file of at most `largest` bytes, without a byte order mark.

    The size is asked of the file system first, so a file that is too large costs nothing.

    Raises:
        SourceError: as `read_object`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _fault(subject, "not a regular file", "name a config.json or a directory with one")
        data = _read(path, largest) if status.st_size <= largest else b""
    except OSError as error:
        cause = printable(error.strerror or str(error))
        raise _fault(subject, f"cannot be read ({cause})", "check the file and its permissions") from error
    if max(status.st_size, len(data)) > largest:
        cause = f"larger than {largest // 2**20} MiB, which no config is"
        raise _fault(subject, cause, "name the model's config.json, not its weights")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(subject, f"not UTF-8 text (byte {error.start})", "save it as UTF-8") from error


def parse_object(text: str, subject: str) -> dict[str, object]:
    """Return the JSON object that `text` is.

    Raises:
        SourceError: not JSON, not an object, nested too deep, a number too long, or a key stated twice.
    """
    remedy = "name a config.json as the model's publisher saved it"
    try:
        value = json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        raise _fault(subject, "nested too deep to be a config", remedy) from None
    except json.JSONDecodeError as error:
        cause = f"not JSON ({error.msg}, line {error.lineno} column {error.colno})"
        raise _fault(subject, cause, remedy) from error
    except _DuplicateKeyError as error:
        raise _fault(subject, f"states the key {error} twice", "delete one of the two") from None
    except ValueError as error:  # an integer of more digits than Python converts
        raise _fault(subject, "holds a number of thousands of digits", remedy) from error
    if not isinstance(value, dict):
        raise _fault(subject, "holds JSON, but not an object", remedy)
    return value


def _read(path: Path, largest: int) -> bytes:
    with path.open("rb") as file:
        return file.read(largest + 1)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise _DuplicateKeyError(printable(repr(twice), 80))
    return result


def _fault(subject: str, cause: str, remedy: str) -> SourceError:
    return SourceError(printable(subject), cause, remedy)
