"""Which types there are, and what a config file of each would hold."""

from __future__ import annotations

import json
from typing import Any

import transformers
from accelerate import init_empty_weights
from transformers import CONFIG_MAPPING
from transformers.models.auto import modeling_auto

from archdiff.graph.build import AUTO_CLASSES

__all__ = ["config_of", "instantiate_alone", "kinds", "without_class"]


def kinds() -> dict[str, str]:
    """Every type that has a model class, sorted, with the auto class that archdiff builds it through."""
    known = {auto: getattr(transformers, auto)._model_mapping._model_mapping for auto in AUTO_CLASSES}
    found = {name: next((auto for auto in AUTO_CLASSES if name in known[auto]), None) for name in CONFIG_MAPPING}
    return {name: auto for name, auto in sorted(found.items()) if auto is not None}


def without_class() -> list[str]:
    """Types that have a config and no class in any auto class: parts of other models."""
    names = [name for name in dir(modeling_auto) if name.startswith("MODEL_") and name.endswith("MAPPING_NAMES")]
    every = [getattr(modeling_auto, name) for name in names]
    return sorted(name for name in CONFIG_MAPPING if not any(name in mapping for mapping in every))


def config_of(model_type: str) -> dict[str, Any]:
    """What a config file of the type's default config holds."""
    values: dict[str, Any] = json.loads(CONFIG_MAPPING[model_type]().to_json_string(use_diff=False))
    return values


def instantiate_alone(model_type: str) -> None:
    """Build the type on the meta device with transformers alone, as `AutoModel….from_config` would."""
    with init_empty_weights(include_buffers=True):
        getattr(transformers, kinds()[model_type]).from_config(CONFIG_MAPPING[model_type]())
