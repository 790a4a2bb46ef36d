"""What execution says: does a tiny instance of NEW take OLD's weights, and does it compute the same?"""

from __future__ import annotations

import copy
import hashlib
import math
from contextlib import suppress
from typing import Any

import torch
import transformers
from torch import nn
from torch.overrides import TorchFunctionMode
from transformers import AutoConfig, AutoModelForCausalLM

from tests.oracle.inputs import Inputs, inputs_for

__all__ = ["TOLERANCE", "Invalid", "Tiny", "impact_of"]

TOLERANCE = 1e-9
"""Largest difference between outputs that counts as none, as a share of the largest one."""

_OUTPUTS = ("logits", "logits_per_image", "last_hidden_state")
"""What a class returns, the first that it has: what it computes them from shows in them."""


class Invalid(Exception):  # noqa: N818 - a verdict, not a fault of this program
    """The config builds no model that runs, so that there is no impact to ask for."""


class _Double(TorchFunctionMode):
    """Computes in float64 where a class asks for single precision, so that rounding is no difference."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.float:
            return func.__self__.double() if hasattr(func, "__self__") else args[0].double()
        single = (torch.float32, torch.bfloat16, torch.float16)
        args = tuple(torch.float64 if isinstance(item, torch.dtype) and item in single else item for item in args)
        if isinstance(kwargs.get("dtype"), torch.dtype) and kwargs["dtype"] in single:
            kwargs["dtype"] = torch.float64
        return func(*args, **kwargs)


class Tiny:
    """A small model with seeded weights, in float64 on the CPU.

    Args:
        values: a config with its `model_type`; without `architectures`, the class is the causal language model.

    Raises:
        Invalid: it does not build.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        values = copy.deepcopy(values)
        torch.manual_seed(0)
        torch.set_default_dtype(torch.float64)
        try:
            config = AutoConfig.for_model(values.pop("model_type"), **values)
            config.dtype = torch.float64
            with _Double():
                self.model: nn.Module = _build(config)
        except Exception as error:
            raise Invalid(f"does not build: {type(error).__name__}: {error}") from error
        finally:
            torch.set_default_dtype(torch.float32)
        with suppress(AttributeError, ValueError, TypeError):
            self.model.set_experts_implementation("eager")
        self.model.double().eval()
        self.config = config

    def tensors(self) -> dict[str, torch.Tensor]:
        """Everything that a checkpoint holds, by name; tied tensors under each of their names."""
        kept = self.model.state_dict().keys()
        named = [
            *self.model.named_parameters(remove_duplicate=False),
            *self.model.named_buffers(remove_duplicate=False),
        ]
        return {name: tensor for name, tensor in named if name in kept}

    def randomise(self) -> None:
        """Give every weight a value that matters, from a seed that its name determines."""
        done: set[int] = set()
        with torch.no_grad():
            for name, tensor in self.tensors().items():
                if id(tensor) not in done and tensor.is_floating_point() and "masked_bias" not in name:
                    done.add(id(tensor))
                    _fill(name, tensor)

    def inputs(self) -> Inputs:
        """Inputs of the sizes that its config states."""
        return inputs_for(self.model, self.config)

    def outputs(self, inputs: Inputs) -> torch.Tensor:
        """What it returns for the inputs.

        Raises:
            Invalid: it does not run, or returns what is no number.
        """
        options = {"use_cache": False} if "input_ids" in inputs and "pixel_values" not in inputs else {}
        try:
            with torch.no_grad(), _Double():
                returned = self.model(**inputs, **options)
        except Exception as error:
            raise Invalid(f"does not run: {type(error).__name__}: {error}") from error
        found: torch.Tensor = next(returned[name] for name in _OUTPUTS if name in returned)
        if not torch.isfinite(found).all():
            raise Invalid("returns values that are no numbers")
        return found


def _build(config: Any) -> nn.Module:
    model: nn.Module
    if config.architectures:
        model = getattr(transformers, config.architectures[0])._from_config(config, attn_implementation="eager")
    else:
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    return model


def _fill(name: str, tensor: torch.Tensor) -> None:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
    noise = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    if tensor.ndim >= 2:
        tensor.copy_(noise * 1.5 / math.sqrt(min(tensor.shape[-2:])) if tensor.numel() > 1 else noise)
    elif not torch.isfinite(tensor).all():
        tensor.copy_(noise)
    else:
        tensor.add_(0.3 * noise)


def _owners(tensors: dict[str, torch.Tensor]) -> dict[str, str]:
    """The first name of each tensor, by each of its names."""
    first: dict[int, str] = {}
    return {name: first.setdefault(id(tensor), name) for name, tensor in tensors.items()}


def load(old: Tiny, new: Tiny) -> bool:
    """Copy the weights; false where they do not fit.

    A tied tensor is stored once. NEW takes it where one of its names is there, as loading a checkpoint would.
    """
    stored, wanted = old.tensors(), new.tensors()
    owners, targets = _owners(stored), _owners(wanted)
    saved = {name: stored[name] for name, owner in owners.items() if name == owner}
    groups: dict[str, list[str]] = {}
    for name, owner in targets.items():
        groups.setdefault(owner, []).append(name)
    if saved.keys() - targets.keys():
        return False
    with torch.no_grad():
        for owner, names in groups.items():
            source = next((saved[name] for name in names if name in saved), None)
            if source is None or source.shape != wanted[owner].shape:
                return False
            wanted[owner].copy_(source)
    return True


def impact_of(old: Tiny, inputs: Inputs, outputs: torch.Tensor, new_values: dict[str, Any]) -> str:
    """`breaking`, `behavioral` or `cosmetic`.

    Args:
        old: with its random weights.
        inputs: of its sizes.
        outputs: what it returns for them.
        new_values: the other config.

    Raises:
        Invalid: NEW does not build or does not run.
    """
    new = Tiny(new_values)
    if not load(old, new):
        new.randomise()
        new.outputs(new.inputs())  # a config whose model does not run has no impact
        return "breaking"
    try:
        found = new.outputs(inputs)
    except Invalid:
        new.outputs(new.inputs())
        return "behavioral"  # it takes other inputs
    if found.shape != outputs.shape:
        return "behavioral"
    scale = 1 + outputs.abs().max().item()
    return "cosmetic" if (found - outputs).abs().max().item() <= TOLERANCE * scale else "behavioral"
