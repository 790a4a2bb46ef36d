"""A change carries a fact exactly where the fact's row in the vocabulary says so."""

from __future__ import annotations

import inspect
import re

import pytest

from archdiff.compare.carriers import carries
from archdiff.compare.changes import Change, Place
from archdiff.compare.differences import vocabulary
from archdiff.packs import load_rules

FACTS = vocabulary()


@pytest.mark.parametrize("name", FACTS)
def test_tensors_and_operators_are_spelled_as_they_are_read(name):
    row = FACTS[name]
    assert all(re.fullmatch(r"[\w*-]+\.[\w*.]+", text) for text in row.get("tensors", ()))
    assert all(re.fullmatch(r"[\w-]*: (\*|[\w ]+)", text) for text in row.get("operators", ()))


@pytest.mark.parametrize("name", FACTS)
def test_a_row_lists_each_carrier_once(name):
    lists = [value for value in FACTS[name].values() if isinstance(value, list)]
    assert [items for items in lists if len(set(items)) != len(items)] == []


def test_every_fact_that_a_rule_asks_for_is_in_the_vocabulary():
    sources = [inspect.getsource(inspect.getmodule(rule.check)) for rule in load_rules()]
    asked = {name for source in sources for name in re.findall(r'"([a-z_]+\.[a-z_.]+)"', source)}
    prefixes = {name.partition(".")[0] for name in FACTS if "." in name}
    asked = {name for name in asked if name.partition(".")[0] in prefixes}
    assert len(asked) > 20
    assert asked <= FACTS.keys()


def change(kind, role="expert", subject="", axes=()):
    place = Place("layers.*.mlp", (0,))
    return Change(kind, place, place, role, subject, before=1, after=2, impact="breaking", axes=axes)


FACT = {
    "axes": ["experts", "hidden"],
    "tensors": ["expert.bias", "norm.*", "*.scale"],
    "parts": ["router"],
    "attributes": ["limit"],
    "config": ["rope_scaling"],
    "operators": ["expert: clamp silu", "router: *"],
    "kinds": ["tensor-retyped"],
}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (change("tensor-reshaped", axes=("experts",)), True),
        (change("tensor-reshaped", axes=("experts", "expert-width")), False),
        (change("tensor-reshaped", axes=()), False),
        (change("tensor-reshaped", subject="bias", axes=("expert-width",)), True),
        (change("tensor-added", subject="bias"), True),
        (change("tensor-added", subject="weight", axes=("experts",)), False),
        (change("tensor-removed", role="norm", subject="weight"), True),
        (change("tensor-removed", role="router", subject="scale"), True),
        (change("tensor-recomputed", role="rotary", subject="inv_freq", axes=("hidden",)), True),
        (change("tensor-recomputed", role="rotary", subject="inv_freq", axes=()), False),
        (change("module-added", role="router"), True),
        (change("module-removed", role="expert"), False),
        (change("attribute-changed", subject="limit"), True),
        (change("attribute-changed", subject="alpha"), False),
        (change("config-changed", subject="text_config.rope_scaling.factor"), True),
        (change("config-changed", subject="rope"), False),
        (change("operators-changed", subject="clamp"), True),
        (change("operators-changed", subject="gelu"), False),
        (change("operators-changed", role="router", subject="gelu"), True),
        (change("operators-changed", role="norm", subject="clamp"), False),
        (change("tensor-retyped"), True),
        (change("module-renamed"), False),
    ],
    ids=lambda item: (
        f"{item.kind}-{item.role}-{item.subject}-{'.'.join(item.axes)}" if item is not True and item else ""
    ),
)
def test_a_change_carries_a_fact_where_its_row_says_so(one, expected):
    assert carries(FACT, one) is expected


def test_a_row_without_carriers_is_carried_by_nothing():
    kinds = ("tensor-reshaped", "tensor-added", "module-added", "attribute-changed", "config-changed")
    assert [
        kind for kind in (*kinds, "operators-changed", "tensor-retyped") if carries({}, change(kind, axes=("x",)))
    ] == []
