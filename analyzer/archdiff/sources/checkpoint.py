"""The tensors that a directory ships: one safetensors file, or the shards that an index lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archdiff.errors import SourceError
from archdiff.sources.headers import Shipped, read_file
from archdiff.sources.json_text import parse_object, read_text
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

__all__ = [
    "ADAPTER", "INDEX", "LARGEST_INDEX", "SINGLE", "Files", "agreed", "find", "is_there", "modules_named",
    "read_directory", "read_index",
]  # fmt: skip

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_model.safetensors"

LARGEST_INDEX = 64 * 2**20
"""The most bytes of an index; that of a trillion parameters in 140,000 tensors has 16 MB."""

_MOST_SHARDS = 10_000
_MOST_VALUES = 4_000_000
_MOST_PARTS = 32
_POINTER = b"version https://git-lfs"
_INDEX_REMEDY = "download the index again"


class Files(NamedTuple):
    """The safetensors files of a directory: their names, and the file of each tensor where an index lists them."""

    names: tuple[str, ...]
    listed: Mapping[str, str] | None = None


def read_directory(directory: Path, subject: str, *, any_name: bool) -> tuple[Shipped, ...] | None:
    """Return what the directory ships, sorted by name; None where none of its weights are there.

    An index without a single shard, and files that git-lfs has not fetched, are weights that are not there.

    Args:
        directory: of a checkpoint.
        subject: what to call it in an error.
        any_name: whether a safetensors file of another name than transformers loads counts as its weights.

    Raises:
        SourceError: an index or a header breaks its format, the two disagree, or some shards are missing.
    """
    found = find(directory, subject, any_name=any_name)
    if found is None:
        return None
    if found.listed is None:
        return _sorted(read_file(directory / found.names[0], subject))
    return agreed(found.listed, lambda name: read_file(directory / name, subject), subject)


def find(directory: Path, subject: str, *, any_name: bool) -> Files | None:
    """Return which files a directory's weights stand in; reads the index, and nothing of the files.

    Arguments and what is None are those of `read_directory`.

    Raises:
        SourceError: the index breaks its format, some shards are missing, or there are several files without one.
    """
    index = directory / INDEX
    if not index.exists():
        single = directory / SINGLE
        file = single if single.exists() else _only(directory, subject) if any_name else None
        return Files((file.name,)) if file is not None and is_there(file) else None
    shards = read_index(index, subject)
    names = sorted(set(shards.values()))
    missing = [name for name in names if not is_there(directory / name)]
    if missing == names:
        return None
    if missing:
        raise _fault(subject, f"lists {printable(missing[0], 80)}, which is not there", "download the missing shards")
    return Files(tuple(names), shards)


def read_index(path: Path, subject: str, ending: str = ".safetensors") -> dict[str, str]:
    """Return the file of each tensor that the index at `path` lists.

    Args:
        path: of the index.
        subject: what to call the model in an error.
        ending: of the files that it may list.

    Raises:
        SourceError: it cannot be read, or maps anything but tensor names to such files beside it.
    """
    try:
        text = read_text(path, subject, LARGEST_INDEX)
        large = sum(text.count(mark) for mark in ",[{") > _MOST_VALUES
        listed = None if large else parse_object(text, subject).get("weight_map")
    except SourceError as error:
        raise _fault(subject, f"cannot be used: {error.cause}", _INDEX_REMEDY, path.name) from error
    if large:
        raise _fault(subject, f"holds more than {_MOST_VALUES:,} values", _INDEX_REMEDY, path.name)
    if not isinstance(listed, dict) or not listed:
        raise _fault(subject, "has no weight_map", _INDEX_REMEDY, path.name)
    for tensor, file in listed.items():
        if not isinstance(file, str) or not _is_plain(file, ending):
            cause = f"puts tensor {printable(repr(tensor), 80)} outside its directory or into no {ending[1:]} file"
            raise _fault(subject, f"{cause} ({printable(repr(file), 80)})", _INDEX_REMEDY, path.name)
    if len(set(listed.values())) > _MOST_SHARDS:
        raise _fault(subject, f"lists more than {_MOST_SHARDS:,} shards", _INDEX_REMEDY, path.name)
    return listed


def modules_named(shipped: Iterable[Shipped], subject: str) -> None:
    """Refuse names that no module of a model can have, so that a graph can be made of the others.

    Raises:
        SourceError: a name is empty, of too many parts, or not one printable line of parts between dots.
    """
    for tensor in shipped:
        name = tensor.name
        parts = name.split(".")
        if not all(parts) or len(parts) > _MOST_PARTS or not name.isprintable() or set(name) & set("#*"):
            cause = f"tensor {printable(repr(name), 80)} has a name that no module's tensor can have"
            raise SourceError(printable(subject), cause, "name a directory with the model's config.json")


def agreed(shards: Mapping[str, str], read: Callable[[str], tuple[Shipped, ...]], subject: str) -> tuple[Shipped, ...]:
    """Read every shard of an index, and return the tensors, sorted by name.

    Raises:
        SourceError: a tensor is not in the shard that lists it, or in one that does not.
    """
    found = [(tensor, file) for file in sorted(set(shards.values())) for tensor in read(file)]
    for tensor, file in found:
        if shards.get(tensor.name) != file:
            cause = f"does not list tensor {printable(repr(tensor.name), 80)} of {printable(file, 80)}"
            raise _fault(subject, cause, _INDEX_REMEDY)
    if absent := shards.keys() - {tensor.name for tensor, _ in found}:
        name = min(absent)
        cause = f"lists tensor {printable(repr(name), 80)}, which {printable(shards[name], 80)} does not hold"
        raise _fault(subject, cause, _INDEX_REMEDY)
    return tuple(sorted((tensor for tensor, _ in found), key=lambda tensor: tensor.name))


def _is_plain(name: str, ending: str) -> bool:
    """Whether it names a file with this ending in the directory itself."""
    return (
        name.endswith(ending)
        and len(name) <= 255
        and not name.startswith(".")
        and not set(name) & set("/\\:\0")
        and name.isprintable()
    )


def _only(directory: Path, subject: str) -> Path | None:
    """The single file under another name; several without an index are no checkpoint."""
    files = sorted(path for path in directory.glob("*.safetensors") if path.name != ADAPTER)
    if len(files) > 1:
        names = f"{printable(files[0].name, 40)} and {len(files) - 1} more"
        raise SourceError(printable(subject), f"holds {names}, without {INDEX}", "add the index, or name one file")
    return files[0] if files else None


def is_there(path: Path) -> bool:
    """Tell whether there is a file, and not the note that git-lfs leaves in the place of one."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_POINTER)) != _POINTER
    except OSError:
        return path.exists()


def _sorted(tensors: tuple[Shipped, ...]) -> tuple[Shipped, ...]:
    return tuple(sorted(tensors, key=lambda tensor: tensor.name))


def _fault(subject: str, cause: str, remedy: str, index: str = INDEX) -> SourceError:
    return SourceError(printable(subject), f"{index} {cause}", remedy)
