"""Weights without a class: their own names, experts of their own as the one tensor that the graph has."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from archdiff.weights.pairing.stand_in import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["NoClass", "mapping_of"]

_FUSED = re.compile(r"(?:^|\.)experts\.(\w+)$", re.ASCII)
_PARTS = {
    "gate_up_proj": (("gate_proj", "up_proj"), ("w1", "w3")),
    "down_proj": (("down_proj",), ("w2",)),
}


class NoClass:
    """A stand-in for the model where there is no class.

    Args:
        built: shape of each tensor of the graph, by name.
    """

    base_model_prefix = None
    root = SimpleNamespace(_keys_to_ignore_on_load_missing=None)

    def __init__(self, built: Mapping[str, tuple[int, ...]]) -> None:
        self.built = built
        self.config = Settings({})

    def get_parameter(self, name: str) -> Any:
        """Something with the tensor's shape.

        Raises:
            KeyError: there is no such tensor.
        """
        return SimpleNamespace(shape=self.built[name])


def mapping_of(built: Mapping[str, tuple[int, ...]]) -> list[Any]:
    """How experts that are stored one by one become the tensors of a graph of bare weights."""
    from transformers.core_model_loading import WeightRenaming

    fused = sorted({match[1] for name in built if (match := _FUSED.search(name))})
    return [WeightRenaming(r"\.block_sparse_moe\.", ".mlp."), *(row for name in fused for row in _converters(name))]


def _converters(fused: str) -> Iterator[Any]:
    from transformers.core_model_loading import Concatenate, MergeModulelist, WeightConverter

    for parts in _PARTS.get(fused, ((fused,),)):
        operations: list[Any] = [MergeModulelist(dim=0), *([Concatenate(dim=1)] if len(parts) > 1 else [])]
        sources = [rf"experts\.*.{part}\.weight" for part in parts]
        yield WeightConverter(sources, f"experts.{fused}", operations)
