"""Sums of chunks on the processor, by the loops that numba compiles."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from archdiff.errors import UsageError
from archdiff.weights.measure.ahead import in_order, threads
from archdiff.weights.measure.sums import Sums, as_sums
from archdiff.weights.tensors import as_float32

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from numpy.typing import NDArray

    from archdiff.weights.measure.chunks import Part, Span
    from archdiff.weights.tensors import Array

__all__ = ["Processor"]

_Task = TypeVar("_Task")

_WIDE = ("int32", "int64", "uint32", "uint64", "float64")
"""Types whose values float32 does not hold."""

_STORED = MappingProxyType({"bfloat16": "<u2", "float16": "<i2", "float32": "<f4"})
"""What the loops take of what a file holds."""

_PIECE = 2**16
"""Elements that compiled code reads at once: both sides stay in the second cache."""


class Processor:
    """The processor's cores, each with buffers of its own.

    Raises:
        UsageError: numba is not installed.
    """

    def __init__(self) -> None:
        try:
            from archdiff.weights.measure import loops
        except ModuleNotFoundError as error:
            raise UsageError(
                "--weights", f"{error.name} is not installed", "pip install 'archdiff[weights]'"
            ) from error
        self._loops, self._streaming = loops, _streaming()
        self._buffers = threading.local()

    def sums(
        self,
        read: Callable[[_Task], Iterable[Part]],
        tasks: Iterable[_Task],
        span: Callable[[_Task], Span | None] = lambda _: None,
    ) -> Generator[tuple[_Task, int, Sums]]:
        """Each task with the bytes that were read for it and its sums, in order, accumulated in float64.

        Args:
            read: called in other threads, each of which then sums what it has read.
            tasks: taken from as needed.
            span: of a task that compiled code can read by itself, which takes no Python for each piece; else None.

        Raises:
            Exception: what `read` raised, where its task's turn comes.
        """

        def done(task: _Task) -> tuple[int, Sums]:
            whole = span(task)
            found = self._streamed(whole) if whole is not None else None
            return found or self._summed(read(task))

        # Two at least, so that one may wait for the files; one more than there are cores costs a quarter on warm files.
        workers = max(2, threads())
        for task, (size, sums) in in_order(done, tasks, workers, 2 * workers):
            yield task, size, sums

    def _streamed(self, span: Span) -> tuple[int, Sums] | None:
        """None where compiled code cannot read all of it: reading it again in Python says what is wrong."""
        if self._streaming is None:
            return None
        figures, (old, new) = self._loops.nothing(), (span.old, span.new)
        sizes = [span.count * np.dtype(_STORED[dtype]).itemsize for dtype in span.dtypes]
        with (
            old.file.descriptor(old.start, old.start + sizes[0]) as first,
            new.file.descriptor(new.start, new.start + sizes[1]) as second,
        ):
            sides = (first, old.start), (second, new.start)
            stores, blocks = self._stores(span.dtypes), self._pair(np.float32)
            done = self._streaming.stream(*sides, span.count, stores, blocks, figures)
        return (span.size, _sums(figures)) if done == span.count else None

    def _summed(self, parts: Iterable[Part]) -> tuple[int, Sums]:
        size, lost, figures = 0, 0, self._loops.nothing()
        for part in (part for part in parts if part.old.size):
            size, lost = size + part.size, lost + part.lost_in_floats
            wide = any(dtype in _WIDE for dtype in part.dtypes)
            buffers = self._pair(np.float64 if wide else np.float32)
            old, new = _storage(part.old, part.dtypes[0], wide), _storage(part.new, part.dtypes[1], wide)
            self._loops.accumulate(old, new, *buffers, figures)
        return size, _sums(figures, lost)

    def _stores(self, dtypes: tuple[str, str]) -> tuple[NDArray[Any], ...]:
        """A piece of this thread's own for each side, in the type that the loops take."""
        found = []
        for side, dtype in enumerate(dtypes):
            name = f"{dtype}-{side}"
            if not hasattr(self._buffers, name):
                setattr(self._buffers, name, np.empty(_PIECE, _STORED[dtype]))
            found.append(getattr(self._buffers, name))
        return tuple(found)

    def _pair(self, kind: type) -> tuple[NDArray[Any], NDArray[Any]]:
        """Two buffers of this thread's own."""
        name = kind.__name__
        if not hasattr(self._buffers, name):
            block = self._loops.BLOCK
            setattr(self._buffers, name, (np.empty(block, kind), np.empty(block, kind)))
        pair: tuple[NDArray[Any], NDArray[Any]] = getattr(self._buffers, name)
        return pair


def _streaming() -> Any:
    """The module that reads in compiled code; None where the system has no `pread`."""
    try:
        from archdiff.weights.measure import streaming
    except ImportError:
        return None
    return streaming


def _sums(figures: NDArray[np.float64], lost: int = 0) -> Sums:
    *values, lost_old, lost_new = figures.tolist()
    values[7], values[8] = values[7] + lost_old, values[8] + lost_new
    return as_sums(values, lost)


def _storage(values: Array, dtype: str, wide: bool) -> Array:
    """What the loops take: bits of 16 bits, float32 or float64; read-only and aligned, so that one compilation serves.

    A compilation is for one kind of array, and read-only ones are a kind.
    """
    if wide:
        values = values.astype(np.float64) if dtype != "bfloat16" else as_float32(values, dtype).astype(np.float64)
    elif dtype == "float16":
        values = values.view(np.int16)
    elif dtype not in {"bfloat16", "float32"}:
        values = values.astype(np.float32)
    if not (values.flags.aligned and values.flags.c_contiguous):
        values = values.copy()
    shown = values.view()
    shown.flags.writeable = False
    return shown
