"""Roles against what the parts of twenty families are known to do."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.zoo.measure import graph_of

TRUTH = tomllib.loads(Path(__file__).with_name("truth.toml").read_text(encoding="utf-8"))
FAMILIES = TRUTH["families"]

COVERED = 0.99
"""Share of a family's parameters that its patterns must reach."""


def truth_of(family):
    """Pattern and role of every part of a family."""
    return [pair for group in FAMILIES[family] for pair in TRUTH["groups"][group].items()]


def test_there_are_twenty_families():
    assert len(FAMILIES) >= 20
    assert {group for groups in FAMILIES.values() for group in groups} == set(TRUTH["groups"])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_part_of_the_family_has_the_role_that_it_is_known_to_have(family):
    graph = graph_of(family)
    wrong, known = [], 0
    for key, node in graph.nodes.items():
        roles = {role for pattern, role in truth_of(family) if fnmatchcase(key, pattern)}
        if node.tensors and roles:
            known += graph.own_parameters(key)
            wrong += [(key, node.role, roles)] if node.role not in roles or node.confidence == "low" else []
    assert not wrong
    assert known >= COVERED * graph.parameters
