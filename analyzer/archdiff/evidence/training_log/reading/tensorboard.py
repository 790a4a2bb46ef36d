"""Event files of TensorBoard: records with their length and checksum before them.

The framing is TFRecord (https://www.tensorflow.org/tutorials/load_data/tfrecord): length (8 bytes), its masked
CRC-32C (4), the event (length), its CRC (4). It is read here, because the reader in `tensorboard` believes any
length and holds a whole record in memory; what an event means is read by `tensorboard`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from archdiff.evidence.training_log.reading.extra import require
from archdiff.evidence.training_log.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from archdiff.evidence.training_log.reading.files import LogFile

__all__ = ["is_event_file", "read"]

_LARGEST = 2**16
"""Bytes of an event that is read; scalars take about 60, pictures and histograms are passed over."""

_FLOATS = {1: ("f", 4), 2: ("d", 8)}
"""Code and bytes of a float and a double in a tensor of one element."""


def is_event_file(head: bytes) -> bool:
    """Whether a file begins with the version that every event file states first."""
    return b"brain.Event:" in head[:64]


def read(files: Sequence[LogFile]) -> Iterator[Record]:
    """The scalars of one run's files, in the order of the files.

    Raises:
        UsageError: tensorboard is not installed.
        SourceError: a file is damaged before its end.
    """
    require("tensorboard", files[0].subject)
    for file in files:
        yield from _read(file)


def _read(file: LogFile) -> Iterator[Record]:
    from google.protobuf.message import DecodeError
    from tensorboard.compat.proto import event_pb2

    for at, data in _events(file):
        if data is None:
            yield Record(note=f"{file.path.name} ends in the middle of an event")
            return
        try:
            event = event_pb2.Event.FromString(data)
        except DecodeError as error:
            raise file.fault(f"is damaged at byte {at:,}") from error
        values = {value.tag: found for value in event.summary.value if (found := _scalar(value)) is not None}
        if values:
            yield Record(values, step=event.step, time=event.wall_time)


def _events(file: LogFile) -> Iterator[tuple[int, bytes | None]]:
    """Where each event begins, and its bytes; None for a last one that is cut off."""
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    with file.path.open("rb") as opened:
        at = 0
        while at < file.size:
            head = opened.read(12)
            if len(head) < 12:
                yield at, None
                return
            length, checksum = struct.unpack("<QI", head)
            if masked_crc32c(head[:8]) != checksum:
                raise file.fault(f"is damaged at byte {at:,}")
            end = at + 16 + length
            if end > file.size:
                yield at, None
                return
            if length <= _LARGEST:
                yield at, _checked(opened, file, at, length)
            else:
                opened.seek(end)
            at = end


def _checked(opened: BinaryIO, file: LogFile, at: int, length: int) -> bytes:
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    data, tail = opened.read(length), opened.read(4)
    if len(tail) < 4 or masked_crc32c(data) != struct.unpack("<I", tail)[0]:
        raise file.fault(f"is damaged at byte {at:,}")
    return data


def _scalar(value: Any) -> float | None:
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if not value.HasField("tensor") or any(size.size != 1 for size in value.tensor.tensor_shape.dim):
        return None
    tensor = value.tensor
    code, size = _FLOATS.get(tensor.dtype, ("", 0))
    if code and len(tensor.tensor_content) == size:
        return float(struct.unpack(f"<{code}", tensor.tensor_content)[0])
    stated = {1: tensor.float_val, 2: tensor.double_val}.get(tensor.dtype, ())
    return float(stated[0]) if len(stated) == 1 else None
