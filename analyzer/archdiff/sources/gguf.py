"""What a GGUF file states before its data: metadata, and name, shape and type of each tensor.

The format (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), versions 2 and 3, little-endian. Everything
that the file counts is bounded before it is read; long lists, such as a tokenizer's, are passed over.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias

from archdiff.errors import SourceError
from archdiff.sources.headers import Shipped
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["BLOCKS", "LARGEST", "MAGIC", "Bytes", "Gguf", "Length", "parse_gguf", "read_gguf"]

MAGIC = b"GGUF"

_VERSIONS = (2, 3)
_MOST_KEYS, _MOST_TENSORS, _MOST_ITEMS = 65_536, 1_000_000, 4_000_000
_LONGEST_KEY, _LONGEST_TEXT, _LONGEST_LIST, _LONGEST_NAME = 2**16, 2**20, 1024, 1024
LARGEST = 2**28
"""The most bytes in front of the data; a vocabulary of a quarter of a million tokens takes 10 MB."""

_MOST_DIMENSIONS = 8
_MOST_ELEMENTS = 2**56
_REMEDY = "download the file again, or convert the model again"
_TEXT, _LIST = 8, 9
_SCALARS: Mapping[int, str] = MappingProxyType(
    {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
)

_TYPES: Mapping[int, tuple[str, int, int]] = MappingProxyType({
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2),
    26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
})  # fmt: skip
"""Name, elements of a block and bytes of a block, by number (gguf 0.19.0's GGML_QUANT_SIZES)."""

BLOCKS: Mapping[str, tuple[int, int]] = MappingProxyType({name: (count, size) for name, count, size in _TYPES.values()})
"""Elements of a block and bytes of a block, by the name of a type."""


@dataclass(frozen=True, slots=True)
class Length:
    """A list that was passed over: what is known of it is how long it is."""

    items: int


Value: TypeAlias = "bool | int | float | str | Length | tuple[Value, ...]"


@dataclass(frozen=True, slots=True)
class Gguf:
    """Metadata by key, and the tensors in the file's order, with sizes outermost first and types as ggml names them.

    `places` holds the first byte of each tensor's data in the file, and the byte behind the last one.
    """

    metadata: Mapping[str, Value]
    tensors: tuple[Shipped, ...]
    places: tuple[tuple[int, int], ...] = ()


class Bytes(Protocol):
    """What is read of a file, from its start on."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, or fewer where the file ends."""

    def seek(self, offset: int, /) -> int:
        """Go to an offset from the start."""


class _FaultError(Exception):
    """What is wrong with the file."""


def read_gguf(path: Path, subject: str) -> Gguf:
    """Read the file at `path` up to its data.

    Raises:
        SourceError: it cannot be read, or breaks the format; errors call it `subject`.
    """
    try:
        with path.open("rb") as file:
            return parse_gguf(file, path.stat().st_size, subject)
    except OSError as error:
        cause = f"cannot be read ({printable(error.strerror or str(error))})"
        raise SourceError(printable(subject), cause, "check the file and its permissions") from error


def parse_gguf(file: Bytes, size: int, subject: str) -> Gguf:
    """Read a file of `size` bytes up to its data; nothing behind that is asked for.

    Raises:
        SourceError: it breaks the format; errors call it `subject`.
    """
    try:
        return _read(_Cursor(file, size))
    except _FaultError as fault:
        raise SourceError(printable(subject), str(fault), _REMEDY) from None


class _Cursor:
    """Reads a file from its start on, and no further than is bounded."""

    def __init__(self, file: Bytes, size: int) -> None:
        self.file, self.size, self.at, self.items = file, size, 0, 0

    def take(self, length: int) -> bytes:
        self.pass_over(length, move=False)
        data = self.file.read(length)
        if len(data) < length:
            raise _FaultError("ends inside its header")
        return data

    def pass_over(self, length: int, *, move: bool = True) -> None:
        self.at += length
        if self.at > self.size:
            raise _FaultError("ends inside its header")
        if self.at > LARGEST:
            raise _FaultError(f"has a header of more than {LARGEST // 2**20} MiB")
        if move:
            self.file.seek(self.at)

    def number(self, form: str) -> int:
        (value,) = struct.unpack(f"<{form}", self.take(struct.calcsize(form)))
        return int(value)

    def text(self, longest: int) -> str:
        length = self.number("Q")
        if length > longest:
            raise _FaultError(f"states a text of {length:,} bytes where {longest:,} are the most")
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise _FaultError("holds text that is not UTF-8") from None

    def count(self, items: int) -> None:
        self.items += items
        if self.items > _MOST_ITEMS:
            raise _FaultError(f"lists more than {_MOST_ITEMS:,} values")


def _read(cursor: _Cursor) -> Gguf:
    if cursor.size < 24 or cursor.take(4) != MAGIC:
        raise _FaultError("not a GGUF file")
    version = cursor.number("I")
    if version not in _VERSIONS:
        raise _FaultError(f"has GGUF version {version}, or is big-endian; versions 2 and 3 are read")
    tensors, keys = cursor.number("Q"), cursor.number("Q")
    if tensors > _MOST_TENSORS or keys > _MOST_KEYS:
        raise _FaultError(f"states {tensors:,} tensors and {keys:,} keys, more than any model has")
    metadata = _metadata(cursor, keys)
    found = [_tensor(cursor) for _ in range(tensors)]
    start = _check_data(cursor, found, metadata)
    if len({tensor.name for _, _, tensor in found}) < len(found):
        raise _FaultError("names a tensor twice")
    places = tuple((start + offset, start + offset + size) for offset, size, _ in found)
    return Gguf(MappingProxyType(metadata), tuple(tensor for _, _, tensor in found), places)


def _metadata(cursor: _Cursor, keys: int) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for _ in range(keys):
        key = cursor.text(_LONGEST_KEY)
        if key in found:
            raise _FaultError(f"states the key {printable(repr(key), 80)} twice")
        found[key] = _value(cursor, cursor.number("I"), key)
    return found


def _value(cursor: _Cursor, kind: int, key: str) -> Value:
    if kind in _SCALARS:
        return _scalars(cursor, kind, 1)[0]
    if kind == _TEXT:
        return cursor.text(_LONGEST_TEXT)
    if kind != _LIST:
        raise _FaultError(f"gives {printable(repr(key), 80)} the unknown type {kind}")
    inner, length = cursor.number("I"), cursor.number("Q")
    cursor.count(length)
    if inner in _SCALARS:
        if length <= _LONGEST_LIST:
            return _scalars(cursor, inner, length)
        cursor.pass_over(length * struct.calcsize(_SCALARS[inner]))
    elif inner == _TEXT:
        for _ in range(length):
            cursor.pass_over(cursor.number("Q"))
    else:
        raise _FaultError(f"gives {printable(repr(key), 80)} a list of the unknown type {inner}")
    return Length(length)


def _scalars(cursor: _Cursor, kind: int, length: int) -> tuple[bool | int | float, ...]:
    form = _SCALARS[kind]
    return struct.unpack(f"<{length}{form}", cursor.take(length * struct.calcsize(form)))


def _tensor(cursor: _Cursor) -> tuple[int, int, Shipped]:
    """First byte in the data, number of bytes, and the tensor."""
    name = cursor.text(_LONGEST_NAME)
    shown = printable(repr(name), 80)
    dimensions = cursor.number("I")
    if dimensions > _MOST_DIMENSIONS:
        raise _FaultError(f"gives tensor {shown} {dimensions:,} dimensions")
    shape = struct.unpack(f"<{dimensions}Q", cursor.take(8 * dimensions))
    kind, offset = cursor.number("I"), cursor.number("Q")
    if kind not in _TYPES:
        raise _FaultError(f"gives tensor {shown} the unknown type {kind}")
    label, block, size = _TYPES[kind]
    count = math.prod(shape)
    if count > _MOST_ELEMENTS or count % block or (shape and shape[0] % block):
        raise _FaultError(f"gives tensor {shown} a shape that no tensor of {label} has")
    return offset, count // block * size, Shipped(name, shape[::-1], label)


def _check_data(cursor: _Cursor, found: list[tuple[int, int, Shipped]], metadata: Mapping[str, Value]) -> int:
    """Tensors lie in the file, aligned, and none in another; returns where the data begin."""
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or not 0 < alignment <= 2**16:
        raise _FaultError("states an impossible general.alignment")
    start = -(-cursor.at // alignment) * alignment
    end = 0
    for offset, size, tensor in sorted(found, key=lambda item: item[:2]):
        if offset < end or offset % alignment or start + offset + size > cursor.size:
            raise _FaultError(f"puts tensor {printable(repr(tensor.name), 80)} where it cannot be (offset {offset:,})")
        end = offset + size
    return start
