"""A model on disk: a config file, a directory that holds one, or a snapshot."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.sources import card, checkpoint, snapshot
from archdiff.sources.json_text import read_object
from archdiff.sources.source import Origin, Source, make
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from archdiff.reference import Reference
    from archdiff.sources.snapshot import Snapshot

__all__ = ["load"]

_CONFIG = "config.json"
_CACHED = re.compile(r".*/models--([^/]+)--([^/]+)/snapshots/([0-9a-f]{40})", re.DOTALL)
_INSTEAD = (
    ("adapter_config.json", "a LoRA adapter without its base model's config"),
    ("params.json", "weights in a format without a config.json"),
    ("*.gguf", "a GGUF file without a config.json"),
    ("*.safetensors", "weights without a config.json"),
)


def load(reference: Reference) -> Source | Snapshot:
    """Read the config, or the snapshot, that a path reference names.

    A directory's model card (README.md) and the headers of its safetensors files are read too, where there are
    any. A snapshot directory of the hub's cache is recognised and keeps its hub id and commit.

    Raises:
        SourceError: the directory holds no config, or the file cannot be read as one.
        ConfigError: the config's values are out of bounds.
        SnapshotError: the snapshot is damaged.
    """
    path = Path(reference.target)
    if snapshot.is_snapshot(path):
        return snapshot.load(path, reference)
    is_directory = path.is_dir()
    file = path / _CONFIG if is_directory else path
    if is_directory and not file.exists():
        raise _missing(path, reference.text)
    config = read_object(file, reference.text)
    declared = card.read_beside(file, config) if is_directory else card.NOTHING
    hub_id, revision = _cached(file.parent)
    name = hub_id or printable(_name(file))
    shipped = checkpoint.read_directory(path, reference.text) if is_directory else None
    origin = Origin(hub_id, revision, declared.licence, None, declared.lineage, declared.notes, shipped)
    return make(reference.text, "directory" if is_directory else "file", name, config, origin)


def _name(file: Path) -> str:
    """Return the file's name, or its directory's when the file is called as all others are."""
    return file.absolute().resolve(strict=False).parent.name or _CONFIG if file.name == _CONFIG else file.name


def _cached(directory: Path) -> tuple[str | None, str | None]:
    if match := _CACHED.fullmatch(directory.absolute().as_posix()):
        owner, name, revision = match.groups()
        if is_hub_id(f"{owner}/{name}"):
            return f"{owner}/{name}", revision
    return None, None


def _missing(directory: Path, text: str) -> SourceError:
    try:
        held = next((what for pattern, what in _INSTEAD if any(directory.glob(pattern))), None)
    except OSError:
        held = None
    cause = f"the directory holds {held}" if held else "the directory holds no config.json"
    return SourceError(printable(text), cause, "name a directory with the model's config.json, or the file itself")
