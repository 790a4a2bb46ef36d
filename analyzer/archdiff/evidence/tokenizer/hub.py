"""The files of a tokenizer on the hub, or in the hub's cache on this machine; nothing else of the model is fetched."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from archdiff.errors import UnresolvedReferenceError
from archdiff.evidence.tokenizer.reading.beside import NAMES
from archdiff.evidence.tokenizer.reading.content import LARGEST
from archdiff.sources.hub_errors import FAILURES, is_unreachable, translate
from archdiff.sources.hub_files import Listing, download, from_cache, listing, quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from archdiff.reference import Reference

__all__ = ["Fetched", "fetch", "names"]

_CACHED = ("tokenizer.json", "tekken.json", "tokenizer.model")
_OFFLINE = "hub not asked or not reached; the tokenizer is that of the cached commit {}"


class Fetched(NamedTuple):
    """The file of a tokenizer, those beside it by name, and what a reader must know of them."""

    path: Path
    beside: dict[str, Path]
    notes: tuple[str, ...]


def fetch(reference: Reference, choose: Callable[[Iterable[str], str], str | None]) -> Fetched | None:
    """Fetch the file of a tokenizer and those beside it; None where the model has none.

    Args:
        reference: a hub id.
        choose: picks the file among the names of all; the second argument is what errors call the model.

    Raises:
        UnresolvedReferenceError: no such model or revision, gated, or neither the hub nor the cache has it.
        SourceError: the file is too large, or several could be it.
    """
    with quiet():
        try:
            held = listing(reference)
        except UnresolvedReferenceError as error:
            if (kept := _kept(reference, error)) is None:
                raise _said(error) from error
            return kept
        name = choose(held.files, reference.text)
        return None if name is None else _fetched(reference, held, name)


def _said(error: UnresolvedReferenceError) -> UnresolvedReferenceError:
    """The error with a remedy that fits: neither a config nor the catalogue holds a tokenizer."""
    remedy = error.remedy.partition(", or use the catalogue's ")[0].replace("config.json", "file of the tokenizer")
    return UnresolvedReferenceError(error.subject, error.cause, remedy)


def names(reference: Reference) -> tuple[str, ...]:
    """The names of all files of a model."""
    with quiet():
        return tuple(sorted(listing(reference).files))


def _fetched(reference: Reference, held: Listing, name: str) -> Fetched:
    folder = held.folder(reference)
    try:
        path = _file(reference, folder, name)
        beside = {each: _file(reference, folder, each) for each in NAMES if each in held.files}
    except FAILURES as error:
        raise translate(error, reference) from error
    return Fetched(path, beside, held.notes)


def _file(reference: Reference, folder: Path, name: str) -> Path:
    """A file of the commit, from the cache where it is there."""
    if (folder / name).exists():
        return folder / name
    return download(reference, name, folder.name, LARGEST)


def _kept(reference: Reference, error: UnresolvedReferenceError) -> Fetched | None:
    """What another program has put into the hub's cache, where the hub cannot be reached."""
    cause = error.__cause__
    if cause is None or not is_unreachable(cause):
        return None
    with suppress(*FAILURES):
        for name in _CACHED:
            if (path := from_cache(reference, name)) is not None:
                beside = {each: path.with_name(each) for each in NAMES if path.with_name(each).is_file()}
                return Fetched(path, beside, (_OFFLINE.format(path.parent.name),))
    return None
