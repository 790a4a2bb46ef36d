"""What each module of a family does, written down by hand, against the roles that the graph gives."""

from __future__ import annotations

import dataclasses

import pytest

from archdiff.graph.roles import Sizes, assign
from archdiff.graph.schema import Node, Tensor
from tests.archdiff.graph.tiny import CONFIGS, graph_of, layers_of

ENDS = {"model.embed_tokens": "embedding", "model.norm": "final-norm", "lm_head": "lm-head"}
ATTENTION = {
    "self_attn.q_proj": "query",
    "self_attn.k_proj": "key",
    "self_attn.v_proj": "value",
    "self_attn.o_proj": "output",
}
BETWEEN = {"input_layernorm": "norm", "post_attention_layernorm": "norm"}
HEAD_NORMS = {"self_attn.q_norm": "query-norm", "self_attn.k_norm": "key-norm"}
GATED = {"mlp.gate_proj": "gate", "mlp.up_proj": "up", "mlp.down_proj": "down"}
FUSED = {"mlp.gate_up_proj": "gate-up", "mlp.down_proj": "down"}
ROUTED = {"mlp.gate": "router", "mlp.experts": "expert"}
LLAMA = ATTENTION | GATED | BETWEEN


def shared(holder):
    return {f"{holder}.{name.removeprefix('mlp.')}": role for name, role in GATED.items()}


LATENT = {
    "self_attn.q_a_proj": "query-down",
    "self_attn.q_a_layernorm": "query-latent-norm",
    "self_attn.q_b_proj": "query-up",
    "self_attn.kv_a_proj_with_mqa": "key-value-down",
    "self_attn.kv_a_layernorm": "key-value-latent-norm",
    "self_attn.kv_b_proj": "key-value-up",
    "self_attn.o_proj": "output",
}
MAMBA = {
    "mamba": "state-space",
    "mamba.in_proj": "mixer-input",
    "mamba.conv1d": "convolution",
    "mamba.x_proj": "mixer-parameters",
    "mamba.dt_proj": "mixer-parameters",
    "mamba.out_proj": "mixer-output",
    "mamba.dt_layernorm": "norm",
    "mamba.b_layernorm": "norm",
    "mamba.c_layernorm": "norm",
}
DELTA = {
    "linear_attn": "linear-attention",
    "linear_attn.conv1d": "convolution",
    "linear_attn.in_proj_qkvz": "mixer-input",
    "linear_attn.in_proj_ba": "mixer-gate",
    "linear_attn.norm": "norm",
    "linear_attn.out_proj": "mixer-output",
}
NEXT_MOE = ROUTED | shared("mlp.shared_expert") | {"mlp.shared_expert_gate": "shared-expert-gate"}
JAMBA_NORMS = {"input_layernorm": "norm", "pre_ff_layernorm": "norm"}
GPT2_MLP = {"mlp.c_fc": "up", "mlp.c_proj": "down"}
NEOX_MLP = {"mlp.dense_h_to_4h": "up", "mlp.dense_4h_to_h": "down"}
BERT_LAYER = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "output",
    "attention.output.LayerNorm": "norm",
    "intermediate.dense": "up",
    "output.dense": "down",
    "output.LayerNorm": "norm",
}
BERT_ENDS = {
    "bert.embeddings.word_embeddings": "embedding",
    "bert.embeddings.position_embeddings": "position-embedding",
    "bert.embeddings.token_type_embeddings": "token-type-embedding",
    "bert.embeddings.LayerNorm": "norm",
    "cls.predictions": "prediction-head",
    "cls.predictions.transform.dense": "prediction-transform",
    "cls.predictions.transform.LayerNorm": "prediction-norm",
    "cls.predictions.decoder": "lm-head",
}

# Family and layer: every module of the layer that holds a parameter, and what it is.
LAYERS = {
    ("llama", 0): LLAMA,
    ("mistral", 1): LLAMA,
    ("qwen2", 0): LLAMA,
    ("qwen3", 2): LLAMA | HEAD_NORMS,
    ("smollm3", 3): LLAMA,
    ("olmo2", 0): ATTENTION | HEAD_NORMS | GATED | {
        "post_attention_layernorm": "norm", "post_feedforward_layernorm": "norm",
    },
    ("phi3", 0): FUSED | BETWEEN | {"self_attn.qkv_proj": "query-key-value", "self_attn.o_proj": "output"},
    ("gemma", 0): LLAMA,
    ("gemma2", 1): LLAMA | {"pre_feedforward_layernorm": "norm", "post_feedforward_layernorm": "norm"},
    ("nemotron", 0): ATTENTION | BETWEEN | {"mlp.up_proj": "up", "mlp.down_proj": "down"},
    ("starcoder2", 0): ATTENTION | BETWEEN | {"mlp.c_fc": "up", "mlp.c_proj": "down"},
    ("cohere", 0): ATTENTION | GATED | {"input_layernorm": "norm"},
    ("glm", 0): ATTENTION | FUSED | BETWEEN,
    ("mixtral", 0): ATTENTION | BETWEEN | ROUTED,
    ("qwen2_moe", 0): ATTENTION | BETWEEN | NEXT_MOE,
    ("qwen3_moe", 0): ATTENTION | BETWEEN | HEAD_NORMS | ROUTED,
    ("phimoe", 0): ATTENTION | BETWEEN | {"mlp.router": "router", "mlp.experts": "expert"},
    ("granitemoe", 0): ATTENTION | BETWEEN | {
        "block_sparse_moe.router": "router", "block_sparse_moe.experts": "expert",
    },
    ("gpt_oss", 1): ATTENTION | BETWEEN | {
        "self_attn": "attention", "mlp.router": "router", "mlp.experts": "expert",
    },
    ("glm4_moe", 0): LLAMA,
    ("glm4_moe", 1): ATTENTION | BETWEEN | ROUTED | shared("mlp.shared_experts"),
    ("solar_open", 0): ATTENTION | BETWEEN | ROUTED | shared("mlp.shared_experts"),
    ("deepseek_v2", 0): LATENT | GATED | BETWEEN,
    ("deepseek_v3", 1): LATENT | BETWEEN | ROUTED | shared("mlp.shared_experts"),
    ("llama4", 1): ATTENTION | BETWEEN | shared("feed_forward.shared_expert") | {
        "feed_forward.router": "router", "feed_forward.experts": "expert",
    },
    ("qwen3_next", 0): DELTA | BETWEEN | NEXT_MOE,
    ("qwen3_next", 3): ATTENTION | HEAD_NORMS | BETWEEN | NEXT_MOE,
    ("jamba", 1): MAMBA | JAMBA_NORMS | {"feed_forward.router": "router", "feed_forward.experts": "expert"},
    ("jamba", 2): ATTENTION | JAMBA_NORMS | {
        "feed_forward.gate_proj": "gate", "feed_forward.up_proj": "up", "feed_forward.down_proj": "down",
    },
    ("falcon", 0): NEOX_MLP | {
        "self_attention.query_key_value": "query-key-value", "self_attention.dense": "output",
        "ln_attn": "norm", "ln_mlp": "norm",
    },
    ("phi", 0): {
        "self_attn.q_proj": "query", "self_attn.k_proj": "key", "self_attn.v_proj": "value",
        "self_attn.dense": "output", "mlp.fc1": "up", "mlp.fc2": "down", "input_layernorm": "norm",
    },
    ("gpt2", 0): GPT2_MLP | {
        "attn.c_attn": "query-key-value", "attn.c_proj": "output", "ln_1": "norm", "ln_2": "norm",
    },
    ("gpt_neox", 0): NEOX_MLP | BETWEEN | {
        "attention.query_key_value": "query-key-value", "attention.dense": "output",
    },
    ("gptj", 0): {
        "attn.q_proj": "query", "attn.k_proj": "key", "attn.v_proj": "value", "attn.out_proj": "output",
        "mlp.fc_in": "up", "mlp.fc_out": "down", "ln_1": "norm",
    },
    ("bloom", 0): NEOX_MLP | BETWEEN | {
        "self_attention.query_key_value": "query-key-value", "self_attention.dense": "output",
    },
    ("opt", 0): {
        "self_attn.q_proj": "query", "self_attn.k_proj": "key", "self_attn.v_proj": "value",
        "self_attn.out_proj": "output", "fc1": "up", "fc2": "down", "self_attn_layer_norm": "norm",
        "final_layer_norm": "norm",
    },
    ("bert", 1): BERT_LAYER,
}  # fmt: skip
OUTSIDE = {
    "jamba": {"model.embed_tokens": "embedding", "model.final_layernorm": "final-norm", "lm_head": "lm-head"},
    "phi": {"model.embed_tokens": "embedding", "model.final_layernorm": "final-norm", "lm_head": "lm-head"},
    "gpt_neox": {
        "gpt_neox.embed_in": "embedding", "gpt_neox.final_layer_norm": "final-norm", "lm_head": "lm-head",
    },
    "falcon": {
        "transformer.word_embeddings": "embedding", "transformer.ln_f": "final-norm", "lm_head": "lm-head",
    },
    "gptj": {"transformer.wte": "embedding", "transformer.ln_f": "final-norm", "lm_head": "lm-head"},
    "gpt2": {
        "transformer.wte": "embedding", "transformer.wpe": "position-embedding",
        "transformer.ln_f": "final-norm", "lm_head": "lm-head",
    },
    "bloom": {
        "transformer.word_embeddings": "embedding", "transformer.word_embeddings_layernorm": "norm",
        "transformer.ln_f": "final-norm", "lm_head": "lm-head",
    },
    "opt": {
        "model.decoder.embed_tokens": "embedding", "model.decoder.embed_positions": "position-embedding",
        "model.decoder.final_layer_norm": "final-norm", "lm_head": "lm-head",
    },
    "bert": BERT_ENDS,
}  # fmt: skip
HOLDERS = {
    "llama": {"self_attn": "attention", "mlp": "dense-mlp", "mlp.act_fn": "activation"},
    "glm4_moe": {"self_attn": "attention", "mlp": "mixture-of-experts", "mlp.shared_experts": "shared-expert"},
    "gpt_oss": {"mlp": "mixture-of-experts"},
    "mixtral": {"mlp": "mixture-of-experts"},
    "granitemoe": {"block_sparse_moe": "mixture-of-experts"},
    "llama4": {"feed_forward": "mixture-of-experts", "feed_forward.shared_expert": "shared-expert"},
    "jamba": {"mamba": "state-space", "feed_forward": "mixture-of-experts"},
    "gpt2": {"attn": "attention", "mlp": "dense-mlp"},
    "bert": {"attention": "attention", "intermediate": "dense-mlp"},
}


def holding(graph, keys):
    """Role of every module among them that has a parameter of its own."""
    nodes = (graph.nodes[key] for key in keys)
    return {node.id: node.role for node in nodes if any(tensor.kind == "parameter" for tensor in node.tensors)}


@pytest.mark.parametrize(("family", "layer"), LAYERS)
def test_roles_inside_a_layer(family, layer):
    graph = graph_of(family)
    prefix = layers_of(graph)[layer].id
    found = holding(graph, graph.subtree(prefix))
    assert {key.removeprefix(f"{prefix}."): role for key, role in found.items()} == LAYERS[family, layer]


@pytest.mark.parametrize("family", CONFIGS)
def test_roles_outside_the_layers(family):
    graph = graph_of(family)
    outside = [key for key in graph.nodes if not key.startswith(tuple(f"{stack}." for stack in graph.stacks))]
    assert holding(graph, outside) == OUTSIDE.get(family, ENDS)


@pytest.mark.parametrize("family", HOLDERS)
def test_roles_of_what_holds_others(family):
    graph = graph_of(family)
    layer = layers_of(graph)[1].id
    assert {name: graph.nodes[f"{layer}.{name}"].role for name in HOLDERS[family]} == HOLDERS[family]


def test_every_family_is_in_the_table():
    assert {family for family, _ in LAYERS} == set(CONFIGS)


@pytest.mark.parametrize("family", CONFIGS)
def test_the_model_and_its_layers_have_their_roles(family):
    graph = graph_of(family)
    assert graph.nodes[""].role == "model"
    assert {layer.role for layer in layers_of(graph)} == {"layer"}
    assert sum(node.role == "layer" for node in graph.nodes.values()) == len(layers_of(graph))


@pytest.mark.parametrize("family", sorted(set(CONFIGS) - {"gpt2", "bloom", "opt", "jamba", "gptj", "bert"}))
def test_rotary_modules_are_told(family):
    assert [node.role for node in graph_of(family).nodes.values() if "Rotary" in node.class_name] == ["rotary"]


def linear(name, rows, columns):
    return Node(name, class_name="Linear", tensors=(Tensor("weight", (rows, columns), "float32"),))


SIZES = Sizes(hidden=48, vocabulary=160, experts=6)
INSIDE = [Node(""), Node("layers"), Node("layers.0"), Node("layers.0.block")]


def role_of(node, around=()):
    """Role of the last of a few modules."""
    nodes = [*INSIDE, *(dataclasses.replace(other) for other in around), node]
    return assign(nodes, frozenset({"layers.0"}), SIZES)[-1].role


def test_a_gate_is_a_router_where_it_has_a_row_for_each_expert():
    mlp = dataclasses.replace(INSIDE[-1], class_name="SomeMLP")
    assert role_of(linear("layers.0.block.gate", 6, 48)) == "router"
    nodes = assign([*INSIDE[:-1], mlp, linear("layers.0.block.gate", 80, 48)], frozenset({"layers.0"}), SIZES)
    assert nodes[-1].role == "gate"


def test_a_name_alone_makes_no_head():
    assert role_of(linear("embed_out", 160, 48)) == "lm-head"
    assert role_of(linear("embed_out", 48, 48)) == ""


def test_what_holds_experts_is_a_mixture_whatever_it_is_called():
    nodes = assign([*INSIDE, Node("layers.0.block.experts")], frozenset({"layers.0"}), SIZES)
    assert [node.role for node in nodes[-2:]] == ["mixture-of-experts", "expert"]


def test_a_module_that_nothing_fits_keeps_no_role():
    (*_, odd) = assign([*INSIDE, linear("layers.0.oddity", 3, 5)], frozenset({"layers.0"}), SIZES)
    assert (odd.role, odd.confidence) == ("", "low")
