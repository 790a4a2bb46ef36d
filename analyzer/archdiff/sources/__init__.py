"""Where models come from: a file, a git revision, the catalogue, the hub. All of it is untrusted input."""

from __future__ import annotations

from pathlib import Path

from archdiff import reference as references
from archdiff.errors import UnresolvedReferenceError
from archdiff.sources import adapter, catalogue, file
from archdiff.sources.snapshot import Snapshot
from archdiff.sources.source import Lineage, Source
from archdiff.text import printable

__all__ = ["Lineage", "Snapshot", "Source", "resolve"]


def resolve(text: str) -> Source | Snapshot:
    """Find the model that `text` names; read its config and check it, or read the graph that was saved of it.

    An adapter is the model that it adapts, with notes on what it touches.

    Builds nothing and runs no code of the model.

    Raises:
        UnresolvedReferenceError: `text` names nothing that is there.
        SourceError: what it names cannot be read as a config.
        ConfigError: the config's values are out of bounds.
        SnapshotError: the saved graph is damaged.
    """
    parsed = references.parse(text)
    if parsed.kind == "revision":
        from archdiff.sources import revision  # only where one is named: it starts programs

        return revision.load(parsed)
    if parsed.kind != "path":
        return _named(parsed, _base)
    if adapter.is_adapter(Path(parsed.target)):
        return adapter.load(Path(parsed.target), parsed, _base)
    return file.load(parsed)


def _base(parsed: references.Reference) -> Source:
    """The base model of an adapter, which is no adapter itself."""
    return _named(parsed, None)


def _named(parsed: references.Reference, base: adapter.Resolver | None) -> Source:
    return catalogue.load(parsed) if parsed.kind == "catalogue" else _from_hub(parsed, base)


def _from_hub(parsed: references.Reference, base: adapter.Resolver | None) -> Source:
    try:
        from archdiff.sources.hub import load  # its import takes most of a start-up's time
    except ValueError as error:
        cause = f"huggingface_hub does not accept its settings ({printable(str(error), 80)})"
        raise UnresolvedReferenceError(printable(parsed.text), cause, "correct the HF_ variables") from error
    return load(parsed, base)
