"""What a model on the hub is that has no config.json: weights alone, a LoRA adapter, or GGUF files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.sources import adapter, card, gguf_config
from archdiff.sources.checkpoint import ADAPTER, INDEX, LARGEST_INDEX, SINGLE, modules_named, read_index
from archdiff.sources.hub_errors import FAILURES, translate
from archdiff.sources.hub_files import Listing, download, fetch_card, listing, read_json
from archdiff.sources.hub_headers import MOST, Remote
from archdiff.sources.source import Origin, Source, bare
from archdiff.text import is_file, printable

if TYPE_CHECKING:
    from archdiff.reference import Reference
    from archdiff.sources.headers import Shipped

__all__ = ["gguf_file", "without_config"]

_CONFIG = "config.json"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_NAMED = 4


def without_config(reference: Reference, missing: SourceError, base: adapter.Resolver | None) -> Source:
    """Return the source of a model without a config.

    Args:
        reference: a hub id.
        missing: what is raised where the model holds nothing that is read.
        base: finds the base model of an adapter; None where this is one already.

    Raises:
        ArchdiffError: it holds nothing that is read, several GGUF files, or what breaks its format.
    """
    held = listing(reference)
    try:
        if adapter.CONFIG in held.files:
            return _adapter(reference, held, base)
        if (file := _weights(held)) is not None:
            return _bare(reference, held, file)
        files = gguf_config.choices(name for name in held.files if is_file(name))
        if len(files) == 1:
            return _gguf(reference, held, files[0])
    except FAILURES as error:
        raise translate(error, reference) from error
    if files:
        raise _several(reference, [names[0] for names in files])
    raise _nothing(held, missing)


def gguf_file(reference: Reference) -> Source:
    """Return the source of the GGUF file that the reference names.

    Raises:
        ArchdiffError: the model does not hold it, or it cannot be read as a model.
    """
    held = listing(reference)
    files = gguf_config.choices(name for name in held.files if is_file(name))
    chosen = next((names for names in files if reference.file in names), None)
    if chosen is None:
        cause = f"the model holds no file {printable(str(reference.file), 120)}"
        raise SourceError(printable(reference.text), cause, "check the spelling on the hub")
    try:
        return _gguf(reference, held, chosen)
    except FAILURES as error:
        raise translate(error, reference) from error


def _weights(held: Listing) -> str | None:
    """The index or the one file of its weights; None where it has none, or several without an index."""
    if INDEX in held.files or SINGLE in held.files:
        return INDEX if INDEX in held.files else SINGLE
    files = [name for name in held.files if name.endswith(".safetensors") and "/" not in name]
    return files[0] if len(files) == 1 else None


def _bare(reference: Reference, held: Listing, file: str) -> Source:
    folder = held.folder(reference)
    remote = Remote(reference, folder, online=not held.notes)
    shipped: tuple[Shipped, ...] | None
    if file == INDEX:
        if not (folder / INDEX).exists():
            download(reference, INDEX, held.commit, LARGEST_INDEX)
        listed = read_index(folder / INDEX, reference.text)
        shipped = remote.shards(listed) if len(set(listed.values())) <= MOST else None
    else:
        shipped = remote.single(file)
    if shipped is None:
        cause = f"the headers of its weights are not at hand, or stand in more than {MOST} files"
        raise SourceError(printable(reference.text), cause, "name a directory with the model")
    modules_named(shipped, reference.text)
    return bare(reference.text, reference.target, _origin(reference, held, shipped))


def _origin(reference: Reference, held: Listing, shipped: tuple[Shipped, ...] | None = None) -> Origin:
    fetch_card(reference, held.commit)
    declared = card.read_beside(held.folder(reference) / _CONFIG, {})
    notes = (*held.notes, *declared.notes)
    return Origin(reference.target, held.commit, declared.licence, None, declared.lineage, notes, shipped)


def _adapter(reference: Reference, held: Listing, base: adapter.Resolver | None) -> Source:
    if base is None:
        raise SourceError(printable(reference.text), "is an adapter itself", "name a model in base_model_name_or_path")
    config = read_json(reference, adapter.CONFIG, held.folder(reference))
    remote = Remote(reference, held.folder(reference), online=not held.notes)
    shipped = remote.single(ADAPTER) if ADAPTER in held.files else None
    return adapter.source(config, shipped, reference, reference.target, base, _origin(reference, held))


def _gguf(reference: Reference, held: Listing, files: tuple[str, ...]) -> Source:
    remote = Remote(reference, held.folder(reference), online=not held.notes)
    parts = [remote.gguf(name) for name in files]
    name = reference.target if reference.file is None else f"{reference.target}:{reference.file}"
    return gguf_config.source(parts, reference, name, _origin(reference, held))


def _several(reference: Reference, names: list[str]) -> SourceError:
    shown = ", ".join(printable(name, 80) for name in sorted(names)[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    cause = f"the model has no config.json and {len(names):,} GGUF files: {shown}{more}"
    named = reference.text.partition(":")[0]
    return SourceError(printable(reference.text), cause, f"name one of them, as {named}:{printable(min(names), 80)}")


def _nothing(held: Listing, missing: SourceError) -> SourceError:
    pickles = sorted(name for name in held.files if name.endswith(_PICKLES))
    if not pickles:
        return missing
    cause = f"{missing.cause}, and its weights are pickles, which are never read ({printable(pickles[0], 80)})"
    return SourceError(missing.subject, cause, missing.remedy)
