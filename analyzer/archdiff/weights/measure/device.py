"""What computes the element-wise comparison, and which share of it this process does."""

from __future__ import annotations

import dataclasses
import os
import re
from typing import TYPE_CHECKING

from archdiff.errors import UsageError

if TYPE_CHECKING:
    from accelerate import PartialState

__all__ = ["Device", "choose_device"]

_NAME = re.compile(r"auto|cpu|cuda(?::(0|[1-9]\d{0,2}))?")


@dataclasses.dataclass(frozen=True, slots=True)
class Device:
    """A processor or an accelerator, and the place of this process among those that share the work.

    Args:
        name: `cpu`, or `cuda:0` and so on.
        index: number of this process.
        processes: how many there are.
    """

    name: str = "cpu"
    index: int = 0
    processes: int = 1

    @property
    def is_cuda(self) -> bool:
        """Whether torch computes on it."""
        return self.name.startswith("cuda")

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that speaks for all."""
        return self.index == 0


def choose_device(name: str) -> Device:
    """The device that a user names, through accelerate.

    Args:
        name: `auto` (a CUDA device where there is one, else the processor), `cpu`, `cuda`, or `cuda:1`.

    Returns:
        In a process of `accelerate launch`, the device that accelerate gives it, with its number. `cpu` outside of
        one is told without loading torch.

    Raises:
        UsageError: there is no such device, or several processes would share the one that is named.
    """
    if (match := _NAME.fullmatch(name)) is None:
        raise UsageError(name, "no such device", "choose auto, cpu, cuda or cuda:N")
    if name == "cpu" and not _is_launched():
        return Device()
    count = _cuda_devices()
    number = int(match[1]) if match[1] else None
    if name.startswith("cuda") and count <= (number or 0):
        have = f"there are {count}" if count else "there is none"
        raise UsageError(name, f"no such CUDA device, {have}", "choose --device cpu or auto")
    state = _state(cpu=not count or name == "cpu", name=name)
    if number is not None and state.num_processes > 1:
        raise UsageError(name, f"{state.num_processes} processes cannot share one device", "choose --device cuda")
    given = state.device.index or 0 if number is None else number
    return Device(f"cuda:{given}" if count and name != "cpu" else "cpu", state.process_index, state.num_processes)


def _is_launched() -> bool:
    """Whether this is one of several processes; the variables are those that accelerate and torch read."""
    return any(variable in os.environ for variable in ("LOCAL_RANK", "WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE"))


def _cuda_devices() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _state(*, cpu: bool, name: str) -> PartialState:
    from accelerate import PartialState

    try:
        return PartialState(cpu=cpu)
    except (ImportError, NotImplementedError, RuntimeError, ValueError) as error:
        cause = str(error).partition("\n")[0]
        raise UsageError(name, f"accelerate cannot start here ({cause})", "check the launch settings") from error
