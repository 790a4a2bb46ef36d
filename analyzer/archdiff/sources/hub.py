"""A model on the hub, or in the hub's cache on this machine.

Goes through huggingface_hub, so HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN, HF_HOME and its other variables apply.
Reads config.json, hf_quant_config.json, the model card, the index and the headers of the weights, nothing else.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from huggingface_hub import constants, errors, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import LocalEntryNotFoundError
from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

from archdiff.errors import ArchdiffError, SourceError
from archdiff.sources import card
from archdiff.sources.checkpoint import INDEX, LARGEST_INDEX, SINGLE, modules_named, read_index
from archdiff.sources.hub_errors import FAILURES, is_unreachable, translate
from archdiff.sources.hub_headers import MOST, Remote
from archdiff.sources.json_text import LARGEST, read_object
from archdiff.sources.quantized import BESIDE, declaration, meaning, with_declaration
from archdiff.sources.source import Origin, Source, bare, make
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.reference import Reference
    from archdiff.sources.headers import Shipped

__all__ = ["load"]

_CONFIG = "config.json"


def load(reference: Reference) -> Source:
    """Fetch the config of a hub id, or take it from the cache when the hub cannot be reached.

    A model without a config is described by the headers of its weights.

    Raises:
        UnresolvedReferenceError: no such model or revision, gated, or neither the hub nor the cache has it.
        SourceError: the model has neither config.json nor weights, or one of them cannot be read.
        ConfigError: the config's values are out of bounds.
    """
    with _quiet():
        try:
            file, notes = _fetch_config(reference)
        except SourceError as error:
            if isinstance(error.__cause__, errors.EntryNotFoundError) and (folder := _commit_folder(reference)):
                return _bare(reference, folder, error)
            raise
        config = read_object(file, reference.text)
        _fetch_card(reference, file.parent.name)
        declared = card.read_beside(file, config)
        shipped, unread = _shipped(reference, file.parent, online=not notes)
        config = _with_declaration(config, reference, file.parent, shipped)
    name = reference.target
    notes = (*notes, *declared.notes, *unread)
    origin = Origin(name, file.parent.name, declared.licence, None, declared.lineage, notes, shipped)
    return make(reference.text, "hub", name, config, origin)


def _commit_folder(reference: Reference) -> Path | None:
    """Where the cache keeps the commit of a model that has weights and no config; None where it has no weights."""
    for name in (INDEX, SINGLE):
        with suppress(*FAILURES):
            commit = get_hf_file_metadata(hf_hub_url(reference.target, name, revision=reference.revision)).commit_hash
            if commit is not None:
                folder = f"models--{reference.target.replace('/', '--')}"
                return Path(constants.HF_HUB_CACHE) / folder / "snapshots" / commit
    return None


def _bare(reference: Reference, folder: Path, missing: SourceError) -> Source:
    """The source of the weights of the commit in `folder`; raises `missing` where they cannot be read."""
    shipped, unread = _shipped(reference, folder, online=True)
    if shipped is None:
        raise SourceError(missing.subject, "; ".join((missing.cause, *unread)), missing.remedy)
    modules_named(shipped, reference.text)
    _fetch_card(reference, folder.name)
    declared = card.read_beside(folder / _CONFIG, {})
    origin = Origin(reference.target, folder.name, declared.licence, None, declared.lineage, declared.notes, shipped)
    return bare(reference.text, reference.target, origin)


def _fetch_config(reference: Reference) -> tuple[Path, tuple[str, ...]]:
    """Return the cached file, snapshots/<commit>/config.json, and a note if the hub did not confirm it."""
    try:
        return _download(reference, _CONFIG, reference.revision), ()
    except FAILURES as error:
        cached = _from_cache(reference) if is_unreachable(error) else None
        if cached is None:
            raise translate(error, reference) from error
        return cached, (f"hub not asked or not reached; config is the cached commit {cached.parent.name}",)


def _shipped(reference: Reference, folder: Path, *, online: bool) -> tuple[tuple[Shipped, ...] | None, tuple[str, ...]]:
    """Return what the commit in `folder` ships, and a note where it ships something that was not read."""
    remote = Remote(reference, folder, online=online)
    try:
        if online and not remote.is_kept(SINGLE) and not (folder / INDEX).exists():
            with suppress(errors.EntryNotFoundError):
                _download(reference, INDEX, folder.name, LARGEST_INDEX)
        if not (folder / INDEX).exists():
            return remote.single(), ()
        listed = read_index(folder / INDEX, reference.text)
        if (number := len(set(listed.values()))) > MOST:
            return None, (f"shipped tensors were not read: they stand in {number:,} files",)
        return remote.shards(listed), ()
    except FAILURES as error:
        return None, (f"shipped tensors were not read: {translate(error, reference).cause}",)


def _with_declaration(
    config: dict[str, object], reference: Reference, folder: Path, shipped: tuple[Shipped, ...] | None
) -> dict[str, object]:
    """The config, with how its weights are stored where that stands in a file of its own: asked for if they tell."""
    if declaration(config) or not meaning(shipped or (), {}).packed:
        return config
    with suppress(*FAILURES):
        if not (folder / BESIDE).exists():
            _download(reference, BESIDE, folder.name)
        return with_declaration(config, read_object(folder / BESIDE, reference.text))
    return config


def _download(reference: Reference, name: str, revision: str | None, largest: int = LARGEST) -> Path:
    """Download a file of at most `largest` bytes; asks for its size first, once and without retrying."""
    metadata = get_hf_file_metadata(hf_hub_url(reference.target, name, revision=revision))
    if metadata.commit_hash is None:
        remedy = "check HF_ENDPOINT"
        raise SourceError(printable(reference.text), "the endpoint does not answer as a hub does", remedy)
    if metadata.size is not None and metadata.size > largest:
        cause = f"its {name} is larger than {largest // 2**20} MiB, which none is"
        raise SourceError(printable(reference.text), cause, "name a local config.json")
    return Path(hf_hub_download(reference.target, name, revision=revision))


def _from_cache(reference: Reference) -> Path | None:
    try:
        path = hf_hub_download(reference.target, _CONFIG, revision=reference.revision, local_files_only=True)
    except LocalEntryNotFoundError:
        return None
    return Path(path)


def _fetch_card(reference: Reference, revision: str) -> None:
    """Bring the model card next to the config in the cache, if there is one and it can be had."""
    with suppress(*FAILURES, ArchdiffError):
        if try_to_load_from_cache(reference.target, card.NAME, revision=revision) is None:
            _download(reference, card.NAME, revision)


@contextmanager
def _quiet() -> Iterator[None]:
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
