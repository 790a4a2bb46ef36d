"""What to assume of the values of meta tensors, which have none, where a class asks for them.

False, 0.0 and the length of the sample input, as if no special case held; but a tensor that holds positions, as those
of the largest scores, is taken to hold the first one, and one that counts choices to count equally many of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from archdiff.graph.recorder import Call

__all__ = ["Readable", "counted", "is_position"]

_POSITIONS = frozenset({"nonzero", "argmax", "argmin", "topk", "sort", "argsort"})
_PASSING = frozenset({"select", "index", "slice", "gather", "unbind", "view", "squeeze", "to_copy", "clone", "sum"})
"""Operators through which positions pass as what they are, and which leave a sum of choices a count of them."""


def _origin(number: int, made: Mapping[int, Call], through: frozenset[str]) -> Call | None:
    """The operator that the values of a tensor come from."""
    call = made.get(number)
    while call is not None and call.name in through and call.inputs:
        call = made.get(call.inputs[0])
    return call


def is_position(number: int, made: Mapping[int, Call]) -> bool:
    """Whether the values of a tensor are positions in another one.

    Args:
        number: of the tensor, in the recording.
        made: the operator that made each tensor, by the tensor's number.
    """
    origin = _origin(number, made, _PASSING - {"sum"})
    return origin is not None and origin.name in _POSITIONS


def counted(number: int, made: Mapping[int, Call]) -> int | None:
    """Number of the tensor of the choices that a tensor counts, as it was summed from ones scattered to them."""
    origin = _origin(number, made, _PASSING)
    return origin.inputs[1] if origin is not None and origin.name == "scatter" and len(origin.inputs) > 1 else None


class Readable(TorchFunctionMode):
    """While active, meta tensors can be formatted and turned into lists.

    Args:
        listed: gives the values to assume of a tensor, in order.
    """

    def __init__(self, listed: Callable[[torch.Tensor], list[Any]]) -> None:
        super().__init__()
        self.listed = listed

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answer for a meta tensor, else run the function."""
        if func is torch.Tensor.tolist and args[0].is_meta:
            return _nested(self.listed(args[0]), args[0].shape)
        if func is torch.Tensor.__format__ and args[0].is_meta and args[0].dim() == 0:
            return format(args[0].item(), args[1])
        return func(*args, **(kwargs or {}))


def _nested(values: list[Any], shape: torch.Size) -> Any:
    if not shape:
        return values[0]
    width = len(values) // shape[0] if shape[0] else 0
    return [_nested(values[row * width : (row + 1) * width], shape[1:]) for row in range(shape[0])]
