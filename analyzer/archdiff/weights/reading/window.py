"""Pieces of files on their way over several connections, and never more of them in memory than a window holds."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CONNECTIONS", "PIECE", "PIECES", "Window"]

CONNECTIONS = 8
"""How many pieces are asked for at once."""

PIECE = 2**22
"""The most bytes of a piece."""

PIECES = 16
"""How many pieces are on their way or wait to be read: 64 MiB."""

_Fetch: TypeAlias = "Callable[[int, int], memoryview]"


class _Piece(NamedTuple):
    """Bytes of the file that `fetch` reads, which are on their way."""

    fetch: _Fetch
    start: int
    stop: int
    data: Future[memoryview]


class Window:
    """Reads ranges in pieces, several at a time, and goes ahead of a reader who reads one range behind the other.

    Args:
        piece: the most bytes of a piece.
        pieces: how many are kept.
        connections: how many are asked for at once.
    """

    def __init__(self, piece: int = PIECE, pieces: int = PIECES, connections: int = CONNECTIONS) -> None:
        self._size, self._most = piece, pieces
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="archdiff-range")
        self._lock = threading.Lock()
        self._pieces: list[_Piece] = []
        self._last: tuple[_Fetch | None, int] = (None, 0)
        self._run, self._closed = 0, False

    def read(self, fetch: _Fetch, start: int, stop: int, until: int) -> memoryview:
        """Return bytes `start` to before `stop`.

        Args:
            fetch: reads the same file each time that it is equal.
            start: first byte.
            stop: the byte behind the last one.
            until: where what may be read next ends.

        Raises:
            Exception: whatever `fetch` raises.
            ValueError: the window is closed.
        """
        with self._lock:
            self._run = self._run + stop - start if self._last == (fetch, start) else 0
            self._last = (fetch, stop)
            ahead = min(stop + self._run, max(until, stop))
        data, at = memoryview(bytearray(stop - start)), start
        while at < stop:
            piece = self._order(fetch, at, ahead)
            if (found := self._result(piece)) is None:
                continue
            end = min(stop, piece.stop)
            data[at - start : end - start] = found[at - piece.start : end - piece.start]
            at = end
            if at == piece.stop:
                self._drop(piece)
        return data.toreadonly()

    def close(self) -> None:
        """Ask for nothing more; what is on its way is not waited for."""
        with self._lock:
            self._closed = True
            for piece in self._pieces:
                piece.data.cancel()
            self._pieces.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _order(self, fetch: _Fetch, at: int, end: int) -> _Piece:
        """The piece that holds the byte `at`; it and those behind it, to before `end`, are on their way."""
        with self._lock:
            if self._closed:
                raise ValueError("read of a closed window")
            mine = sorted((piece for piece in self._pieces if piece.fetch == fetch), key=lambda piece: piece.start)
            wanted: list[_Piece] = []
            while at < end and len(wanted) < self._most:
                found = next((piece for piece in mine if piece.start <= at < piece.stop), None)
                if found is None:
                    stop = min([at + self._size, end, *(piece.start for piece in mine if piece.start > at)])
                    found = _Piece(fetch, at, stop, self._pool.submit(fetch, at, stop))
                    self._pieces.append(found)
                wanted.append(found)
                at = found.stop
            self._make_room(wanted)
        return wanted[0]

    def _make_room(self, wanted: list[_Piece]) -> None:
        """Forget the oldest pieces that nobody waits for."""
        spare = [piece for piece in self._pieces if piece not in wanted]
        for piece in spare[: max(0, len(self._pieces) - self._most)]:
            piece.data.cancel()
            self._pieces.remove(piece)

    def _result(self, piece: _Piece) -> memoryview | None:
        """What came; None where another reader needed the room before it was asked for."""
        try:
            return piece.data.result()
        except CancelledError:
            self._drop(piece)
            return None
        except BaseException:
            self._drop(piece)
            raise

    def _drop(self, piece: _Piece) -> None:
        with self._lock:
            if piece in self._pieces:
                self._pieces.remove(piece)
