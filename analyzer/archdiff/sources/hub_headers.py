"""What a model on the hub ships, from the headers of its safetensors files: ranges of bytes, never the weights.

Headers are kept in huggingface_hub's cache of assets under the commit, so a second look asks nothing.
"""

from __future__ import annotations

import re
import struct
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING

from huggingface_hub import cached_assets_path, constants, errors, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.utils._headers import build_hf_headers

from archdiff.errors import SourceError
from archdiff.sources.checkpoint import INDEX, SINGLE, agreed
from archdiff.sources.gguf import Gguf, parse_gguf, read_gguf
from archdiff.sources.headers import LARGEST, Located, Shipped, locate, read_file
from archdiff.sources.hub_files import write
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from archdiff.reference import Reference

__all__ = ["MOST", "Remote"]

MOST = 512
"""The most shards whose headers are asked for; a trillion parameters have 200."""

_CONNECTIONS = 8
_FIRST = 2**17
_LARGEST_PIECE = 2**22
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)", re.ASCII)


class Remote:
    """The safetensors files of one commit on the hub.

    Args:
        reference: a hub id.
        folder: of the commit in the hub's cache; a file that is there is read instead of asked for.
        online: whether the hub may be asked.
    """

    def __init__(self, reference: Reference, folder: Path, *, online: bool) -> None:
        self.reference, self.folder, self.online = reference, folder, online
        self.commit = folder.name
        name = reference.target.replace("/", "--")
        self.kept = cached_assets_path("archdiff", namespace=name, subfolder=self.commit)

    def is_kept(self, name: str) -> bool:
        """Tell whether the file, or its header, is there without asking the hub."""
        return (self.folder / name).exists() or self._kept(name).exists()

    def single(self, name: str = SINGLE) -> tuple[Shipped, ...] | None:
        """Return the tensors of one file, sorted by name; None where there is no such file, or none at hand.

        Raises:
            SourceError: its header breaks the format.
            Exception: one of `archdiff.sources.hub_errors.FAILURES`, where the hub does not answer.
        """
        if not self.online and not self.is_kept(name):
            return None
        try:
            return tuple(sorted(self.file(name), key=lambda tensor: tensor.name))
        except errors.EntryNotFoundError:
            return None

    def shards(self, listed: Mapping[str, str]) -> tuple[Shipped, ...] | None:
        """Return the tensors of an index, sorted by name; None where the hub may not be asked for one of them.

        Raises:
            SourceError: a shard is missing, its header breaks the format, or contradicts the index.
            Exception: one of `archdiff.sources.hub_errors.FAILURES`, where the hub does not answer.
        """
        files = sorted(set(listed.values()))
        if not self.online and not all(map(self.is_kept, files)):
            return None
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            found = dict(zip(files, pool.map(self._shard, files), strict=True))
        return agreed(listed, found.__getitem__, self.reference.text)

    def file(self, name: str) -> tuple[Shipped, ...]:
        """Return what one file ships, in the order of its data, from the cache or from the hub; raises as `single`."""
        if (self.folder / name).exists():
            return read_file(self.folder / name, self.reference.text)
        return tuple(found.tensor for found in self.located(name)[1])

    def located(self, name: str) -> tuple[int, tuple[Located, ...]]:
        """Return the size of a file, and its tensors with where they stand in it, in the order of its data.

        Asks the hub, unless the header is kept here; raises as `single`.
        """
        kept = self._kept(name)
        if kept.exists() and len(data := kept.read_bytes()) > struct.calcsize("<Q"):
            size = struct.unpack("<Q", data[:8])[0]
            return size, self._read(name, size, data[8:])
        size, data = self._fetch(name)
        found = self._read(name, size, data)
        write(kept, struct.pack("<Q", size) + data)
        return size, found

    def gguf(self, name: str) -> Gguf:
        """Return what a GGUF file states before its data, from the cache or from the hub; raises as `single`."""
        if (self.folder / name).exists():
            return read_gguf(self.folder / name, self.reference.text)
        kept = self._kept(name)
        if kept.exists() and len(data := kept.read_bytes()) > struct.calcsize("<Q"):
            return parse_gguf(BytesIO(data[8:]), struct.unpack("<Q", data[:8])[0], self.reference.text)
        stream = _Stream(lambda start, stop: self._range(name, start, stop))
        found = parse_gguf(stream, stream.size, self.reference.text)
        write(kept, struct.pack("<Q", stream.size) + stream.data)
        return found

    def _shard(self, name: str) -> tuple[Shipped, ...]:
        try:
            return self.file(name)
        except errors.EntryNotFoundError as error:
            cause = f"{INDEX} lists {printable(name, 80)}, which the hub does not have"
            raise SourceError(
                printable(self.reference.text), cause, "tell the publisher, or name another revision"
            ) from error

    def _kept(self, name: str) -> Path:
        return self.kept / f"{name}.header"

    def _read(self, name: str, size: int, data: bytes) -> tuple[Located, ...]:
        return locate(lambda offset, length: data[offset : offset + length], size, name, self.reference.text)

    def _fetch(self, name: str) -> tuple[int, bytes]:
        """Size of the file, and its bytes up to the end of the header."""
        size, data = self._range(name, 0, _FIRST)
        if len(data) < 8:
            return size, data
        length = 8 + struct.unpack("<Q", data[:8])[0]
        if len(data) < length <= min(size, LARGEST + 8):
            data += self._range(name, len(data), length)[1]
        return size, data[:length]

    def _range(self, name: str, start: int, stop: int) -> tuple[int, bytes]:
        """Size of the file, and its bytes from `start` to before `stop` or its end."""
        url = hf_hub_url(self.reference.target, name, revision=self.commit)
        headers = {**build_hf_headers(), "Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
        with get_session().stream("GET", url, headers=headers, timeout=timeout) as response:
            if response.status_code >= 400:
                response.read()
            hf_raise_for_status(response)
            placed = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if response.status_code != 206 or placed is None or int(placed[1]) != start:
                cause = f"the hub sends {printable(name, 80)} whole where a range of it was asked for"
                raise SourceError(printable(self.reference.text), cause, "check HF_ENDPOINT, or name a directory")
            data = bytearray()
            for chunk in response.iter_raw():
                data += chunk
                if len(data) >= stop - start:
                    break
        return int(placed[3]), bytes(data[: stop - start])


class _Stream:
    """The start of a file on the hub, asked for in growing pieces as far as it is read.

    Args:
        fetch: returns the size of the file, and its bytes from one offset to before another.
    """

    def __init__(self, fetch: Callable[[int, int], tuple[int, bytes]]) -> None:
        self.fetch, self.at = fetch, 0
        self.size, self.data = fetch(0, _FIRST)

    def seek(self, offset: int, /) -> int:
        self.at = offset
        return offset

    def read(self, size: int, /) -> bytes:
        wanted = min(self.at + size, self.size)
        while len(self.data) < wanted:
            stop = max(wanted, min(2 * len(self.data), len(self.data) + _LARGEST_PIECE))
            piece = self.fetch(len(self.data), stop)[1]
            if not piece:
                break
            self.data += piece
        found = self.data[self.at : wanted]
        self.at += len(found)
        return found
