"""A model of the catalogue that ships with archdiff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff import catalogue
from archdiff.sources.source import Origin, Source, make

if TYPE_CHECKING:
    from archdiff.reference import Reference

__all__ = ["load"]


def load(reference: Reference) -> Source:
    """Return the source of a catalogue reference.

    Raises:
        SourceError: the entry's file breaks the format.
        ConfigError: the entry's config is out of bounds.
    """
    entry = catalogue.load(reference.target)
    origin = Origin(
        hub_id=entry.hub_id,
        licence=entry.licence,
        released=entry.released,
        lineage=entry.lineage,
        notes=entry.notes,
    )
    return make(reference.text, "catalogue", entry.name, entry.config, origin)
