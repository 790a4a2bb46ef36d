"""Work on pairs dealt out to the processes of `accelerate launch`, and put together again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from archdiff.errors import ArchdiffError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archdiff.weights.measure.device import Device

__all__ = ["shared"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def shared(
    work: Callable[[Sequence[_Item]], Iterator[_Result]], items: Sequence[_Item], device: Device
) -> Iterator[_Result]:
    """The results for all items, in order, in every process; each process does every n-th item.

    Args:
        work: one result for each item, in order.
        items: the same in every process.
        device: from `choose_device`, called in each process.

    Raises:
        ArchdiffError: that of the first item for which some process met one, in every process, behind the results of
            the items before it.
    """
    from accelerate.utils import gather_object

    own: list[Any] = []
    try:
        own.extend(work(items[device.index :: device.processes]))
    except ArchdiffError as error:
        # The others wait for this process: it has to tell them rather than leave.
        own.append(error)
    gathered = gather_object([(device.index, own)])
    columns: list[list[Any]] = [column for _, column in sorted(gathered, key=lambda pair: pair[0])]
    for number in range(len(items)):
        result = columns[number % device.processes][number // device.processes]
        if isinstance(result, ArchdiffError):
            raise result
        yield result
