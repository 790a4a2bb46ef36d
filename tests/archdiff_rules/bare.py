"""Comparisons of models of which only what a rule reads is stated: facts, source, notes, changes."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from archdiff.compare.changes import Change, Place
from archdiff.compare.comparison import Comparison
from archdiff.graph.schema import SCHEMA_VERSION, ModelGraph, Node

CHANGE = Change("config-changed", Place(""), Place(""), "model", "key", 1, 2, "cosmetic")


def model(facts=None, *, name="tiny", model_type="llama", class_name="LlamaForCausalLM", notes=(), **source):
    """A graph that consists of the model itself.

    Args:
        facts: of the model.
        name: what output calls it.
        model_type: its family.
        class_name: the class that was built.
        notes: what a reader must know of how the graph was made.
        source: hub id, licence, lineage and so on.
    """
    network = nx.MultiDiGraph()
    network.add_node("", **Node("", class_name=class_name, facts=facts or {}).to_data())
    network.graph.update(
        schema_version=SCHEMA_VERSION,
        name=name,
        reference=name,
        model_type=model_type,
        class_name=class_name,
        config={},
        source=source,
        stacks={},
        programs={},
        notes=list(notes),
        not_checked=[],
    )
    return ModelGraph(network)


def comparison(old, new, *changes):
    """Two models and the changes between them, each under an id of its own."""
    numbered = [replace(change, id=f"{number:020x}") for number, change in enumerate(changes)]
    return Comparison(old, new, (), numbered)


def found(rule, *arguments):
    """The findings of a rule on a comparison."""
    return list(rule.check(comparison(*arguments)))


def place(path, *layers):
    """Where something stands."""
    return Place(path, layers)
