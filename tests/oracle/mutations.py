"""Other values for every field of a config."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING, Any

from tests.oracle import families

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mutation", "mutations", "relatives"]

Values = dict[str, Any]

_ALTERNATIVES = (
    ("silu", "gelu", "relu"),
    ("gelu_pytorch_tanh", "gelu", "silu"),
    ("gelu_new", "gelu", "silu"),
    ("relu2", "relu", "silu"),
    ("swish", "gelu"),
    ("sigmoid", "softmax"),
    ("sqrtsoftplus", "sigmoid", "softmax"),
    ("greedy", "group_limited_greedy"),
    ("average", "sum"),
    ("rope", "nope"),
    ("original_full", "block_sparse"),
)
"""Strings that stand for each other: the first is replaced by each that follows, the others by the first."""

_COUNTS = frozenset({"num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers"})
_DERIVING = frozenset({
    "use_sliding_window", "max_window_layers", "sliding_window_pattern", "full_attention_interval", "sliding_window",
    "no_rope_layer_interval", "first_k_dense_replace", "attn_layer_period", "attn_layer_offset", "layer_group_size",
    "moe_layer_start_index", "interleave_moe_layer_step", "_sliding_window_pattern", "attention_types",
    "global_attn_every_n_layers", "indexer_types", "num_hidden_layers", "index_topk_pattern",
})  # fmt: skip
"""Fields that a class derives its lists of layer kinds from, where those are not given."""

_DERIVED = ("layer_types", "no_rope_layers", "mlp_layer_types", "moe_layers", "layers_block_type", "attention_layers")
_NULL_TO = {
    "sliding_window": 4, "final_logit_softcapping": 2.0, "attn_logit_softcapping": 2.0, "n_inner": 48,
    "intermediate_size": 48, "head_dim": 16, "num_key_value_heads": 4, "q_lora_rank": 20, "clip_qkv": 0.5,
    "logit_scale": 0.5, "num_ln_in_parallel_attn": 1, "moe_latent_size": 16, "moe_router_logit_softcapping": 1.0,
    "prefix_dense_intermediate_size": 40, "unpadded_vocab_size": 64, "log_scaling_n_floor": 8, "swiglu_limit": 0.5,
    "position_embedding_type": "rope", "use_bidirectional_attention": True, "pad_token_id": 3, "bos_token_id": 3,
    "eos_token_id": 3, "time_step_limit": [0.0, 0.1], "num_experts": 4, "softmax_scale": 0.3,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Mutation:
    """Another value for one field.

    Args:
        field: the key, nested ones with dots.
        label: what was done to it.
        values: the whole config that results.
    """

    field: str
    label: str
    values: Values


def mutations(config: Values) -> Iterator[Mutation]:
    """Every mutation of every field; which of them are valid is for execution to say."""
    for key in sorted(config.keys() - families.fields_left_out()):
        if key == "rope_parameters" and isinstance(config[key], dict):
            yield from _rotary(config)
            continue
        if isinstance(config[key], dict):
            yield from _of_tower(config, key) if families.is_config(config[key]) else ()
            continue
        for label, value in _others(key, config[key]):
            yield Mutation(key, label, _with(config, key, value))
        if key in _DERIVING:
            yield from _rederived(config, key)


def _of_tower(config: Values, key: str) -> Iterator[Mutation]:
    for mutation in mutations(config[key]):
        values = {**copy.deepcopy(config), key: {**mutation.values, "model_type": config[key]["model_type"]}}
        yield Mutation(f"{key}.{mutation.field}", mutation.label, values)


def relatives(family: str, config: Values) -> Iterator[Mutation]:
    """The same settings in the class of every family that takes the weights: what differs is how the class computes."""
    for name in families.settings()["relatives"].get(family, ()):
        values = families.tiny(name)
        shared = {k: v for k, v in config.items() if k in values and (values[k] is None or type(v) is type(values[k]))}
        yield Mutation("model_type", f"{family} → {name}", copy.deepcopy({**values, **shared, "model_type": name}))


def _with(config: Values, key: str, value: Any) -> Values:
    done = copy.deepcopy(config)
    done[key] = value
    if key in _COUNTS and isinstance(value, int):
        _resize(done, config[key], value)
    return done


def _resize(config: Values, before: int, after: int) -> None:
    """Lists with one entry a layer follow the number of layers."""
    for key, value in config.items():
        if isinstance(value, list) and len(value) == before and before > 0:
            config[key] = (value + [value[-1]] * after)[:after]


def _rederived(config: Values, key: str) -> Iterator[Mutation]:
    """Another value with the lists left to the class, where OLD's lists are what it would derive or not."""
    derived = [name for name in _DERIVED if isinstance(config.get(name), list) and name != key]
    for label, value in _others(key, config[key]) if derived else ():
        done = {name: item for name, item in _with(config, key, value).items() if name not in derived}
        yield Mutation(key, f"{label}, lists left to the class", done)


def _others(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Other values for one value, each with a label, the likeliest to be valid first."""
    if isinstance(value, bool):
        yield "flipped", not value
    elif isinstance(value, int):
        yield from _integers(value)
    elif isinstance(value, float):
        yield from _floats(value)
    elif isinstance(value, str):
        yield from ((f"{value} → {other}", other) for other in _strings(value))
    elif isinstance(value, list):
        yield from _lists(value)
    elif value is None and key in _NULL_TO:
        yield f"null → {_NULL_TO[key]}", copy.deepcopy(_NULL_TO[key])
    if value is not None and key in _NULL_TO and not key.endswith("token_id"):
        yield "null", None


def _integers(value: int) -> Iterator[tuple[str, int]]:
    found = {"doubled": value * 2, "halved": value // 2, "plus 1": value + 1, "minus 1": value - 1}
    seen = {value}
    for label, other in found.items():
        if other not in seen and (other >= 0 or value < -1):  # -1 stands for none
            seen.add(other)
            yield label, other


def _floats(value: float) -> Iterator[tuple[str, float]]:
    if 0 < value < 1e-3:  # an epsilon, whose double makes less difference than the tolerance
        yield "0.01", 0.01
    elif value:
        yield from (("doubled", value * 2), ("halved", value / 2))
    else:
        yield "0 → 0.5", 0.5


def _strings(value: str) -> Iterator[str]:
    for row in _ALTERNATIVES:
        if value == row[0]:
            yield from row[1:]
            return
    yield from (row[0] for row in _ALTERNATIVES if value in row[1:])


def _lists(value: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    if len(value) > 1 and (rotated := value[1:] + value[:1]) != value:
        yield "rotated", rotated
    different = [item for item in value if item != value[0]]
    if different:
        yield "first changed", [different[0], *value[1:]]
        yield "last changed", [*value[:-1], next(item for item in value if item != value[-1])]
    elif value and isinstance(value[0], int | float) and not isinstance(value[0], bool):
        yield "first changed", [value[0] * 2 if value[0] not in (0, 1) else 1 - value[0], *value[1:]]
    elif value and value[0] in ("full_attention", "sliding_attention"):
        other = "sliding_attention" if value[0] == "full_attention" else "full_attention"
        yield f"first → {other}", [other, *value[1:]]
    elif not value:
        yield "0 added", [0]


def _rotary(config: Values) -> Iterator[Mutation]:
    rotary = config["rope_parameters"]
    nested = {key: value for key, value in rotary.items() if isinstance(value, dict)}
    for kind, settings in nested.items() or {"": rotary}.items():
        for name, label, changed in _rotary_settings(settings):
            done = {**rotary, kind: changed} if kind else changed
            field = ".".join(part for part in ("rope_parameters", kind, name) if part)
            yield Mutation(field, label, {**copy.deepcopy(config), "rope_parameters": copy.deepcopy(done)})


def _rotary_settings(settings: Values) -> Iterator[tuple[str, str, Values]]:
    for key, value in settings.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield key, "doubled", {**settings, key: value * 2}
            yield key, "halved", {**settings, key: value // 2 if isinstance(value, int) else value / 2}
        elif isinstance(value, bool):
            yield key, "flipped", {**settings, key: not value}
    if settings.get("rope_type", "default") != "default":
        base = {key: settings[key] for key in ("rope_theta", "partial_rotary_factor") if key in settings}
        yield "rope_type", "default", {**base, "rope_type": "default"}
        return
    if "partial_rotary_factor" not in settings:
        yield "partial_rotary_factor", "0.5", {**settings, "partial_rotary_factor": 0.5}
    yield "rope_type", "linear", {**settings, "rope_type": "linear", "factor": 2.0}
    yield "rope_type", "dynamic", {**settings, "rope_type": "dynamic", "factor": 2.0}
    past = {"factor": 2.0, "original_max_position_embeddings": 16}
    yield "rope_type", "yarn", {**settings, **past, "rope_type": "yarn"}
    low = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    yield "rope_type", "llama3", {**settings, **past, **low, "rope_type": "llama3"}
