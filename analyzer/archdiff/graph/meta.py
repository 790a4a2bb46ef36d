"""Run operators that the meta device refuses: those that ask for values, and those that mix it with the CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._pytree import tree_map

__all__ = ["run_on_meta"]


def run_on_meta(func: Any, args: Any, kwargs: Any) -> Any:
    """The result of an operator, as empty tensors.

    A mask is taken to choose every position; tensors of the CPU move to the meta device where it demands that.

    Raises:
        RuntimeError, NotImplementedError: it cannot run all the same.
    """
    try:
        return func(*args, **kwargs)
    except (RuntimeError, NotImplementedError):
        if func is torch.ops.aten.nonzero.default:
            return _every_position(args[0])
        changed = [False]

        def adapted(value: Any) -> Any:
            done = _adapted(value)
            changed[0] |= done is not value
            return done

        args, kwargs = tree_map(adapted, (_masks_resolved(args, changed), kwargs))
        if not changed[0]:
            raise
        return func(*args, **kwargs)


def _every_position(mask: torch.Tensor) -> torch.Tensor:
    return torch.empty(mask.numel(), mask.dim(), dtype=torch.long, device="meta")


def _adapted(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.device.type == "cpu":
        return value.to("meta")
    return "meta" if isinstance(value, torch.device) and value.type == "cpu" else value


def _masks_resolved(args: Any, changed: list[bool]) -> Any:
    """Arguments with each mask in a list of indices replaced by the indices that it chooses."""
    done = []
    for argument in args:
        if isinstance(argument, list | tuple) and any(_is_mask(item) for item in argument):
            changed[0] = True
            done.append([index for item in argument for index in _indices(item)])
        else:
            done.append(argument)
    return tuple(done)


def _is_mask(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.dtype in (torch.bool, torch.uint8)


def _indices(value: Any) -> list[Any]:
    if not _is_mask(value):
        return [value]
    return [torch.empty(value.numel(), dtype=torch.long, device="meta") for _ in range(value.dim())]
