"""The normalised config: one spelling for every setting, nothing that does not describe the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedConfig

from archdiff.graph.roles import Sizes

__all__ = ["normalised", "per_layer", "scope_of", "sizes_of"]

_BOOKKEEPING = frozenset({
    "transformers_version", "_name_or_path", "name_or_path", "architectures", "id2label", "label2id", "auto_map",
    "_attn_implementation_autoset", "_commit_hash", "model_type", "torch_dtype", "return_dict", "output_hidden_states",
    "output_attentions", "problem_type", "chunk_size_feed_forward", "is_encoder_decoder",
    "_attn_implementation", "_attn_implementation_internal", "_experts_implementation", "attn_implementation",
})  # fmt: skip
"""Keys that name files and runtime choices; what a class needs of them stands in the graph itself."""

_TEXT_CONFIGS = ("text_config", "llm_config", "language_config", "thinker_config", "decoder")
_TOWER_CONFIGS: Mapping[str, tuple[str, ...]] = {
    "vision": ("vision_config", "vit_config", "vision_encoder_config"),
    "visual": ("vision_config",),
    "audio": ("audio_config", "speech_config"),
}
_DEFAULT_EXPERT_KEYS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")


def normalised(config: PreTrainedConfig) -> dict[str, Any]:
    """The config as JSON values, under the canonical names that transformers maps a family's own names to.

    Nested configs stay nested and are normalised in the same way.
    """
    values = config.to_dict()
    nested = {key: item for key, item in vars(config).items() if isinstance(item, PreTrainedConfig)}
    for canonical, own in config.attribute_map.items():
        if own in values:
            values[canonical] = values.pop(own)
    done = {key: _plain(value) for key, value in values.items() if key not in _BOOKKEEPING and key not in nested}
    return dict(sorted({**done, **{key: normalised(item) for key, item in nested.items()}}.items()))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def scope_of(config: Mapping[str, Any], path: str = "") -> Mapping[str, Any]:
    """The part of a nested config that describes the module: its tower's, else the language model's.

    Args:
        config: a normalised config.
        path: qualified module name.
    """
    parts = path.split(".")
    for hint, keys in _TOWER_CONFIGS.items():
        if any(hint in part for part in parts):
            found = next((config[key] for key in keys if isinstance(config.get(key), Mapping)), None)
            if found is not None:
                return {**found}
    return next((scope_of(config[key]) for key in _TEXT_CONFIGS if isinstance(config.get(key), Mapping)), config)


def sizes_of(config: Mapping[str, Any]) -> Sizes:
    """Hidden size, vocabulary and expert count of the language model."""
    scope = scope_of(config)
    experts = next((scope[key] for key in _DEFAULT_EXPERT_KEYS if _is_count(scope.get(key))), None)
    hidden = next((scope[key] for key in ("hidden_size", "d_model", "n_embd") if _is_count(scope.get(key))), None)
    vocabulary = scope.get("vocab_size") or config.get("vocab_size")
    return Sizes(hidden, vocabulary if _is_count(vocabulary) else None, experts)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def per_layer(config: Mapping[str, Any], index: int, layers: int) -> tuple[tuple[str, Any], ...]:
    """The values that lists of the config, one entry a layer, give to one layer.

    Args:
        config: a normalised config; nested ones are searched too.
        index: number of the layer.
        layers: length of the stack; lists of another length are not per-layer lists of it.
    """
    found: list[tuple[str, Any]] = []
    for key, value in config.items():
        if isinstance(value, Mapping):
            found += [(f"{key}.{name}", item) for name, item in per_layer(value, index, layers)]
        elif isinstance(value, list | tuple) and len(value) == layers:
            found.append((key, value[index]))
        elif isinstance(value, list) and key in ("mlp_only_layers", "moe_layers", "cross_attention_layers"):
            found.append((key, index in value))
    return tuple(found)
