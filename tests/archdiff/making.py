"""Small configs, graphs, comparisons and reports for tests."""

from __future__ import annotations

import json

import networkx as nx

from archdiff.compare.changes import Change, Place
from archdiff.compare.comparison import Comparison
from archdiff.graph.schema import SCHEMA_VERSION, ModelGraph, Node, Tensor
from archdiff.report.assemble import assemble
from archdiff.rule import Finding, Manual, Rule

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "max_position_embeddings": 512,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 4,
    "vocab_size": 256,
}


def config(path, **values):
    """Write a tiny Llama config with these values changed and return its path as text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**LLAMA, **values}), encoding="utf-8")
    return str(path)


def layer(number, facts=None, experts=0):
    """The nodes of one layer: attention with 10 parameters, and experts where they are wanted."""
    prefix = f"layers.{number}"
    nodes = [Node(prefix, role="layer", facts=facts or {}), part(f"{prefix}.attention", "attention", 10)]
    if experts:
        nodes += [Node(f"{prefix}.moe", role="mixture-of-experts"), part(f"{prefix}.moe.all", "expert", experts)]
    return nodes


def part(node_id, role, count):
    """A module that owns one tensor."""
    return Node(node_id, class_name="Linear", role=role, tensors=(Tensor("weight", (count,), "bfloat16"),))


def graph(name="tiny", nodes=(), facts=None, **attributes):
    """A graph of these nodes, with layers under `layers` as its only stack."""
    network = nx.MultiDiGraph()
    every = [Node("", class_name="Tiny", role="model", facts=facts or {}), Node("layers"), *nodes]
    for node in every:
        network.add_node(node.id, **node.to_data())
        if node.id:
            network.add_edge(node.id.rpartition(".")[0], node.id, kind="contains")
    layers = [node.id for node in every if node.role == "layer"]
    source = {"kind": "file", "digest": "sha256:00", "lineage": []}
    stated = {"name": name, "reference": f"{name}.json", "model_type": "tiny", "class_name": "Tiny"}
    rest = {"config": {}, "source": source, "stacks": {"layers": layers}, "programs": {}, "notes": []}
    network.graph.update(
        {**stated, **rest, "not_checked": [], "schema_version": SCHEMA_VERSION, "transformers": "5", **attributes}
    )
    return ModelGraph(network)


def change(number=0, impact="breaking", **values):
    """A change at layer 0."""
    place = Place("layers.*.attention", (0,))
    stated = {"kind": "config-changed", "old": place, "new": place, "role": "attention", "subject": f"s{number}"}
    return Change(**{**stated, "before": 1, "after": 2, "impact": impact, "id": f"{number:020x}", **values})


def comparison(*changes, old=None, new=None):
    """A comparison with these changes."""
    return Comparison(old or graph("old", layer(0)), new or graph("new", layer(0)), (), changes)


def a_rule(rule_id="some-rule", impact="breaking", group="Attention", check=lambda _: (), last=False):
    """A rule."""
    return Rule(rule_id, impact, group, check, Manual("Notices something.", {}), rule_id, last, "tests")


def finding(message="heads: 4 → 8", layers=(0,), **values):
    """A finding in some layers of both models."""
    place = Place("layers.*.attention" if layers else "", tuple(layers))
    return Finding(message, **{"old": place, "new": place, **values})


def report(*located, changes=(), **values):
    """A report of these findings, each with its rule."""
    found = [pair if isinstance(pair, tuple) else (a_rule(), pair) for pair in located]
    return assemble(comparison(*changes, **values), found, [rule for rule, _ in found])
