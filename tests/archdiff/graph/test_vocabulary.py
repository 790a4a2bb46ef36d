"""The vocabulary of facts: what readers say and what `facts.toml` lists are the same words."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import pytest

from archdiff.graph import build_graph
from archdiff.sources import resolve
from tests.archdiff.graph.tiny import CLASSIC, CONFIGS, MOE, config_of, graph_of, source_of
from tests.oracle.families import tiny
from tests.zoo.measure import graph_of as default_graph

FOLDER = files("archdiff.graph")
FACTS = tomllib.loads(FOLDER.joinpath("facts", "facts.toml").read_text(encoding="utf-8"))
ROLES = {row["role"] for row in tomllib.loads(FOLDER.joinpath("roles.toml").read_text(encoding="utf-8"))["rows"]}
# Given by place and not by a row of the table; a fact may also speak of modules without a role.
ROLES |= {"model", "layer", ""}

ORDER = "order"  # what the comparison calls axes that change places

BART = CLASSIC | {
    "model_type": "bart", "architectures": ["BartForConditionalGeneration"], "d_model": 64, "encoder_layers": 2,
    "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 80,
    "decoder_ffn_dim": 80, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1,
}  # fmt: skip
T5 = CLASSIC | {
    "model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "d_model": 64, "d_kv": 16, "d_ff": 80,
    "num_layers": 2, "num_heads": 4,
}  # fmt: skip
GEMMA = CLASSIC | {
    "model_type": "gemma4_text", "architectures": ["Gemma4ForCausalLM"], "hidden_size": 32, "intermediate_size": 64,
    "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "global_head_dim": 8,
    "layer_types": ["sliding_attention", "full_attention"] * 2, "vocab_size_per_layer_input": 160,
    "hidden_size_per_layer_input": 8, "sliding_window": 32, "num_kv_shared_layers": 2,
}  # fmt: skip
AFMOE = CLASSIC | MOE | {
    "model_type": "afmoe", "architectures": ["AfmoeForCausalLM"], "hidden_size": 48, "intermediate_size": 80,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "num_dense_layers": 1,
}  # fmt: skip
INKLING = {**tiny("inkling_text"), "model_type": "inkling_text"}
SHARED = config_of("granitemoe", model_type="granitemoeshared", architectures=["GraniteMoeSharedForCausalLM"]) | {
    "shared_intermediate_size": 40
}
UNUSUAL = (
    "deepseek_v4", "diffllama", "falcon_h1", "glm_moe_dsa", "mamba", "mamba2", "ministral3", "nemotron_h", "zaya",
)  # fmt: skip
"""Families with parts that no other has: hashed routing, two attention maps, narrow embeddings, state-space mixers."""

OTHER_DEFAULTS = ("electra", "gemma3n_text", "siglip2", "vit", "dinov2", "qwen2_audio")
STORED = {"quant_method": "fp8", "weight_block_size": [128, 128], "ignore": ["lm_head"]}


def graphs():
    return [graph_of(family) for family in CONFIGS]


@cache
def others():
    """What none of the small families has: towers, an indexer, a second stack, shared keys, gates, quantisation."""
    published = [build_graph(resolve(name)) for name in ("gemma-4-26b-a4b", "deepseek-v3.2")]
    written = [build_graph(source_of(config)) for config in (BART, T5, GEMMA, AFMOE, SHARED, INKLING)]
    small = [build_graph(source_of(tiny(name) | {"model_type": name})) for name in UNUSUAL]
    changed = [graph_of("llama", quantization_config=STORED), graph_of("jamba", mamba_d_conv=3)]
    return [*published, *written, *small, *changed, *map(default_graph, OTHER_DEFAULTS)]


def said(scope):
    """Names of the facts that the readers give to the model, or to layers."""
    return {
        name
        for graph in (*graphs(), *others())
        for node in graph.nodes.values()
        if (node.role == "model") == (scope == "model")
        for name in node.facts
    }


@pytest.mark.parametrize("scope", ["model", "layer"])
def test_readers_say_what_the_vocabulary_lists_in_the_same_scope(scope):
    assert said(scope) == {name for name, fact in FACTS.items() if fact["scope"] == scope}


@pytest.mark.parametrize("family", CONFIGS)
def test_only_the_model_and_its_layers_have_facts(family):
    assert {node.role for node in graph_of(family).nodes.values() if node.facts} == {"model", "layer"}


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_says_what_it_is_and_what_carries_it(name):
    fact = FACTS[name]
    carriers = {"axes", "tensors", "parts", "attributes", "operators", "config", "kinds"}
    assert fact["scope"] in ("model", "layer")
    assert fact["about"]
    assert fact.keys() - {"scope", "about"} <= carriers
    assert fact.keys() & carriers


@pytest.mark.parametrize("name", FACTS)
def test_carriers_speak_of_roles_that_there_are(name):
    fact = FACTS[name]
    spoken = {*fact.get("parts", ()), *(item.partition(".")[0] for item in fact.get("tensors", ()))}
    spoken |= {item.partition(":")[0] for item in fact.get("operators", ())}
    assert spoken <= ROLES | {"*"}


@cache
def carried():
    """Names of the axes of every tensor of every family here."""
    nodes = (node for graph in (*graphs(), *others()) for node in graph.nodes.values())
    return frozenset(axis for node in nodes for tensor in node.tensors for axis in tensor.axes)


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if "axes" in fact])
def test_every_axis_that_a_fact_counts_is_one_of_some_tensor(name):
    assert set(FACTS[name]["axes"]) - {ORDER} <= carried()


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_tells_some_models_apart(name):
    nodes = (node for graph in (*graphs(), *others()) for node in graph.nodes.values())
    assert len({node.facts[name] for node in nodes if name in node.facts}) > 1


@pytest.mark.parametrize("config", [BART, T5], ids=["bart", "t5"])
def test_a_decoder_that_reads_an_encoder_has_cross_attention(config):
    stacks = build_graph(source_of(config))
    encoder, decoder = (stacks.nodes[layers[0]].facts for layers in stacks.stacks.values())
    assert (encoder["attention.cross"], decoder["attention.cross"]) == (False, True)
    assert encoder["attention.query_heads"] == decoder["attention.query_heads"] == 4
