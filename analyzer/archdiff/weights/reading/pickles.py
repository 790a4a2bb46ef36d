"""What torch.save wrote: names, shapes and places of tensors through torch's restricted unpickler, bytes by ranges.

The file is mapped while its tensors are listed, and its mapped values are never touched: they are read as those of
every other file are. Files of before torch 1.6 cannot be mapped, and are loaded whole where they are small.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from archdiff.errors import SourceError
from archdiff.sources.checkpoint import Files, is_there, read_index
from archdiff.text import printable
from archdiff.weights.reading.archive import MAGIC, Record, base_of, storages
from archdiff.weights.reading.local import LocalFile
from archdiff.weights.reading.strided import Layout
from archdiff.weights.reading.table import Placed, Table
from archdiff.weights.tensors import Stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import torch

__all__ = ["find_pickles", "has_usual_pickles", "open_pickles"]

_INDEX, _SINGLE = "pytorch_model.bin.index.json", "pytorch_model.bin"
_ENDINGS = (".bin", ".pt", ".pth", ".ckpt")
_OTHER = re.compile(r"(training_args|optimizer|scheduler|scaler|random_states|rng_state)[^/]*", re.ASCII)
_NESTED = ("state_dict", "model_state_dict", "model", "module")
_HEAD, _OLD_MAGIC = 32, 0x1950A86A20F9469CFC6C.to_bytes(10, "little")
_LARGEST_LOADED = 256 * 2**20
"""Bytes: these files cannot be mapped, and two of them in memory have to leave room for the tests."""
_MOST, _LONGEST_NAME, _MOST_ELEMENTS = 1_000_000, 1024, 2**56
_REFUSED = re.compile(r"GLOBAL ([\w.]{1,80})", re.ASCII)
_REMEDY = "convert it to safetensors, with the code that wrote it"


class _Loaded(NamedTuple):
    """What torch made of a file, and the storages that it made, by address."""

    value: object
    storages: set[Record]


class _Memory:
    """The bytes of a tensor that was loaded whole."""

    def __init__(self, data: memoryview, digest: str) -> None:
        self._data, self._digest = data, digest

    def read(self, start: int, stop: int, until: int) -> memoryview:
        return self._data[start : min(stop, until)].toreadonly()

    def digest(self, start: int, stop: int) -> str:
        return f"{self._digest}:{start}-{stop}"

    def close(self) -> None:
        self._data = memoryview(b"")


def has_usual_pickles(directory: Path) -> bool:
    """Tell whether the directory holds pickles by the names that transformers loads."""
    return (directory / _INDEX).exists() or (directory / _SINGLE).exists()


def find_pickles(directory: Path, subject: str) -> Files | None:
    """Return the pickles in which a directory's weights stand; None where there are none, or only git-lfs's notes.

    Raises:
        SourceError: the index breaks its format, some shards are missing, or there are several files without one.
    """
    if (directory / _INDEX).exists():
        listed = read_index(directory / _INDEX, subject, ".bin")
        names = tuple(sorted(set(listed.values())))
        missing = [name for name in names if not is_there(directory / name)]
        if missing and len(missing) < len(names):
            cause = f"{_INDEX} lists {printable(missing[0], 80)}, which is not there"
            raise SourceError(printable(subject), cause, "download the missing shards")
        return None if missing else Files(names, listed)
    held = sorted(path.name for ending in _ENDINGS for path in directory.glob(f"*{ending}") if is_there(path))
    names = (_SINGLE,) if _SINGLE in held else tuple(name for name in held if not _OTHER.fullmatch(name))
    if len(names) > 1:
        cause = f"holds {printable(names[0], 80)} and {len(names) - 1} more pickles, without {_INDEX}"
        raise SourceError(printable(subject), cause, "name a directory with one of them")
    return Files(names) if names else None


def open_pickles(directory: Path, files: Files, subject: str) -> Table:
    """Open the pickles of a directory; no code of theirs is run.

    Where shards hold a tensor that the index does not list, or lists elsewhere, the index is believed.

    Raises:
        SourceError: one holds anything but tensors, or is too large for its age; the index lists what is not there.
    """
    listed = files.listed or {}
    found: dict[str, Placed] = {}
    for name in files.names:
        for item in _tensors(LocalFile(directory / name, subject), subject):
            if listed.get(item.stored.name, name) == name:
                found[item.stored.name] = item
    if absent := listed.keys() - found.keys():
        lost = min(absent)
        cause = f"{_INDEX} lists tensor {printable(repr(lost), 80)}, which {listed[lost]} does not hold"
        raise SourceError(printable(subject), cause, "download the files again")
    return Table(subject, found.values())


def _tensors(file: LocalFile, subject: str) -> Iterator[Placed]:
    """The tensors of one file; a pickle in a tar archive, of before torch 0.2, is none."""
    head = file.head(0, _HEAD)
    mapped = head.startswith(MAGIC)
    if not mapped and not (head[:1] == b"\x80" and _OLD_MAGIC in head):
        raise _fault(file, subject, "is no file that torch.save wrote")
    if not mapped and file.size > _LARGEST_LOADED:
        cause = f"is a pickle of before torch 1.6 and larger than {_LARGEST_LOADED // 2**20} MiB"
        raise _fault(file, subject, cause)
    records = storages(file, subject) if mapped else ()
    loaded = _load(file, subject, mapped=mapped)
    file.head(0, 1)  # what was loaded is the file that was opened
    state = _state(loaded.value)
    if state is None:
        raise _fault(file, subject, "holds no tensors by name")
    base = base_of(records, loaded.storages) if mapped else 0
    if base is None:
        raise _fault(file, subject, "keeps its tensors where torch.save never does")
    for name, tensor in state.items():
        if _is_tensor(tensor) and isinstance(name, str):
            place = _checked(name, tensor, loaded, file, subject)
            yield _placed(place, tensor, base, file) if mapped else _kept(place, tensor, file)


def _load(file: LocalFile, subject: str, *, mapped: bool) -> _Loaded:
    import torch

    made: set[Record] = set()

    def note(storage: Any, _: str) -> Any:
        if storage.nbytes():
            made.add(Record(storage.data_ptr(), storage.nbytes()))
        return storage

    try:
        with warnings.catch_warnings(action="ignore"):
            value = torch.load(file.path, map_location=note, weights_only=True, mmap=mapped)
    except Exception as error:
        asked = _REFUSED.search(str(error))
        what = f"asks for {asked[1]}, which is never run" if asked else "cannot be loaded as tensors alone"
        raise _fault(file, subject, what) from error
    return _Loaded(value, made)


def _state(value: object) -> Mapping[Any, Any] | None:
    """The tensors by name: what was saved, or one level below."""
    if not isinstance(value, dict):
        return None
    named: list[Mapping[Any, Any]] = [value[key] for key in _NESTED if _holds_tensors(value.get(key))]
    if named or _holds_tensors(value):
        return named[0] if named else value
    others: list[Mapping[Any, Any]] = [item for item in value.values() if _holds_tensors(item)]
    return others[0] if len(others) == 1 else None


def _holds_tensors(value: object) -> bool:
    return isinstance(value, dict) and any(map(_is_tensor, value.values()))


def _is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _checked(name: str, tensor: torch.Tensor, loaded: _Loaded, file: LocalFile, subject: str) -> Stored:
    """The tensor, if it is one of numbers side by side in a storage of the file.

    Raises:
        SourceError: it is not.
    """
    import torch

    shown = printable(repr(name), 80)
    special = tensor.layout != torch.strided or tensor.is_quantized or tensor.is_conj() or tensor.is_neg()
    if special or tensor.device.type != "cpu":
        raise _fault(file, subject, f"holds tensor {shown} of a kind that is not read (sparse, quantised, meta, …)")
    layout = Layout(tuple(tensor.shape), tuple(tensor.stride()), tensor.element_size())
    if tensor.numel() > _MOST_ELEMENTS or len(name) > _LONGEST_NAME or not _is_in(loaded, tensor, layout):
        raise _fault(file, subject, f"holds tensor {shown} of an impossible shape or name")
    dtype = str(tensor.dtype).removeprefix("torch.")
    return Stored(name, layout.shape, dtype, tensor.numel() * layout.width)


def _is_in(loaded: _Loaded, tensor: torch.Tensor, layout: Layout) -> bool:
    """Whether all elements are in a storage as it was loaded: torch makes room where a tensor states more."""
    if not tensor.numel():
        return True
    storage = tensor.untyped_storage()
    held = Record(storage.data_ptr(), storage.nbytes())
    return held in loaded.storages and tensor.storage_offset() * layout.width + layout.span <= held.size


def _placed(stored: Stored, tensor: torch.Tensor, base: int, file: LocalFile) -> Placed:
    if not stored.size:
        return Placed(stored, file, 0)
    start = tensor.data_ptr() - base
    layout = Layout(stored.shape, tuple(tensor.stride()), tensor.element_size())
    return Placed(stored, file, start, None if layout.is_plain else layout)


def _kept(stored: Stored, tensor: torch.Tensor, file: LocalFile) -> Placed:
    """The tensor in memory, in the layout that it has there."""
    import torch

    layout = Layout(stored.shape, tuple(tensor.stride()), tensor.element_size())
    count = layout.span // layout.width if stored.size else 0
    flat = tensor.detach().as_strided((count,), (1,))
    data = _Memory(flat.view(torch.uint8).numpy().data, f"{file.digest(0, file.size)}:{stored.name}")
    return Placed(stored, data, 0, None if layout.is_plain or not stored.size else layout)


def _fault(file: LocalFile, subject: str, what: str) -> SourceError:
    return SourceError(printable(subject), f"{printable(file.path.name, 80)} {what}", _REMEDY)
