"""A graph that is packed and unpacked is the graph that was built, told of the source that asks for it."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
import sys

import pytest

from archdiff.graph import build_graph, cache
from archdiff.graph.origin import source_attributes
from archdiff.graph.packed import pack, unpack
from archdiff.sources.headers import Shipped
from archdiff.sources.source import Lineage, Origin, make
from tests.archdiff.graph.tiny import CONFIGS, LLAMA, config_of, graph_of, source_of

YI = LLAMA | {"model_type": "Yi", "architectures": ["YiForCausalLM"]}
QUANTIZED = LLAMA | {"quantization_config": {"quant_method": "fp8"}, "num_nextn_predict_layers": 1}
ELSEWHERE = Origin(
    hub_id="owner/name", revision="0" * 40, licence="mit", released="2026-01-01",
    lineage=(Lineage("owner/base", "finetune"),), notes=("a note of another publisher",),
)  # fmt: skip


def same(graph, again):
    """Equal in everything that a later stage can see, the order of things included."""
    assert json.dumps(again.to_json()) == json.dumps(graph.to_json())
    assert json.dumps(dict(again.attributes)) == json.dumps(dict(graph.attributes))
    assert list(again.nodes.items()) == list(graph.nodes.items())
    for key, node in graph.nodes.items():
        other = again.nodes[key]
        assert (list(other.facts), list(other.attributes)) == (list(node.facts), list(node.attributes))
    for name in ("children", "flows", "programs", "stacks", "config", "source", "notes", "not_checked", "shipped"):
        assert getattr(again, name) == getattr(graph, name)
    assert (again.parameters, hash(again), repr(again)) == (graph.parameters, hash(graph), repr(graph))
    return True


@pytest.mark.parametrize("family", CONFIGS)
def test_a_packed_graph_is_the_graph(family):
    source, graph = source_of(config_of(family)), graph_of(family)
    again = unpack(pack(graph, source), source)
    assert same(graph, again)
    assert again == graph
    assert pack(again, source) == pack(graph, source)


@functools.cache
def built(text):
    source = source_of(json.loads(text))
    return source, build_graph(source)


@pytest.mark.parametrize("config", [YI, QUANTIZED], ids=["renamed modules", "notes of the config"])
def test_what_the_source_says_besides_is_kept(config):
    source, graph = built(json.dumps(config))
    assert same(graph, unpack(pack(graph, source), source))


def test_how_a_checkpoint_fits_is_kept():
    shipped = (Shipped("model.embed_tokens.weight", (160, 48), "bfloat16"), Shipped("other", (1,), "bfloat16"))
    source = dataclasses.replace(source_of(LLAMA), shipped=shipped)
    graph = build_graph(source)
    assert any("the checkpoint lacks" in note for note in graph.notes)
    assert same(graph, unpack(pack(graph, source), source))


def test_a_graph_of_bare_weights_is_the_graph():
    shapes = {"model.embed_tokens": (160, 48), "model.layers.0.mlp.up_proj": (80, 48), "model.norm": (48,)}
    shipped = tuple(Shipped(f"{name}.weight", shape, "bfloat16") for name, shape in shapes.items())
    source = dataclasses.replace(source_of(LLAMA), kind="weights", config={}, shipped=shipped)
    graph = build_graph(source)
    assert graph.stacks
    assert same(graph, unpack(pack(graph, source), source))
    assert cache.key(source) != cache.key(dataclasses.replace(source, kind="directory"))


@pytest.mark.parametrize("config", [LLAMA, YI, QUANTIZED], ids=["plain", "renamed", "noted"])
def test_a_graph_unpacked_for_another_source_is_the_one_built_of_it(config):
    source, graph = built(json.dumps(config))
    other = make("some/where", "hub", "another name", config, ELSEWHERE)
    again = unpack(pack(graph, source), other)
    assert (again.name, again.attributes["reference"]) == ("another name", "some/where")
    assert again.notes[0] == "a note of another publisher"
    assert again.attributes["source"] == source_attributes(other)
    assert same(build_graph(other), again)


def test_no_word_of_the_source_is_packed():
    other = make("some/where", "hub", "another name", LLAMA, ELSEWHERE)
    packed = pack(unpack(pack(graph_of("llama"), source_of(LLAMA)), other), other)
    assert packed == pack(graph_of("llama"), source_of(LLAMA))


def test_a_graph_of_another_source_is_refused():
    with pytest.raises(ValueError, match="was built of another source"):
        pack(graph_of("llama"), make("x", "file", "x", LLAMA, Origin()))
    with pytest.raises(ValueError, match="was built of another source"):
        pack(graph_of("llama"), dataclasses.replace(source_of(LLAMA), notes=("never told",)))


def test_the_network_of_an_unpacked_graph_is_frozen_and_made_once():
    source = source_of(LLAMA)
    again = unpack(pack(graph_of("llama"), source), source)
    assert "network" not in vars(again)
    assert again.network is again.network
    with pytest.raises(Exception, match="Frozen graph"):
        again.network.add_node("one more")


def test_equal_nodes_share_what_they_hold():
    source = source_of(LLAMA)
    again = unpack(pack(graph_of("llama"), source), source)
    first, second = (again.nodes[f"model.layers.{number}.mlp.up_proj"] for number in (0, 1))
    assert first.tensors is second.tensors


def test_a_graph_is_unpacked_without_networkx(tmp_path):
    (tmp_path / "graph").write_bytes(pack(graph_of("llama"), source_of(LLAMA)))
    (tmp_path / "config").write_text(json.dumps(LLAMA))
    code = (
        "import json, pathlib, sys\n"
        "from archdiff.graph.packed import unpack\n"
        "from archdiff.sources.source import Origin, make\n"
        "source = make('tiny', 'file', 'tiny', json.loads(pathlib.Path('config').read_text()), Origin())\n"
        "graph = unpack(pathlib.Path('graph').read_bytes(), source)\n"
        "assert graph.parameters and graph.subtree('') and graph.flows and graph.programs\n"
        "sys.exit(bool({'networkx', 'torch', 'transformers', 'numpy'} & set(sys.modules)))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
