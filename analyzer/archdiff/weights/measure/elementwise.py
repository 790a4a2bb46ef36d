"""The element-wise comparison of pairs of units: statistics.md, 2."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from typing import TYPE_CHECKING

from archdiff.weights.evidence import Elements
from archdiff.weights.measure.chunks import ELEMENTS, NOTHING, PIECE, STREAMED, Chunk, Reader, chunks
from archdiff.weights.measure.shared import shared
from archdiff.weights.measure.sums import Figures, figures, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from archdiff.weights.measure.chunks import Part, Span
    from archdiff.weights.measure.device import Device
    from archdiff.weights.measure.sums import Sums
    from archdiff.weights.tensors import Tensors
    from archdiff.weights.units import UnitPair

__all__ = ["compare"]


@dataclasses.dataclass(frozen=True, slots=True)
class _Task:
    """One step of a pair: a chunk to sum, or None where nothing is to be read."""

    pair: UnitPair
    chunk: Chunk | None


def compare(old: Tensors, new: Tensors, pairs: Sequence[UnitPair], device: Device) -> Iterator[Elements]:
    """Compare pairs of units element by element: one result for each pair, in the order of the pairs.

    Each element is read once, in chunks of a few MiB, ahead of what is asked for, by several threads that call
    `Tensors.read` at the same time. All values are widened to float64, which holds every type but
    integers of 64 bits exactly (those are compared as integers and measured as float64), and summed around the mean
    of their block. On `cpu` the figures are the same whatever the number of threads; those of a GPU are equal in
    every count (the histogram's included), in `largest`, and within 1e-11 elsewhere: relative to the figure, and of
    means to the mean size of the values. Correlation and cosines are within 1e-11 absolute, unless a standard
    deviation is below 1e-5 of the mean.

    Pairs of equal non-empty digests over the same regions are not read: they are told equal, with `digest` and
    `count` set and every other figure at its default. Pairs of unequal shape are not comparable, and come out with
    a count of zero: the caller leaves them out. In several processes (`Device.processes`) each does its share of the
    pairs, and all results come at the end, in every process.

    Args:
        old: OLD's values.
        new: NEW's values.
        pairs: of equal shape.
        device: see `choose_device`.

    Raises:
        SourceError: a checkpoint cannot be read, or holds complex numbers. Results before that have been yielded.
        UsageError: numba is not installed (on `cpu`), or the device has no memory left.
    """
    if device.processes == 1:
        return _compared(old, new, pairs, device)
    return shared(lambda share: _compared(old, new, share, device), pairs, device)


def _compared(old: Tensors, new: Tensors, pairs: Sequence[UnitPair], device: Device) -> Iterator[Elements]:
    first, second = Reader(old), Reader(new)
    most = ELEMENTS if device.is_cuda else STREAMED
    tasks = (task for pair in pairs for task in _tasks(pair, old, new, most))

    def read(task: _Task) -> Iterable[Part]:
        if task.chunk is None:
            return (NOTHING,)
        return task.chunk.parts(first, second, sys.maxsize if device.is_cuda else PIECE)

    def span(task: _Task) -> Span | None:
        return None if task.chunk is None else task.chunk.span(first, second)

    with contextlib.closing(_summed(read, span, tasks, device)) as done:
        parts: list[Sums] = []
        size = 0
        for task, read_size, sums in done:
            parts.append(sums)
            size += read_size
            if task.chunk is None or task.chunk.is_last:
                yield _elements(task.pair, (old, new), merged(parts), size)
                parts, size = [], 0


def _tasks(pair: UnitPair, old: Tensors, new: Tensors, most: int) -> Iterator[_Task]:
    if pair.old.shape != pair.new.shape or not pair.old.count or _digest(pair, old, new):
        yield _Task(pair, None)
        return
    for chunk in chunks(pair, most):
        yield _Task(pair, chunk)


def _summed(
    read: Callable[[_Task], Iterable[Part]],
    span: Callable[[_Task], Span | None],
    tasks: Iterable[_Task],
    device: Device,
) -> Generator[tuple[_Task, int, Sums]]:
    if device.is_cuda:
        from archdiff.weights.measure.accelerator import Accelerator

        return Accelerator(device.name).sums(read, tasks)
    from archdiff.weights.measure.processor import Processor

    return Processor().sums(read, tasks, span)


def _elements(pair: UnitPair, sides: tuple[Tensors, Tensors], sums: Sums, size: int) -> Elements:
    digest = _digest(pair, *sides)
    known = Elements(
        component=pair.new.component,
        role=pair.new.role,
        old=pair.old.label,
        new=pair.new.label,
        layer=pair.new.layer,
        count=pair.new.count if digest else sums.count,
        equal=pair.new.count if digest else sums.equal,
        method=_method(pair, *sides),
        digest=digest,
        size=size,
    )
    if digest:
        return known
    made = figures(sums)
    measured = {field.name: getattr(made, field.name) for field in dataclasses.fields(Figures)}
    return dataclasses.replace(known, nan=sums.nan, infinite=sums.infinite, largest=sums.largest, **measured)


def _digest(pair: UnitPair, old: Tensors, new: Tensors) -> str:
    """The digest of what both sides hold, where it is known and equal and they mean the same part of it."""
    if pair.old.shape != pair.new.shape or len(pair.old.regions) != len(pair.new.regions):
        return ""
    found = []
    for first, second in zip(pair.old.regions, pair.new.regions, strict=True):
        mine, other = old.meanings[first.tensor], new.meanings[second.tensor]
        same_region = dataclasses.replace(first, tensor=second.tensor) == second
        same_meaning = dataclasses.replace(mine, name=other.name) == other
        if not (mine.digest and same_region and same_meaning):
            return ""
        found.append(mine.digest)
    return " ".join(dict.fromkeys(found))


def _method(pair: UnitPair, old: Tensors, new: Tensors) -> str:
    """How packed tensors were unpacked: once where all sides are packed alike."""
    used = [(tensors, region) for tensors, unit in ((old, pair.old), (new, pair.new)) for region in unit.regions]
    meanings = [tensors.meanings[region.tensor] for tensors, region in used]
    told = (f"{meaning.method}: {meaning.scale}".removesuffix(": ") for meaning in meanings if meaning.method)
    return "; ".join(dict.fromkeys(told))
