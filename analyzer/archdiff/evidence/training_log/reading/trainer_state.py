"""`trainer_state.json` of transformers, and JSON arrays of records: read object by object, however long they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archdiff.evidence.training_log.reading.numbers import flat, object_of, settings_of
from archdiff.evidence.training_log.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from archdiff.evidence.training_log.reading.files import LogFile

__all__ = ["KEY", "read"]

KEY = b'"log_history"'
"""Of the list of records."""

_PIECE = 2**18
_LARGEST = 8 * 2**20
"""Bytes of one record, and of what stands before or behind the list."""


def read(file: LogFile) -> Iterator[Record]:
    """Every record of the list, then the settings that stand around it.

    Raises:
        SourceError: no such JSON, or cut off.
    """
    with file.path.open("rb") as opened:
        text = _Text(opened, file)
        before = text.until(b"[")
        listed, _, rest = before.rpartition(KEY)
        if before.strip() and (not listed or rest.strip() != b":"):
            raise file.fault("is JSON without a `log_history`")
        yield from (Record(flat(each)) for each in text.objects())
        if listed:
            around = object_of(listed + b'"":0' + text.rest())
            if around is None:
                raise file.fault("is cut off behind `log_history`, or no JSON there")
            yield Record(settings=settings_of({key: value for key, value in around.items() if key}))


class _Text:
    """The file as a window that moves forward."""

    def __init__(self, opened: BinaryIO, file: LogFile) -> None:
        self._opened, self._file, self._left = opened, file, file.size
        self._window = b""

    def _more(self) -> bool:
        piece = self._opened.read(min(_PIECE, self._left))
        self._left -= len(piece)
        self._window += piece
        if len(self._window) > _LARGEST:
            raise self._file.fault(f"holds a record of more than {_LARGEST // 2**20} MiB")
        return bool(piece)

    def until(self, sign: bytes) -> bytes:
        """What stands before the list: up to the bracket behind the key, or the first of the file."""
        while True:
            start = self._window.find(KEY)
            first = self._window.lstrip()[:1]
            at = self._window.find(sign, max(start, 0)) if start >= 0 or first == sign else -1
            if at >= 0:
                found, self._window = self._window[:at], self._window[at + 1 :]
                return found
            if not self._more():
                raise self._file.fault("is JSON without a `log_history`")

    def objects(self) -> Iterator[dict[str, Any]]:
        """Every object up to the end of the list."""
        while True:
            self._window = self._window.lstrip(b" \t\r\n,")
            if self._window.startswith(b"]"):
                self._window = self._window[1:]
                return
            if self._window and not self._window.startswith(b"{"):
                raise self._file.fault("holds something in its list that is no record")
            yield from self._complete()

    def _complete(self) -> Iterator[dict[str, Any]]:
        """The objects that are in the window; reads on where there is none."""
        decoder, text, at = json.JSONDecoder(), self._window.decode("latin-1"), 0
        while text.startswith("{", at):
            try:
                value, end = decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                break
            yield value
            at = end
            while text[at : at + 1] in (" ", "\n", "\r", "\t", ","):
                at += 1
        self._window = self._window[at:]
        if at == 0 and not self._more():
            raise self._file.fault("ends in the middle of its list, or holds what is no JSON")

    def rest(self) -> bytes:
        """What stands behind the list."""
        while self._more():
            pass
        return self._window
