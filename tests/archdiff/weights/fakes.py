"""Checkpoints and tensors in memory, as the weight checks read them."""

from __future__ import annotations

import dataclasses
import math
from types import MappingProxyType

import numpy as np
import torch

from archdiff.weights.tensors import Meaning, Stored

__all__ = ["FakeCheckpoint", "FakeTensors", "Raw"]


@dataclasses.dataclass(frozen=True)
class Raw:
    """A tensor of which the bytes are given: of a type that neither torch nor numpy has, or one that lies."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes
    digest: str = ""


class FakeCheckpoint:
    """A `Checkpoint` of torch tensors, numpy arrays (of numpy's own types) and `Raw` ones.

    `taken` lists what was read of it, as (name, start, stop) in bytes.
    """

    def __init__(self, arrays, subject="fake"):
        self.subject, self.taken, self.closed = subject, [], False
        raw = {name: _raw(array) for name, array in sorted(arrays.items())}
        self._data = {name: item.data for name, item in raw.items()}
        self.stored = MappingProxyType({
            name: Stored(name, item.shape, item.dtype, len(item.data), item.digest) for name, item in raw.items()
        })  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self, name, start, stop):
        assert 0 <= start <= stop <= len(self._data[name]), (name, start, stop)
        self.taken.append((name, start, stop))
        return memoryview(self._data[name])[start:stop]

    def close(self):
        self.closed = True


class FakeTensors:
    """`Tensors` of torch tensors and numpy arrays, none of them packed; bfloat16 comes as its bits in uint16.

    `digests` gives those of the named ones; `taken` lists what was read, as (name, start, stop) in elements.
    """

    def __init__(self, arrays, subject="fake", digests=MappingProxyType({})):
        self.subject, self.taken, self.unread = subject, [], MappingProxyType({})
        held = {name: _plain(array) for name, array in sorted(arrays.items())}
        self._values = {name: values for name, (_, values) in held.items()}
        self.meanings = MappingProxyType({
            name: Meaning(name, values.shape, dtype, size=values.nbytes, digest=digests.get(name, ""))
            for name, (dtype, values) in held.items()
        })  # fmt: skip

    def read(self, name, start, stop):
        assert 0 <= start <= stop <= math.prod(self.meanings[name].shape), (name, start, stop)
        self.taken.append((name, start, stop))
        values = self._values[name].reshape(-1)[start:stop]
        values.flags.writeable = False
        return values


def _raw(array):
    if isinstance(array, Raw):
        return array
    if isinstance(array, torch.Tensor):
        flat = array.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        return Raw(_dtype(array), tuple(array.shape), flat.numpy().tobytes())
    array = np.asarray(array)
    return Raw(array.dtype.name, array.shape, array.tobytes())


def _plain(array):
    """The type as torch spells it, and the values; those of bfloat16 as bits."""
    if not isinstance(array, torch.Tensor):
        array = np.ascontiguousarray(array)
        return array.dtype.name, array
    held = array.detach().cpu().contiguous()
    return _dtype(array), (held.view(torch.uint16) if held.dtype == torch.bfloat16 else held).numpy()


def _dtype(tensor):
    return str(tensor.dtype).removeprefix("torch.")
