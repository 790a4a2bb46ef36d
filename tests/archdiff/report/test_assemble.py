"""The report: order, fingerprints, explanations, and what is left out of it."""

from __future__ import annotations

import dataclasses

import pytest

from archdiff.compare.changes import Place
from archdiff.report.assemble import Shown, assemble
from archdiff.report.entries import finding_entry
from archdiff.report.schema import RuleEntry
from archdiff.rule import Manual
from tests.archdiff.making import a_rule, change, comparison, finding, graph, layer, report


def order(*located):
    return [(entry.rule, entry.impact) for entry in report(*located).findings]


def test_findings_stand_by_impact_then_group_then_rule_then_place():
    pairs = [
        (a_rule("z", "cosmetic", "Depth and layer pattern"), finding()),
        (a_rule("b", group="Zoo"), finding()),
        (a_rule("a", group="Attention"), finding(layers=(5,))),
        (a_rule("a", group="Attention"), finding(layers=(1,))),
        (a_rule("c", group="Mixture of experts"), finding()),
        (a_rule("d", "behavioral", "Depth and layer pattern"), finding()),
    ]
    expected = [
        ("c", "breaking"),
        ("a", "breaking"),
        ("a", "breaking"),
        ("b", "breaking"),
        ("d", "behavioral"),
        ("z", "cosmetic"),
    ]
    assert order(*pairs) == order(*reversed(pairs)) == expected
    assert [entry.where for entry in report(*pairs).findings[1:3]] == ["layer 1", "layer 5"]


def mark(message="x", rule="some-rule", **values):
    return finding_entry(a_rule(rule), finding(message, **values)).fingerprint


def test_a_fingerprint_is_of_rule_location_and_facts_and_never_of_prose():
    facts = {"attention.query_heads": (4, 8)}
    first = mark("one wording", facts=facts, parameters=1)
    assert first == mark("another wording", facts=facts, parameters=2)
    assert first != mark("one wording", rule="other-rule", facts=facts)
    assert first != mark("one wording", facts={"attention.query_heads": (4, 16)})
    assert first != mark("one wording", facts=facts, layers=(1,))
    assert first != mark("one wording", facts=facts, new=Place("elsewhere"))


def test_a_fingerprint_stays_the_same_from_release_to_release():
    assert mark(facts={"a": (1, (2, None))}) == "0284e8ddccae4ac77596"


def test_changes_name_the_rules_that_explain_them():
    first, second = change(1), change(2, inert="training only")
    made = report(
        (a_rule("b"), finding(explains=(first,))),
        (a_rule("a"), finding(explains=(first,))),
        changes=(first, second),
    )
    assert [entry.explained_by for entry in made.changes] == [("a", "b"), ()]
    assert made.changes[1].inert == "training only"
    assert made.findings[0].changes == (first.id,)


def test_findings_that_are_not_chosen_or_known_are_left_out_and_counted():
    rules = [a_rule("kept"), a_rule("dropped")]
    view = comparison(change(1))
    found = [(rules[0], finding()), (rules[0], finding(layers=(1,))), (rules[1], finding())]
    known = frozenset({finding_entry(*found[1]).fingerprint})
    made = assemble(view, found, rules, shown=Shown(frozenset({"kept"}), known))
    assert [(entry.rule, entry.where) for entry in made.findings] == [("kept", "layer 0")]
    assert made.not_checked[-1] == "1 finding: not selected"
    assert [(each.finding.where, each.cause) for each in made.set_aside] == [("layer 1", "baseline")]
    assert not made.summary.same_architecture
    assert [entry.id for entry in made.rules] == ["dropped", "kept"]


def test_a_report_says_what_was_not_checked():
    made = report(old=graph("first", not_checked=["function: not traced"]))
    assert made.not_checked == (
        "first: function: not traced",
        "weights: not compared (structure only)",
        "tokenizer: not compared",
        "training data and logs: not compared",
    )


@pytest.mark.parametrize(
    ("impacts", "same"), [((), True), (("cosmetic",), True), (("behavioral",), False), (("breaking",), False)]
)
def test_the_same_architecture_has_no_breaking_or_behavioral_change(impacts, same):
    made = report(changes=[change(n, impact) for n, impact in enumerate(impacts)])
    assert made.summary.same_architecture is same


def test_a_change_without_effect_of_its_own_does_not_count():
    assert report(changes=[change(1, "breaking", inert="why")]).summary.same_architecture


def test_a_model_states_its_facts_and_those_that_vary():
    layers = [
        *layer(0, {"attention.window": 128, "experts.count": 4}),
        *layer(1, {"attention.window": None}),
        *layer(2, {"attention.window": 128}),
    ]
    entry = report(new=graph("new", layers, {"hidden_size": 64, "layers": 3})).new
    assert entry.facts == {"experts.count": 4, "hidden_size": 64, "layers": 3}
    assert entry.varying == {"attention.window": (128, None)}
    assert (entry.layers, entry.traced, entry.parameters) == (3, False, 30)


def test_values_that_json_lacks_become_text():
    entry = finding_entry(a_rule(), finding("\ud800", facts={"x": (float("nan"), (1.5, "\udfff"))}))
    assert entry.message == "\\ud800"
    assert (entry.facts[0].old, entry.facts[0].new) == ("nan", [1.5, "\\udfff"])


def test_a_report_is_frozen():
    made = report()
    with pytest.raises(ValueError, match="frozen"):
        made.summary = None


def test_the_same_comparison_gives_the_same_report():
    pair = (a_rule(), finding(explains=(change(1),)))
    again = (dataclasses.replace(pair[0]), dataclasses.replace(pair[1]))
    assert report(pair, changes=[change(1)]) == report(again, changes=[change(1)])


def test_a_rule_that_ran_names_its_area():
    ran = report(
        (a_rule("b-rule", group="Weights \ud800"), finding()), (a_rule("a-rule", group="Attention"), finding())
    )
    assert [(entry.id, entry.group) for entry in ran.rules] == [("a-rule", "Attention"), ("b-rule", "Weights \\ud800")]


def test_rules_stand_with_what_they_are_and_those_that_speak_with_their_manual():
    manual = Manual("Heads differ.", {"Why it matters": "Rows.", "What to do": "Look."})
    speaks = dataclasses.replace(a_rule("speaks", "behavioral", "Norms"), manual=manual)
    silent = dataclasses.replace(speaks, id="silent", impact="cosmetic")
    made = assemble(comparison(change(1)), [(speaks, finding())], [speaks, silent])
    stated = [(entry.id, entry.impact, entry.group, entry.summary, entry.manual) for entry in made.rules]
    assert stated == [
        ("silent", "cosmetic", "Norms", "Heads differ.", {}),
        ("speaks", "behavioral", "Norms", "Heads differ.", manual.sections),
    ]


def test_a_report_of_an_earlier_version_has_rules_without_more_than_their_names():
    entry = RuleEntry.model_validate({"id": "a", "pack": "b"})
    assert (entry.impact, entry.group, entry.summary, entry.manual) == (None, "", "", {})
