"""Families that were released under a name of their own and are built by a class that transformers ships."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAMILIES", "Family"]


@dataclasses.dataclass(frozen=True)
class Family:
    """A published family and the shipped class that computes the same.

    Args:
        model_type: transformers' type that is built in its place.
        class_name: the class that is built.
        note: what the report says about it.
        renames: last part of a module path in the shipped class, to the published one.
        keys: of the published config, to those of the shipped class.
        implied: settings of the shipped class that are true where the published config states a key, else false.
    """

    model_type: str
    class_name: str
    note: str
    renames: Mapping[str, str] = dataclasses.field(default_factory=dict)
    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)
    implied: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def settings(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The published config in the spelling of the shipped class."""
        spelled = {self.keys.get(key, key): value for key, value in config.items()}
        implied = {key: stated in config for key, stated in self.implied.items()}
        return {**implied, **spelled, "model_type": self.model_type}


# Source: the modeling code that 01-ai published with Yi-34B on 2023-11-05, and the discussion "Yi uses Llama's
# architecture with two tensors renamed" on its hub page, after which the names were changed back.
_YI = Family(
    "llama",
    "LlamaForCausalLM",
    "first-release Yi: Llama's architecture with `input_layernorm` named `ln1` and `post_attention_layernorm` `ln2`",
    renames=MappingProxyType({"input_layernorm": "ln1", "post_attention_layernorm": "ln2"}),
)

# Source: `models/falcon/convert_custom_code_checkpoint.py` of transformers 4.33 to 4.57, which turned the configs that
# TII published in 2023 (`modelling_RW.py`, RefinedWebModel for 7B and RefinedWeb for 40B) into those of the class.
_FALCON = Family(
    "falcon",
    "FalconForCausalLM",
    "first-release Falcon: `RWForCausalLM`, whose config spells some keys otherwise",
    keys=MappingProxyType(
        {"n_layer": "num_hidden_layers", "n_head": "num_attention_heads", "n_head_kv": "num_kv_heads"}
    ),
    implied=MappingProxyType({"new_decoder_architecture": "n_head_kv"}),
)

FAMILIES: Mapping[str, Family] = MappingProxyType({"Yi": _YI, "RefinedWebModel": _FALCON, "RefinedWeb": _FALCON})
