"""The vocabulary of facts: what readers say and what `facts.toml` lists are the same words."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from tests.archdiff.graph.tiny import CONFIGS, graph_of

FOLDER = files("archdiff.graph")
FACTS = tomllib.loads(FOLDER.joinpath("facts", "facts.toml").read_text(encoding="utf-8"))
ROLES = {row["role"] for row in tomllib.loads(FOLDER.joinpath("roles.toml").read_text(encoding="utf-8"))["rows"]}
# Given by place and not by a row of the table; a fact may also speak of modules without a role.
ROLES |= {"model", "layer", ""}


def graphs():
    return [graph_of(family) for family in CONFIGS]


def said(scope):
    """Names of the facts that the readers give to the model, or to layers."""
    return {
        name
        for graph in graphs()
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
