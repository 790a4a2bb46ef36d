"""Small files of a model on the hub, and the list of what it holds; each bounded, and kept in the hub's cache."""

from __future__ import annotations

import json
import logging
import os
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import (
    cached_assets_path,
    constants,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    try_to_load_from_cache,
)
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from archdiff.errors import ArchdiffError, SourceError
from archdiff.sources import card
from archdiff.sources.hub_errors import FAILURES, is_unreachable, translate
from archdiff.sources.json_text import LARGEST, read_object
from archdiff.text import is_revision, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.reference import Reference

__all__ = ["Listing", "download", "fetch_card", "from_cache", "listing", "quiet", "read_json", "write"]

_MOST_FILES = 100_000


@dataclass(frozen=True, slots=True)
class Listing:
    """The commit of a model on the hub, the names of its files, and a note where the hub was not asked for them."""

    commit: str
    files: frozenset[str]
    notes: tuple[str, ...] = ()

    def folder(self, reference: Reference) -> Path:
        """Where the hub's cache keeps files of the commit."""
        return Path(constants.HF_HUB_CACHE) / f"models--{_flat(reference)}" / "snapshots" / self.commit


def _flat(reference: Reference) -> str:
    return reference.target.replace("/", "--")


def listing(reference: Reference) -> Listing:
    """Ask the hub what the model holds, or take what it said the last time where it cannot be reached.

    Raises:
        UnresolvedReferenceError: no such model or revision, gated, or neither the hub nor the cache tells.
    """
    kept = cached_assets_path("archdiff", namespace=_flat(reference), subfolder="listings")
    kept /= f"{(reference.revision or 'main').replace('/', '--')}.json"
    try:
        found = _ask(reference)
    except FAILURES as error:
        known = _kept(kept) if is_unreachable(error) else None
        if known is None:
            raise translate(error, reference) from error
        return known
    write(kept, json.dumps([found.commit, sorted(found.files)]).encode())
    return found


def _ask(reference: Reference) -> Listing:
    from huggingface_hub import HfApi  # needed for models without a config alone

    found = HfApi().model_info(reference.target, revision=reference.revision, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT)
    if found.sha is None or not is_revision(found.sha):
        raise ValueError("the answer names no commit")
    return Listing(found.sha, frozenset(file.rfilename for file in (found.siblings or ())[:_MOST_FILES]))


def _kept(path: Path) -> Listing | None:
    with suppress(OSError, ValueError, TypeError):
        commit, files = json.loads(path.read_bytes())
        if is_revision(commit) and all(isinstance(name, str) for name in files):
            return Listing(
                commit, frozenset(files), (f"hub not asked or not reached; files are of the known commit {commit}",)
            )
    return None


def write(path: Path, data: bytes) -> None:
    """Write the file in one step, so that another process never sees half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)


def download(reference: Reference, name: str, revision: str | None, largest: int = LARGEST) -> Path:
    """Download a file of at most `largest` bytes; asks for its size first, once and without retrying."""
    metadata = get_hf_file_metadata(hf_hub_url(reference.target, name, revision=revision))
    if metadata.commit_hash is None:
        remedy = "check HF_ENDPOINT"
        raise SourceError(printable(reference.text), "the endpoint does not answer as a hub does", remedy)
    if metadata.size is not None and metadata.size > largest:
        cause = f"its {name} is larger than {largest // 2**20} MiB, which none is"
        raise SourceError(printable(reference.text), cause, "name a local config.json")
    return Path(hf_hub_download(reference.target, name, revision=revision))


def read_json(reference: Reference, name: str, folder: Path) -> dict[str, object]:
    """Return the JSON object in a file of the commit in `folder`, from the cache or the hub.

    Raises:
        SourceError: it is no such object, or too large.
        Exception: one of `archdiff.sources.hub_errors.FAILURES`, where the hub does not answer.
    """
    if not (folder / name).exists():
        download(reference, name, folder.name)
    return read_object(folder / name, reference.text)


def from_cache(reference: Reference, name: str) -> Path | None:
    """Return a file that the cache has of the revision, asking nobody."""
    try:
        path = hf_hub_download(reference.target, name, revision=reference.revision, local_files_only=True)
    except LocalEntryNotFoundError:
        return None
    return Path(path)


def fetch_card(reference: Reference, revision: str) -> None:
    """Bring the model card next to the config in the cache, if there is one and it can be had."""
    with suppress(*FAILURES, ArchdiffError):
        if try_to_load_from_cache(reference.target, card.NAME, revision=revision) is None:
            download(reference, card.NAME, revision)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep huggingface_hub's log and progress bars off the terminal; errors and notes say what matters."""
    logger = logging.getLogger("huggingface_hub")
    level, shows_bars = logger.level, not are_progress_bars_disabled()
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"):
            if shows_bars:
                disable_progress_bars()
            yield
    finally:
        logger.setLevel(level)
        if shows_bars:
            enable_progress_bars()
