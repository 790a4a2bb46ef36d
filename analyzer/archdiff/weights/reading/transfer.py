"""Ranges of one file on the hub: asked again after a passing fault, from the byte on at which the answer broke off."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from huggingface_hub import constants, errors, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.utils._headers import build_hf_headers

from archdiff.errors import ArchdiffError, SourceError
from archdiff.sources.hub_errors import FAILURES, translate
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from archdiff.reference import Reference

__all__ = ["Answer", "Request", "Transfer", "ask_hub"]

_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)", re.ASCII)
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_TRIES = 6
_PROGRESS = 2**16
_REFUSALS = 2
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 300


class Answer(Protocol):
    """What a client of HTTP returns, whose body is still to come."""

    @property
    def status_code(self) -> int:
        """Of the last answer, behind every redirection."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, in any case."""

    @property
    def url(self) -> object:
        """Which address answered."""

    @property
    def history(self) -> Sequence[Answer]:
        """The redirections on the way."""

    def read(self) -> bytes:
        """The whole body."""

    def iter_raw(self) -> Iterator[bytes]:
        """The body in pieces, as it comes."""


Request: TypeAlias = "Callable[[str, dict[str, str]], AbstractContextManager[Answer]]"
"""Asks for an address with headers."""


class _PassingError(Exception):
    """A fault that may be gone in a moment."""

    def __init__(self, what: str, pause: float = 0.0) -> None:
        super().__init__(what)
        self.what, self.pause = what, pause


def ask_hub(url: str, headers: dict[str, str]) -> AbstractContextManager[Answer]:
    """Ask through huggingface_hub's client, so that its settings apply."""
    return get_session().stream("GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT)


class Transfer:
    """One file of a commit on the hub; may be used by several threads at once.

    Where the hub sends on to another address, that address is asked from then on, without the user's token, until it
    refuses.

    Args:
        reference: a hub id, for errors.
        commit: that pins what is read.
        name: of the file.
        pause: waits for some seconds; true where nothing is wanted any more.
        size: that it has, where that is known.
        request: asks for an address.
    """

    def __init__(
        self,
        reference: Reference,
        commit: str,
        name: str,
        pause: Callable[[float], bool],
        size: int | None = None,
        request: Request = ask_hub,
    ) -> None:
        self._reference, self._name = reference, name
        self._url = hf_hub_url(reference.target, name, revision=commit)
        self._request, self._pause = request, pause
        self._lock = threading.Lock()
        self._size, self._direct, self._refusals = size, "", 0
        self._marks: dict[str, str] = {}

    def fetch(self, start: int, stop: int) -> memoryview:
        """Return bytes `start` to before `stop`.

        Raises:
            SourceError: the file changed or ends before, or the hub fails again and again.
            UnresolvedReferenceError: the hub refuses the file.
        """
        data, got, failed = memoryview(bytearray(stop - start)), 0, 0
        while got < len(data):
            before = got
            try:
                for piece in self._pieces(start + got, stop):
                    data[got : got + len(piece)] = piece
                    got += len(piece)
                fault = _PassingError("the answer breaks off")
            except _PassingError as error:
                fault = error
            except ArchdiffError:
                raise
            except FAILURES as error:
                fault = self._passing(error)
            if got < len(data):
                failed = 1 if got - before >= _PROGRESS else failed + 1
                self._wait(fault, failed)
        return data.toreadonly()

    def _pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """What one request gets."""
        direct = self._direct
        own = {} if direct else build_hf_headers()
        headers = {**own, "Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        with self._request(direct or self._url, headers) as answer:
            self._accept(answer, start, direct)
            left = stop - start
            for piece in answer.iter_raw():
                yield piece[:left]
                left -= len(piece)
                if left <= 0:
                    return

    def _accept(self, answer: Answer, start: int, direct: str) -> None:
        """Make sure that the answer is the range that was asked for, of the file that was asked before."""
        status = answer.status_code
        if status in _PASSING:
            raise _PassingError(f"the hub answers with status {status}", _seconds(answer.headers.get("Retry-After")))
        if status >= 400 and direct:
            self._direct = ""
            self._refusals += 1
            raise _PassingError(f"the hub's storage answers with status {status}")
        if status == 416:
            raise self._fault("is shorter on the hub than its header says")
        if status >= 400:
            answer.read()
            _refuse(answer)
        placed = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if status != 206 or placed is None or int(placed[1]) != start:
            raise self._fault("is sent whole, or at another place, where a range of it was asked for")
        self._pin(answer, int(placed[3]))

    def _pin(self, answer: Answer, size: int) -> None:
        """Remember what the first answer said of the file, and hold every other one to it."""
        linked = [a.headers["X-Linked-Etag"] for a in (*answer.history, answer) if "X-Linked-Etag" in a.headers]
        asked = str(answer.url)
        kind = "linked" if linked else asked.partition("?")[0]
        mark = linked[0] if linked else answer.headers.get("ETag", "")
        with self._lock:
            self._size = size if self._size is None else self._size
            if size != self._size or mark != self._marks.setdefault(kind, mark):
                raise self._fault("changed on the hub while it was read")
            if urlsplit(asked).netloc != urlsplit(self._url).netloc and self._refusals < _REFUSALS:
                self._direct = asked

    def _passing(self, error: BaseException) -> _PassingError:
        """The fault, if it may pass.

        Raises:
            ArchdiffError: it does not.
        """
        if isinstance(error, errors.EntryNotFoundError):
            raise self._fault("is not on the hub") from error
        if isinstance(error, errors.HfHubHTTPError | OSError | ValueError):
            raise translate(error, self._reference) from error
        return _PassingError(f"the connection fails ({printable(type(error).__name__, 40)})")

    def _wait(self, fault: _PassingError, failed: int) -> None:
        if failed >= _TRIES or fault.pause > _LONGEST_PAUSE:
            again = f", {failed} times in a row" if failed > 1 else ""
            asks = f", and asks to wait for {fault.pause:,.0f} seconds" if fault.pause > _LONGEST_PAUSE else ""
            raise self._fault(f"cannot be read: {fault.what}{again}{asks}", "try again later")
        if self._pause(max(fault.pause, _FIRST_PAUSE * 2 ** (failed - 1))):
            raise self._fault("was closed while it was read", "keep it open")

    def _fault(
        self, what: str, remedy: str = "check HF_ENDPOINT, or download the model and name its directory"
    ) -> SourceError:
        return SourceError(printable(self._reference.text), f"{printable(self._name, 80)} {what}", remedy)


def _refuse(answer: Any) -> None:
    """Raise what huggingface_hub makes of the answer of its own client, whose class has had several names."""
    hf_raise_for_status(answer)


def _seconds(text: str | None) -> float:
    """What Retry-After states; dates, which the hub does not send, count as none."""
    return float(text) if text and re.fullmatch(r"\d{1,6}", text, re.ASCII) else 0.0
