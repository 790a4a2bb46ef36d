"""Which files the weights of a source stand in, and how they are opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archdiff import reference as references
from archdiff.errors import SourceError
from archdiff.sources.checkpoint import Files, find
from archdiff.text import printable
from archdiff.weights.reading.ggml import open_ggml
from archdiff.weights.reading.pickles import find_pickles, has_usual_pickles, open_pickles
from archdiff.weights.reading.safetensors import open_files

if TYPE_CHECKING:
    from archdiff.sources import Snapshot, Source
    from archdiff.weights.tensors import Checkpoint

__all__ = ["checkpoint_size", "open_checkpoint"]

_CONFIG = "config.json"
_REMEDY = "name a directory with the weights, or the model's hub id"


def open_checkpoint(source: Source | Snapshot) -> Checkpoint:
    """Open the weights of a source for reading; reads their headers, and nothing of their values.

    Raises:
        SourceError: the source has no weights at hand, or they cannot be read as what they claim to be.
        UnresolvedReferenceError: the hub does not serve them.
    """
    if source.kind == "snapshot":
        raise _fault(source.reference, "is a saved graph, which has no weights", _REMEDY)
    if source.kind == "revision":
        raise _fault(source.reference, "is a git revision, of which the config alone is read", _REMEDY)
    if source.kind == "adapter":
        cause = "is an adapter, whose factors are no weights of a model"
        raise _fault(source.reference, cause, "merge it into its base model and name the result")
    opened = _local(source) if _is_local(source) else _remote(source)
    try:
        _check(opened, source)
    except SourceError:
        opened.close()
        raise
    return opened


def checkpoint_size(source: Source | Snapshot) -> int:
    """Bytes of all tensors of a source; raises as `open_checkpoint`."""
    opened = open_checkpoint(source)
    try:
        return sum(tensor.size for tensor in opened.stored.values())
    finally:
        opened.close()


def _is_local(source: Source) -> bool:
    """Whether the source was a path when it was resolved: a file of weights on the hub has the same kind."""
    if source.kind in ("file", "directory") or source.hub_id is None:
        return source.kind != "catalogue"
    return source.kind not in ("hub", "catalogue") and references.parse(source.reference).kind == "path"


def _local(source: Source) -> Checkpoint:
    path, subject = Path(source.reference).expanduser(), source.reference
    if source.kind == "gguf":
        return open_ggml(path, subject)
    if source.kind == "weights" and path.is_file():
        return open_files(path.parent, Files((path.name,)), subject)
    if source.kind == "file":
        if path.name != _CONFIG:
            raise _fault(subject, f"no weights belong to a config that is not called {_CONFIG}", _REMEDY)
        path = path.parent
    return _directory(path, subject)


def _directory(path: Path, subject: str) -> Checkpoint:
    """What transformers would load of a directory, else the only weights that are there."""
    if found := find(path, subject, any_name=not has_usual_pickles(path)):
        return open_files(path, found, subject)
    if pickled := find_pickles(path, subject):
        return open_pickles(path, pickled, subject)
    raise _fault(subject, f"no weights are in {printable(path.absolute().name, 80)}", _REMEDY)


def _remote(source: Source) -> Checkpoint:
    if source.hub_id is None:
        raise _fault(source.reference, "the catalogue states no hub id, so its weights are nowhere", _REMEDY)
    from archdiff.weights.reading.hub import open_hub  # its import takes most of a start-up's time

    file = references.parse(source.reference).file if source.kind == "gguf" else None
    named = references.Reference(source.reference, "hub", source.hub_id, source.revision, file)
    return open_hub(named, as_gguf=source.kind == "gguf")


def _check(opened: Checkpoint, source: Source) -> None:
    """The checkpoint is the one whose headers were read when the source was resolved."""
    if source.shipped is None or source.kind == "gguf":
        return
    found = [(tensor.name, tensor.shape, tensor.dtype) for tensor in opened.stored.values()]
    if found != [(tensor.name, tensor.shape, tensor.dtype) for tensor in source.shipped]:
        raise _fault(source.reference, "its weights are others than when its headers were read", "run again")


def _fault(subject: str, cause: str, remedy: str) -> SourceError:
    return SourceError(printable(subject), cause, remedy)
