"""A model on disk: a config file, a directory with one or with weights, one file of weights, or a snapshot."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.sources import card, checkpoint, gguf_config, headers, snapshot
from archdiff.sources.json_text import read_object
from archdiff.sources.quantized import BESIDE, with_declaration
from archdiff.sources.source import Origin, Source, bare, make
from archdiff.text import is_hub_id, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.reference import Reference
    from archdiff.sources.snapshot import Snapshot

__all__ = ["load"]

_CONFIG = "config.json"
_WEIGHTS = ".safetensors"
_GGUF = ".gguf"
_CACHED = re.compile(r".*/models--([^/]+)--([^/]+)/snapshots/([0-9a-f]{40})", re.DOTALL)
_CONVERT = "convert the weights to safetensors, or name the model's config.json"
_PICKLES = ("pytorch_model*.bin", "consolidated*.pth", "*.pt", "*.pth", "*.ckpt")
_INSTEAD = (
    ("params.json", "weights in a format without a config.json"),
    ("*.gguf", "several GGUF files and no config.json"),
    *((pattern, "weights in pickles, which are not read") for pattern in ("*.bin", *_PICKLES)),
)


def load(reference: Reference) -> Source | Snapshot:
    """Read the config, the weights' headers, the GGUF metadata or the snapshot that a path reference names.

    A directory's model card (README.md) and the headers of its safetensors files are read too, where there are
    any; without a config the headers alone describe it, as they do for a reference to one safetensors file. A
    snapshot directory of the hub's cache is recognised and keeps its hub id and commit.

    Raises:
        SourceError: the directory holds no model, or a file cannot be read as what it claims to be.
        ConfigError: the config's values are out of bounds.
        SnapshotError: the snapshot is damaged.
    """
    path = Path(reference.target)
    if path.is_dir():
        return _directory(path, reference)
    if snapshot.is_snapshot(path):
        return snapshot.load(path, reference)
    if path.suffix == _GGUF and path.is_file():
        return gguf_config.load(_parts(path), reference)
    if path.suffix == _WEIGHTS and path.is_file():
        shipped = headers.read_file(path, reference.text)
        return _bare(path, reference, Origin(shipped=tuple(sorted(shipped, key=lambda tensor: tensor.name))))
    if kind := _pickled(path):
        raise SourceError(printable(reference.text), f"{kind}, which is never read", _CONVERT)
    hub_id, revision = _cached(path.parent)
    config = read_object(path, reference.text)
    return make(reference.text, "file", hub_id or printable(_name(path)), config, Origin(hub_id, revision))


def _directory(path: Path, reference: Reference) -> Source:
    file = path / _CONFIG
    if not file.exists():
        shipped = checkpoint.read_directory(path, reference.text, any_name=True)
        if shipped is None and len(models := _models(path)) == 1:
            return gguf_config.load(models[0], reference)
        if shipped is None:
            raise _missing(path, reference.text)
        declared = card.read_beside(file, {})
    else:
        config = _config(file, reference.text)
        declared = card.read_beside(file, config)
        shipped = checkpoint.read_directory(path, reference.text, any_name=False)
    hub_id, revision = _cached(path)
    notes = (*declared.notes, *(_unread(path) if shipped is None else ()))
    origin = Origin(hub_id, revision, declared.licence, None, declared.lineage, notes, shipped)
    if not file.exists():
        return _bare(file, reference, origin)
    return make(reference.text, "directory", hub_id or printable(_name(file)), config, origin)


def _pickled(path: Path) -> str:
    """What kind of pickle the file begins as; empty for any other file. No more than its first bytes are read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return ""
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return ""
    if head == b"PK\x03\x04":
        return "an archive of pickles"
    return "a pickle" if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") else ""


def _models(directory: Path) -> list[list[Path]]:
    """The models among the GGUF files of a directory, each as its parts."""
    found = gguf_config.choices(path.name for path in directory.glob(f"*{_GGUF}"))
    return [[directory / name for name in names] for names in found]


def _parts(path: Path) -> list[Path]:
    """The parts of a GGUF file, of which `path` is one."""
    return next((parts for parts in _models(path.parent) if path in parts), [path])


def _config(file: Path, subject: str) -> dict[str, object]:
    """The config, with what stands of its weights' storage in a file beside it."""
    config, beside = read_object(file, subject), file.with_name(BESIDE)
    return with_declaration(config, read_object(beside, subject)) if beside.exists() else config


def _bare(path: Path, reference: Reference, origin: Origin) -> Source:
    """The source of weights without a config, in the file at `path` or beside the one that is missing."""
    checkpoint.modules_named(origin.shipped or (), reference.text)
    return bare(reference.text, origin.hub_id or printable(_name(path)), origin)


def _unread(directory: Path) -> Iterator[str]:
    """A note on weights that are not read."""
    found = sorted(path.name for pattern in _PICKLES for path in directory.glob(pattern))
    if found:
        yield f"shipped tensors were not read: {printable(found[0], 80)} is a pickle, which only a weight check opens"


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
