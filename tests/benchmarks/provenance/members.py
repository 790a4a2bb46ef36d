"""The models that are trained from nothing: kinds, sizes, seeds."""

from __future__ import annotations

import functools
import math
from typing import Any

from tests.benchmarks.provenance.member import Member, initialised
from tests.benchmarks.provenance.rounding import released
from tests.benchmarks.provenance.training import Tuning, trained

VOCABULARY = 256
"""Tokens are bytes."""

FAR_BELOW = 0.5
"""A member counts as trained when its loss is below this share of ln V, what it starts at."""

CEILING = FAR_BELOW * math.log(VOCABULARY)

SIZES = {"small": (64, 3, 4), "middle": (256, 4, 4), "full": (1024, 2, 8)}
"""Width of the residual stream, layers, and query heads."""

STEPS = {"small": 120, "middle": 200, "full": 100}
RATES = {"small": 3e-3, "middle": 1.5e-3, "full": 8e-4}


def settings(kind: str, size: str) -> dict[str, Any]:
    """The config of a kind of model in a size; key-value heads are half the query heads, wherever they may be."""
    width, layers, heads = SIZES[size]
    if kind == "gpt2":
        shape = {"n_embd": width, "n_layer": layers, "n_head": heads // 2, "n_positions": 128}
        return {"vocab_size": VOCABULARY, **shape, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    shared = {
        "vocab_size": VOCABULARY,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 2,
        "max_position_embeddings": 256,
    }
    return {**shared, **_feed_forward(kind, width), "head_dim": max(32, width // 16)}


def _feed_forward(kind: str, width: int) -> dict[str, Any]:
    routed = {"num_experts_per_tok": 2, "moe_intermediate_size": min(width, 512)}
    if kind == "llama":
        return {"intermediate_size": 4 * width if width < 1024 else 2 * width}
    if kind == "qwen2_moe":
        shared = {"shared_expert_intermediate_size": 2 * width, "qkv_bias": False}
        return {**routed, **shared, "num_experts": 8, "intermediate_size": 4 * width}
    if kind == "glm4_moe":
        own = {"moe_intermediate_size": width + width // 8, "num_nextn_predict_layers": 0, "attention_bias": True}
        return {**routed, **own, "n_routed_experts": 8, "intermediate_size": 4 * width, "first_k_dense_replace": 1}
    if kind == "gpt_oss":
        rotary = {"rope_type": "default", "rope_theta": 10_000.0}
        own = {"intermediate_size": width, "num_local_experts": 8, "sliding_window": 32, "rope_parameters": rotary}
        return {**routed, **own}
    return {**routed, "n_routed_experts": 8}


@functools.cache
def scratch(kind: str, size: str, seed: int, data: str = "code", **choices: Any) -> Member:
    """A model trained from nothing, as released: its values are bfloat16.

    Args:
        kind: `llama`, `gpt2`, `qwen2_moe`, `solar_open`, `glm4_moe`, `gpt_oss`.
        size: `small`, `middle`, `full`.
        seed: of its initialisation, and of the order of its data.
        data: what it is trained on.
        choices: settings that differ from the size's, and `order`, the order of the data where it is not the seed's.
    """
    order = choices.pop("order", seed)
    start = initialised(kind, {**settings(kind, size), **choices}, seed)
    return released(trained(start, Tuning(data, STEPS[size], order, RATES[size])))
