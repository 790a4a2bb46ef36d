"""From patches to regions: where a file holds the rows of a matrix."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archdiff.weights.units import Region

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.weights.pairing.patchwork import Patch, Patchwork

__all__ = ["regions_of"]

_MOST_REGIONS = 1 << 14

Named = tuple[str, int]
"""Name of a source and how many elements it has."""


def regions_of(tensor: Patchwork, sources: Sequence[Named]) -> tuple[Region, ...] | None:
    """The regions that hold the rows of a matrix, or the elements of a vector, in their order.

    Args:
        tensor: of one or two axes.
        sources: name and number of elements of each source, by its number.

    Returns:
        None where no such regions hold them, as for rows that two tensors make up.
    """
    patches = sorted(tensor.patches, key=lambda patch: patch.start)
    if any(patch.shape[1:] != tensor.shape[1:] for patch in patches):
        return None
    found: list[Region] = []
    for patch in patches:
        made = tuple(_regions(patch, sources[patch.source])) if len(patch.shape) > 1 else (_vector(patch, sources),)
        if not made or None in made or len(found) + len(made) > _MOST_REGIONS:
            return None
        found += (region for region in made if region is not None)
    return tuple(found)


def _vector(patch: Patch, sources: Sequence[Named]) -> Region | None:
    name, count = sources[patch.source]
    (size,), (step,) = patch.shape, patch.strides
    if size == 1 or step == 1:
        return Region(name, patch.offset, (size,))
    return _stepped(name, count, patch.offset, size, step, ())


def _regions(patch: Patch, source: Named) -> Iterator[Region | None]:
    name, count = source
    (rows, columns), (down, right) = patch.shape, patch.strides
    if columns == 1 or right == 1:
        width = columns
        if rows == 1 or down == width:
            yield Region(name, patch.offset, (rows, columns))
        elif down % width == 0 and patch.offset % width == 0:
            yield _stepped(name, count, patch.offset, rows, down // width, (width,))
        else:
            starts = (patch.offset + row * down for row in range(min(rows, _MOST_REGIONS + 1)))
            yield from (Region(name, start, (1, columns)) for start in starts)
    else:
        yield _transposed(name, count, patch)


def _stepped(name: str, count: int, offset: int, rows: int, step: int, row: tuple[int, ...]) -> Region:
    """Every step-th row; the block begins where the step does, so that units which share it have the same block."""
    width = math.prod(row)
    first = offset // width
    phase = first % step if (first - first % step + rows * step) * width <= count else 0
    held = rows * step if phase or (first + rows * step) * width <= count else (rows - 1) * step + 1
    return Region(name, (first - phase) * width, (held, *row), (phase, held, step))


def _transposed(name: str, count: int, patch: Patch) -> Region | None:
    """Columns of a block that is stored the other way round."""
    (rows, columns), (down, right) = patch.shape, patch.strides
    phase = patch.offset % right
    behind = phase + (rows - 1) * down + 1
    if (rows > 1 and down == 0) or behind > right or patch.offset - phase + columns * right > count:
        return None
    step = down if rows > 1 else 1
    stop = min(right, phase - phase % step + rows * step)
    rows_of = None if (phase, step, rows) == (0, 1, right) else (phase, stop, step)
    return Region(name, patch.offset - phase, (columns, right), rows_of, transposed=True)
