"""The wire format of protocol buffers, as far as a SentencePiece model needs it: fields of a message, bounded.

Source: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WireError", "fields"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


class WireError(ValueError):
    """The bytes are no message; the text says where."""


def fields(data: bytes | memoryview) -> Iterator[tuple[int, int | bytes]]:
    """The number and the value of each field: an integer for a varint, the raw bytes for any other type.

    Raises:
        WireError: a field reaches beyond the end, or is of an unknown type.
    """
    view, place = memoryview(data), 0
    while place < len(view):
        start = place
        tag, place = _varint(view, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, place = _varint(view, place)
            yield number, value
            continue
        size, place = _size(view, place, kind, start)
        if number == 0 or size > len(view) - place:
            raise WireError(f"byte {start}: a field of {size:,} bytes, and {len(view) - place:,} are left")
        yield number, bytes(view[place : place + size])
        place += size


def _size(view: memoryview, place: int, kind: int, start: int) -> tuple[int, int]:
    """How many bytes the value has, and where it begins."""
    if kind == _BYTES:
        return _varint(view, place)
    if kind in (_FIXED32, _FIXED64):
        return (4 if kind == _FIXED32 else 8), place
    raise WireError(f"byte {start}: a field of the unknown type {kind}")


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(view[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, place + shift + 1
    raise WireError(f"byte {place}: a number without an end")
