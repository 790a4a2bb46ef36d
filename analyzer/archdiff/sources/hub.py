"""A model on the hub, or in the hub's cache on this machine.

Goes through huggingface_hub, so HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN, HF_HOME and its other variables apply.
Reads config.json, hf_quant_config.json, the model card, the index and the headers of the weights, nothing else.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from huggingface_hub import errors

from archdiff.errors import SourceError, UnresolvedReferenceError
from archdiff.sources import card
from archdiff.sources.checkpoint import INDEX, LARGEST_INDEX, SINGLE, read_index
from archdiff.sources.hub_errors import FAILURES, is_unreachable, translate
from archdiff.sources.hub_files import download, fetch_card, from_cache, quiet, read_json
from archdiff.sources.hub_headers import MOST, Remote
from archdiff.sources.hub_kinds import gguf_file, without_config
from archdiff.sources.json_text import read_object
from archdiff.sources.quantized import BESIDE, declaration, meaning, with_declaration
from archdiff.sources.source import Origin, Source, make

if TYPE_CHECKING:
    from pathlib import Path

    from archdiff.reference import Reference
    from archdiff.sources.adapter import Resolver
    from archdiff.sources.headers import Shipped

__all__ = ["load"]

_CONFIG = "config.json"


def load(reference: Reference, base: Resolver | None) -> Source:
    """Fetch the config of a hub id, or take it from the cache when the hub cannot be reached.

    A model without a config is described by the headers of its weights, by its one GGUF file, or as an adapter.

    Args:
        reference: a hub id.
        base: finds the base model of an adapter; None where no adapter may stand.

    Raises:
        UnresolvedReferenceError: no such model or revision, gated, or neither the hub nor the cache has it.
        SourceError: the model has neither config.json nor weights, or one of them cannot be read.
        ConfigError: the config's values are out of bounds.
    """
    with quiet():
        if reference.file is not None:
            return gguf_file(reference)
        try:
            file, notes = _fetch_config(reference)
        except (SourceError, UnresolvedReferenceError) as error:
            return _otherwise(reference, error, base)
        config = read_object(file, reference.text)
        fetch_card(reference, file.parent.name)
        declared = card.read_beside(file, config)
        shipped, unread = _shipped(reference, file.parent, online=not notes)
        config = _with_declaration(config, reference, file.parent, shipped)
    name = reference.target
    notes = (*notes, *declared.notes, *unread)
    origin = Origin(name, file.parent.name, declared.licence, None, declared.lineage, notes, shipped)
    return make(reference.text, "hub", name, config, origin)


def _otherwise(reference: Reference, missing: SourceError | UnresolvedReferenceError, base: Resolver | None) -> Source:
    """The source of a model without a config; raises `missing` where that is not why there is none."""
    cause = missing.__cause__
    if isinstance(cause, errors.EntryNotFoundError) and isinstance(missing, SourceError):
        return without_config(reference, missing, base)
    if cause is None or not is_unreachable(cause):
        raise missing
    try:
        return without_config(reference, SourceError(missing.subject, missing.cause, missing.remedy), base)
    except UnresolvedReferenceError:
        raise missing from cause


def _fetch_config(reference: Reference) -> tuple[Path, tuple[str, ...]]:
    """Return the cached file, snapshots/<commit>/config.json, and a note if the hub did not confirm it."""
    try:
        return download(reference, _CONFIG, reference.revision), ()
    except FAILURES as error:
        cached = from_cache(reference, _CONFIG) if is_unreachable(error) else None
        if cached is None:
            raise translate(error, reference) from error
        return cached, (f"hub not asked or not reached; config is the cached commit {cached.parent.name}",)


def _shipped(reference: Reference, folder: Path, *, online: bool) -> tuple[tuple[Shipped, ...] | None, tuple[str, ...]]:
    """Return what the commit in `folder` ships, and a note where it ships something that was not read."""
    remote = Remote(reference, folder, online=online)
    try:
        if online and not remote.is_kept(SINGLE) and not (folder / INDEX).exists():
            with suppress(errors.EntryNotFoundError):
                download(reference, INDEX, folder.name, LARGEST_INDEX)
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
        return with_declaration(config, read_json(reference, BESIDE, folder))
    return config
