"""Facts of the part of a layer that mixes positions: attention in its kinds, and what replaces it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from archdiff.graph.facts.positions import interleaves
from archdiff.graph.facts.reading import Reading, weight
from archdiff.graph.schema import Node, Value
from archdiff.graph.trace import SEQUENCE_LENGTH

__all__ = ["read"]

Facts = Iterator[tuple[str, Value]]

_MIXERS = {
    "linear-attention": "linear-attention",
    "state-space": "state-space",
    "convolution-mixer": "convolution",
    "attention": "attention",
}


def read(layer: Reading) -> Facts:
    """Facts of the mixer of a layer."""
    mixers = [name for role, name in _MIXERS.items() if layer.find(role) is not None]
    yield "mixer.kind", " and ".join(mixers) or None
    attention = layer.find("attention")
    if attention is not None:
        yield from _attention(layer.below(attention), attention)
    mixer = layer.find("linear-attention", "state-space", "convolution-mixer")
    if mixer is not None:
        yield from _recurrent(layer.below(mixer), mixer)
    yield "attention.cross", layer.find("cross-attention") is not None


def _attention(part: Reading, node: Node) -> Facts:
    heads, dimension = _query_heads(part), _head_dimension(part, node)
    yield "attention.query_heads", heads
    latent = part.find("key-value-down") is not None
    key_value = heads if latent else _key_value_heads(part, dimension, heads)
    yield "attention.key_value_heads", key_value
    yield "attention.head_dimension", dimension
    yield "attention.kind", "multi-head-latent" if latent else _kind(heads, key_value)
    if latent:
        yield from _latent(part)
    yield "attention.value_head_dimension", part.count("v_head_dim", node=node) if latent else None
    yield "attention.bias", _biases(part)
    yield "attention.query_key_norm", _query_key_norm(part, node, dimension)
    yield "attention.sinks", weight(node, "sinks") is not None or weight(node, "sink") is not None
    yield "attention.window", _window(part, node)
    yield "attention.softcap", part.setting("attn_logit_softcapping") if _runs(part, node, "tanh") else None
    yield "attention.scale", _scale(part, node, dimension)
    yield "attention.gate", part.find("attention-gate") is not None or _gated_queries(part, heads, dimension)
    yield "attention.key_value_sharing", bool(node.attributes.get("is_kv_shared_layer"))
    indexer = part.find("sparse-indexer")
    yield "indexer.heads", part.below(indexer).count("n_heads", "index_n_heads") if indexer else None
    yield "indexer.keys_kept", part.below(indexer).count("index_topk") if indexer else None
    if indexer is not None and part.traced:
        yield "indexer.interleaved", interleaves(part.own(indexer))


def _kind(heads: int | None, key_value: int | None) -> str | None:
    if heads is None or key_value is None:
        return None
    return "multi-head" if heads == key_value else "multi-query" if key_value == 1 else "grouped-query"


def _query_heads(part: Reading) -> int | None:
    """From the attention scores, else from the settings."""
    for operator in part.operators():
        shape = operator.shapes[0] if operator.shapes else ()
        if operator.name == "softmax" and len(shape) == 4 and shape[2] == SEQUENCE_LENGTH:
            return shape[1]
    return part.count("num_attention_heads", "num_heads", "n_heads", "n_head")


def _head_dimension(part: Reading, node: Node) -> int | None:
    stated = part.count("qk_head_dim", node=node) or part.count(
        "head_dim", "attention_head_size", "head_size", node=node
    )
    heads = part.count("num_attention_heads", "num_heads", "n_head", "n_heads")
    rows = part.width(0, "query")
    return stated or (rows // heads if rows and heads else None) or _hidden_share(part, heads)


def _hidden_share(part: Reading, heads: int | None) -> int | None:
    hidden = part.stated("hidden_size", "d_model", "n_embd")
    return hidden // heads if isinstance(hidden, int) and heads else None


def _key_value_heads(part: Reading, dimension: int | None, heads: int | None) -> int | None:
    rows = part.width(0, "key")
    if rows and dimension and rows % dimension == 0:
        return rows // dimension
    fused = part.width(0, "query-key-value")
    if fused and dimension and heads and fused % dimension == 0 and (fused // dimension - heads) % 2 == 0:
        return (fused // dimension - heads) // 2
    return part.count("num_key_value_heads", "num_kv_heads") or heads


def _latent(part: Reading) -> Facts:
    yield "latent.query_rank", part.width(0, "query-down")
    norm = part.find("key-value-latent-norm")
    rank = part.count("kv_lora_rank") or (norm.tensors[0].shape[0] if norm is not None and norm.tensors else None)
    yield "latent.key_value_rank", rank
    yield "latent.rotary_dimension", part.count("qk_rope_head_dim")
    yield "latent.plain_dimension", part.count("qk_nope_head_dim")


def _biases(part: Reading) -> tuple[str, ...]:
    """Which projections have a bias; a fused one counts as the three that it stands for."""
    found: list[str] = []
    for role in ("query", "key", "value"):
        names = {"query": ("query", "query-up", "query-down"), "key": ("key", "key-value-down")}.get(role, (role,))
        nodes = part.all(*names, "query-key-value")
        if any(weight(node, "bias") is not None for node in nodes):
            found.append(role)
    if any(weight(node, "bias") is not None for node in part.all("output")):
        found.append("output")
    return tuple(found)


def _query_key_norm(part: Reading, node: Node, dimension: int | None) -> str | None:
    norm = part.find("query-norm")
    if norm is None:
        unit = next((n for n in part.modules if "L2Norm" in n.class_name), None)
        return "without weight" if unit is not None or node.attributes.get("use_qk_norm") is True else None
    if not norm.tensors:
        return "without weight"
    return "per head" if norm.tensors[0].shape[-1] == dimension else "per width"


_WINDOW_IN_EVERY_LAYER = frozenset({"minimax"})
"""Classes whose kinds of layers do not tell windowed from full attention: they call all of them full."""


def _window(part: Reading, node: Node) -> Value:
    """Tokens that a query sees: the layer's type decides whether the model's window applies to it."""
    kind = part.values.get("layer_types") or node.attributes.get("layer_type") or node.attributes.get("attention_type")
    if part.graph.model_type in _WINDOW_IN_EVERY_LAYER:
        return part.count("sliding_window", node=node)
    if kind in ("full_attention", "full", "global", "attention", "hybrid"):
        return None
    if kind == "sliding_attention":
        return part.count("sliding_window", "window_size", node=node)
    if kind == "chunked_attention":
        return part.count("attention_chunk_size")
    if node.attributes.get("is_sliding") is False or part.stated("use_sliding_window") is False:
        return None
    return part.count("sliding_window", "window_size", node=node)


def _runs(part: Reading, node: Node, *names: str) -> bool:
    """Whether the module runs one of the operators, or has not been traced so that its settings must do."""
    return not part.traced or any(operator.name in names for operator in part.own(node))


def _scale(part: Reading, node: Node, dimension: int | None) -> Value:
    """The multiplier of the logits where it is not 1/sqrt(head dimension), to six digits."""
    value = part.setting("scaling", "softmax_scale", "scale", node=node) if node.attributes else None
    if not isinstance(value, float) or not dimension:
        inverse = bool(part.stated("scale_attn_by_inverse_layer_idx"))
        return "divided by the layer's number" if inverse else None
    return None if math.isclose(value, dimension**-0.5, rel_tol=1e-6) else float(f"{value:.6g}")


def _gated_queries(part: Reading, heads: int | None, dimension: int | None) -> bool:
    """Whether the query projection also yields a gate: it then has twice the rows that queries need."""
    rows = part.width(0, "query")
    return bool(rows and heads and dimension and rows == 2 * heads * dimension)


def _recurrent(part: Reading, node: Node) -> Facts:
    linear = node.role == "linear-attention"
    yield (
        "mixer.state_size",
        part.count(*(("head_k_dim",) if linear else ("ssm_state_size", "state_size", "mamba_d_state"))),
    )
    yield (
        "mixer.convolution_width",
        part.count("conv_kernel_size", "conv_kernel", "d_conv", "L_cache", "conv_L_cache"),
    )
    yield "mixer.heads", part.count("num_v_heads", "num_heads", "mamba_num_heads", node=node)
