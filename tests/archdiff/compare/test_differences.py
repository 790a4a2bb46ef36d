"""Differences in facts: one for each pair of values, its layers folded, with the changes that carry it."""

from __future__ import annotations

import pytest

from archdiff.compare import compare
from archdiff.compare.changes import Place
from archdiff.compare.comparison import where
from tests.archdiff.compare.fakes import HIDDEN, layered, model, part, weight
from tests.archdiff.graph.tiny import config_of, graph_of


def with_facts(*layers, **of_model):
    """A graph of layers with these facts; each holds a norm, so that any two can be paired."""
    parts = {"": part("model", class_name="Tiny", facts=of_model)}
    for number, facts in enumerate(layers):
        parts[f"layers.{number}"] = part("layer", facts=facts)
        parts[f"layers.{number}.norm"] = part("norm", weight(HIDDEN))
    return model(parts)


def told(comparison, *facts, **options):
    return [(d.old, d.new, d.old_place.layers, d.new_place.layers) for d in comparison.differences(*facts, **options)]


def heads(*numbers):
    return with_facts(*({"attention.query_heads": number} for number in numbers))


def test_layers_that_differ_alike_are_one_difference():
    found = compare(heads(4, 4, 8, 4), heads(2, 2, 8, 3))
    assert told(found, "attention.query_heads") == [(4, 2, (0, 1), (0, 1)), (4, 3, (3,), (3,))]


def test_nothing_differs_where_values_are_equal():
    assert told(compare(heads(4, 8), heads(4, 8)), "attention.query_heads") == []


def test_a_fact_that_one_of_the_two_does_not_state_is_looked_at_when_asked():
    found = compare(with_facts({"router.scoring": "softmax"}), with_facts({}))
    assert told(found, "router.scoring") == []
    assert told(found, "router.scoring", absent=True) == [("softmax", None, (0,), (0,))]


def test_the_first_of_several_facts_decides_whether_a_layer_is_looked_at():
    found = compare(with_facts({"router.scoring": "a", "router.bias": 1}), with_facts({"router.bias": 2}))
    assert told(found, "router.scoring", "router.bias") == []
    (difference,) = found.differences("router.bias", "router.scoring")
    assert difference.facts == {"router.bias": (1, 2), "router.scoring": ("a", None)}


def test_facts_of_the_model():
    found = compare(with_facts(vocabulary=5), with_facts(vocabulary=7))
    (difference,) = found.differences("vocabulary")
    assert (difference.old, difference.new, difference.where) == (5, 7, "model")
    assert found.facts == ({"vocabulary": 5}, {"vocabulary": 7})


def test_a_name_that_is_no_fact():
    with pytest.raises(KeyError):
        compare(heads(4), heads(2)).differences("attention.qurey_heads")


def test_layers_without_partner_have_no_differences():
    found = compare(layered("full"), layered("mamba"))
    assert told(found, "mixer.kind") == []


def test_a_difference_explains_the_changes_that_carry_it_and_no_other():
    old, new = graph_of("mixtral"), graph_of("mixtral", num_experts_per_tok=3, rope_theta=777.0)
    (difference,) = compare(old, new).differences("experts.per_token")
    assert {(c.kind, c.subject) for c in difference.explains} == {
        ("attribute-changed", "num_experts_per_tok"),
        ("attribute-changed", "top_k"),
        ("config-changed", "num_experts_per_tok"),
        ("operators-changed", "topk"),
    }


def test_only_the_facts_that_differ_explain_changes():
    old, new = graph_of("mixtral"), graph_of("mixtral", rope_theta=777.0, num_experts_per_tok=3)
    (difference,) = compare(old, new).differences("experts.count", "rotary.base")
    assert difference.facts["experts.count"] == (6, 6)
    assert {change.subject for change in difference.explains}.isdisjoint({"topk", "top_k", "num_experts_per_tok"})


def test_a_difference_counts_the_parameters_of_its_own_layers():
    config = config_of("deepseek_v3")
    (difference,) = compare(graph_of("deepseek_v3"), graph_of("deepseek_v3", n_shared_experts=2)).differences(
        "shared_experts.width"
    )
    assert difference.old_place.layers == (1, 2)
    assert difference.parameters == 2 * 3 * config["hidden_size"] * config["moe_intermediate_size"]


def test_of_a_change_in_more_layers_a_difference_counts_its_own():
    def attention(heads, *tensors):
        parts = {f"layers.{n}": part("layer", facts={"attention.query_heads": h}) for n, h in enumerate(heads)}
        return model(parts | {f"layers.{n}.attention": part("attention", *tensors) for n in range(len(heads))})

    sinks = weight(("query-heads", 4), name="sinks")
    found = compare(attention([4, 4, 4]), attention([2, 3, 3], sinks))
    (change,) = found.changes
    assert (change.new.layers, change.parameters) == ((0, 1, 2), 12)
    assert [(d.new, d.parameters) for d in found.differences("attention.query_heads")] == [(2, 4), (3, 8)]


@pytest.mark.parametrize(
    ("shared", "confidence"), [(6, "high"), (3, "medium"), (1, "low")], ids=["much", "some", "little"]
)
def test_confidence_is_that_of_the_least_similar_layers(shared, confidence):
    """In common are the shared facts, two roles and a tensor; each of the five facts that differ counts twice."""
    base = {f"equal.{number}": number for number in range(shared)}
    layers = [base | {f"other.{n}": side for n in range(4)} | {"norm.epsilon": side} for side in (1, 2)]
    alike = [{"norm.epsilon": side} | {f"equal.{n}": n for n in range(40)} for side in (1, 2)]
    (difference,) = compare(*(with_facts(alike[side], layers[side]) for side in (0, 1))).differences("norm.epsilon")
    assert difference.old_place.layers == (0, 1)
    assert difference.confidence == confidence


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (Place(""), Place(""), "model"),
        (Place("layers.*", (1,)), Place("layers.*", (1,)), "layer 1"),
        (Place("layers.*", (1, 2)), Place("layers.*", (1, 2)), "layers 1–2"),
        (Place("layers.*", (0, 1)), Place("layers.*", (0, 1, 2)), "layers 0–1 → 0–2"),
        (Place("layers.*", (3,)), None, "layer 3"),
        (Place("norm"), None, "norm"),
    ],
)
def test_where_a_difference_stands(old, new, text):
    assert where(old, new) == text
