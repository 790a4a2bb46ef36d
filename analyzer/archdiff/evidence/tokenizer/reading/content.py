"""Bytes and JSON of an untrusted file: bounded before they are read, strict about what they say."""

from __future__ import annotations

import json
import stat
from collections import Counter
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = [
    "LARGEST",
    "LARGEST_ID",
    "MOST_TOKENS",
    "checked_ids",
    "described",
    "fault",
    "is_object",
    "parse_json",
    "read_bytes",
]

LARGEST = 128 * 2**20
"""The most bytes of a file; the largest published tokenizer.json has 33 MB."""

MOST_TOKENS = 4_000_000
"""The most tokens of one tokenizer; the largest published ones have about one million."""

LARGEST_ID = 2**27
"""Ids beyond it are no rows of an embedding; the bound is that of `vocab_size` in a config."""

_BEGINNINGS = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive"),
    (b"GGUF", "a GGUF file"),
    (b"\x80", "a pickle"),
    (b"version https://git-lfs", "a pointer to a large file that was not fetched"),
)


def fault(subject: str, cause: str, remedy: str) -> SourceError:
    """The error that says what is wrong with a file."""
    return SourceError(printable(subject), cause, remedy)


def read_bytes(path: Path, subject: str, largest: int = LARGEST) -> bytes:
    """Return the content of a regular file; its size is asked first, so that one too large costs nothing.

    Raises:
        SourceError: no regular file, larger than `largest`, empty, or it cannot be read.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise fault(subject, "not a regular file", "name the file of a tokenizer, or a directory with one")
        data = b""
        if status.st_size <= largest:
            with path.open("rb") as file:
                data = file.read(largest + 1)
    except OSError as error:
        cause = f"cannot be read ({printable(error.strerror or str(error), 80)})"
        raise fault(subject, cause, "check the file and its permissions") from error
    if max(status.st_size, len(data)) > largest:
        cause = f"larger than {largest // 2**20} MiB, which no tokenizer is"
        raise fault(subject, cause, "name the file of the tokenizer, not the weights")
    if not data:
        raise fault(subject, "an empty file", "fetch it again")
    return data


def is_object(data: bytes) -> bool:
    """Whether the bytes begin as a JSON object does."""
    return data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def parse_json(data: bytes, subject: str) -> dict[str, object]:
    """Return the JSON object that the bytes are.

    Raises:
        SourceError: no UTF-8, no JSON, no object, nested too deep, a number too long, or a key stated twice.
    """
    remedy = "fetch the file again, as the publisher saved it"
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)
    except RecursionError:
        raise fault(subject, "nested too deep to be a tokenizer", remedy) from None
    except UnicodeDecodeError as error:
        raise fault(subject, f"not UTF-8 text (byte {error.start})", remedy) from error
    except json.JSONDecodeError as error:
        cause = f"not JSON ({error.msg}, line {error.lineno} column {error.colno})"
        raise fault(subject, cause, remedy) from error
    except _TwiceError as error:
        raise fault(subject, f"states the key {error} twice", remedy) from None
    except ValueError as error:  # an integer of more digits than Python converts
        raise fault(subject, "holds a number of thousands of digits", remedy) from error
    if not isinstance(value, dict):
        raise fault(subject, "holds JSON, but not an object", remedy)
    return value


def checked_ids(pairs: Iterable[tuple[str, object]], subject: str) -> dict[str, int]:
    """The id of each token, ascending by id.

    Raises:
        SourceError: too many tokens, an id that is no whole number or out of bounds, or two tokens with one id.
    """
    found = {token: _id(token, value, subject) for token, value in pairs}
    if len(found) > MOST_TOKENS:
        raise fault(subject, f"{len(found):,} tokens, more than {MOST_TOKENS:,}", "name the file of a tokenizer")
    holders: dict[int, str] = {}
    for token, number in found.items():
        if number in holders:
            both = f"{printable(repr(holders[number]), 40)} and {printable(repr(token), 40)}"
            raise fault(subject, f"two tokens have the id {number}: {both}", "fetch the file again")
        holders[number] = token
    return {holders[number]: number for number in sorted(holders)}


def described(data: bytes) -> str:
    """What bytes of no known kind seem to be."""
    for beginning, what in _BEGINNINGS:
        if data.startswith(beginning):
            return what
    head = data[:40]
    try:
        return f"text that begins {printable(repr(head.decode('ascii')), 60)}"
    except UnicodeDecodeError:
        return f"it begins with the bytes {head[:8].hex(' ')}"


class _TwiceError(ValueError):
    """An object states a key twice; readers differ in which one they believe."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise _TwiceError(printable(repr(twice), 80))
    return result


def _id(token: str, value: object, subject: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_ID:
        shown = f"{printable(repr(token), 40)} has the id {printable(repr(value), 40)}"
        raise fault(subject, f"the token {shown}", f"an id is a whole number from 0 to {LARGEST_ID:,}: fetch it again")
    return value
