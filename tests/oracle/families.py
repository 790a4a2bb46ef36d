"""Tiny configs: a class's defaults with small sizes, long enough to hold each kind of layer that the family has."""

from __future__ import annotations

import copy
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig

__all__ = ["families", "fields_left_out", "is_config", "kind_of", "reduced", "settings", "tiny"]

_LEFT_OUT = frozenset({
    "architectures", "model_type", "transformers_version", "_name_or_path", "id2label", "label2id", "return_dict",
    "output_hidden_states", "output_attentions", "problem_type", "chunk_size_feed_forward", "is_encoder_decoder",
    "dtype", "_attn_implementation", "_experts_implementation", "_attn_implementation_internal",
})  # fmt: skip
"""Keys that name files, tasks and runtime choices, and are no part of a normalised config."""


@cache
def settings() -> dict[str, Any]:
    """What `families.toml` holds."""
    return tomllib.loads(Path(__file__).with_name("families.toml").read_text(encoding="utf-8"))


def families() -> tuple[str, ...]:
    """Model types that the oracle covers."""
    return (*settings()["families"], *settings()["class"])


def kind_of(family: str) -> dict[str, Any]:
    """The model type, and the class where it is not the causal language model."""
    chosen = settings()["class"].get(family)
    return {"model_type": family, **({"architectures": [chosen]} if chosen else {})}


def reduced() -> dict[str, tuple[str, ...]]:
    """Families and fields of the run in `make test`; no fields for all."""
    return {family: tuple(fields) for family, fields in settings()["reduced"].items()}


def fields_left_out() -> frozenset[str]:
    """Keys of a config that are never mutated."""
    return _LEFT_OUT


def tiny(model_type: str) -> dict[str, Any]:
    """The values of a small config of the type, with every key that its class has.

    Raises:
        Exception: whatever the config class raises.
    """
    default = CONFIG_MAPPING[model_type]().to_dict()
    own = settings()["family"].get(model_type, {})
    values = _shrunk(default, own)
    values |= {key: value for key, value in own.items() if key != "without" and not is_config(values.get(key))}
    for key in own.get("without", ()):
        values.pop(key, None)
    done = AutoConfig.for_model(model_type, **copy.deepcopy(values)).to_dict()
    return {key: value for key, value in done.items() if key not in _LEFT_OUT}


def _shrunk(default: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    layers = next((default[key] for key in settings()["layers"] if isinstance(default.get(key), int)), 0)
    lists = {key: value for key, value in default.items() if isinstance(value, list) and len(value) == layers}
    chosen = _chosen(lists, layers, own.get("layers", 0))
    values: dict[str, Any] = {}
    for key, value in default.items():
        if key in _LEFT_OUT:
            continue
        if is_config(value):
            values[key] = _nested(value, own.get(key, {}))
        elif key in settings()["layers"] and isinstance(value, int):
            values[key] = len(chosen)
        elif key in lists:
            values[key] = [value[index] for index in chosen]
        elif key in settings()["sizes"] and (value is not None or key.endswith("token_id")):
            values[key] = settings()["sizes"][key]
        else:
            values[key] = _small_rotary(value) if key == "rope_parameters" else value
    if isinstance(values.get("rope_parameters"), dict) and "max_position_embeddings" in values:
        values["max_position_embeddings"] = 16  # shorter than the sample, so that scaling by length takes effect
    if values.get("kv_lora_rank") and "num_key_value_heads" in values:
        values["num_key_value_heads"] = values["num_attention_heads"]  # latent attention has a key for every query
    return values


def is_config(value: Any) -> bool:
    """Whether a value is a config of its own, as that of a tower."""
    return isinstance(value, dict) and "model_type" in value


def _nested(default: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A tower's config, small too; it keeps its type."""
    return {**_shrunk(default, own), **own, "model_type": default["model_type"]}


def _chosen(lists: dict[str, list[Any]], layers: int, wanted: int) -> list[int]:
    """Numbers of the layers that are kept: the first of each combination of kinds, and then others."""
    rows = [tuple(repr(value[index]) for value in lists.values()) for index in range(layers)]
    firsts = sorted({row: index for index, row in reversed(list(enumerate(rows)))}.values())
    length = wanted or max(3, min(len(firsts), 6))
    others = [index for index in range(layers) if index not in firsts]
    return sorted((firsts + others)[:length]) if layers else []


def _small_rotary(value: Any) -> Any:
    """Rotary settings with scaling that a short sample reaches."""
    if not isinstance(value, dict):
        return value
    done = {key: _small_rotary(item) if isinstance(item, dict) else item for key, item in value.items()}
    if isinstance(done.get("original_max_position_embeddings"), int):
        done["original_max_position_embeddings"] = 16
    return done
