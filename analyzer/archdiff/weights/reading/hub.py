"""Weights on the hub: files that its cache holds are read there, and of the others the ranges that are asked for."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from huggingface_hub import HfApi, constants, errors, try_to_load_from_cache

from archdiff.errors import SourceError
from archdiff.sources.checkpoint import INDEX, LARGEST_INDEX, SINGLE, agreed, read_index
from archdiff.sources.gguf_config import choices, joined
from archdiff.sources.headers import locate
from archdiff.sources.hub_errors import FAILURES, is_unreachable, translate
from archdiff.sources.hub_files import Listing, download, quiet
from archdiff.sources.hub_headers import MOST, Remote
from archdiff.text import is_file, printable
from archdiff.weights.reading import ggml, safetensors
from archdiff.weights.reading.local import LocalFile
from archdiff.weights.reading.pickles import find_pickles, open_pickles
from archdiff.weights.reading.table import Table
from archdiff.weights.reading.transfer import Transfer
from archdiff.weights.reading.window import CONNECTIONS, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archdiff.reference import Reference
    from archdiff.sources.gguf import Gguf
    from archdiff.sources.headers import Located
    from archdiff.weights.reading.table import Ranged

__all__ = ["open_hub"]

_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_MOST_FILES = 100_000


class _Held(NamedTuple):
    """A commit on the hub, and the SHA-256 of each of its files; empty where that is not known."""

    commit: str
    files: Mapping[str, str]


def open_hub(reference: Reference, *, as_gguf: bool) -> Table:
    """Open the weights of a hub id, pinned to a commit.

    Args:
        reference: a hub id; `file` names one of several models in GGUF files.
        as_gguf: whether its GGUF files are meant.

    Raises:
        SourceError: it has no weights that are read from there, or they break their format.
        UnresolvedReferenceError: neither the hub nor its cache has them.
    """
    with quiet():
        try:
            opening = _Opening(reference, _held(reference))
            return opening.ggml() if as_gguf else opening.any()
        except FAILURES as error:
            raise translate(error, reference) from error


def _held(reference: Reference) -> _Held:
    """What the hub says of the revision, or what its cache knows where it cannot be reached."""
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    try:
        found = HfApi().model_info(reference.target, revision=reference.revision, files_metadata=True, timeout=timeout)
    except FAILURES as error:
        commit = _known_commit(reference)
        if commit is None or not is_unreachable(error):
            raise
        folder = Listing(commit, frozenset()).folder(reference)
        names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return _Held(commit, dict.fromkeys(sorted(names), ""))
    if found.sha is None or not _COMMIT.fullmatch(found.sha):
        raise ValueError("the answer names no commit")
    files = (found.siblings or ())[:_MOST_FILES]
    return _Held(found.sha, {file.rfilename: file.lfs.sha256 if file.lfs else "" for file in files})


def _known_commit(reference: Reference) -> str | None:
    if reference.revision and _COMMIT.fullmatch(reference.revision):
        return reference.revision
    kept = try_to_load_from_cache(reference.target, "config.json", revision=reference.revision)
    return Path(kept).parent.name if isinstance(kept, str) else None


class _Opening:
    """Opens the files of one commit."""

    def __init__(self, reference: Reference, held: _Held) -> None:
        self._reference, self._held = reference, held
        self._folder = Listing(held.commit, frozenset()).folder(reference)
        self._remote = Remote(reference, self._folder, online=True)
        self._window, self._closed = Window(), threading.Event()

    def any(self) -> Table:
        """The safetensors, or the pickles where the cache holds all of them."""
        listed = self._index()
        names = sorted(set(listed.values())) if listed else self._single()
        if not names:
            if pickled := find_pickles(self._folder, self._reference.text):
                return open_pickles(self._folder, pickled, self._reference.text)
            raise self._nothing()
        if len(names) > MOST:
            raise self._fault(f"its weights stand in {len(names):,} files", "download them and name the directory")
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            found = dict(zip(names, pool.map(self._located, names), strict=True))
        if listed:
            agreed(listed, lambda name: tuple(item.tensor for item in found[name][1]), self._reference.text)
        placed = (item for file, tensors in found.values() for item in safetensors.placed(tensors, file))
        return Table(self._reference.text, placed, self._close)

    def ggml(self) -> Table:
        """The GGUF file that the reference names with its other parts, or the only one."""
        models = choices(name for name in self._held.files if is_file(name))
        named = self._reference.file
        chosen = [names for names in models if named in names] if named else models
        if len(chosen) != 1:
            cause = f"{len(chosen):,} models in GGUF files are on the hub or in its cache where one is meant"
            raise self._fault(cause, "name one of them, as owner/name:FILE.gguf")
        files = [self._file(name) for name in chosen[0]]
        headers = [self._ggml_header(name, file) for name, file in zip(chosen[0], files, strict=True)]
        joined(headers, self._reference.text)
        placed = (item for found, file in zip(headers, files, strict=True) for item in ggml.placed(found, file))
        return Table(self._reference.text, placed, self._close)

    def _index(self) -> Mapping[str, str]:
        """The index; empty where there is none."""
        if INDEX in self._held.files and not (self._folder / INDEX).exists():
            download(self._reference, INDEX, self._held.commit, LARGEST_INDEX)
        path = self._folder / INDEX
        return read_index(path, self._reference.text) if path.exists() else {}

    def _single(self) -> Sequence[str]:
        files = [name for name in self._held.files if name.endswith(".safetensors") and "/" not in name]
        return [SINGLE] if SINGLE in files else files if len(files) == 1 else []

    def _located(self, name: str) -> tuple[Ranged, tuple[Located, ...]]:
        local = self._local(name)
        if local is not None:
            return local, locate(local.head, local.size, name, self._reference.text)
        self._ask_for(name)
        try:
            size, found = self._remote.located(name)
        except errors.EntryNotFoundError as error:
            raise self._fault(f"{printable(name, 80)} is not on the hub", "name another revision") from error
        return self._ranges(name, size), found

    def _ggml_header(self, name: str, file: Ranged) -> Gguf:
        return ggml.header(file, self._reference.text) if isinstance(file, LocalFile) else self._remote.gguf(name)

    def _file(self, name: str) -> Ranged:
        local = self._local(name)
        if local is None:
            self._ask_for(name)
        return local or self._ranges(name, None)

    def _local(self, name: str) -> LocalFile | None:
        """The file in the cache: of this commit, or of another one that has the same content."""
        digest = self._held.files.get(name, "")
        blob = self._folder.parents[1] / "blobs" / digest
        path = self._folder / name
        if not path.exists() and _DIGEST.fullmatch(digest) and blob.exists():
            path = blob
        return LocalFile(path, self._reference.text) if path.exists() else None

    def _ask_for(self, name: str) -> None:
        """Refuse where nothing may be asked for."""
        if constants.HF_HUB_OFFLINE:
            cause = f"{printable(name, 80)} is not in the hub's cache, and HF_HUB_OFFLINE is set"
            raise self._fault(cause, "unset it, or name a directory with the weights")

    def _ranges(self, name: str, size: int | None) -> _Remote:
        transfer = Transfer(self._reference, self._held.commit, name, self._closed.wait, size)
        return _Remote(transfer, self._window, self._held.files.get(name, ""))

    def _close(self) -> None:
        self._closed.set()
        self._window.close()

    def _nothing(self) -> SourceError:
        pickled = sorted(name for name in self._held.files if name.endswith(_PICKLES))
        if pickled:
            cause = f"its weights on the hub are pickles ({printable(pickled[0], 80)}), which are not read from there"
            return self._fault(cause, f"run `hf download {self._reference.target}` and try again")
        return self._fault("no safetensors are on the hub or in its cache", "name a directory with the weights")

    def _fault(self, cause: str, remedy: str) -> SourceError:
        return SourceError(printable(self._reference.text), cause, remedy)


class _Remote:
    """A file of which ranges are asked for."""

    def __init__(self, transfer: Transfer, window: Window, digest: str) -> None:
        self._transfer, self._window, self._digest = transfer, window, digest

    def read(self, start: int, stop: int, until: int) -> memoryview:
        return self._window.read(self._transfer.fetch, start, stop, until)

    def digest(self, start: int, stop: int) -> str:
        return f"sha256:{self._digest}:{start}-{stop}" if _DIGEST.fullmatch(self._digest) else ""

    def close(self) -> None:
        """Do nothing: the window is closed with the checkpoint."""
