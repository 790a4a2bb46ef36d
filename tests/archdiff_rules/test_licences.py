"""What the rule makes of the licences of a model and of its declared base."""

from __future__ import annotations

import pytest

from archdiff_rules.licence_inherited import licence_inherited
from tests.archdiff_rules.bare import found, model

CONFLICTS = [
    ("llama3.1", "mit"),
    ("Llama 2 Community License", "Apache-2.0"),
    ("Gemma Terms of Use", "apache-2.0"),
    ("cc-by-nc-4.0", "apache-2.0"),
    ("cc-by-nc-4.0", "llama3"),
    ("cc-by-sa-4.0", "mit"),
    ("gpl-3.0", "llama2"),
]
NO_CONFLICT = [
    ("apache-2.0", "mit"),
    ("MIT", "llama3.1"),
    ("apache-2.0", "cc-by-nc-4.0"),
    ("llama3.1", "Llama 3.1 Community License"),
    ("llama3.1", "cc-by-nc-4.0"),
    ("gemma", "llama3"),
    ("cc-by-nc-4.0", "cc-by-nc-sa-4.0"),
]


def lineage(relation):
    return [{"base": "Example/Base", "relation": relation}]


def pair(base, derived, relation="finetune"):
    old = model(name="base", hub_id="example/base", licence=base)
    new = model(name="derived", hub_id="example/derived", licence=derived, lineage=lineage(relation))
    return old, new


@pytest.mark.parametrize(("base", "derived"), CONFLICTS)
def test_a_licence_that_grants_what_the_base_conditions_is_found(base, derived):
    (finding,) = found(licence_inherited, *pair(base, derived))
    assert finding.impact == "cosmetic"
    assert finding.facts["licence"] == (base, derived)
    assert "to be read by a person" in finding.message


@pytest.mark.parametrize(("base", "derived"), NO_CONFLICT)
def test_a_licence_that_keeps_the_conditions_is_not(base, derived):
    assert found(licence_inherited, *pair(base, derived)) == []


@pytest.mark.parametrize(("base", "derived"), [("in-house", "mit"), (None, "mit"), ("llama3.1", None)])
def test_an_unknown_licence_is_no_ground_for_a_finding(base, derived):
    assert found(licence_inherited, *pair(base, derived)) == []


def test_a_shared_architecture_inherits_no_licence():
    assert found(licence_inherited, *pair("llama3.1", "mit", "same-architecture")) == []


def test_models_that_declare_nothing_of_each_other_inherit_nothing():
    old, new = model(hub_id="example/base", licence="llama3.1"), model(hub_id="example/other", licence="mit")
    assert found(licence_inherited, old, new) == []


def test_the_finding_is_the_same_when_the_two_are_swapped():
    old, new = pair("llama3.1", "mit")
    (there,), (back,) = found(licence_inherited, old, new), found(licence_inherited, new, old)
    assert back.message == there.message
    assert back.facts == {name: (after, before) for name, (before, after) in there.facts.items()}
