"""Small models of many families, as their config files would describe them, and their graphs.

Sizes differ from each other wherever a family lets them, so that a size names what it counts: no width, head
count or expert count equals another, or the length of the sample input.
"""

from __future__ import annotations

import copy
import json
from functools import cache

import networkx as nx

from archdiff.graph import build_graph
from archdiff.sources.source import Origin, make

LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 160,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
}
MOE = {"num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 36}
DEEPSEEK_MOE = {
    "n_routed_experts": 6,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 36,
    "n_shared_experts": 1,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
    "norm_topk_prob": True,
    "routed_scaling_factor": 1.0,
}
LATENT = {
    "q_lora_rank": 20,
    "kv_lora_rank": 28,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "v_head_dim": 14,
    "num_key_value_heads": 4,
}
CLASSIC = {"vocab_size": 160, "tie_word_embeddings": True}


def _like_llama(model_type, architecture, **changes):
    """Llama's settings for another class; None takes one away."""
    config = LLAMA | {"model_type": model_type, "architectures": [architecture]} | changes
    return {key: value for key, value in config.items() if value is not None}


CONFIGS = {
    "llama": LLAMA,
    "mistral": _like_llama("mistral", "MistralForCausalLM", sliding_window=None),
    "qwen2": _like_llama("qwen2", "Qwen2ForCausalLM", head_dim=None),
    "qwen3": _like_llama("qwen3", "Qwen3ForCausalLM"),
    "smollm3": _like_llama("smollm3", "SmolLM3ForCausalLM", num_hidden_layers=4, pad_token_id=0),
    "olmo2": _like_llama("olmo2", "Olmo2ForCausalLM", head_dim=None),
    "phi3": _like_llama("phi3", "Phi3ForCausalLM", head_dim=None, pad_token_id=0),
    "gemma": _like_llama("gemma", "GemmaForCausalLM", hidden_act="gelu_pytorch_tanh"),
    "gemma2": _like_llama(
        "gemma2", "Gemma2ForCausalLM", num_hidden_layers=4, sliding_window=32, query_pre_attn_scalar=16,
        attn_logit_softcapping=50.0, final_logit_softcapping=30.0, hidden_act=None,
        hidden_activation="gelu_pytorch_tanh", tie_word_embeddings=True,
    ),
    "nemotron": _like_llama("nemotron", "NemotronForCausalLM", hidden_act="relu2", norm_eps=1e-5),
    "starcoder2": _like_llama(
        "starcoder2", "Starcoder2ForCausalLM", head_dim=None, hidden_act="gelu_pytorch_tanh", norm_epsilon=1e-5
    ),
    "cohere": _like_llama("cohere", "CohereForCausalLM", head_dim=None, logit_scale=0.5, pad_token_id=0),
    "glm": _like_llama("glm", "GlmForCausalLM", partial_rotary_factor=0.5, pad_token_id=0),
    "mixtral": _like_llama("mixtral", "MixtralForCausalLM", num_local_experts=6, num_experts_per_tok=2),
    "qwen2_moe": _like_llama(
        "qwen2_moe", "Qwen2MoeForCausalLM", head_dim=None, shared_expert_intermediate_size=40, **MOE
    ),
    "qwen3_moe": _like_llama("qwen3_moe", "Qwen3MoeForCausalLM", **MOE),
    "phimoe": _like_llama(
        "phimoe", "PhimoeForCausalLM", head_dim=None, num_local_experts=6, num_experts_per_tok=2,
        attention_bias=True, lm_head_bias=True,
    ),
    "granitemoe": _like_llama(
        "granitemoe", "GraniteMoeForCausalLM", head_dim=None, num_local_experts=6, num_experts_per_tok=2,
        embedding_multiplier=12.0, residual_multiplier=0.22, logits_scaling=6.0, attention_multiplier=0.1,
    ),
    "gpt_oss": _like_llama(
        "gpt_oss", "GptOssForCausalLM", num_hidden_layers=4, num_local_experts=6, num_experts_per_tok=2,
        sliding_window=32, attention_bias=True, rope_theta=150000.0,
        layer_types=["sliding_attention", "full_attention"] * 2,
        rope_scaling={
            "rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0, "beta_slow": 1.0, "truncate": False,
            "original_max_position_embeddings": 64,
        },
    ),
    "glm4_moe": _like_llama(
        "glm4_moe", "Glm4MoeForCausalLM", attention_bias=True, use_qk_norm=False, partial_rotary_factor=0.5,
        num_nextn_predict_layers=1, **DEEPSEEK_MOE,
    ),
    "solar_open": _like_llama("solar_open", "SolarOpenForCausalLM", **DEEPSEEK_MOE | {"first_k_dense_replace": 0}),
    "deepseek_v2": _like_llama(
        "deepseek_v2", "DeepseekV2ForCausalLM", head_dim=None,
        **LATENT | DEEPSEEK_MOE | {"n_shared_experts": 2, "norm_topk_prob": False},
    ),
    "deepseek_v3": _like_llama(
        "deepseek_v3", "DeepseekV3ForCausalLM", head_dim=None, num_nextn_predict_layers=1,
        **LATENT | DEEPSEEK_MOE | {"n_group": 3, "topk_group": 2, "routed_scaling_factor": 2.5},
    ),
    "llama4": _like_llama(
        "llama4_text", "Llama4ForCausalLM", num_hidden_layers=4, num_local_experts=6, num_experts_per_tok=1,
        interleave_moe_layer_step=2, intermediate_size_mlp=96, attention_chunk_size=64, use_qk_norm=True,
    ),
    "qwen3_next": _like_llama(
        "qwen3_next", "Qwen3NextForCausalLM", num_hidden_layers=4, full_attention_interval=4,
        linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=8, linear_value_head_dim=10,
        linear_conv_kernel_dim=4, shared_expert_intermediate_size=40, partial_rotary_factor=0.25, **MOE,
    ),
    "jamba": _like_llama(
        "jamba", "JambaForCausalLM", head_dim=None, rope_theta=None, num_hidden_layers=4, num_experts=6,
        num_experts_per_tok=2, attn_layer_period=4, attn_layer_offset=2, expert_layer_period=2,
        expert_layer_offset=1, mamba_d_state=10, mamba_d_conv=4, mamba_expand=2, mamba_dt_rank=5,
        use_mamba_kernels=False,
    ),
    "falcon": CLASSIC | {
        "model_type": "falcon", "architectures": ["FalconForCausalLM"], "hidden_size": 64,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_kv_heads": 2, "new_decoder_architecture": True,
        "parallel_attn": True, "bias": False, "alibi": False,
    },
    "phi": CLASSIC | {
        "model_type": "phi", "architectures": ["PhiForCausalLM"], "hidden_size": 64, "intermediate_size": 80,
        "num_hidden_layers": 2, "num_attention_heads": 4, "partial_rotary_factor": 0.5, "hidden_act": "gelu_new",
        "tie_word_embeddings": False,
    },
    "gpt2": CLASSIC | {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 48, "n_layer": 3, "n_head": 4,
        "n_inner": 80, "n_positions": 128, "activation_function": "gelu_new",
    },
    "gpt_neox": CLASSIC | {
        "model_type": "gpt_neox", "architectures": ["GPTNeoXForCausalLM"], "hidden_size": 64,
        "intermediate_size": 80, "num_hidden_layers": 2, "num_attention_heads": 4, "rotary_pct": 0.25,
        "use_parallel_residual": True, "hidden_act": "gelu", "tie_word_embeddings": False,
    },
    "gptj": CLASSIC | {
        "model_type": "gptj", "architectures": ["GPTJForCausalLM"], "n_embd": 64, "n_layer": 2, "n_head": 4,
        "n_inner": 80, "n_positions": 128, "rotary_dim": 8, "tie_word_embeddings": False,
    },
    "bloom": CLASSIC | {
        "model_type": "bloom", "architectures": ["BloomForCausalLM"], "hidden_size": 64, "n_layer": 2, "n_head": 4,
    },
    "opt": CLASSIC | {
        "model_type": "opt", "architectures": ["OPTForCausalLM"], "hidden_size": 64, "ffn_dim": 80,
        "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 128,
        "word_embed_proj_dim": 64, "activation_function": "relu",
    },
    "bert": CLASSIC | {
        "model_type": "bert", "architectures": ["BertForMaskedLM"], "hidden_size": 48, "intermediate_size": 80,
        "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 128, "hidden_act": "gelu",
    },
}  # fmt: skip

ENCODER = {"hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 4}
VIT = ENCODER | {"model_type": "vit", "image_size": 32, "patch_size": 8}
WHISPER = {
    "model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"], "d_model": 48,
    "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    "encoder_ffn_dim": 80, "decoder_ffn_dim": 80, "vocab_size": 160, "num_mel_bins": 16, "max_source_positions": 30,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1,
}  # fmt: skip
WAV2VEC2 = ENCODER | {"model_type": "wav2vec2", "conv_dim": [8] * 7, "num_conv_pos_embeddings": 4,
                      "num_conv_pos_embedding_groups": 4}  # fmt: skip
LLAVA = {
    "model_type": "llava", "architectures": ["LlavaForConditionalGeneration"], "image_token_index": 9,
    "text_config": ENCODER | {"model_type": "llama", "vocab_size": 160},
    "vision_config": ENCODER | {"model_type": "clip_vision_model", "image_size": 32, "patch_size": 8},
}  # fmt: skip
CLIP = {
    "model_type": "clip",
    "text_config": ENCODER | {"model_type": "clip_text_model", "vocab_size": 160},
    "vision_config": ENCODER | {"model_type": "clip_vision_model", "image_size": 32, "patch_size": 8},
}
"""Models that take more than text, or none."""


def config_of(family, **changes):
    """The config of a family with other values; None takes a key away."""
    config = copy.deepcopy(CONFIGS[family]) | changes
    return {key: value for key, value in config.items() if value is not None}


def source_of(config, name="tiny"):
    """What a config file of these values resolves to."""
    return make(name, "file", name, config, Origin())


def graph_of(family, **changes):
    """The graph of a family with other values; every graph is built once."""
    return _built(json.dumps(config_of(family, **changes)))


@cache
def _built(text):
    return build_graph(source_of(json.loads(text)))


def layers_of(graph):
    """Nodes of the layers of the longest stack, in order."""
    stack = max(graph.stacks.values(), key=len)
    return [graph.nodes[layer] for layer in stack]


def facts_of(family, layer=0, **changes):
    """Facts of one layer of a family with other values; those of the model for None."""
    graph = graph_of(family, **changes)
    return graph.nodes[""].facts if layer is None else layers_of(graph)[layer].facts


def flow_of(graph):
    """The data flow alone, as a directed graph."""
    flow = nx.DiGraph()
    flow.add_nodes_from(graph.nodes)
    flow.add_edges_from(graph.flows)
    return flow
