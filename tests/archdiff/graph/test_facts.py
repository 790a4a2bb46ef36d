"""Single facts of layers and models, each on the smallest model that has them."""

from __future__ import annotations

import pytest

from archdiff.graph import build_graph
from tests.archdiff.graph.tiny import facts_of, graph_of, layers_of, source_of
from tests.oracle.families import tiny

YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 64}
LLAMA3 = YARN | {"rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0}
PARTIAL = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}
WEIGHTS = {"quant_method": "fp8", "weight_block_size": [128, 128], "activation_scheme": "dynamic"}


@pytest.mark.parametrize(
    ("family", "changes", "fact", "value"),
    [
        ("llama", {}, "mixer.kind", "attention"),
        ("llama", {}, "attention.kind", "grouped-query"),
        ("llama", {"num_key_value_heads": 4}, "attention.kind", "multi-head"),
        ("llama", {"num_key_value_heads": 1}, "attention.kind", "multi-query"),
        ("llama", {"num_attention_heads": 8}, "attention.query_heads", 8),
        ("llama", {"num_key_value_heads": 1}, "attention.key_value_heads", 1),
        ("llama", {"head_dim": 24}, "attention.head_dimension", 24),
        ("qwen2", {}, "attention.head_dimension", 12),
        ("gpt2", {}, "attention.key_value_heads", 4),
        ("falcon", {}, "attention.key_value_heads", 2),
        ("gpt_neox", {}, "attention.kind", "multi-head"),
        ("deepseek_v3", {}, "attention.kind", "multi-head-latent"),
        ("deepseek_v3", {}, "attention.head_dimension", 24),
        ("deepseek_v3", {}, "attention.value_head_dimension", 14),
        ("deepseek_v3", {}, "latent.query_rank", 20),
        ("deepseek_v2", {"q_lora_rank": 36}, "latent.query_rank", 36),
        ("deepseek_v3", {}, "latent.key_value_rank", 28),
        ("deepseek_v3", {}, "latent.rotary_dimension", 8),
        ("deepseek_v3", {}, "latent.plain_dimension", 16),
        ("llama", {}, "attention.bias", ()),
        ("llama", {"attention_bias": True}, "attention.bias", ("query", "key", "value", "output")),
        ("qwen2", {}, "attention.bias", ("query", "key", "value")),
        ("gpt2", {}, "attention.bias", ("query", "key", "value", "output")),
        ("llama", {}, "attention.query_key_norm", None),
        ("qwen3", {}, "attention.query_key_norm", "per head"),
        ("olmo2", {}, "attention.query_key_norm", "per width"),
        ("llama4", {}, "attention.query_key_norm", "without weight"),
        ("glm4_moe", {"use_qk_norm": True}, "attention.query_key_norm", "per head"),
        ("gpt_oss", {}, "attention.sinks", True),
        ("llama", {}, "attention.sinks", False),
        ("llama", {}, "attention.window", None),
        ("mistral", {"sliding_window": 32}, "attention.window", 32),
        ("gemma2", {}, "attention.window", 32),
        ("gemma2", {"layer_types": ["full_attention"] * 4}, "attention.window", None),
        ("llama4", {}, "attention.window", 64),
        ("gemma2", {}, "attention.softcap", 50.0),
        ("gemma2", {"attn_logit_softcapping": 40.0}, "attention.softcap", 40.0),
        ("llama", {}, "attention.softcap", None),
        ("llama", {}, "attention.scale", None),
        ("granitemoe", {}, "attention.scale", 0.1),
        ("gemma2", {}, "attention.scale", None),
        ("gemma2", {"query_pre_attn_scalar": 64}, "attention.scale", 0.125),
        ("llama", {}, "attention.gate", False),
        ("llama", {}, "attention.cross", False),
        ("bert", {}, "position.kind", "learned"),
        ("gpt2", {}, "position.kind", "learned"),
        ("bloom", {}, "position.kind", "alibi"),
        ("falcon", {"alibi": True}, "position.kind", "alibi"),
        ("gptj", {}, "position.kind", "rotary"),
        ("llama", {"rope_theta": 5000.0}, "rotary.base", 5000),
        ("llama", {}, "rotary.scaling.kind", None),
        ("llama", {}, "rotary.scaling.factor", None),
        ("llama", {"rope_parameters": YARN}, "rotary.scaling.kind", "yarn"),
        ("llama", {"rope_parameters": YARN}, "rotary.scaling.factor", 4),
        ("llama", {"rope_parameters": YARN}, "rotary.scaling.original_context", 64),
        (
            "llama",
            {"rope_parameters": LLAMA3},
            "rotary.scaling.parameters",
            ("high_freq_factor=4", "low_freq_factor=1"),
        ),
        ("llama", {}, "rotary.fraction", 1),
        ("glm", {"rope_parameters": PARTIAL}, "rotary.fraction", 0.5),
        ("glm4_moe", {}, "rotary.fraction", 0.5),
        ("phi", {}, "rotary.fraction", 0.5),
        ("gpt_neox", {}, "rotary.fraction", 0.25),
        ("gptj", {}, "rotary.fraction", 0.5),
        ("llama", {}, "rotary.interleaved", False),
        ("gptj", {}, "rotary.interleaved", True),
        ("glm", {}, "rotary.interleaved", True),
        ("cohere", {}, "rotary.interleaved", True),
        ("llama4", {}, "rotary.interleaved", True),
        ("deepseek_v2", {}, "rotary.interleaved", True),
        ("deepseek_v3", {}, "rotary.interleaved", True),
        ("deepseek_v3", {"rope_interleave": False}, "rotary.interleaved", False),
        ("llama", {}, "norm.kind", "rms"),
        ("gpt2", {}, "norm.kind", "layer"),
        ("cohere", {}, "norm.kind", "layer"),
        ("nemotron", {}, "norm.kind", "layer"),
        ("gpt2", {}, "norm.bias", True),
        ("cohere", {}, "norm.bias", False),
        ("llama", {"rms_norm_eps": 1e-6}, "norm.epsilon", 1e-6),
        ("gpt2", {"layer_norm_epsilon": 1e-6}, "norm.epsilon", 1e-6),
        ("llama", {}, "norm.zero_centred", False),
        ("gemma", {}, "norm.zero_centred", True),
        ("nemotron", {}, "norm.zero_centred", True),
        ("llama", {}, "norm.placement", "before"),
        ("bloom", {}, "norm.placement", "before"),
        ("falcon", {}, "norm.placement", "before"),
        ("opt", {}, "norm.placement", "before"),
        ("bert", {}, "norm.placement", "after-residual"),
        ("opt", {"do_layer_norm_before": False}, "norm.placement", "after-residual"),
        ("olmo2", {}, "norm.placement", "after-branch"),
        ("gemma2", {}, "norm.placement", "before-and-after-branch"),
        ("llama", {}, "residual.wiring", "sequential"),
        ("opt", {}, "residual.wiring", "sequential"),
        ("falcon", {}, "residual.wiring", "parallel"),
        ("falcon", {"new_decoder_architecture": False, "parallel_attn": False}, "residual.wiring", "sequential"),
        ("gpt_neox", {"use_parallel_residual": False}, "residual.wiring", "sequential"),
        ("gptj", {}, "residual.wiring", "parallel"),
        ("llama", {}, "residual.scale", None),
        ("granitemoe", {}, "residual.scale", 0.22),
        ("llama", {}, "feed_forward.kind", "dense"),
        ("mixtral", {}, "feed_forward.kind", "moe"),
        ("llama", {}, "mlp.width", 80),
        ("gpt2", {}, "mlp.width", 80),
        ("glm", {}, "mlp.width", 80),
        ("llama", {}, "mlp.gated", True),
        ("glm", {}, "mlp.gated", True),
        ("gpt2", {}, "mlp.gated", False),
        ("llama", {}, "mlp.bias", ()),
        ("llama", {"mlp_bias": True}, "mlp.bias", ("gate", "up", "down")),
        ("gpt2", {}, "mlp.bias", ("up", "down")),
        ("llama", {}, "mlp.activation", "silu"),
        ("llama", {"hidden_act": "gelu"}, "mlp.activation", "gelu"),
        ("llama", {"hidden_act": "gelu_new"}, "mlp.activation", "gelu-tanh"),
        ("llama", {"hidden_act": "gelu_pytorch_tanh"}, "mlp.activation", "gelu-tanh"),
        ("bloom", {}, "mlp.activation", "gelu-tanh"),
        ("llama", {"hidden_act": "relu"}, "mlp.activation", "relu"),
        ("opt", {}, "mlp.activation", "relu"),
        ("nemotron", {}, "mlp.activation", "relu squared"),
    ],
)
def test_fact_of_the_first_layer(family, changes, fact, value):
    assert facts_of(family, 0, **changes)[fact] == value


@pytest.mark.parametrize(
    ("family", "changes", "fact", "value"),
    [
        ("mixtral", {}, "experts.count", 6),
        ("mixtral", {}, "experts.width", 80),
        ("glm4_moe", {}, "experts.width", 36),
        ("mixtral", {}, "experts.per_token", 2),
        ("qwen3_moe", {"num_experts_per_tok": 3}, "experts.per_token", 3),
        ("deepseek_v3", {}, "experts.per_token", 2),
        ("mixtral", {}, "experts.bias", ()),
        ("gpt_oss", {}, "experts.bias", ("gate and up", "down")),
        ("mixtral", {}, "experts.activation", "silu"),
        ("mixtral", {"hidden_act": "gelu"}, "experts.activation", "gelu"),
        ("gpt_oss", {}, "experts.activation", "silu with slope 1.702, clamped at 7.0"),
        ("gpt_oss", {}, "experts.interleaved", True),
        ("mixtral", {}, "experts.interleaved", False),
        ("gpt_oss", {}, "experts.transposed", True),
        ("gpt_oss", {"intermediate_size": 48}, "experts.transposed", True),
        ("llama4", {}, "experts.transposed", True),
        ("mixtral", {}, "experts.transposed", False),
        ("mixtral", {}, "router.scoring", "softmax"),
        ("glm4_moe", {}, "router.scoring", "sigmoid"),
        ("phimoe", {}, "router.scoring", "sparsemixer"),
        ("qwen3_moe", {}, "router.scoring_order", "before top-k"),
        ("gpt_oss", {}, "router.scoring_order", "after top-k"),
        ("granitemoe", {}, "router.scoring_order", "after top-k"),
        ("mixtral", {}, "router.bias", ()),
        ("gpt_oss", {}, "router.bias", ("projection",)),
        ("deepseek_v3", {}, "router.bias", ("score-correction",)),
        ("qwen3_moe", {"norm_topk_prob": True}, "router.normalization", True),
        ("qwen3_moe", {"norm_topk_prob": False}, "router.normalization", False),
        ("mixtral", {}, "router.normalization", True),
        ("gpt_oss", {}, "router.normalization", True),
        ("glm4_moe", {}, "router.scaling", None),
        ("deepseek_v3", {}, "router.scaling", 2.5),
        ("deepseek_v3", {}, "router.groups", (3, 2)),
        ("glm4_moe", {}, "router.groups", None),
        ("mixtral", {}, "shared_experts.count", 0),
        ("glm4_moe", {}, "shared_experts.count", 1),
        ("deepseek_v2", {}, "shared_experts.count", 2),
        ("deepseek_v2", {}, "shared_experts.width", 72),
        ("qwen2_moe", {}, "shared_experts.count", 1),
        ("qwen2_moe", {}, "shared_experts.width", 40),
        ("qwen2_moe", {}, "shared_experts.gate", True),
        ("glm4_moe", {}, "shared_experts.gate", False),
        ("qwen3_next", {}, "attention.gate", True),
        ("qwen3_next", {}, "rotary.fraction", 0.25),
        ("jamba", {}, "position.kind", None),
        ("smollm3", {}, "position.kind", "none"),
        ("llama4", {}, "position.kind", "none"),
        ("gpt_oss", {}, "attention.window", None),
    ],
)
def test_fact_of_the_last_layer(family, changes, fact, value):
    assert facts_of(family, -1, **changes).get(fact) == value


@pytest.mark.parametrize(
    ("family", "changes", "fact", "value"),
    [
        ("llama", {}, "hidden_size", 48),
        ("gpt2", {}, "hidden_size", 48),
        ("llama", {}, "vocabulary", 160),
        ("llama", {"num_hidden_layers": 5}, "layers", 5),
        ("llama", {}, "embeddings.tied", False),
        ("llama", {"tie_word_embeddings": True}, "embeddings.tied", True),
        ("gpt2", {}, "embeddings.tied", True),
        ("llama", {}, "embedding.scale", None),
        ("gemma", {}, "embedding.scale", 6.9282),
        ("granitemoe", {}, "embedding.scale", 12.0),
        ("llama", {}, "embedding.norm", False),
        ("bloom", {}, "embedding.norm", True),
        ("bert", {}, "embedding.norm", True),
        ("llama", {}, "logit.softcap", None),
        ("gemma2", {}, "logit.softcap", 30.0),
        ("cohere", {}, "logit.scale", 0.5),
        ("cohere", {"logit_scale": 1.0}, "logit.scale", None),
        ("granitemoe", {}, "logit.scale", 0.166667),
        ("gemma2", {}, "logit.scale", None),
        ("llama", {"logit_scale": 0.5}, "logit.scale", None),
        ("llama", {}, "logit.bias", False),
        ("phimoe", {}, "logit.bias", True),
        ("gptj", {}, "logit.bias", True),
        ("llama", {}, "prediction_heads.count", 0),
        ("deepseek_v3", {}, "prediction_heads.count", 1),
        ("deepseek_v3", {"num_nextn_predict_layers": 2}, "prediction_heads.count", 2),
        ("llama", {}, "task_head", "language-model"),
        ("bert", {}, "task_head", "masked-language-model"),
        ("bert", {"architectures": ["BertForSequenceClassification"]}, "task_head", "sequence-classifier"),
        ("bert", {"architectures": ["BertModel"]}, "task_head", "none"),
        ("llama", {}, "modalities", ()),
        ("llama", {}, "projector.kind", None),
        ("llama", {}, "context_length", 256),
        ("gpt2", {}, "context_length", 128),
        ("llama", {}, "dtype", "bfloat16"),
        ("gpt2", {}, "dtype", None),
        ("llama", {}, "quantization.method", None),
        ("llama", {"quantization_config": WEIGHTS}, "quantization.method", "fp8"),
        ("llama", {"quantization_config": WEIGHTS | {"ignore": ["lm_head"]}}, "quantization.excluded", ("lm_head",)),
        (
            "llama", {"quantization_config": WEIGHTS}, "quantization.detail",
            ("activation_scheme=dynamic", "weight_block_size=[128, 128]"),
        ),
    ],
)  # fmt: skip
def test_fact_of_the_model(family, changes, fact, value):
    assert facts_of(family, None, **changes)[fact] == value


def of_layers(family, fact, **changes):
    return [layer.facts.get(fact) for layer in layers_of(graph_of(family, **changes))]


def test_facts_follow_the_type_of_each_layer():
    assert of_layers("gemma2", "attention.window") == [32, None, 32, None]
    assert of_layers("gpt_oss", "attention.window") == [32, None, 32, None]
    assert of_layers("smollm3", "position.kind") == ["rotary", "rotary", "rotary", "none"]
    assert of_layers("deepseek_v3", "feed_forward.kind") == ["dense", "moe", "moe"]
    assert of_layers("llama4", "feed_forward.kind") == ["dense", "moe", "dense", "moe"]


def test_a_layer_without_attention_states_no_fact_of_attention():
    kinds = of_layers("jamba", "mixer.kind")
    assert kinds == ["state-space", "state-space", "attention", "state-space"]
    recurrent, _, attention, _ = (layer.facts for layer in layers_of(graph_of("jamba")))
    assert not [key for key in recurrent if key.startswith("attention.") and key != "attention.cross"]
    assert not [key for key in recurrent if key.startswith("rotary.")]
    assert (recurrent["mixer.state_size"], recurrent["mixer.convolution_width"]) == (10, 4)
    assert "mixer.state_size" not in attention


def test_a_linear_mixer_states_its_own():
    linear, *_, full = (layer.facts for layer in layers_of(graph_of("qwen3_next")))
    assert (linear["mixer.kind"], full["mixer.kind"]) == ("linear-attention", "attention")
    assert (linear["mixer.heads"], linear["mixer.state_size"], linear["mixer.convolution_width"]) == (4, 8, 4)


def test_a_dense_layer_states_no_fact_of_experts():
    dense, moe, _ = (layer.facts for layer in layers_of(graph_of("deepseek_v3")))
    assert not [key for key in dense if key.startswith(("experts.", "router.", "shared_experts."))]
    assert not [key for key in moe if key.startswith("mlp.")]


def test_a_setting_that_another_layer_reads_changes_no_fact_of_this_one():
    old, new = facts_of("deepseek_v3", 0), facts_of("deepseek_v3", 0, num_experts_per_tok=3)
    assert old == new


def test_of_two_kinds_of_hybrid_layers_one_has_a_window():
    kinds = ["hybrid", "hybrid_sliding", "hybrid"]
    config = tiny("zaya") | {"model_type": "zaya", "sliding_window": 4, "layer_types": kinds}
    assert [layer.facts["attention.window"] for layer in layers_of(build_graph(source_of(config)))] == [None, 4, None]
