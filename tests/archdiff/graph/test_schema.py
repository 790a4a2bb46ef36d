"""The graph as a value: it survives JSON, keeps its order, cannot be changed, and counts like torch."""

from __future__ import annotations

import copy
import json
from functools import cache

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archdiff.errors import SnapshotError
from archdiff.graph.build import instantiate
from archdiff.graph.schema import SCHEMA_VERSION, ModelGraph, Node, Operator, Tensor, freeze
from tests.archdiff.graph.tiny import CONFIGS, config_of, graph_of


def through_json(graph):
    return ModelGraph.from_json(json.loads(json.dumps(graph.to_json())))


@pytest.mark.parametrize("family", CONFIGS)
def test_a_graph_survives_json(family):
    graph = graph_of(family)
    again = through_json(graph)
    assert again == graph
    assert dict(again.nodes) == dict(graph.nodes)
    assert (again.children, again.flows, again.stacks) == (graph.children, graph.flows, graph.stacks)
    assert (again.programs, again.config, again.source) == (graph.programs, graph.config, graph.source)


def test_json_says_the_same_when_it_is_written_twice():
    graph = graph_of("qwen3_next")
    assert json.dumps(graph.to_json()) == json.dumps(through_json(graph).to_json())


def test_graphs_of_other_models_are_not_equal():
    assert graph_of("llama") != graph_of("llama", rms_norm_eps=1e-6)
    assert graph_of("llama") != "llama"


def test_equal_graphs_hash_alike():
    assert hash(through_json(graph_of("llama"))) == hash(graph_of("llama"))


def test_layers_keep_their_order():
    graph = graph_of("llama", num_hidden_layers=12)
    numbered = tuple(f"model.layers.{number}" for number in range(12))
    assert graph.children["model.layers"] == numbered
    assert through_json(graph).children["model.layers"] == numbered
    assert graph.stacks == {"model.layers": numbered}


def test_children_stand_as_the_class_defines_them():
    children = through_json(graph_of("llama")).children
    assert children["model"] == ("model.embed_tokens", "model.layers", "model.norm", "model.rotary_emb")
    modules = [child for child in children["model.layers.0"] if "#" not in child]
    names = [module.rpartition(".")[2] for module in modules]
    assert names == ["self_attn", "mlp", "input_layernorm", "post_attention_layernorm"]


@pytest.mark.parametrize("family", CONFIGS)
def test_every_node_but_the_model_has_one_parent(family):
    graph = graph_of(family)
    held = [child for children in graph.children.values() for child in children]
    assert sorted(held) == sorted(set(graph.nodes) - {""})
    assert all(child in graph.children[graph.parent(child)] for child in held)
    assert graph.parent("") is None
    assert set(graph.subtree("")) == set(graph.nodes)


def test_the_network_is_frozen():
    graph = graph_of("llama")
    with pytest.raises(nx.NetworkXError):
        graph.network.add_node("one more")
    with pytest.raises(nx.NetworkXError):
        graph.network.remove_edge("", "model")


def test_the_views_are_frozen():
    graph = graph_of("llama")
    with pytest.raises(AttributeError):
        graph.nodes[""].role = "another"
    with pytest.raises(TypeError):
        graph.config["hidden_size"] = 1
    with pytest.raises(TypeError):
        through_json(graph).nodes[""].facts["layers"] = 1


@pytest.mark.parametrize("family", CONFIGS)
def test_parameters_are_those_of_torch(family):
    model = instantiate(config_of(family), "tiny").model
    assert graph_of(family).parameters == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("family", ["llama", "gemma2", "qwen3_next"])
def test_the_parts_hold_what_the_whole_holds(family):
    graph = graph_of(family)
    assert graph.subtree_parameters("") == graph.parameters
    assert sum(map(graph.own_parameters, graph.nodes)) == graph.parameters


def test_tied_embeddings_count_once():
    tied, untied = graph_of("llama", tie_word_embeddings=True), graph_of("llama")
    assert untied.parameters - tied.parameters == 160 * 48
    (shared,) = tied.nodes["lm_head"].tensors
    assert shared.tied_to == "model.embed_tokens.weight"
    assert tied.own_parameters("lm_head") == 0


def test_buffers_are_no_parameters():
    router = graph_of("glm4_moe").nodes["model.layers.1.mlp.gate"]
    bias = next(tensor for tensor in router.tensors if tensor.name == "e_score_correction_bias")
    assert (bias.kind, bias.persistent) == ("buffer", True)
    assert graph_of("glm4_moe").own_parameters(router.id) == 6 * 48


def test_frequencies_are_computed_and_kept_as_a_digest():
    def frequencies(**changes):
        rotary = graph_of("llama", **changes).nodes["model.rotary_emb"]
        return next(tensor for tensor in rotary.tensors if tensor.name == "inv_freq")

    assert frequencies().persistent is False
    assert frequencies().digest
    assert frequencies().digest == frequencies(hidden_size=56).digest
    assert frequencies().digest != frequencies(rope_theta=5000.0).digest


def test_a_tensor_counts_its_elements():
    assert Tensor("weight", (3, 5), "float32").count == 15
    assert Tensor("scale", (), "float32").count == 1


def test_an_operator_shows_its_arguments():
    assert Operator("topk", ("8", "-1"), (), ()).token == "topk(8, -1)"
    assert Operator("silu", (), (), ()).token == "silu"


def test_freezing_reaches_all_the_way_down():
    frozen = freeze({"a": [1, {"b": [2]}], "c": {3, 2}})
    assert frozen["a"] == (1, {"b": (2,)})
    assert frozen["c"] == (2, 3)
    with pytest.raises(TypeError):
        frozen["a"][1]["b"] = ()


@pytest.mark.parametrize("document", [None, [], "text", 3, {}, {"graph": []}, {"nodes": [], "edges": []}])
def test_what_is_no_graph_is_refused(document):
    with pytest.raises(SnapshotError):
        ModelGraph.from_json(document)


@pytest.mark.parametrize("version", [None, 0, SCHEMA_VERSION + 1, str(SCHEMA_VERSION)])
def test_another_schema_version_is_refused_by_its_number(version):
    document = graph_of("llama").to_json()
    document = document | {"graph": document["graph"] | {"schema_version": version}}
    with pytest.raises(SnapshotError, match="schema version"):
        ModelGraph.from_json(document)


def test_a_node_without_a_field_is_refused():
    with pytest.raises(SnapshotError):
        Node.from_data("model", {"class_name": "LlamaModel"})


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4), st.just([]), st.just({}), st.just([3])
)


@cache
def document():
    """A small graph, as a file holds it."""
    return json.dumps(graph_of("llama", num_hidden_layers=1).to_json())


def places(value, path=()):
    """The path of everything inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*path, key)
        yield from places(item, (*path, key))


def anywhere():
    return st.sampled_from(list(places(json.loads(document()))))


def in_the_frame():
    """Places that every reader depends on, and not the settings that fill them."""
    every = places(json.loads(document()))
    return st.sampled_from([p for p in every if len(p) <= 3 and p[:2] != ("graph", "config")])


def damaged(path, junk):
    """The document without what stands at a place, or with something else there."""
    whole = json.loads(document())
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    if junk == "remove":
        del holder[path[-1]]
    else:
        holder[path[-1]] = copy.deepcopy(junk)
    return whole


def read_everything(graph):
    """Every view of a graph: what commands do with a snapshot."""
    views = (graph.nodes, graph.children, graph.flows, graph.programs, graph.config, graph.source, graph.stacks)
    texts = (graph.name, graph.model_type, graph.class_name, graph.notes, graph.not_checked)
    return views, texts, graph.parameters, graph.subtree("")


@given(path=st.deferred(in_the_frame) | st.deferred(anywhere), junk=st.just("remove") | JUNK)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_snapshot_is_refused_or_reads_in_full(path, junk):
    refused = ""
    try:
        graph = ModelGraph.from_json(damaged(path, junk))
    except SnapshotError as error:
        refused = str(error)
    else:
        read_everything(graph)
        assert ModelGraph.from_json(graph.to_json()) == graph
    assert len(refused.splitlines()) <= 1


def edited(edit):
    whole = json.loads(document())
    edit(whole)
    return whole


@pytest.mark.parametrize(
    "edit",
    [
        lambda whole: whole["nodes"].pop(),
        lambda whole: whole["nodes"].append(dict(whole["nodes"][-1])),
        lambda whole: whole["nodes"][3].update(program="of nobody"),
        lambda whole: whole["nodes"][3]["tensors"].append({"name": "weight"}),
        lambda whole: whole["edges"].pop(next(i for i, e in enumerate(whole["edges"]) if e["kind"] == "contains")),
        lambda whole: whole["edges"].append({"source": "lm_head", "target": "", "kind": "contains", "key": 0}),
        lambda whole: whole["edges"].append({"source": "lm_head", "target": "nowhere", "kind": "flows", "key": 0}),
        lambda whole: whole["graph"]["stacks"].update({"model.layers": ["model.layers.7"]}),
        lambda whole: whole["graph"]["source"].pop("digest"),
        lambda whole: whole["graph"].pop("class_name"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(edit):
    with pytest.raises(SnapshotError):
        ModelGraph.from_json(edited(edit))
