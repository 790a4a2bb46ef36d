"""What transformers makes of a config: its normalised values, and every parameter's name and shape."""

from __future__ import annotations

import copy
import math
from functools import cache
from typing import TYPE_CHECKING, Any

import transformers
from accelerate import init_empty_weights
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from archdiff.catalogue import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    Shapes = dict[str, tuple[int, ...]]

# Phi-3.5-MoE's published class, as transformers spells it.
SPELLED = {"PhiMoEForCausalLM": "PhimoeForCausalLM"}


def model_class(config: Mapping[str, Any]) -> type[transformers.PreTrainedModel]:
    """The class that the config names; a name that transformers does not ship is an error."""
    (name,) = config["architectures"]
    return getattr(transformers, SPELLED.get(name, name))


def config_class(config: Mapping[str, Any]) -> type[transformers.PreTrainedConfig]:
    """The config class of the model type, or, for a type of its own (Kimi K2), of the class that is named."""
    known = config["model_type"] in CONFIG_MAPPING
    return CONFIG_MAPPING[config["model_type"]] if known else model_class(config).config_class


def normalised(config: Mapping[str, Any]) -> transformers.PreTrainedConfig:
    """The config as transformers reads it."""
    return config_class(config).from_dict(copy.deepcopy(dict(config)))


def shapes(config: Mapping[str, Any]) -> Shapes:
    """Name and shape of every parameter, tied ones once. Allocates nothing."""
    with init_empty_weights(include_buffers=True):
        model = model_class(config)._from_config(normalised(config))
    return {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}


@cache
def entry_shapes(name: str) -> Shapes:
    """`shapes` of the catalogue entry called `name`."""
    return shapes(load(name).config)


def count(of: Shapes) -> int:
    """Parameters in all."""
    return sum(map(math.prod, of.values()))
