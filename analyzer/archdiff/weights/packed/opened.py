"""Opens a checkpoint's tensors as what they stand for."""

from __future__ import annotations

import dataclasses
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.errors import SourceError
from archdiff.sources.headers import Shipped
from archdiff.sources.quantized import declaration, found_in
from archdiff.sources.schemes import settings_of
from archdiff.text import printable
from archdiff.weights.packed.gguf import is_gguf, makers
from archdiff.weights.packed.packings import Packings
from archdiff.weights.packed.parts import PLAIN, Parts, UnreadError
from archdiff.weights.packed.plain import plain
from archdiff.weights.packed.slot import Slot
from archdiff.weights.tensors import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from archdiff.weights.packed.parts import Reader
    from archdiff.weights.tensors import Array, Checkpoint, Tensors

__all__ = ["open_tensors"]

_PACKED_INTO = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32"})


def open_tensors(checkpoint: Checkpoint, config: Mapping[str, object]) -> Tensors:
    """Open the tensors of a checkpoint, with whatever quantisation and layout of its own undone.

    Only headers are read, but for the few parts that hold shapes. A packing that is not known makes a tensor `unread`;
    parts that contradict each other are an error when it is read.

    Args:
        checkpoint: open, and left open.
        config: of the model; empty where there is none.

    Raises:
        SourceError: the checkpoint cannot be read.
    """
    return _Opened(checkpoint, *_readers(checkpoint, config))


class _Opened:
    """Tensors of an open checkpoint."""

    def __init__(self, checkpoint: Checkpoint, readers: Mapping[str, Reader], unread: Mapping[str, str]) -> None:
        self._checkpoint, self._readers = checkpoint, readers
        self.subject = checkpoint.subject
        self.meanings: Mapping[str, Meaning] = MappingProxyType({
            name: readers[name].meaning for name in sorted(readers)
        })  # fmt: skip
        self.unread: Mapping[str, str] = MappingProxyType(dict(sorted(unread.items())))

    def read(self, name: str, start: int, stop: int) -> Array:
        meaning = self.meanings[name]
        if not 0 <= start <= stop <= meaning.count:
            cause = f"has {meaning.count:,} elements, and {start:,} to {stop:,} were asked for"
            raise Parts(self._checkpoint).fault(name, cause)
        empty = start == stop
        found = np.empty(0, dtype=PLAIN[meaning.dtype]) if empty else self._readers[name].read(start, stop)
        found.flags.writeable = False
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class _Broken:
    """A tensor whose parts contradict each other, which is told when it is read."""

    meaning: Meaning
    error: SourceError

    def read(self, _start: int, _stop: int, /) -> Array:
        raise self.error


def _readers(checkpoint: Checkpoint, config: Mapping[str, object]) -> tuple[dict[str, Reader], dict[str, str]]:
    parts, declared = Parts(checkpoint), declaration(config)
    known = {name: Shipped(name, stored.shape, stored.dtype) for name, stored in checkpoint.stored.items()}
    if is_gguf(known.values()):
        return _made(makers(parts, known.values(), config, Slot()))
    found, gone = found_in(known, declared)
    packings = Packings(parts, declared, settings_of(declared, known), Slot())
    making: dict[str, tuple[Shipped, Callable[[], Reader]]] = {
        item.tensor.name: (item.tensor, partial(packings.reader, item)) for item in found
    }
    scaled = any(item.scales for item in found)
    for name, tensor in known.items():
        if name not in gone and name not in making:
            reason = _reason(tensor, declared, scaled=scaled)
            making[name] = tensor, partial(_unread, reason) if reason else partial(plain, parts, parts[name])
    return _made(making)


def _reason(tensor: Shipped, declared: Mapping[str, object], *, scaled: bool) -> str:
    """Why a tensor that no scheme explains cannot be read as it is; empty where it can."""
    if scaled and tensor.dtype.startswith("float8") and "_scale" not in tensor.name:
        return "its scale is missing"
    if declared and len(tensor.shape) > 1 and tensor.dtype in _PACKED_INTO:
        return f"packed by {printable(str(declared.get('quant_method')), 40)} in a way that is not read"
    return ""


def _unread(reason: str) -> Reader:
    raise UnreadError(reason)


def _made(making: Mapping[str, tuple[Shipped, Callable[[], Reader]]]) -> tuple[dict[str, Reader], dict[str, str]]:
    """Return what reads each tensor, and why the others are not read."""
    readers: dict[str, Reader] = {}
    unread: dict[str, str] = {}
    for name, (tensor, make) in making.items():
        try:
            readers[name] = make()
        except UnreadError as reason:
            unread[name] = str(reason)
        except SourceError as error:
            readers[name] = _Broken(Meaning(name, tensor.shape, "float32"), error)
    return readers, unread
