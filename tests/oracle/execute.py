"""What execution says: does a tiny instance of NEW take OLD's weights, and does it compute the same?"""

from __future__ import annotations

import copy
import hashlib
import math
from contextlib import suppress
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from transformers import AutoConfig, AutoModelForCausalLM

__all__ = ["SAMPLES", "TOLERANCE", "Invalid", "Tiny", "impact_of"]

TOLERANCE = 1e-9
"""Largest difference between logits that counts as none, as a share of the largest logit."""

LENGTH = 24
SAMPLES = 2


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
        values: a config with its `model_type`.

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
                self.model: nn.Module = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
        except Exception as error:
            raise Invalid(f"does not build: {type(error).__name__}: {error}") from error
        finally:
            torch.set_default_dtype(torch.float32)
        with suppress(AttributeError, ValueError, TypeError):
            self.model.set_experts_implementation("eager")
        self.model.double().eval()
        self.vocabulary = int(config.get_text_config().vocab_size)

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

    def logits(self) -> torch.Tensor:
        """Outputs for the random inputs.

        Raises:
            Invalid: it does not run, or returns what is no number.
        """
        generator = torch.Generator().manual_seed(1)
        tokens = torch.randint(4, self.vocabulary_shared, (SAMPLES, LENGTH), generator=generator)
        try:
            with torch.no_grad(), _Double():
                found: torch.Tensor = self.model(input_ids=tokens, use_cache=False).logits
        except Exception as error:
            raise Invalid(f"does not run: {type(error).__name__}: {error}") from error
        if not torch.isfinite(found).all():
            raise Invalid("returns values that are no numbers")
        return found

    vocabulary_shared = 40


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


def impact_of(old: Tiny, outputs: torch.Tensor, new_values: dict[str, Any]) -> str:
    """`breaking`, `behavioral` or `cosmetic`.

    Args:
        old: with its random weights.
        outputs: what it returns.
        new_values: the other config.

    Raises:
        Invalid: NEW does not build or does not run.
    """
    new = Tiny(new_values)
    if not load(old, new):
        new.randomise()
        new.logits()  # a config whose model does not run has no impact
        return "breaking"
    found = new.logits()
    if found.shape != outputs.shape:
        return "behavioral"
    scale = 1 + outputs.abs().max().item()
    return "cosmetic" if (found - outputs).abs().max().item() <= TOLERANCE * scale else "behavioral"
