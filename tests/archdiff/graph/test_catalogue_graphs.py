"""Every model of the catalogue: built, traced, counted, named; the same bytes in every process; as released."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archdiff.catalogue import entries, names
from archdiff.catalogue import load as load_entry
from archdiff.graph import build_graph
from archdiff.sources import resolve
from tests.archdiff.catalogue.test_corpus import MOVED, REPAIRS
from tests.archdiff.graph.tiny import source_of

LEAST_NAMED = {"causal language model": 0.99, "other": 0.95}


def kind_of(graph):
    """The family of requirements that the class falls under."""
    causal = graph.class_name.endswith(("ForCausalLM", "LMHeadModel"))
    return "causal language model" if causal else "other"


def named_share(graph):
    """Share of the parameters that stand in a module whose role is at least likely."""
    named = (key for key, node in graph.nodes.items() if node.role and node.confidence != "low")
    return sum(map(graph.own_parameters, named)) / graph.parameters


@pytest.mark.parametrize("name", names())
def test_a_published_model_is_built_traced_and_named(name):
    graph = build_graph(resolve(name))
    assert graph.not_checked == ()
    assert graph.parameters == load_entry(name).parameters.instantiated
    assert named_share(graph) >= LEAST_NAMED[kind_of(graph)]
    for layers in graph.stacks.values():
        assert all(graph.nodes[layer].facts for layer in layers)
        assert all(graph.nodes[layer].function for layer in layers)


def test_a_part_without_a_role_counts_as_unnamed():
    """A check of the measure itself."""
    graph = build_graph(resolve("gpt2"))
    whole = named_share(graph)
    assert whole == pytest.approx(1.0)
    without = {key: node for key, node in graph.nodes.items() if node.role != "embedding"}
    kept = sum(graph.own_parameters(key) for key in without) / graph.parameters
    assert kept < 0.75


DIGESTS = """
import hashlib, json, sys
from archdiff.graph import build_graph
from archdiff.sources import resolve
for name in sys.argv[1:]:
    print(hashlib.sha256(json.dumps(build_graph(resolve(name)).to_json()).encode()).hexdigest())
"""
SEVERAL = ("qwen3-next-80b-a3b", "gpt2", "all-minilm-l6-v2")


def test_the_same_bytes_whatever_the_hash_seed():
    """Another process, which hashes strings differently, and this one."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"
    command = [sys.executable, "-W", "ignore", "-c", DIGESTS, *SEVERAL]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    texts = (json.dumps(build_graph(resolve(name)).to_json()) for name in SEVERAL)
    assert done.stdout.split() == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def corpus_files():
    """The folder's files, or, where there is none, one that the marker `corpus` skips."""
    folder = os.environ.get("ARCHDIFF_CORPUS")
    return sorted(Path(folder).glob("*.json")) if folder else [Path("no-corpus.json")]


def without_config(graph):
    """Nodes, flows, stacks and programs: everything that describes the model but the config it was built from."""
    data = graph.to_json()
    told = {key: data["graph"][key] for key in ("class_name", "stacks", "programs", "not_checked")}
    return {node["id"]: node for node in data["nodes"]}, data["edges"], told


@pytest.mark.corpus
@pytest.mark.parametrize("path", corpus_files(), ids=lambda path: path.stem)
def test_the_released_file_gives_the_graph_of_the_catalogue(path, corpus):
    """Equal in every node, flow and program; configs may differ in keys that nothing reads."""
    hub_id = path.stem.replace("__", "/")
    entry = next(entry for entry in entries() if entry.hub_id == MOVED.get(hub_id, hub_id))
    released = json.loads(path.read_text(encoding="utf-8"))
    if hub_id in REPAIRS:
        released = REPAIRS[hub_id](released, entry)
    ours, theirs = build_graph(resolve(entry.name)), build_graph(source_of(released))
    (our_nodes, *our_rest), (their_nodes, *their_rest) = without_config(ours), without_config(theirs)
    assert our_nodes.keys() == their_nodes.keys()
    assert {key: (our_nodes[key], their_nodes[key]) for key in our_nodes if our_nodes[key] != their_nodes[key]} == {}
    assert our_rest == their_rest


@pytest.mark.corpus
def test_most_of_the_catalogue_is_compared_with_its_release(corpus):
    assert len(corpus_files()) >= 40
