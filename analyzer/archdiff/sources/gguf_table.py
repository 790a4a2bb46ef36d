"""What llama.cpp calls what transformers calls something else: keys of metadata and names of tensors, as a table.

Sources: gguf-py's constants.py and tensor_mapping.py, convert_hf_to_gguf.py of llama.cpp, transformers' own mappings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ARCHITECTURES", "KEYS", "Architecture"]

KEYS: Mapping[str, str] = MappingProxyType({
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "context_length": "max_position_embeddings",
    "rope.freq_base": "rope_theta",
    "vocab_size": "vocab_size",
})  # fmt: skip
"""Config key by what follows the architecture's name, for most architectures."""

_OUTSIDE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head", "blk": "model.layers"}
_ATTENTION = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm", "ffn_norm": "post_attention_layernorm",
}  # fmt: skip
_MLP = {"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
_ROUTED = {"ffn_gate_inp": "mlp.gate", "exp_probs_b": "mlp.gate.e_score_correction_bias"}
_NAMES = _OUTSIDE | _ATTENTION | _MLP | _ROUTED
_EACH = {"ffn_gate_exps": "gate_proj", "ffn_up_exps": "up_proj", "ffn_down_exps": "down_proj"}


@dataclass(frozen=True, slots=True)
class Architecture:
    """One architecture of GGUF, as transformers has it.

    `keys` maps what follows the architecture's name to a config key, besides `KEYS`; `stated` holds what llama.cpp
    takes for granted of the architecture and the config class does not, `scaling` the same of rotary scaling;
    `fraction` is the config key for the rotary share of a head.

    `names` maps the parts of tensors' names to those of modules; `experts` is the module that holds the experts one
    by one, and `each` the parts of one; `fused` that which holds all of them in one tensor for each part, with its
    sizes the other way round, and gate and up together. Weights of the modules in `transposed` are stored the other
    way round, those in `squeezed` without their one row.

    What the converter does to values: with `interleaved`, query and key rows i and i + n/2 of a head stand side by
    side; with `raised`, norm weights have 1 added; with `banded`, the rows of packed queries, keys and values stand by
    kind, not by head.
    """

    model_type: str
    class_name: str
    keys: Mapping[str, str] = field(default_factory=dict)
    stated: Mapping[str, object] = field(default_factory=dict)
    scaling: Mapping[str, object] = field(default_factory=dict)
    fraction: str = ""
    names: Mapping[str, str] = field(default_factory=lambda: _NAMES)
    experts: str = "mlp.experts"
    each: Mapping[str, str] = field(default_factory=lambda: _EACH)
    fused: bool = False
    transposed: frozenset[str] = frozenset()
    squeezed: frozenset[str] = frozenset()
    interleaved: bool = False
    raised: bool = False
    banded: bool = False


_HEAD = {"attention.key_length": "head_dim"}
_USED = {"expert_used_count": "num_experts_per_tok"}
_EXPERTS = {"expert_count": "num_experts", **_USED}
_WIDTH = {"expert_feed_forward_length": "moe_intermediate_size"}
_LOCAL = {"expert_count": "num_local_experts", **_USED}
_SHARED = {"expert_shared_feed_forward_length": "shared_expert_intermediate_size"}
_WINDOW = {"attention.sliding_window": "sliding_window"}
_AROUND = {"post_attention_norm": "post_attention_layernorm", "post_ffw_norm": "post_feedforward_layernorm"}
_SHEXP = {"ffn_gate_shexp": "gate_proj", "ffn_up_shexp": "up_proj", "ffn_down_shexp": "down_proj"}
_SOFT = {"attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping"}
_GROUPED = {
    "expert_count": "n_routed_experts", "expert_shared_count": "n_shared_experts", "expert_group_count": "n_group",
    "expert_group_used_count": "topk_group", "expert_weights_scale": "routed_scaling_factor",
    "expert_weights_norm": "norm_topk_prob", "leading_dense_block_count": "first_k_dense_replace",
    "nextn_predict_layers": "num_nextn_predict_layers",
}  # fmt: skip
_PREDICTION = {
    "nextn.eh_proj": "eh_proj", "nextn.embed_tokens": "embed_tokens", "nextn.enorm": "enorm", "nextn.hnorm": "hnorm",
    "nextn.shared_head_head": "shared_head.head", "nextn.shared_head_norm": "shared_head.norm",
}  # fmt: skip


def _shared(module: str) -> dict[str, str]:
    return {part: f"mlp.{module}.{name}" for part, name in _SHEXP.items()}


def _epsilon(key: str) -> dict[str, str]:
    return {"attention.layer_norm_epsilon": key}


_GPT2 = Architecture(
    "gpt2", "GPT2LMHeadModel",
    {
        "block_count": "n_layer", "embedding_length": "n_embd", "feed_forward_length": "n_inner",
        "attention.head_count": "n_head", "context_length": "n_positions", **_epsilon("layer_norm_epsilon"),
    },
    names={
        "token_embd": "transformer.wte", "position_embd": "transformer.wpe", "output_norm": "transformer.ln_f",
        "output": "lm_head", "blk": "transformer.h", "attn_norm": "ln_1", "attn_qkv": "attn.c_attn",
        "attn_output": "attn.c_proj", "ffn_norm": "ln_2", "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj",
    },
    transposed=frozenset({"attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"}),
)  # fmt: skip


def _dense(attention: str) -> dict[str, str]:
    return {
        "attn_norm": "input_layernorm", "attn_qkv": f"{attention}.query_key_value", "attn_output": f"{attention}.dense",
        "ffn_norm": "post_attention_layernorm", "ffn_up": "mlp.dense_h_to_4h", "ffn_down": "mlp.dense_4h_to_h",
    }  # fmt: skip


_LATENT = {
    "attention.q_lora_rank": "q_lora_rank", "attention.kv_lora_rank": "kv_lora_rank",
    "attention.value_length_mla": "v_head_dim", "rope.dimension_count": "qk_rope_head_dim",
}  # fmt: skip
_LATENT_NAMES = {
    "attn_q_a": "self_attn.q_a_proj", "attn_q_a_norm": "self_attn.q_a_layernorm", "attn_q_b": "self_attn.q_b_proj",
    "attn_kv_a_mqa": "self_attn.kv_a_proj_with_mqa", "attn_kv_a_norm": "self_attn.kv_a_layernorm",
    "attn_kv_b": "self_attn.kv_b_proj",
}  # fmt: skip


def _deepseek(model_type: str, class_name: str) -> Architecture:
    names = _NAMES | _LATENT_NAMES | _shared("shared_experts") | _PREDICTION
    return Architecture(model_type, class_name, _USED | _WIDTH | _GROUPED | _LATENT, names=names)


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType({
    "llama": Architecture("llama", "LlamaForCausalLM", _HEAD, interleaved=True),
    "mixtral": Architecture(
        "mixtral", "MixtralForCausalLM", _HEAD | _LOCAL,
        names=_NAMES | {"ffn_gate_inp": "block_sparse_moe.gate"}, experts="block_sparse_moe.experts",
        each={"ffn_gate_exps": "w1", "ffn_down_exps": "w2", "ffn_up_exps": "w3"}, interleaved=True,
    ),
    "qwen2": Architecture("qwen2", "Qwen2ForCausalLM"),
    "qwen2moe": Architecture(
        "qwen2_moe", "Qwen2MoeForCausalLM", _EXPERTS | _WIDTH | _SHARED,
        names=_NAMES | _shared("shared_expert") | {"ffn_gate_inp_shexp": "mlp.shared_expert_gate"},
        squeezed=frozenset({"mlp.shared_expert_gate"}),
    ),
    "qwen3": Architecture("qwen3", "Qwen3ForCausalLM", _HEAD),
    "qwen3moe": Architecture("qwen3_moe", "Qwen3MoeForCausalLM", _HEAD | _EXPERTS | _WIDTH, {"norm_topk_prob": True}),
    "smollm3": Architecture("smollm3", "SmolLM3ForCausalLM", _HEAD, {"pad_token_id": None}, interleaved=True),
    "olmo2": Architecture("olmo2", "Olmo2ForCausalLM", names=_NAMES | _AROUND),
    "phi2": Architecture(
        "phi", "PhiForCausalLM", _epsilon("layer_norm_eps"), fraction="partial_rotary_factor",
        names=_NAMES | {
            "attn_output": "self_attn.dense", "ffn_up": "mlp.fc1", "ffn_down": "mlp.fc2",
            "output_norm": "model.final_layernorm",
        },
    ),
    "phi3": Architecture(
        "phi3", "Phi3ForCausalLM", _WINDOW, {"pad_token_id": None},
        names=_NAMES | {"attn_qkv": "self_attn.qkv_proj", "ffn_up": "mlp.gate_up_proj"},
    ),
    "gpt-oss": Architecture(
        "gpt_oss", "GptOssForCausalLM", _HEAD | _LOCAL | _WINDOW, scaling={"truncate": False},
        names=_NAMES | {"post_attention_norm": "post_attention_layernorm", "ffn_gate_inp": "mlp.router"},
        fused=True,
    ),
    "gemma": Architecture("gemma", "GemmaForCausalLM", _HEAD, raised=True),
    "gemma2": Architecture(
        "gemma2", "Gemma2ForCausalLM", _HEAD | _WINDOW | _SOFT,
        names=_NAMES | _AROUND | {"ffn_norm": "pre_feedforward_layernorm"}, raised=True,
    ),
    "glm4moe": Architecture(
        "glm4_moe", "Glm4MoeForCausalLM", _HEAD | _USED | _WIDTH | _GROUPED, fraction="partial_rotary_factor",
        names=_NAMES | _AROUND | _shared("shared_experts") | _PREDICTION,
    ),
    "starcoder2": Architecture(
        "starcoder2", "Starcoder2ForCausalLM", _WINDOW | _epsilon("norm_epsilon"),
        names=_NAMES | {"ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj"},
    ),
    "nemotron": Architecture(
        "nemotron", "NemotronForCausalLM", _HEAD | _epsilon("norm_eps"), fraction="partial_rotary_factor", raised=True,
    ),
    "gptneox": Architecture(
        "gpt_neox", "GPTNeoXForCausalLM",
        _epsilon("layer_norm_eps") | {"use_parallel_residual": "use_parallel_residual"}, fraction="rotary_pct",
        names=_dense("attention") | {
            "token_embd": "gpt_neox.embed_in", "output_norm": "gpt_neox.final_layer_norm", "output": "embed_out",
            "blk": "gpt_neox.layers",
        },
        banded=True,
    ),
    "bloom": Architecture(
        "bloom", "BloomForCausalLM",
        {
            "block_count": "n_layer", "attention.head_count": "n_head", "feed_forward_length": "",
            "attention.head_count_kv": "", "context_length": "seq_length", **_epsilon("layer_norm_epsilon"),
        },
        names=_dense("self_attention") | {
            "token_embd": "transformer.word_embeddings", "output": "lm_head", "output_norm": "transformer.ln_f",
            "token_embd_norm": "transformer.word_embeddings_layernorm", "blk": "transformer.h",
        },
        banded=True,
    ),
    "gpt2": _GPT2,
    "deepseek2": _deepseek("deepseek_v2", "DeepseekV2ForCausalLM"),
    "deepseek3": _deepseek("deepseek_v3", "DeepseekV3ForCausalLM"),
})  # fmt: skip
"""By the name that GGUF gives it, but for two: Mixtral is called llama there, with experts, and DeepSeek-V3 deepseek2,
with scores by the sigmoid."""
