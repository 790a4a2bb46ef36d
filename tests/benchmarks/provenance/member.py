"""A model as a value: its settings and its weights; relations are functions of such values."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from transformers import PreTrainedModel

TIED = ("lm_head.weight", "transformer.wte.weight")
"""The head and the embedding that GPT-2 ties: the second is the one that is stored."""


@dataclasses.dataclass(frozen=True)
class Member:
    """A model.

    Args:
        kind: the `model_type` of transformers.
        settings: what its config says.
        state: float32 tensors by the names of the class's state dict.
    """

    kind: str
    settings: Mapping[str, Any]
    state: Mapping[str, torch.Tensor]

    @property
    def layers(self) -> int:
        """Number of layers."""
        return int(self.settings["n_layer" if self.kind == "gpt2" else "num_hidden_layers"])

    @property
    def width(self) -> int:
        """Size of the residual stream."""
        return int(self.settings["n_embd" if self.kind == "gpt2" else "hidden_size"])

    def having(self, state: Mapping[str, torch.Tensor], **settings: Any) -> Member:
        """The same model with these tensors and these settings changed."""
        changed = MappingProxyType({**self.settings, **settings})
        return Member(self.kind, changed, MappingProxyType({name: each.contiguous() for name, each in state.items()}))

    def changed(self, change: Callable[[str, torch.Tensor], torch.Tensor], **settings: Any) -> Member:
        """The model with each tensor as `change` gives it."""
        return self.having({name: change(name, each) for name, each in self.state.items()}, **settings)

    def digest(self) -> str:
        """Of everything in it."""
        digest = hashlib.sha256(json.dumps([self.kind, dict(self.settings)], sort_keys=True).encode())
        for name, each in sorted(self.state.items()):
            digest.update(f"{name} {tuple(each.shape)}".encode())
            digest.update(each.numpy().data)
        return digest.hexdigest()


def initialised(kind: str, settings: Mapping[str, Any], seed: int) -> Member:
    """A model as its class initialises it."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return member(kind, settings, _module(kind, settings))


def member(kind: str, settings: Mapping[str, Any], module: PreTrainedModel) -> Member:
    """A copy of a module's weights."""
    state = {name: each.detach().float().clone() for name, each in module.state_dict().items()}
    return Member(kind, MappingProxyType(dict(settings)), MappingProxyType(state))


def built(model: Member) -> PreTrainedModel:
    """The model as a module."""
    module = _module(model.kind, model.settings)
    module.load_state_dict(dict(model.state), strict=True)
    return module


def logits(model: Member, tokens: torch.Tensor) -> torch.Tensor:
    """What the model computes: rows × length × vocabulary."""
    with torch.no_grad():
        found: torch.Tensor = built(model).eval()(input_ids=tokens, use_cache=False).logits
        return found


def save(model: Member, folder: Path, dtype: torch.dtype = torch.bfloat16) -> Path:
    """Write a checkpoint directory, as a release has it: config.json and safetensors.

    Returns:
        The directory.
    """
    built(model).to(dtype).save_pretrained(folder)
    return folder


def _module(kind: str, settings: Mapping[str, Any]) -> PreTrainedModel:
    config = AutoConfig.for_model(kind, bos_token_id=None, eos_token_id=None, pad_token_id=None, **settings)
    return AutoModelForCausalLM.from_config(config)
