"""Data flow: the residual stream, what reads what in a layer, and where paths join."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import pytest

from archdiff.graph.flow import JOINS
from tests.archdiff.graph.tiny import CONFIGS, flow_of, graph_of, layers_of


def with_role(graph, role, inside=""):
    """Ids of the nodes with a role, in one module and below it."""
    return [key for key in graph.subtree(inside) if graph.nodes[key].role == role]


def ends(graph):
    """The token embedding, and what gives the logits."""
    (embedding,), (head,) = with_role(graph, "embedding"), with_role(graph, "lm-head")
    return embedding, head


def reaches(graph, start, end, without=""):
    """Whether values flow from one module to another, or to one inside it; not through a third."""
    flow = flow_of(graph)
    if without:
        flow.remove_nodes_from(graph.subtree(without))
    starts, stops = (set(graph.subtree(key)) for key in (start, end))
    return any(stops & nx.descendants(flow, key) for key in starts & set(flow))


@pytest.mark.parametrize("family", CONFIGS)
def test_tokens_reach_the_logits(family):
    graph = graph_of(family)
    embedding, head = ends(graph)
    assert nx.has_path(flow_of(graph), embedding, head)


@pytest.mark.parametrize("family", CONFIGS)
def test_without_any_one_layer_tokens_do_not_reach_the_logits(family):
    graph = graph_of(family)
    embedding, head = ends(graph)
    for layer in layers_of(graph):
        assert not reaches(graph, embedding, head, without=layer.id)


@pytest.mark.parametrize("family", CONFIGS)
def test_layers_follow_each_other_and_nothing_flows_back(family):
    graph = graph_of(family)
    layers = [layer.id for layer in layers_of(graph)]
    for before, after in pairwise(layers):
        assert reaches(graph, before, after)
    for place, layer in enumerate(layers):
        assert not any(reaches(graph, layer, earlier) for earlier in layers[:place])


def test_twelve_layers_follow_each_other_in_the_order_of_their_numbers():
    graph = graph_of("llama", num_hidden_layers=12)
    flow = flow_of(graph)
    for number in range(11):
        ahead = nx.descendants(flow, f"model.layers.{number}.input_layernorm")
        assert f"model.layers.{number + 1}.input_layernorm" in ahead
        assert f"model.layers.{number}.input_layernorm" not in nx.descendants(
            flow, f"model.layers.{number + 1}.input_layernorm"
        )


PRE_NORM = sorted(set(CONFIGS) - {"olmo2", "bert"})


@pytest.mark.parametrize("family", PRE_NORM)
def test_what_mixes_positions_reads_a_norm(family):
    graph = graph_of(family)
    layer = layers_of(graph)[-1].id
    inputs = [
        key
        for role in ("query", "query-down", "query-key-value", "mixer-input")
        for key in with_role(graph, role, layer)
    ]
    norms = set(with_role(graph, "norm", layer))
    assert inputs
    for key in inputs:
        assert set(flow_of(graph).predecessors(key)) <= norms


@pytest.mark.parametrize("family", ["olmo2", "bert"])
def test_where_norms_stand_behind_the_branches_attention_reads_the_residual_stream(family):
    graph = graph_of(family)
    (query,) = with_role(graph, "query", layers_of(graph)[1].id)
    (before,) = flow_of(graph).predecessors(query)
    assert not before.startswith(f"{layers_of(graph)[1].id}.")


def branches(graph, layer):
    attention = with_role(graph, "attention", layer)[0]  # BERT's holds another module that is called so
    found = with_role(graph, "dense-mlp", layer) or with_role(graph, "mixture-of-experts", layer)
    return attention, found[0]


def attention_feeds_mlp(graph, layer):
    """Whether the feed-forward sees what attention gave, in the same layer."""
    flow = flow_of(graph).subgraph(graph.subtree(layer))
    attention, mlp = (set(graph.subtree(key)) for key in branches(graph, layer))
    return any(mlp & nx.descendants(flow, key) for key in attention)


@pytest.mark.parametrize("family", ["falcon", "phi", "gptj", "gpt_neox", "cohere"])
def test_parallel_branches_do_not_see_each_other(family):
    graph = graph_of(family)
    assert not attention_feeds_mlp(graph, layers_of(graph)[0].id)


@pytest.mark.parametrize("family", ["llama", "gemma2", "mixtral", "gpt2", "bert", "bloom", "deepseek_v3"])
def test_sequential_branches_do(family):
    graph = graph_of(family)
    assert attention_feeds_mlp(graph, layers_of(graph)[1].id)


@pytest.mark.parametrize("family", ["mixtral", "qwen3_moe", "gpt_oss", "glm4_moe", "deepseek_v2", "granitemoe"])
def test_the_router_chooses_by_top_k_and_the_choice_reaches_the_experts(family):
    graph = graph_of(family)
    layer = layers_of(graph)[-1].id
    (router,) = with_role(graph, "router", layer)
    (experts,) = with_role(graph, "expert", layer)
    programs = [graph.programs[graph.nodes[key].program] for key in (router, graph.parent(router))]
    assert "topk" in {operator.name for program in programs for operator in program}
    assert reaches(graph, router, experts)
    assert not reaches(graph, experts, router)


@pytest.mark.parametrize("family", ["glm4_moe", "solar_open", "qwen2_moe", "deepseek_v3"])
def test_shared_experts_are_not_routed_to(family):
    graph = graph_of(family)
    layer = layers_of(graph)[-1].id
    flow = flow_of(graph).subgraph(graph.subtree(layer))
    (router,), (shared,) = (with_role(graph, role, layer) for role in ("router", "shared-expert"))
    below = set(graph.subtree(shared))
    assert not any(below & nx.descendants(flow, key) for key in graph.subtree(router) if key in flow)
    assert any(nx.descendants(flow, key) for key in below & set(flow))


@pytest.mark.parametrize("family", CONFIGS)
def test_a_joining_operator_stands_in_the_module_that_runs_it(family):
    graph = graph_of(family)
    operators = {key: node for key, node in graph.nodes.items() if node.kind == "operator"}
    assert operators
    for key, node in operators.items():
        module = graph.nodes[key.partition("#")[0]]
        assert key in graph.children[module.id]
        assert node.class_name in JOINS.values()
        ran = {JOINS.get(operator.name) for operator in graph.programs[module.program]}
        assert node.class_name in ran


@pytest.mark.parametrize("family", CONFIGS)
def test_flows_join_nodes_of_the_graph_each_pair_once(family):
    graph = graph_of(family)
    assert len(graph.flows) == len(set(graph.flows))
    assert {end for pair in graph.flows for end in pair} <= set(graph.nodes)
    assert all(start != end for start, end in graph.flows)


def test_the_residual_stream_passes_two_sums_a_layer():
    graph = graph_of("llama")
    for layer in layers_of(graph):
        sums = [key for key in graph.children[layer.id] if graph.nodes[key].class_name == "add"]
        assert len(sums) == 2
        assert nx.has_path(flow_of(graph), *sums)


def test_query_key_and_value_meet_in_attention():
    graph = graph_of("llama")
    layer = layers_of(graph)[0].id
    flow = flow_of(graph)
    (softmax,) = (key for key in graph.subtree(layer) if graph.nodes[key].class_name == "softmax")
    behind = {name: nx.has_path(flow, f"{layer}.self_attn.{name}_proj", softmax) for name in "qkv"}
    assert behind == {"q": True, "k": True, "v": False}
    assert nx.has_path(flow, f"{layer}.self_attn.v_proj", f"{layer}.self_attn.o_proj")
    assert nx.has_path(flow, "model.rotary_emb", softmax)


def test_a_gate_multiplies_what_goes_up():
    graph = graph_of("llama")
    flow = flow_of(graph)
    (product,) = (key for key in graph.subtree("model.layers.0.mlp") if graph.nodes[key].class_name == "multiply")
    assert set(flow.predecessors(product)) == {"model.layers.0.mlp.act_fn", "model.layers.0.mlp.up_proj"}
    assert set(flow.successors(product)) == {"model.layers.0.mlp.down_proj"}
