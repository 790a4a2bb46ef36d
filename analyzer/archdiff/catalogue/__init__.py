"""Published models whose hyperparameters ship with archdiff, one TOML file each."""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib import resources

from archdiff.catalogue.entry import Entry, Lineage, Parameters, Relation, is_relation, parse_entry
from archdiff.errors import UnresolvedReferenceError
from archdiff.text import printable

__all__ = [
    "Entry",
    "Lineage",
    "Parameters",
    "Relation",
    "entries",
    "find",
    "find_hub_id",
    "is_relation",
    "load",
    "names",
    "nearest",
    "parse_entry",
]

_SUFFIX = ".toml"
_HUB_ID = re.compile(r'^hub_id = "([^"]+)"', re.MULTILINE)


@cache
def names() -> tuple[str, ...]:
    """Return every name in the catalogue, sorted. Reads no entry."""
    files = (item.name for item in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


def find(text: str) -> str | None:
    """Return the catalogue's spelling of `text`, whatever its case, or None when it has no such name."""
    return next((name for name in names() if name.lower() == text.lower()), None)


def find_hub_id(hub_id: str) -> str | None:
    """Return the name of the entry with a hub id, whatever its case, or None; reads no entry but for that line."""
    return _hub_ids().get(hub_id.lower())


def nearest(text: str) -> tuple[str, ...]:
    """Return up to three names that `text` may have been meant for, the best first."""
    by_lower = {name.lower(): name for name in names()}
    return tuple(by_lower[name] for name in difflib.get_close_matches(text.lower()[:100], by_lower, n=3, cutoff=0.6))


def load(name: str) -> Entry:
    """Return the entry called `name`, whatever its case.

    Raises:
        UnresolvedReferenceError: the catalogue has no such name.
        SourceError: the entry's file breaks the format.
    """
    if (found := find(name)) is None:
        raise UnresolvedReferenceError(printable(name), "not in the catalogue", "run: archdiff catalogue")
    return _read(found)


def entries() -> tuple[Entry, ...]:
    """Return every entry, in the order of `names()`.

    Raises:
        SourceError: an entry's file breaks the format.
    """
    return tuple(_read(name) for name in names())


@cache
def _read(name: str) -> Entry:
    return parse_entry(name, _text(name))


@cache
def _hub_ids() -> dict[str, str]:
    texts = ((name, _text(name)) for name in names())
    return {match[1].lower(): name for name, text in texts if (match := _HUB_ID.search(text))}


def _text(name: str) -> str:
    return resources.files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")
