"""Buffers that are filled again once nobody holds what was read into them.

A fresh buffer of a megabyte costs a page fault for each of its pages, which is a quarter of the time that reading and
comparing a warm file takes.
"""

from __future__ import annotations

import collections
import weakref
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LARGEST", "SMALLEST", "Buffers"]

SMALLEST = 2**16
"""Bytes below which a fresh buffer is as cheap."""

LARGEST = 2**21
"""Bytes of a buffer that is kept; larger ones are made anew."""

_MOST = 16


class Buffers:
    """A few buffers, shared by all threads."""

    def __init__(self) -> None:
        self._free: collections.deque[NDArray[np.uint8]] = collections.deque(maxlen=_MOST)

    @property
    def free(self) -> int:
        """How many are waiting to be used again."""
        return len(self._free)

    def take(self, size: int) -> NDArray[np.uint8]:
        """Return a buffer of so many bytes, whose content is anything; it comes back by itself when it is dropped."""
        if not SMALLEST <= size <= LARGEST:
            return np.empty(size, dtype=np.uint8)
        try:
            whole = self._free.pop()
        except IndexError:
            whole = np.empty(LARGEST, dtype=np.uint8)
        part = whole[:size]
        weakref.finalize(part, self._free.append, whole).atexit = False
        return part
