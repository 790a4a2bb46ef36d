"""Sums of chunks by torch, on a GPU: read, transfer and sum at the same time.

Threads read into pinned memory, one stream copies to the device and another computes; each piece under way has
buffers of its own. The same code runs on torch's `cpu` device, where nothing is pinned and there are no streams.
"""

from __future__ import annotations

import collections
import contextlib
import queue
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from archdiff.errors import ArchdiffError, UsageError
from archdiff.weights.measure.ahead import in_order, threads
from archdiff.weights.measure.sums import DECADES, as_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    import torch

    from archdiff.weights.measure.chunks import Part
    from archdiff.weights.measure.sums import Sums
    from archdiff.weights.tensors import Array

__all__ = ["Accelerator", "fused"]

_Task = TypeVar("_Task")

_SLOTS = 6
"""Pieces under way: being read, waiting, being copied, being summed."""

_PENDING = 2
"""Of them those on the device."""


class Accelerator:
    """A device of torch's.

    Args:
        name: `cuda:0`, or `cpu`.
    """

    def __init__(self, name: str) -> None:
        import torch

        self._device = torch.device(name)
        self._is_cuda = self._device.type == "cuda"
        # torch types none of these.
        self._cuda: Any = torch.cuda
        streams: list[Any] = [self._cuda.Stream(self._device) if self._is_cuda else None for _ in range(2)]
        self._copying, self._summing = streams

    def sums(
        self, read: Callable[[_Task], Iterable[Part]], tasks: Iterable[_Task]
    ) -> Generator[tuple[_Task, int, Sums]]:
        """Each task with the bytes that were read for it and its sums, in order, accumulated in float64.

        Args:
            read: called in other threads; one part each.
            tasks: taken from as needed.

        Raises:
            UsageError: the device has no memory left.
            Exception: what `read` raised, where its task's turn comes.
        """
        slots: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        for _ in range(_SLOTS):
            slots.put(_Slot(self._device))
        pending: collections.deque[tuple[_Task, _Slot, torch.Tensor]] = collections.deque()

        def staged(task: _Task) -> _Slot:
            (part,) = read(task)
            slot = slots.get()
            slot.fill(part)
            return slot

        depth = _SLOTS - _PENDING
        with contextlib.closing(in_order(staged, tasks, min(threads() + 1, depth), depth)) as ready:
            try:
                for task, slot in ready:
                    pending.append((task, slot, self._launch(slot)))
                    if len(pending) == _PENDING:
                        yield _finished(pending.popleft(), slots)
            except ArchdiffError:
                yield from (_finished(one, slots) for one in pending)
                raise
            yield from (_finished(one, slots) for one in pending)

    def _launch(self, slot: _Slot) -> torch.Tensor:
        """Begin to copy and to sum; the figures are there when the slot's event has come."""
        import torch

        try:
            return self._on_streams(slot) if self._is_cuda else fused(*slot.sent())
        except torch.OutOfMemoryError as error:
            raise UsageError(str(self._device), "its memory is full", "choose --device cpu") from error

    def _on_streams(self, slot: _Slot) -> torch.Tensor:
        cuda = self._cuda
        with cuda.device(self._device), cuda.stream(self._copying):
            old, new = slot.sent()
        self._summing.wait_stream(self._copying)
        with cuda.device(self._device), cuda.stream(self._summing):
            figures = fused(old, new)
            kept = figures.new_empty(figures.shape, device="cpu", pin_memory=True)
            kept.copy_(figures, non_blocking=True)
            slot.done = cuda.Event()
            slot.done.record(self._summing)
        return kept


class _Slot:
    """Buffers for one piece: two on the host and, on a GPU, two on the device, as large as was needed so far."""

    def __init__(self, device: torch.device) -> None:
        self.done: Any = None
        self.size, self.lost = 0, 0
        self._device = device
        self._host: list[torch.Tensor] = []
        self._there: list[torch.Tensor] = []
        self._kinds: tuple[tuple[int, torch.dtype], ...] = ()

    def fill(self, part: Part) -> None:
        """Copy the values of a part to where the device reads them."""
        self.size, self.lost = part.size, part.lost_in_floats
        sides = ((part.old, part.dtypes[0]), (part.new, part.dtypes[1]))
        self._grow(max(part.old.nbytes, part.new.nbytes))
        for (values, _), host in zip(sides, self._host, strict=True):
            host.numpy()[: values.nbytes] = np.ascontiguousarray(values).view(np.uint8)
        self._kinds = tuple((values.nbytes, _torch_type(values, dtype)) for values, dtype in sides)

    def sent(self) -> list[torch.Tensor]:
        """Both sides on the device, as they are stored."""
        for (size, _), host, there in zip(self._kinds, self._host, self._there, strict=True):
            if there is not host:
                there[:size].copy_(host[:size], non_blocking=True)
        return [there[:size].view(kind) for (size, kind), there in zip(self._kinds, self._there, strict=True)]

    def _grow(self, size: int) -> None:
        import torch

        if self._host and self._host[0].numel() >= size:
            return
        if self._device.type != "cuda":
            self._there = self._host = [torch.empty(size, dtype=torch.uint8) for _ in range(2)]
            return
        with torch.cuda.device(self._device):
            self._host = [torch.empty(size, dtype=torch.uint8, pin_memory=True) for _ in range(2)]
            self._there = [torch.empty(size, dtype=torch.uint8, device=self._device) for _ in range(2)]


def fused(old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
    """The figures of a part as float64 on its device, in the order of `as_sums`.

    Args:
        old: one axis, any real type.
        new: as many.
    """
    import torch

    first, second = old.double(), new.double()
    fit = first.isfinite() & second.isfinite()
    bad = [test(side).sum() for test in (torch.isnan, torch.isinf) for side in (first, second)]
    zero = torch.zeros((), dtype=torch.float64, device=old.device)
    first, second = torch.where(fit, first, zero), torch.where(fit, second, zero)
    count = fit.sum()
    apart, size, weight = (second - first).abs(), first.abs(), fit.double()
    totals = first.sum(), second.sum()
    around = [(side - total / count.clamp(min=1)) * weight for side, total in zip((first, second), totals, strict=True)]
    along = torch.where(first > 0, second, -second)
    # The edge 1 without a difference, as in the loops: rounding takes a tiny NEW there to 1.
    edges = {k: apart * 10.0**-k < size if k < 0 else apart < size * 10.0**k for k in DECADES}
    edges[0] = (along > 0) & (along < size + size)
    equal, both_zero = ((apart == 0) & fit).sum(), ((size + apart == 0) & fit).sum()
    squares = [(a * b).sum() for a, b in (*((side, side) for side in around), around, (apart, apart))]
    absolute, largest = apart.sum(), apart.amax() if apart.numel() else zero
    listed = (
        count,
        equal,
        both_zero,
        *bad,
        *totals,
        *squares[:3],
        absolute,
        squares[3],
        largest,
        *(edges[k].sum() for k in DECADES),
    )
    return torch.stack([figure.double() for figure in listed])


def _finished(launched: tuple[_Task, _Slot, torch.Tensor], slots: queue.SimpleQueue[_Slot]) -> tuple[_Task, int, Sums]:
    """Wait for the figures of a piece, and give its buffers back."""
    task, slot, figures = launched
    if slot.done is not None:
        slot.done.synchronize()
    values: list[float] = figures.tolist()
    size, lost = slot.size, slot.lost
    slots.put(slot)
    return task, size, as_sums(values, lost)


def _torch_type(values: Array, dtype: str) -> torch.dtype:
    import torch

    kind: torch.dtype = torch.bfloat16 if dtype == "bfloat16" else getattr(torch, values.dtype.name)
    return kind
