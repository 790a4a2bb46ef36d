"""The header of a safetensors file: names, shapes and types of its tensors, and none of their values.

The format (https://huggingface.co/docs/safetensors/index#format): eight bytes with the length of the header, the
header as JSON, the data. What `validate()` of safetensors refuses is refused here, one cause an error.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from archdiff.errors import SourceError
from archdiff.sources.json_text import parse_object
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["LARGEST", "Located", "Reader", "Shipped", "locate", "read_file", "read_header"]

LARGEST = 100_000_000
"""The most bytes of a header; safetensors' own limit."""

Reader: TypeAlias = Callable[[int, int], bytes]
"""Returns a number of bytes of a file from an offset on, or fewer where it ends."""

_PREFIX = 8
_MOST_VALUES = 4_000_000
_MOST_DIMENSIONS = 16
_MOST_ELEMENTS = 2**56
_LONGEST_NAME = 1024
_FIELDS = {"dtype", "shape", "data_offsets"}
_REMEDY = "download the file again, or save it again with safetensors"

_TYPES: Mapping[str, tuple[int, str]] = MappingProxyType({
    "BOOL": (8, "bool"),
    "U8": (8, "uint8"),
    "I8": (8, "int8"),
    "U16": (16, "uint16"),
    "I16": (16, "int16"),
    "U32": (32, "uint32"),
    "I32": (32, "int32"),
    "U64": (64, "uint64"),
    "I64": (64, "int64"),
    "F16": (16, "float16"),
    "BF16": (16, "bfloat16"),
    "F32": (32, "float32"),
    "F64": (64, "float64"),
    "C64": (64, "complex64"),
    "F8_E4M3": (8, "float8_e4m3fn"),
    "F8_E5M2": (8, "float8_e5m2"),
    "F8_E4M3FNUZ": (8, "float8_e4m3fnuz"),
    "F8_E5M2FNUZ": (8, "float8_e5m2fnuz"),
    "F8_E8M0": (8, "float8_e8m0fnu"),
    "F6_E2M3": (6, "float6_e2m3"),
    "F6_E3M2": (6, "float6_e3m2"),
    "F4": (4, "float4_e2m1fn"),
})  # fmt: skip
"""Bits of one element, and the type as torch spells it, by the name in the file (safetensors 0.8)."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A tensor of a checkpoint: its full name, sizes with the outermost first, and type as torch spells it."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Located(NamedTuple):
    """A tensor, and where its data stand in the file: from byte `start` to before `stop`."""

    tensor: Shipped
    start: int
    stop: int


class _FaultError(Exception):
    """What is wrong with a header."""


def read_file(path: Path, subject: str) -> tuple[Shipped, ...]:
    """Return what the file at `path` ships, in the order of its data; reads nothing behind the header.

    Raises:
        SourceError: it cannot be read, or its header breaks the format; errors call the model `subject`.
    """
    try:
        with path.open("rb") as file:

            def read(offset: int, length: int) -> bytes:
                file.seek(offset)
                return file.read(length)

            return read_header(read, path.stat().st_size, path.name, subject)
    except OSError as error:
        cause = f"{printable(path.name, 80)} cannot be read ({printable(error.strerror or str(error))})"
        raise SourceError(printable(subject), cause, "check the file and its permissions") from error


def read_header(read: Reader, size: int, name: str, subject: str) -> tuple[Shipped, ...]:
    """Return what a file of `size` bytes ships, in the order of its data.

    Raises:
        SourceError: its header breaks the format; errors call the file `name` and the model `subject`.
    """
    return tuple(found.tensor for found in locate(read, size, name, subject))


def locate(read: Reader, size: int, name: str, subject: str) -> tuple[Located, ...]:
    """Return what a file of `size` bytes ships and where, in the order of its data; raises as `read_header`."""
    try:
        length = _length(read(0, _PREFIX), size)
        entries = _entries(read(_PREFIX, length), length)
        data = _PREFIX + length
        return tuple(Located(t, data + start, data + stop) for t, start, stop in _tensors(entries, size - data))
    except _FaultError as fault:
        raise SourceError(printable(subject), f"{printable(name, 80)}: {fault}", _REMEDY) from None


def _length(prefix: bytes, size: int) -> int:
    if len(prefix) < _PREFIX or size < _PREFIX:
        raise _FaultError("too short to be a safetensors file")
    (length,) = struct.unpack("<Q", prefix)
    if length > LARGEST:
        raise _FaultError(f"states a header of more than {LARGEST // 10**6} MB, so it is no safetensors file")
    if length > size - _PREFIX:
        raise _FaultError(f"states a header of {length:,} bytes, and {size - _PREFIX:,} follow")
    return cast("int", length)


def _entries(data: bytes, length: int) -> dict[str, object]:
    if len(data) < length:
        raise _FaultError("ends inside its header")
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > _MOST_VALUES:
        raise _FaultError(f"its header holds more than {_MOST_VALUES:,} values")
    try:
        entries = parse_object(data.decode("utf-8"), "")
    except UnicodeDecodeError as error:
        raise _FaultError(f"its header is not UTF-8 text (byte {error.start})") from None
    except SourceError as error:
        raise _FaultError(f"its header: {error.cause}") from None
    metadata = entries.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _FaultError("its __metadata__ must hold text only")
    return entries


def _tensors(entries: Mapping[str, object], size: int) -> Iterator[Located]:
    """The tensors in the order of their data, which must fill `size` bytes without a gap; counted from the data on."""
    end = 0
    for found in sorted(map(_tensor, entries, entries.values()), key=_place):
        if found.start != end:
            fault = "overlaps the one before it" if found.start < end else "leaves a gap before it"
            raise _FaultError(f"tensor {_show(found.tensor.name)} {fault} (offset {found.start:,}, not {end:,})")
        end = found.stop
        yield found
    if end != size:
        raise _FaultError(f"its tensors fill {end:,} bytes of data, and the file holds {size:,}")


def _place(found: Located) -> tuple[int, int, str]:
    return found.start, found.stop, found.tensor.name


def _tensor(name: str, entry: object) -> Located:
    if len(name) > _LONGEST_NAME or not (name.isascii() or _is_text(name)):
        raise _FaultError(f"tensor {_show(name)} has a name that is none")
    if not isinstance(entry, dict) or entry.keys() != _FIELDS:
        raise _FaultError(f"tensor {_show(name)} must state dtype, shape and data_offsets, and nothing else")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in _TYPES:
        raise _FaultError(f"tensor {_show(name)} has the unknown dtype {printable(repr(entry['dtype']), 40)}")
    shape, offsets = _counts(entry["shape"]), _counts(entry["data_offsets"])
    if shape is None or len(shape) > _MOST_DIMENSIONS or (count := _product(shape)) > _MOST_ELEMENTS:
        raise _FaultError(f"tensor {_show(name)} has the impossible shape {printable(repr(entry['shape']), 40)}")
    if offsets is None or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise _FaultError(
            f"tensor {_show(name)} has the impossible data_offsets {printable(repr(entry['data_offsets']), 40)}"
        )
    bits, dtype = _TYPES[entry["dtype"]]
    if count * bits != (offsets[1] - offsets[0]) * 8:
        raise _FaultError(
            f"tensor {_show(name)} has {offsets[1] - offsets[0]:,} bytes, not the {count * bits / 8:,g} of its shape"
        )
    return Located(Shipped(name, shape, dtype), offsets[0], offsets[1])


def _counts(value: object) -> tuple[int, ...] | None:
    """The value as counts; None unless it is a list of integers from 0."""
    if not isinstance(value, list) or not all(type(item) is int and 0 <= item < 2**63 for item in value):
        return None
    return tuple(value)


def _product(shape: Iterable[int]) -> int:
    return math.prod(shape)


def _is_text(name: str) -> bool:
    """Whether it can be written as UTF-8: JSON can name half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _show(name: str) -> str:
    return printable(repr(name), 80)
