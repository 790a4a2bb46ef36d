"""Run transformers' own conversions on tensors without values, to see where each element of a parameter comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from archdiff.weights.pairing.patchwork import NotFollowedError, Patchwork, concatenate, stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["convert"]

_ANYTHING = (ArithmeticError, AttributeError, LookupError, NotImplementedError, RuntimeError, TypeError, ValueError)
"""What an operation raises for tensors that it was not made for."""


def _dispatch(
    _: type, operator: Any, __: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
) -> Any:
    """Carry an operator out on patches; one that does more than move elements is refused."""
    name = operator.overloadpacket.__name__
    if name not in _OPERATORS:
        raise NotFollowedError(f"{name} is not followed")
    return _OPERATORS[name](*args, **(kwargs or {}))


class _Followed(torch.Tensor):
    """A tensor whose operators move patches instead of values."""

    patchwork: Patchwork
    __torch_dispatch__: Any = classmethod(_dispatch)


def _followed(patchwork: Patchwork) -> _Followed:
    base: Any = torch.Tensor
    tensor: _Followed = base._make_wrapper_subclass(_Followed, patchwork.shape, dtype=torch.float32)
    tensor.patchwork = patchwork
    return tensor


def _plain(change: Callable[..., Patchwork]) -> Callable[..., Any]:
    """An operator of one tensor that returns one."""
    return lambda tensor, *args, **_: _followed(change(tensor.patchwork, *args))


def _axis(tensor: Patchwork, axis: int) -> int:
    return axis % max(1, len(tensor.shape))


def _slice(tensor: Patchwork, axis: int = 0, start: int | None = None, stop: int | None = None, step: int = 1) -> Any:
    axis = _axis(tensor, axis)
    places = range(*slice(start, stop, step).indices(tensor.shape[axis]))
    return tensor.part(axis, places.start, max(places.start, places.stop), step)


def _pieces(tensor: Any, sizes: int | Sequence[int], axis: int = 0) -> list[_Followed]:
    patchwork: Patchwork = tensor.patchwork
    axis = _axis(patchwork, axis)
    length = patchwork.shape[axis]
    if isinstance(sizes, int):
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    return [_followed(patchwork.part(axis, start, start + size)) for start, size in zip(starts, sizes, strict=True)]


def _chunks(tensor: Any, count: int, axis: int = 0) -> list[_Followed]:
    length = tensor.patchwork.shape[_axis(tensor.patchwork, axis)]
    return _pieces(tensor, max(1, -(-length // count)), axis)


def _unbound(tensor: Any, axis: int = 0) -> list[_Followed]:
    patchwork: Patchwork = tensor.patchwork
    axis = _axis(patchwork, axis)
    return [_followed(patchwork.pick(axis, number)) for number in range(patchwork.shape[axis])]


def _together(make: Callable[[Sequence[Patchwork], int], Patchwork], more: int) -> Callable[..., _Followed]:
    def run(tensors: Sequence[Any], axis: int = 0, **_: Any) -> _Followed:
        parts = [tensor.patchwork for tensor in tensors]
        return _followed(make(parts, axis % (len(parts[0].shape) + more)))

    return run


def _squeezed(tensor: Patchwork, axis: int) -> Patchwork:
    return tensor.squeeze(_axis(tensor, axis)) if tensor.shape[axis] == 1 else tensor


_OPERATORS: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("clone", "detach", "alias", "contiguous", "lift_fresh"), _plain(lambda tensor: tensor)),
    **dict.fromkeys(
        ("view", "reshape", "_unsafe_view", "_reshape_alias"), _plain(lambda t, sizes, *_: t.reshape(*sizes))
    ),
    "transpose": _plain(lambda tensor, a, b: tensor.transpose(_axis(tensor, a), _axis(tensor, b))),
    "t": _plain(lambda tensor: tensor.transpose()),
    "permute": _plain(lambda tensor, order: tensor.permute([_axis(tensor, axis) for axis in order])),
    "unsqueeze": _plain(lambda tensor, axis: tensor.unsqueeze(axis % (len(tensor.shape) + 1))),
    "squeeze": _plain(_squeezed),
    "slice": _plain(_slice),
    "select": _plain(lambda tensor, axis, number: tensor.pick(_axis(tensor, axis), number % tensor.shape[axis])),
    "split": _pieces,
    "split_with_sizes": _pieces,
    "chunk": _chunks,
    "unbind": _unbound,
    "cat": _together(concatenate, 0),
    "stack": _together(stack, 1),
}
"""What each operator of aten does to patches; all that only move elements."""


def convert(
    converter: Any, shapes: Mapping[str, Sequence[tuple[int, ...]]], name: str, model: Any, config: Any
) -> dict[str, Patchwork]:
    """What transformers makes of some tensors of a checkpoint.

    Args:
        converter: a `WeightConverter`.
        shapes: of the tensors, by the pattern of the converter that each fits; they are numbered in this order.
        name: full name of the first parameter that it makes.
        model: has `get_parameter`, for the shapes of parameters.
        config: of the model, for the operations that read it.

    Returns:
        Parameters by the pattern that stands for them.

    Raises:
        NotFollowedError: an operation cannot be followed, or refuses these tensors.
    """
    number = 0
    tensors: dict[str, Any] = {}
    for pattern, found in shapes.items():
        tensors[pattern] = [_followed(Patchwork.whole(s, number + i)) for i, s in enumerate(found)]
        number += len(found)
    for operation in converter.operations:
        try:
            tensors = operation.convert(
                tensors,
                source_patterns=converter.source_patterns,
                target_patterns=converter.target_patterns,
                full_layer_name=name,
                model=model,
                config=config,
                missing_keys=None,
            )
        except (NotFollowedError, *_ANYTHING) as error:
            raise NotFollowedError(type(operation).__name__) from error
    return {key: _patchwork(value) for key, value in tensors.items()}


def _patchwork(value: Any) -> Patchwork:
    found = value[0] if isinstance(value, list) else value
    if not isinstance(found, _Followed):
        raise NotFollowedError("an operation made a tensor of its own")
    return found.patchwork
