"""Families that were released under a name of their own and are built by a class that transformers ships."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAMILIES", "Family"]


@dataclasses.dataclass(frozen=True)
class Family:
    """A published family and the shipped class that computes the same.

    Args:
        model_type: transformers' type that is built in its place.
        class_name: the class that is built.
        renames: last part of a module path in the shipped class, to the published one.
        note: what the report says about it.
    """

    model_type: str
    class_name: str
    renames: Mapping[str, str]
    note: str


# Source: the modeling code that 01-ai published with Yi-34B on 2023-11-05, and the discussion "Yi uses Llama's
# architecture with two tensors renamed" on its hub page, after which the names were changed back.
_YI = Family(
    "llama",
    "LlamaForCausalLM",
    MappingProxyType({"input_layernorm": "ln1", "post_attention_layernorm": "ln2"}),
    "first-release Yi: Llama's architecture with `input_layernorm` named `ln1` and `post_attention_layernorm` `ln2`",
)

FAMILIES: Mapping[str, Family] = MappingProxyType({"Yi": _YI})
