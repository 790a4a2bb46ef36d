"""Read the modules of an instantiated model: tensors, settings and the values of small computed buffers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from archdiff.graph.digests import digest, significant
from archdiff.graph.schema import Node, Tensor, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["layer_stacks", "modules_of"]

_BOOKKEEPING = frozenset({
    "layer_idx", "layer_index", "layer_number", "layer_id", "block_idx", "depth_idx", "name_or_path", "kernel_config",
    "loss_type", "gradient_checkpointing", "training", "padding_idx", "scale_grad_by_freq", "sparse", "norm_type",
    "max_norm", "inplace", "use_cache", "is_gradient_checkpointing", "call_super_init",
    "dump_patches", "base_model_prefix",
})  # fmt: skip
"""Attributes that number a layer, name a file or concern training only; none of them changes what is computed."""

_LONGEST_ATTRIBUTE = 64
_LARGEST_COMPUTED_BUFFER = 1 << 20


def modules_of(model: nn.Module) -> Iterator[Node]:
    """A node for every module, in definition order; roles, functions and fingerprints are still to come."""
    owners = _embedded(model)
    for name, module in model.named_modules():
        yield Node(
            id=name,
            class_name=type(module).__name__,
            tensors=tuple(_tensors(name, module, owners)),
            attributes=dict(_attributes(module)),
        )


def _embedded(model: nn.Module) -> dict[int, str]:
    """Embeddings own what they share, whichever of the parts a class defines first."""
    found: dict[int, str] = {}
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Embedding):
            found.setdefault(id(module.weight), f"{name}.weight")
    return found


def _tensors(name: str, module: nn.Module, owners: dict[int, str]) -> Iterator[Tensor]:
    values = _computed_buffers(module)
    for key, parameter in module._parameters.items():
        if parameter is not None:
            full = f"{name}.{key}" if name else key
            owner = owners.setdefault(id(parameter), full)
            yield Tensor(key, tuple(parameter.shape), _dtype(parameter), tied_to=None if owner == full else owner)
    for key, buffer in module._buffers.items():
        if buffer is not None:
            persistent = key not in module._non_persistent_buffers_set
            yield Tensor(key, tuple(buffer.shape), _dtype(buffer), "buffer", persistent, digest=values.get(key))


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _attributes(module: nn.Module) -> Iterator[tuple[str, Value]]:
    for key in sorted(vars(module)):
        value = vars(module)[key]
        if key.startswith("_") or key in _BOOKKEEPING:
            continue
        if isinstance(value, list | tuple) and len(value) <= _LONGEST_ATTRIBUTE and all(map(_is_scalar, value)):
            yield key, tuple(map(_steady, value))
        elif _is_scalar(value):
            yield key, _steady(value)


def _steady(value: Any) -> Any:
    return significant(value) if isinstance(value, float) else value


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 200)


def _computed_buffers(module: nn.Module) -> dict[str, str]:
    """Digests of the buffers that a parameter-free module computes from its config, such as rotary frequencies.

    The module is built a second time on the CPU; its buffers hold a few hundred numbers.
    """
    config = getattr(module, "config", None)
    small = 0 < sum(buffer.numel() for buffer in module.buffers()) <= _LARGEST_COMPUTED_BUFFER
    if config is None or not small or next(module.parameters(), None) is not None:
        return {}
    with suppress(
        Exception
    ):  # a class with another constructor keeps its buffers unread; facts then come from the config
        real = type(module)(config)
        return {key: digest(_numbers(value)) for key, value in real.named_buffers(recurse=False)}
    return {}


def _numbers(buffer: torch.Tensor) -> list[float]:
    """Values to six significant digits, so that a platform's last bit does not count as a change."""
    real = torch.view_as_real(buffer) if buffer.is_complex() else buffer
    return [float(f"{number:.6g}") for number in real.detach().double().flatten().tolist()]


def layer_stacks(model: nn.Module) -> dict[str, list[str]]:
    """Ids of the layers of each outermost list of composite modules, by the id of the list."""
    stacks: dict[str, list[str]] = {}
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{stack}.") for stack in stacks)
        if isinstance(module, nn.ModuleList) and not inside and _are_layers(module):
            stacks[name] = [f"{name}.{key}" for key in module._modules]
    return stacks


def _are_layers(modules: nn.ModuleList) -> bool:
    return len(modules) > 0 and all(
        any(True for _ in child.children())
        and next(child.parameters(), None) is not None
        and not is_parametrized(child)
        for child in modules
    )
