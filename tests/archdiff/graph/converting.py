"""A tiny model as llama.cpp's converter writes it: metadata by gguf's own keys, tensors by gguf's own names."""

from __future__ import annotations

import re

import gguf

from tests.archdiff.sources import gguf_files

K = gguf.Keys
NAMES = {
    "llama": "llama", "mixtral": "llama", "qwen2": "qwen2", "qwen2_moe": "qwen2moe", "qwen3": "qwen3",
    "qwen3_moe": "qwen3moe", "smollm3": "smollm3", "olmo2": "olmo2", "phi": "phi2", "phi3": "phi3",
    "gpt_oss": "gpt-oss", "gemma": "gemma", "gemma2": "gemma2", "glm4_moe": "glm4moe", "starcoder2": "starcoder2",
    "nemotron": "nemotron", "gpt_neox": "gptneox", "bloom": "bloom", "gpt2": "gpt2",
    "deepseek_v2": "deepseek2", "deepseek_v3": "deepseek2",
}  # fmt: skip
"""The name that GGUF gives a family."""

KEYS = {
    K.LLM.BLOCK_COUNT: ("num_hidden_layers", "n_layer"),
    K.LLM.CONTEXT_LENGTH: ("max_position_embeddings", "n_positions", "seq_length"),
    K.LLM.EMBEDDING_LENGTH: ("hidden_size", "n_embd"),
    K.LLM.FEED_FORWARD_LENGTH: ("intermediate_size", "n_inner"),
    K.LLM.VOCAB_SIZE: ("vocab_size",),
    K.LLM.USE_PARALLEL_RESIDUAL: ("use_parallel_residual",),
    K.LLM.EXPERT_COUNT: ("num_experts", "num_local_experts", "n_routed_experts"),
    K.LLM.EXPERT_USED_COUNT: ("num_experts_per_tok",),
    K.LLM.EXPERT_FEED_FORWARD_LENGTH: ("moe_intermediate_size",),
    K.LLM.EXPERT_SHARED_FEED_FORWARD_LENGTH: ("shared_expert_intermediate_size",),
    K.LLM.EXPERT_SHARED_COUNT: ("n_shared_experts",),
    K.LLM.EXPERT_GROUP_COUNT: ("n_group",),
    K.LLM.EXPERT_GROUP_USED_COUNT: ("topk_group",),
    K.LLM.EXPERT_WEIGHTS_SCALE: ("routed_scaling_factor",),
    K.LLM.EXPERT_WEIGHTS_NORM: ("norm_topk_prob",),
    K.LLM.LEADING_DENSE_BLOCK_COUNT: ("first_k_dense_replace",),
    K.LLM.ATTN_LOGIT_SOFTCAPPING: ("attn_logit_softcapping",),
    K.LLM.FINAL_LOGIT_SOFTCAPPING: ("final_logit_softcapping",),
    K.Attention.HEAD_COUNT: ("num_attention_heads", "n_head"),
    K.Attention.HEAD_COUNT_KV: ("num_key_value_heads",),
    K.Attention.KEY_LENGTH: ("head_dim",),
    K.Attention.VALUE_LENGTH: ("head_dim",),
    K.Attention.LAYERNORM_EPS: ("layer_norm_eps", "layer_norm_epsilon", "norm_epsilon", "norm_eps"),
    K.Attention.LAYERNORM_RMS_EPS: ("rms_norm_eps",),
    K.Attention.SLIDING_WINDOW: ("sliding_window",),
    K.Attention.Q_LORA_RANK: ("q_lora_rank",),
    K.Attention.KV_LORA_RANK: ("kv_lora_rank",),
    K.Attention.VALUE_LENGTH_MLA: ("v_head_dim",),
    K.Rope.FREQ_BASE: ("rope_theta",),
}
"""gguf's key, and what the config calls it."""

SCALING = {
    K.Rope.SCALING_TYPE: "rope_type", K.Rope.SCALING_FACTOR: "factor",
    K.Rope.SCALING_ORIG_CTX_LEN: "original_max_position_embeddings",
    K.Rope.SCALING_YARN_BETA_FAST: "beta_fast", K.Rope.SCALING_YARN_BETA_SLOW: "beta_slow",
}  # fmt: skip
EXPERT = re.compile(r"(.+\.experts)\.(\d+)\.(\w+)\.(weight)")


def metadata_of(config):
    """What the converter states of a config."""
    name = NAMES[config["model_type"]]
    found = {"general.architecture": name}
    for key, names in KEYS.items():
        value = next((config[each] for each in names if config.get(each) is not None), None)
        if value is not None and not (config["model_type"] == "phi3" and key == K.LLM.EXPERT_COUNT):
            found[key.format(arch=name)] = value
    scaling = config.get("rope_scaling") or {}
    found |= {key.format(arch=name): scaling[each] for key, each in SCALING.items() if each in scaling}
    if "kv_lora_rank" in config:
        found |= latent(name, config)
    share = config.get("partial_rotary_factor", config.get("rotary_pct"))
    head = config.get("head_dim") or config.get("hidden_size", 0) // config.get("num_attention_heads", 1)
    if share is not None:
        found[K.Rope.DIMENSION_COUNT.format(arch=name)] = int(share * head)
    return found


def latent(name, config):
    """Latent attention with the one key-value head that it has in the latent space."""
    rotated, rank = config["qk_rope_head_dim"], config["kv_lora_rank"]
    values = {
        K.Attention.HEAD_COUNT_KV: 1,
        K.Attention.KEY_LENGTH: rank + rotated,
        K.Attention.VALUE_LENGTH: rank,
        K.Attention.KEY_LENGTH_MLA: config["qk_nope_head_dim"] + rotated,
        K.Rope.DIMENSION_COUNT: rotated,
        K.LLM.EXPERT_GATING_FUNC: 2 if config["model_type"] == "deepseek_v3" else 1,
    }
    scaling = config.get("rope_scaling") or {}
    if "mscale_all_dim" in scaling:
        values[K.Rope.SCALING_YARN_LOG_MUL] = 0.1 * scaling["mscale_all_dim"]
    return {key.format(arch=name): value for key, value in values.items()}


def tensors_of(config, tensors):
    """Names, sizes (the innermost first) and types of the converted tensors, of those given as name: shape."""
    name = NAMES[config["model_type"]]
    kind = next(arch for arch, called in gguf.MODEL_ARCH_NAMES.items() if called == name)
    names = gguf.get_tensor_name_map(kind, 99)
    done = {}
    for key, shape in stacked(tensors).items():
        called = names.get_name(key, try_suffixes=(".weight", ".bias"))
        halves = latent_halves(key, called, config) if "kv_b_proj" in key else ()
        for each, sizes in halves or split(key, called, shape, config["model_type"]):
            done[each] = (tuple(reversed(sizes)), 30 if len(sizes) > 1 else 0)
    return done


def latent_halves(key, called, config):
    """Keys, turned, and values out of the latent apart."""
    heads, rank = config["num_attention_heads"], config["kv_lora_rank"]
    keys, values = (heads, rank, config["qk_nope_head_dim"]), (heads, config["v_head_dim"], rank)
    return [(called.replace("_kv_b", "_k_b"), keys), (called.replace("_kv_b", "_v_b"), values)]


def stacked(tensors):
    """Experts of their own as one tensor for each projection."""
    done = {}
    for name, shape in tensors.items():
        if match := EXPERT.fullmatch(name):
            key = f"{match[1]}.{match[3]}.{match[4]}"
            done[key] = (done.get(key, (0,))[0] + 1, *shape)
        else:
            done[name] = tuple(shape)
    return done


def split(key, called, shape, family):
    """What becomes of one tensor: the few that the converter writes in a way of its own."""
    layer = f"blk.{key.split('.')[2]}" if ".layers." in key or ".h." in key else ""
    ending = "bias" if key.endswith("bias") else "weight"
    if ".experts.gate_up_proj" in key:
        sizes = (shape[0], shape[-1] // 2, *shape[1:-1])
        return [(f"{layer}.ffn_{part}_exps.{ending}", sizes) for part in ("gate", "up")]
    if ".experts.down_proj" in key and family == "gpt_oss":
        return [(f"{layer}.ffn_down_exps.{ending}", (shape[0], *shape[:0:-1]))]
    if called is None:
        return [(next(name for part, name in OTHERS.items() if part in key).format(layer, ending), shape)]
    if key.endswith("self_attn.sinks"):
        called = f"{called}.weight"
    if key.endswith("shared_expert_gate.weight"):
        shape = shape[1:]
    turned = family == "gpt2" and key.endswith(("c_attn.weight", "c_fc.weight", "c_proj.weight"))
    return [(called, shape[::-1] if turned else shape)]


OTHERS = {
    "e_score_correction_bias": "{}.exp_probs_b.bias",
    "word_embeddings_layernorm": "token_embd_norm.{1}",
    "post_attention_layernorm": "{}.ffn_norm.{}",
}
"""What the converter or another architecture's row of the map calls what the map does not name."""


def converted(config, tensors, **changes):
    """The bytes of a GGUF file of a model; `changes` of its tensors by name, None takes one away."""
    found = tensors_of(config, tensors)
    found = {key: value for key, value in (found | changes).items() if value is not None}
    return gguf_files.gguf(metadata_of(config), found)
