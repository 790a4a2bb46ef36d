"""Record the operators of one forward pass on meta tensors, module by module.

A `TorchDispatchMode` sees every aten operator; module hooks say in whose `forward` it ran. Tensors are kept
alive while recording, so that their identity stays unique.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from archdiff.graph.assumed import counted, is_position
from archdiff.graph.digests import significant
from archdiff.graph.meta import run_on_meta

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_OPERATORS", "Call", "Recorder", "tensors_in"]

MAX_OPERATORS = 400_000
"""A forward pass with more operators than this is abandoned: the graph then says that it was not traced."""

_IN_PLACE = re.compile(r"(?<=[a-z0-9])_$")


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One operator call: where it ran, what went in, what came out.

    Args:
        module: id of the innermost module whose `forward` was running.
        name: aten name without overload, in-place variants under the name of the plain operator.
        arguments: scalar arguments as text, in order; keyword arguments as `name=value`.
        inputs: identity of each tensor argument, in order.
        outputs: identity of each returned tensor, in order.
        shapes: shape of each returned tensor.
    """

    module: str
    name: str
    arguments: tuple[str, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]


def tensors_in(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor in nested lists, tuples, dictionaries and model outputs, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        if not any(isinstance(item, torch.Tensor) for item in value):
            yield "[" + ",".join(text for item in value for text in _scalars(item)) + "]"
    elif isinstance(value, float):
        yield repr(significant(value))
    elif value is None or isinstance(value, bool | int | str):
        yield str(value)


_IGNORED_KEYWORDS = frozenset({"device", "dtype", "layout", "pin_memory", "memory_format", "non_blocking", "out"})


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch types no part of it
    """Collects `Call`s while active.

    Args:
        sample: length of the sample input, for classes that ask a tensor for its value.

    Attributes:
        apart: the module of which a method other than its `forward` runs, whose counting is not noted down.
    """

    def __init__(self, sample: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # as above
        self.sample = sample
        self.assumed = 0
        self.apart: str | None = None
        self.stack: list[str] = [""]
        self.calls: list[Call] = []
        self.made: dict[int, Call] = {}
        self._alive: list[torch.Tensor] = []
        self._number: dict[int, int] = {}

    def identify(self, tensor: torch.Tensor) -> int:
        """A number for the tensor that no other tensor of this recording has."""
        key = id(tensor)
        if key not in self._number:
            self._number[key] = len(self._alive)
            self._alive.append(tensor)
        return self._number[key]

    def renew(self, tensor: torch.Tensor) -> int:
        """Number the tensor anew: it was overwritten in place, so what it held before is another value."""
        self._number[id(tensor)] = len(self._alive)
        self._alive.append(tensor)
        return self._number[id(tensor)]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operator and note it down."""
        if func is torch.ops.aten._local_scalar_dense.default and args[0].is_meta:
            return self._assume(args[0])
        result = run_on_meta(func, args, kwargs or {})
        if self.stack[-1] == self.apart and not any(t.is_floating_point() for t in tensors_in(result)):
            return result  # sizes, by which features are laid out
        if len(self.calls) >= MAX_OPERATORS:
            raise OverflowError(f"more than {MAX_OPERATORS:,} operators in one forward pass")
        call = self._call(func, args, kwargs or {}, result)
        self.calls.append(call)
        self.made.update(dict.fromkeys(call.outputs, call))
        return result

    def _assume(self, tensor: torch.Tensor) -> bool | int | float:
        self.assumed += 1
        if tensor.dtype is torch.bool:
            return False
        if tensor.dtype.is_floating_point:
            return 0.0
        return 0 if is_position(self.identify(tensor), self.made) else self.sample

    def values_of(self, tensor: torch.Tensor) -> list[bool | int | float]:
        """The values to assume of a tensor, in order: see `archdiff.graph.assumed`."""
        choices = counted(self.identify(tensor), self.made)
        if choices is None or tensor.dtype.is_floating_point:
            return [self._assume(tensor)] * tensor.numel()
        share, rest = divmod(self._alive[choices].numel(), tensor.numel())
        return [share + (place < rest) for place in range(tensor.numel())]

    def _call(self, func: Any, args: Any, kwargs: dict[str, Any], result: Any) -> Call:
        name = func.overloadpacket.__name__
        inputs = tuple(self.identify(tensor) for tensor in tensors_in((args, kwargs)))
        plain = _IN_PLACE.sub("", name)
        number = self.renew if plain != name else self.identify
        returned = tuple(tensors_in(result))
        outputs = tuple(number(tensor) for tensor in returned)
        arguments = [text for argument in args for text in _scalars(argument)]
        for key in sorted(kwargs.keys() - _IGNORED_KEYWORDS):
            arguments += [f"{key}={text}" for text in _scalars(kwargs[key])]
        shapes = tuple(tuple(tensor.shape) for tensor in returned)
        return Call(self.stack[-1], plain.lstrip("_"), tuple(arguments), inputs, outputs, shapes)
