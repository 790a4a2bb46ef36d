"""Files read by compiled code, piece by piece, straight into the loops: no Python between two pieces.

A piece that Python reads costs a tenth of a millisecond in which the other threads wait for the interpreter: a third
of the bandwidth on two cores. Here a thread holds no lock while it reads and sums.

`pread` is the system's own, found by name in this process; without it (on Windows) the module cannot be imported.
Called from Python only by `archdiff.weights.measure.processor`.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from numba import types

from archdiff.weights.measure.loops import accumulate, compiled

__all__ = ["stream"]

if not hasattr(os, "pread") or sys.maxsize < 2**32:
    raise ImportError("there is no pread of 64 bits here")

_pread: Any = types.ExternalFunction("pread", types.intp(types.int32, types.uintp, types.uintp, types.int64))


@compiled
def _fill(descriptor: Any, address: Any, size: Any, offset: Any) -> Any:
    """Read until so many bytes are there; how many there were."""
    done = 0
    while done < size:
        count = _pread(descriptor, address + done, size - done, offset + done)
        if count <= 0:
            return done
        done += count
    return done


@compiled
def stream(old: Any, new: Any, count: Any, stores: Any, blocks: Any, out: Any) -> Any:
    """Read elements of two files and add their figures to `out`; how many could be read.

    Args:
        old: descriptor of OLD's file, and the byte of it where the elements begin.
        new: the same of NEW's.
        count: elements.
        stores: for each side a piece to read into, of as many elements, in the type in which `accumulate` takes them.
        blocks: the two that `accumulate` works in.
        out: as of `accumulate`.
    """
    x, y = stores
    done = 0
    while done < count:
        n = min(x.size, count - done)
        if _fill(old[0], x.ctypes.data, n * x.itemsize, old[1] + done * x.itemsize) < n * x.itemsize:
            return done
        if _fill(new[0], y.ctypes.data, n * y.itemsize, new[1] + done * y.itemsize) < n * y.itemsize:
            return done
        accumulate(x[:n], y[:n], blocks[0], blocks[1], out)
        done += n
    return done
