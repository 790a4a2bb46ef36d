"""Where a model that is declared as a base can be found: catalogue, directories beside, the hub's cache, the hub."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal, TypeAlias

from archdiff.errors import ArchdiffError, SourceError, UnresolvedReferenceError
from archdiff.evidence.lineage import local
from archdiff.evidence.lineage.known import Declared, Known, of_entry
from archdiff.evidence.lineage.relations import entry_of
from archdiff.reference import Reference
from archdiff.sources import card
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Reach", "beside", "find", "of_hub"]

Reach: TypeAlias = Literal["near", "cache", "hub"]
"""How far to look: the catalogue and directories beside the model; the hub's cache too; the hub itself too."""

_NEAR = "not in the catalogue nor beside the model, and the hub was not asked"


def find(hub_id: str, home: Path | None, reach: Reach) -> Known | str:
    """What is known of the model that a hub id names, or why nothing is.

    Args:
        hub_id: as it is declared.
        home: the directory of the model that is followed; None where it has none.
        reach: how far to look.
    """
    if not is_hub_id(hub_id):
        return "is no hub id: a path of another machine, or a name alone"
    if (entry := entry_of(hub_id)) is not None:
        return of_entry(entry)
    try:
        for folder in beside(hub_id, home) if home is not None else ():
            return local.of_directory(folder, hub_id, hub_id=hub_id, found="directory beside the model")
        return of_hub(Reference(hub_id, "hub", hub_id), ask=reach == "hub") if reach != "near" else _NEAR
    except ArchdiffError as error:
        return error.cause


def beside(hub_id: str, home: Path) -> Iterator[Path]:
    """Directories near the one of a model that are named as the hub id is: siblings, or of the same hub cache."""
    owner, _, name = hub_id.partition("/")
    own = home.absolute().resolve(strict=False)
    near = own.parent
    for folder in (near / name, near / owner / name, near / f"{owner}__{name}", near.parent / owner / name):
        if folder != own and ((folder / local.CONFIG).is_file() or (folder / local.ADAPTER).is_file()):
            yield folder
    if own.parent.name == "snapshots":
        kept = own.parent.parent.parent / f"models--{owner}--{name}"
        yield from (folder for folder in _snapshots(kept) if (folder / local.CONFIG).is_file())


def _snapshots(kept: Path) -> list[Path]:
    """The commits of a model in the hub's cache, that of `main` first."""
    with suppress(OSError, UnicodeDecodeError):
        commit = (kept / "refs" / "main").read_text(encoding="utf-8").strip()[:64]
        if commit.isalnum() and (kept / "snapshots" / commit).is_dir():
            return [kept / "snapshots" / commit]
    with suppress(OSError):
        return sorted(folder for folder in (kept / "snapshots").iterdir() if folder.is_dir())
    return []


def of_hub(reference: Reference, *, ask: bool) -> Known:
    """What card, config and adapter config of a model on the hub declare.

    Args:
        reference: a hub id.
        ask: whether to ask the hub, where it is not told to stay offline; else its cache alone is read.

    Raises:
        UnresolvedReferenceError: neither the hub nor the cache has the model.
        SourceError: one of its files cannot be read.
    """
    try:
        from archdiff.sources import hub_files  # its import takes most of a start-up's time
    except ValueError as error:
        cause = f"huggingface_hub does not accept its settings ({printable(str(error), 80)})"
        raise UnresolvedReferenceError(printable(reference.text), cause, "correct the HF_ variables") from error

    with hub_files.quiet():
        folder, found = _fetched(reference, ask=ask)
        if ask:
            hub_files.fetch_card(reference, folder.name)
    named = any((folder / name).exists() for name in (local.CONFIG, local.ADAPTER))
    if not named and not any(folder.glob("*.gguf")):
        return _card_alone(reference, folder, found)
    return local.of_directory(folder, reference.text, hub_id=reference.target, found=found)


def _card_alone(reference: Reference, folder: Path, found: str) -> Known:
    """Of a model whose files are all weights, the card alone is read."""
    told = card.read_beside(folder / local.CONFIG, {})
    declared = tuple(Declared(item.base, item.relation, "model card") for item in told.lineage)
    licences = (("model card", told.licence),) if told.licence else ()
    return Known(reference.target, found, reference.target, declared, licences)


def _fetched(reference: Reference, *, ask: bool) -> tuple[Path, str]:
    """The folder of the cache that holds what was asked for, and whether the hub brought it."""
    from huggingface_hub.errors import EntryNotFoundError

    from archdiff.sources.hub_errors import FAILURES, is_unreachable, translate
    from archdiff.sources.hub_files import download, from_cache

    failure: BaseException | None = None
    for name in (local.CONFIG, local.ADAPTER, card.NAME):
        try:
            if ask:
                return download(reference, name, reference.revision).parent, "hub"
        except FAILURES as error:
            # A gated model shows its card all the same; one that is missing is missing under every name.
            ask = not is_unreachable(error)
            failure = failure or error
        if (cached := from_cache(reference, name)) is not None:
            return cached.parent, "hub cache"
    if failure is not None and not isinstance(failure, EntryNotFoundError):
        raise translate(failure, reference) from failure
    if failure is not None:
        raise SourceError(printable(reference.text), "holds neither config nor model card", "name its base itself")
    raise UnresolvedReferenceError(printable(reference.text), "not in the hub's cache", "run: archdiff lineage, online")
