"""Tensors whose elements do not stand in row-major order: transposed, sliced or expanded ones, read piece by piece."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Layout", "gather"]

_LARGEST = 2**22
_WASTE = 4
_SMALL = 2**12

_Read: TypeAlias = "Callable[[int, int, int], memoryview]"


class Layout(NamedTuple):
    """How the elements of a tensor stand in a file.

    Args:
        shape: sizes, outermost first; none is 0.
        strides: from one element to the next along each axis, in elements, at least 0.
        width: bytes of an element.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    width: int

    @property
    def span(self) -> int:
        """Bytes from the first element's first to the last element's last."""
        return self.width * (1 + sum(self.extents))

    @property
    def extents(self) -> tuple[int, ...]:
        """From the first element to the last one along each axis, in elements."""
        return tuple(stride * (size - 1) for size, stride in zip(self.shape, self.strides, strict=True))

    @property
    def is_plain(self) -> bool:
        """Whether the elements stand in row-major order without gaps."""
        sizes = range(len(self.shape))
        return all(self.shape[k] == 1 or self.strides[k] == math.prod(self.shape[k + 1 :]) for k in sizes)


def gather(read: _Read, base: int, layout: Layout, start: int, stop: int) -> memoryview:
    """Bytes `start` to before `stop` of the tensor in row-major order, read-only.

    Args:
        read: returns the bytes from one offset of the file to before another.
        base: offset of the first element.
        layout: how the elements stand.
        start: first byte, of the tensor in row-major order.
        stop: the byte behind the last one.
    """
    import numpy as np

    width = layout.width
    first, last = start // width, -(-stop // width)
    found = np.empty((last - first, width), dtype=np.uint8)
    at = 0
    for origin, shape in _boxes(layout.shape, first, last):
        count = math.prod(shape)
        offset = base + width * sum(o * s for o, s in zip(origin, layout.strides, strict=True))
        _copy(read, offset, Layout(shape, layout.strides, width), found[at : at + count].reshape(*shape, width))
        at += count
    return found.reshape(-1)[start - first * width : stop - first * width].data.toreadonly()


def _boxes(shape: tuple[int, ...], first: int, last: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Origin and shape of boxes that hold the elements `first` to before `last`, in their order."""
    if not shape:
        yield from [((), ())] * (last - first)
        return
    inner = math.prod(shape[1:])
    while first < last:
        row, column = divmod(first, inner)
        rows = (last - first) // inner
        if column == 0 and rows:
            yield (row, *(0 for _ in shape[1:])), (rows, *shape[1:])
            first += rows * inner
            continue
        end = min(last - first + column, inner)
        yield from (((row, *origin), (1, *size)) for origin, size in _boxes(shape[1:], column, end))
        first += end - column


def _copy(read: _Read, offset: int, layout: Layout, out: NDArray[np.uint8]) -> None:
    """Read a box into `out`, of its shape and one axis for the bytes of an element; at once, or in halves."""
    import numpy as np

    useful = layout.width * math.prod(layout.shape)
    if layout.span <= min(_LARGEST, max(_SMALL, _WASTE * useful)) or useful == layout.width:
        data = np.frombuffer(read(offset, offset + layout.span, 0), dtype=np.uint8)
        strides = (*(stride * layout.width for stride in layout.strides), 1)
        out[...] = np.lib.stride_tricks.as_strided(data, (*layout.shape, layout.width), strides, writeable=False)
        return
    axis = layout.extents.index(max(layout.extents))
    half = layout.shape[axis] // 2
    for low, high in ((0, half), (half, layout.shape[axis])):
        shape = (*layout.shape[:axis], high - low, *layout.shape[axis + 1 :])
        part = out[(slice(None),) * axis + (slice(low, high),)]
        _copy(read, offset + low * layout.strides[axis] * layout.width, layout._replace(shape=shape), part)
