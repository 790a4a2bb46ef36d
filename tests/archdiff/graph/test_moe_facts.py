"""Facts of mixtures of experts, against what the code of each class in transformers 5.23 does.

The truth was written down from the modeling files: what the router's `forward` computes, what the block around it adds,
and which layers are built dense. Sizes are those of the oracle's tiny configs: 4 experts of 24 or 48, 2 of them for a
token, shared experts of 24, 40 or 48, dense feed-forwards of 48.
"""

from __future__ import annotations

from functools import cache

import pytest

from archdiff.graph import build_graph
from archdiff.graph.build import quiet
from tests.archdiff.graph.tiny import LLAMA, source_of
from tests.oracle.families import tiny

HY = {key: LLAMA[key] for key in ("vocab_size", "hidden_size", "intermediate_size", "num_attention_heads", "head_dim")}
WRITTEN = {
    "dbrx": {
        "vocab_size": 96, "d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 64,
        "attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0, "clip_qkv": 8.0},
        "ffn_config": {"ffn_hidden_size": 24, "moe_num_experts": 4, "moe_top_k": 2, "hidden_size": 32},
    },
    "hunyuan_v1_moe": HY | {"num_key_value_heads": 2, "num_hidden_layers": 2, "num_experts": 4, "moe_topk": 2},
}  # fmt: skip
ENCODER_DECODER = {
    "vocab_size": 96, "d_model": 32, "d_kv": 8, "d_ff": 48, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48,
    "num_heads": 4, "encoder_attention_heads": 4, "decoder_attention_heads": 4, "num_experts": 4,
    "num_layers": 2, "num_decoder_layers": 2, "num_sparse_encoder_layers": 1, "num_sparse_decoder_layers": 1,
    "encoder_layers": 2, "decoder_layers": 2, "encoder_sparse_step": 2, "decoder_sparse_step": 2,
}  # fmt: skip
WRITTEN |= {"nllb-moe": ENCODER_DECODER, "switch_transformers": ENCODER_DECODER}
"""Configs of families that the oracle does not cover: transformers cannot build their defaults."""

CHANGES = {
    "gemma4_text": {"enable_moe_block": True, "num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 24},
    "doge": {"is_moe": True, "num_experts": 16, "num_experts_per_tok": 2},
}
"""What makes a mixture of a family that is dense by default."""

BEFORE, AFTER = "before top-k", "after top-k"
CORRECTED = ("score-correction",)
PLAIN = {"bias": (), "normalization": True, "scaling": None, "groups": None, "shared": (0, None, None), "dense": ()}
DEEPSEEK = {"score": ("sigmoid", BEFORE), "width": 24, "bias": CORRECTED, "shared": (1, 24, False), "dense": (0,)}
QWEN = {"score": ("softmax", BEFORE), "width": 24}
MIXTRAL = {"score": ("softmax", BEFORE), "width": 48}
GRANITE = {"score": ("softmax", AFTER), "width": 48}
TRUTH = {
    "afmoe": DEEPSEEK,
    "aria_text": {"score": ("softmax", AFTER), "width": 48, "shared": (1, 48, False)},
    "axk2": DEEPSEEK | {"scaling": 2.5},
    "bailing_hybrid": DEEPSEEK | {"scaling": 2.5},
    "beam": DEEPSEEK | {"scaling": 2.5, "shared": (0, None, None)},
    "cohere2_moe": {"score": ("softmax", AFTER), "width": 48, "shared": (1, 48, False)},
    "dbrx": {"score": ("softmax", BEFORE), "width": 24},
    "deepseek_v2": QWEN | {"normalization": False, "shared": (1, 24, False), "dense": (0,)},
    "deepseek_v3": DEEPSEEK | {"scaling": 2.5, "groups": (2, 1)},
    "deepseek_v4": {"score": ("sqrtsoftplus", BEFORE), "width": 24, "bias": CORRECTED, "scaling": 1.5,
                    "shared": (1, 24, False)},
    "doge": {"score": ("softmax", AFTER), "width": None, "count": 16},
    "ernie4_5_moe": QWEN | {"bias": CORRECTED, "shared": (1, 24, False), "dense": (0,)},
    "exaone_moe": DEEPSEEK | {"scaling": 2.5},
    "flex_olmo": MIXTRAL | {"normalization": False},
    "flint": {"score": ("sigmoid", BEFORE), "width": 24, "shared": (1, 40, False), "dense": (0, 1)},
    "gemma4_text": QWEN,
    "glm4_moe": DEEPSEEK,
    "gpt_oss": {"score": ("softmax", AFTER), "width": 48, "bias": ("projection",)},
    "granitemoe": GRANITE,
    "granitemoehybrid": GRANITE | {"shared": (1, 40, False)},
    "granitemoeshared": GRANITE | {"shared": (1, 40, False)},
    "hunyuan_v1_moe": {"score": ("softmax", BEFORE), "width": 80, "shared": (1, 80, False)},
    "inkling_text": DEEPSEEK | {"scaling": 8.0, "dense": ()},
    "jamba": MIXTRAL | {"normalization": False, "dense": (0, 2)},
    "jetmoe": GRANITE,
    "kimi_linear": DEEPSEEK | {"scaling": 2.446},
    "kolibri1": {"score": ("sigmoid", AFTER), "width": 24, "bias": CORRECTED, "normalization": False,
                 "shared": (1, 40, False)},
    "laguna": DEEPSEEK | {"shared": (1, 40, False)},
    "lfm2_moe": DEEPSEEK | {"shared": (0, None, None)},
    "llama4_text": {"score": ("sigmoid", AFTER), "width": 48, "normalization": False, "shared": (1, 48, False)},
    "longcat_flash": QWEN | {"bias": CORRECTED, "normalization": False, "scaling": 6.0},
    "mellum": QWEN,
    "mimo_v2_flash": DEEPSEEK | {"shared": (0, None, None)},
    "minimax": MIXTRAL,
    "minimax_m3_vl_text": DEEPSEEK | {"width": 48, "scaling": 2.0, "shared": (1, 40, False), "dense": ()},
    "mixtral": MIXTRAL,
    "muse_spark_text": DEEPSEEK | {"shared": (0, None, None), "dense": ()},
    "nllb-moe": MIXTRAL | {"dense": (0,)},
    "olmoe": MIXTRAL | {"normalization": False},
    "phimoe": {"score": ("sparsemixer", None), "width": 48, "normalization": False},
    "qwen2_moe": QWEN | {"normalization": False, "shared": (1, 40, True)},
    "qwen3_moe": QWEN | {"normalization": False},
    "qwen3_next": QWEN | {"shared": (1, 40, True)},
    "switch_transformers": MIXTRAL | {"per_token": 1, "normalization": False, "dense": (0,)},
    "zaya": QWEN | {"count": 4, "per_token": 1, "bias": ("projection", *CORRECTED), "normalization": False},
}  # fmt: skip


@cache
def layers_of(family):
    """Facts of the layers; of an encoder-decoder, those of the decoder."""
    with quiet():
        config = WRITTEN.get(family) or tiny(family)
    graph = build_graph(source_of({**config, **CHANGES.get(family, {}), "model_type": family}))
    *_, layers = graph.stacks.values()
    return [graph.nodes[layer].facts for layer in layers]


def told(facts):
    """The facts of a mixture in the words of the table."""
    router = {key: facts[f"router.{key}"] for key in ("bias", "normalization", "scaling", "groups")}
    return router | {
        "count": facts["experts.count"],
        "per_token": facts["experts.per_token"],
        "width": facts["experts.width"],
        "score": (facts["router.scoring"], facts.get("router.scoring_order")),
        "shared": tuple(facts.get(f"shared_experts.{key}") for key in ("count", "width", "gate")),
    }


@pytest.mark.parametrize("family", TRUTH)
def test_the_facts_of_a_mixture_are_what_its_class_does(family):
    wanted = {"count": 4, "per_token": 2} | PLAIN | TRUTH[family]
    wanted.pop("dense")
    assert told(layers_of(family)[-1]) == wanted


@pytest.mark.parametrize("family", TRUTH)
def test_the_layers_without_experts_are_those_that_its_class_builds_so(family):
    dense = TRUTH[family].get("dense", ())
    found = [number for number, facts in enumerate(layers_of(family)) if "experts.count" not in facts]
    assert found == list(dense)


def test_an_expert_feed_forward_stands_beside_the_dense_one_in_each_layer_of_gemma_4():
    assert {facts["feed_forward.kind"] for facts in layers_of("gemma4_text")} == {"dense-and-moe"}
    assert {facts["mlp.width"] for facts in layers_of("gemma4_text")} == {48}


def test_a_gate_inside_a_norm_is_no_feed_forward():
    assert [facts["feed_forward.kind"] for facts in layers_of("axk2")] == ["dense", "moe", "moe"]
