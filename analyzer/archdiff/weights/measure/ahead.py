"""Work done ahead of who asks for it: in threads, in order, and never more than a few pieces at a time."""

from __future__ import annotations

import collections
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Future

__all__ = ["in_order", "threads"]

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

_MOST = 16
"""More threads than this would hold too many chunks at once, and wait for the files anyway."""


def threads() -> int:
    """How many to compute in: `NUMBA_NUM_THREADS` or `OMP_NUM_THREADS` where they say it, else one for each core."""
    for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(variable, "")
        if value.isdecimal() and int(value):
            return min(int(value), _MOST)
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST)


def in_order(
    work: Callable[[_Task], _Result], tasks: Iterable[_Task], workers: int, depth: int
) -> Generator[tuple[_Task, _Result]]:
    """Each task with its result, in the order of the tasks.

    Args:
        work: called in a thread of its own.
        tasks: taken from as needed, by the caller's thread.
        workers: threads.
        depth: tasks that may be under way or done and not yet asked for.

    Raises:
        Exception: what `work` raised, where its task's turn comes. Tasks behind it are not begun any more, and those
            under way have ended when this does, so that files may be closed.
    """
    remaining, waiting = iter(tasks), collections.deque[tuple[_Task, "Future[_Result]"]]()
    with ThreadPoolExecutor(workers, thread_name_prefix="measure") as pool:
        try:
            while True:
                for task in itertools.islice(remaining, depth - len(waiting)):
                    waiting.append((task, pool.submit(work, task)))
                if not waiting:
                    return
                task, future = waiting.popleft()
                yield task, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
