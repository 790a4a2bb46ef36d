"""Impact against execution: small instances of OLD and NEW decide what a change does to OLD's weights.

NEW refuses OLD's stored weights: breaking. It takes them and its outputs differ: behavioral. They are equal: cosmetic.
"""

from __future__ import annotations

from functools import cache

import pytest
import torch
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from archdiff.compare import compare
from archdiff.compare.changes import IMPACTS, highest
from archdiff.graph.build import quiet
from archdiff.packs import impact_of, load_rules, run
from tests.archdiff.graph.tiny import config_of, graph_of

RULES = load_rules()
TOKENS = 24
TOLERANCE = 1e-9

# The values to change; what is left out of a family is of no use to it, or refused by it.
COMMON = {
    "hidden_size": 64, "num_attention_heads": 8, "intermediate_size": 56, "vocab_size": 120, "rms_norm_eps": 1e-3,
    "rope_theta": 777.0, "tie_word_embeddings": True, "pad_token_id": 5, "initializer_range": 0.5,
}  # fmt: skip
MUTATIONS = {
    "llama": COMMON | {
        "num_key_value_heads": 1, "num_hidden_layers": 2, "max_position_embeddings": 128, "hidden_act": "gelu",
        "bos_token_id": 7, "attention_dropout": 0.25, "torch_dtype": "float32", "use_cache": False,
        "attention_bias": True, "mlp_bias": True, "head_dim": 8,
        "rope_scaling": {"rope_type": "linear", "factor": 4.0},
    },
    "mistral": COMMON | {"sliding_window": 8, "head_dim": 8, "hidden_act": "relu"},
    "qwen3": COMMON | {"attention_bias": True, "head_dim": 8, "num_key_value_heads": 4, "hidden_act": "gelu"},
    "mixtral": COMMON | {
        "num_local_experts": 4, "num_experts_per_tok": 3, "sliding_window": 8, "router_aux_loss_coef": 0.5,
        "router_jitter_noise": 0.5, "hidden_act": "gelu",
    },
    "gpt_oss": COMMON | {
        "num_local_experts": 4, "num_experts_per_tok": 3, "sliding_window": 8, "attention_bias": False,
        "layer_types": ["full_attention"] * 4, "hidden_act": "gelu",
    },
    "gemma2": COMMON | {
        "tie_word_embeddings": False, "sliding_window": 8, "attn_logit_softcapping": 1.0, "num_hidden_layers": 2,
        "final_logit_softcapping": 5.0, "query_pre_attn_scalar": 9, "hidden_activation": "relu",
        "torch_dtype": "float32",
    },
    "gpt2": {
        "n_embd": 64, "n_head": 2, "n_inner": 56, "n_layer": 2, "vocab_size": 120, "n_positions": 64,
        "layer_norm_epsilon": 1e-3, "activation_function": "relu", "tie_word_embeddings": False,
        "initializer_range": 0.5, "resid_pdrop": 0.5, "scale_attn_weights": False, "pad_token_id": 5,
        "scale_attn_by_inverse_layer_idx": True,
    },
    "deepseek_v3": COMMON | {
        "n_routed_experts": 9, "num_experts_per_tok": 3, "moe_intermediate_size": 20, "n_shared_experts": 2,
        "first_k_dense_replace": 2, "topk_group": 1, "norm_topk_prob": False, "routed_scaling_factor": 1.5,
        "q_lora_rank": 24, "kv_lora_rank": 20, "qk_rope_head_dim": 4, "v_head_dim": 20, "rope_interleave": False,
        "num_nextn_predict_layers": 0,
    },
}  # fmt: skip
CASES = [(family, key, value) for family, values in MUTATIONS.items() for key, value in values.items()]

# What is reported to do more than execution shows, and why that is right.
OVER = {
    ("gpt_oss", "layer_types"): "the sample is shorter than the window that is dropped",
    (
        "deepseek_v3",
        "num_nextn_predict_layers",
    ): "checkpoints hold the prediction layer, which the class does not build",
}


def instance(family, **changed):
    """A model on the CPU in float64, so that only what is computed counts and not in what type."""
    config = config_of(family, **changed)
    settings = CONFIG_MAPPING[config["model_type"]].from_dict(config)
    model_class = getattr(transformers, config["architectures"][0])
    with quiet():
        model = model_class._from_config(settings, attn_implementation="eager", dtype=torch.float64)
        if family in ("mixtral", "gpt_oss", "deepseek_v3"):
            model.set_experts_implementation("eager")
    return model.eval()


def stored(model):
    """What a checkpoint holds: of tensors that share storage, the first."""
    seen = set()
    return {k: v for k, v in model.state_dict().items() if not (v.data_ptr() in seen or seen.add(v.data_ptr()))}


@cache
def trained(family):
    """Weights of the family's model as it is, and what it computes with them."""
    model = instance(family)
    generator = torch.Generator().manual_seed(20240229)
    for tensor in stored(model).values():
        tensor.copy_(torch.randn(tensor.shape, generator=generator, dtype=torch.float64) / 3)
    return stored(model), output(model)


def output(model):
    """Logits of a fixed sequence."""
    tokens = torch.arange(TOKENS)[None] * 4 % 113 + 1
    with torch.no_grad():
        return model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits


def takes(model, weights):
    """Whether the model misses no weight, is left with none, and has each in its shape; a tied one is ignored."""
    every = model.state_dict()
    complete = stored(model).keys() <= weights.keys() <= every.keys()
    return complete and all(weights[key].shape == every[key].shape for key in weights)


def executed(family, new):
    """What running both shows."""
    weights, expected = trained(family)
    if not takes(new, weights):
        return "breaking"
    new.load_state_dict({key: weights[key] for key in stored(new)}, strict=False)
    return "cosmetic" if torch.allclose(output(new), expected, rtol=0, atol=TOLERANCE) else "behavioral"


def reported(old, new):
    """The worst impact of any finding, `unexplained-change` among them."""
    return highest(impact_of(rule, finding) for rule, finding in run(RULES, compare(old, new)))


@pytest.mark.parametrize(("family", "key", "value"), CASES, ids=[f"{family}:{key}" for family, key, _ in CASES])
def test_impact_is_what_execution_shows(family, key, value):
    shown = executed(family, instance(family, **{key: value}))
    said = reported(graph_of(family), graph_of(family, **{key: value}))
    if (family, key) in OVER:
        assert IMPACTS.index(said) < IMPACTS.index(shown), "no longer reported as more than it is: take it off the list"
    else:
        assert said == shown


@pytest.mark.parametrize("family", MUTATIONS)
def test_the_unchanged_model_takes_its_weights_and_computes_the_same(family):
    assert executed(family, instance(family)) == "cosmetic"
    assert trained(family)[1].isfinite().all()


def test_every_value_is_another_one_and_every_impact_occurs():
    assert [(family, key) for family, key, value in CASES if config_of(family).get(key) == value] == []
    shown = {executed(family, instance(family, **{key: value})) for family, key, value in CASES[:9]}
    assert shown == set(IMPACTS)
