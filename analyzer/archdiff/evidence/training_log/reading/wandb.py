"""`.wandb` files: LevelDB log blocks that hold protobuf records.

The framing (https://github.com/google/leveldb/blob/main/doc/log_format.md, behind a heading of seven bytes, with
CRC-32) is read here: recent releases of `wandb` have no reader in Python. What a record means is read by the
messages that `wandb` ships. Nothing is sent anywhere.
"""

from __future__ import annotations

import json
import struct
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from archdiff.evidence.training_log.reading.extra import require
from archdiff.evidence.training_log.reading.numbers import flat, settings_of
from archdiff.evidence.training_log.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archdiff.evidence.training_log.reading.files import LogFile

__all__ = ["MAGIC", "read"]

MAGIC = b":W&B"
"""First bytes of every such file."""

_HEADING = struct.pack("<4sHB", MAGIC, 0xBEE1, 0)
_BLOCK = 32768
_FRAME = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_LARGEST = 16 * 2**20
"""Bytes of one record."""


def read(file: LogFile) -> Iterator[Record]:
    """Every record of the history, and the run's configuration.

    Raises:
        UsageError: wandb is not installed.
        SourceError: damaged before its end.
    """
    require("wandb", file.subject)
    from google.protobuf.message import DecodeError

    messages: Any = import_module("wandb.proto.wandb_internal_pb2")

    for at, data in _records(file):
        if data is None:
            yield Record(note="the file ends in the middle of a record: the run crashed, goes on, or was cut off")
            return
        record = messages.Record()
        try:
            record.ParseFromString(data)
        except DecodeError as error:
            raise file.fault(f"is damaged at byte {at:,}") from error
        yield from _meaning(record)


def _meaning(record: Any) -> Iterator[Record]:
    kind = record.WhichOneof("record_type")
    if kind == "history":
        yield Record(flat(_items(record.history.item)))
    elif kind == "config":
        yield Record(settings=settings_of(_items(record.config.update)))
    elif kind == "run":
        yield Record(settings=settings_of(_items(record.run.config.update)))
        if record.run.resumed or record.run.starting_step:
            yield Record(settings={"wandb_starting_step": float(record.run.starting_step)})


def _items(items: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        name = ".".join(item.nested_key) or item.key
        try:
            found[name] = json.loads(item.value_json)
        except (ValueError, RecursionError):
            continue
    return found


def _records(file: LogFile) -> Iterator[tuple[int, bytes | None]]:
    """Where each record ends, and its bytes; None for a last one that is cut off."""
    pieces: list[bytes] = []
    for at, kind, data in _frames(file):
        if kind == 0:
            yield at, None
            return
        if (kind in (_FULL, _FIRST)) == bool(pieces) or kind not in (_FULL, _FIRST, _MIDDLE, _LAST):
            raise file.fault(f"is damaged at byte {at:,}")
        pieces.append(data)
        if sum(map(len, pieces)) > _LARGEST:
            raise file.fault(f"holds a record of more than {_LARGEST // 2**20} MiB")
        if kind in (_FULL, _LAST):
            yield at, b"".join(pieces)
            pieces = []
    if pieces:
        yield file.size, None


def _frames(file: LogFile) -> Iterator[tuple[int, int, bytes]]:
    """Where each piece begins, its kind and its bytes; kind 0 where the file ends in its middle."""
    with file.path.open("rb") as opened:
        at = len(_HEADING)
        if opened.read(at) != _HEADING:
            raise file.fault("is no .wandb file of a known version")
        while at < file.size:
            if _BLOCK - at % _BLOCK < _FRAME.size:
                at = opened.seek(at + _BLOCK - at % _BLOCK)
                continue
            head = opened.read(_FRAME.size)
            data = b""
            if len(head) == _FRAME.size:
                checksum, length, kind = _FRAME.unpack(head)
                data = opened.read(length)
            if len(head) < _FRAME.size or len(data) < length:
                yield at, 0, b""
                return
            if zlib.crc32(data, zlib.crc32(bytes([kind]))) != checksum:
                raise file.fault(f"is damaged at byte {at:,}")
            yield at, kind, data
            at += _FRAME.size + length
