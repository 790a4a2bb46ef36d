"""Which findings count, which are set aside, and the suppressions that cover nothing."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.compare.changes import Place
from archdiff.errors import UsageError
from archdiff.report.assemble import assemble
from archdiff.report.entries import finding_entry
from archdiff.report.shown import CONFIDENCES, Shown, Suppression
from tests.archdiff.making import a_rule, change, comparison, finding, graph, layer

RULES = {name: a_rule(name) for name in ("first", "second")} | {"weighed": a_rule("weighed", group="Weights")}
NORM = change(1, role="norm")
HEAD = change(2, role="lm-head")


def suppressing(*rules, **values):
    return Suppression(frozenset(rules), values.pop("reason", "accepted in review"), **values)


def made(*located, **values):
    """A report of findings, each with the name of its rule, and of what is wanted of them."""
    found = [(RULES[name], each) for name, each in located]
    return assemble(comparison(NORM, HEAD), found, list(RULES.values()), shown=Shown(**values))


def rules_of(entries):
    return [entry.rule for entry in entries]


def test_a_suppressed_finding_is_set_aside_with_its_reason_and_does_not_count():
    report = made(
        ("first", finding()), ("second", finding()), suppressions=(suppressing("first", expires="2027-01-31"),)
    )
    assert rules_of(report.findings) == ["second"]
    assert report.summary.findings["breaking"] == 1
    (aside,) = report.set_aside
    assert (aside.finding.rule, aside.cause, aside.reason) == ("first", "suppression", "accepted in review")
    assert aside.expires == "2027-01-31"
    assert report.summary.impact == made(("first", finding()), ("second", finding())).summary.impact


def test_a_baseline_sets_aside_and_a_suppression_comes_first():
    known = frozenset({finding_entry(RULES["first"], finding()).fingerprint})
    (aside,) = made(("first", finding()), known=known).set_aside
    assert (aside.cause, aside.reason, aside.expires) == ("baseline", "", None)
    (aside,) = made(("first", finding()), known=known, suppressions=(suppressing("first"),)).set_aside
    assert aside.cause == "suppression"


@pytest.mark.parametrize(
    ("where", "covered"),
    [
        ("*", True),
        ("layers.*.attention", True),
        ("layers.*", True),
        ("*.attention", True),
        ("attention", False),
        ("layers.*.mlp", False),
        ("model", False),
        ("norm", True),
        ("lm-head", False),
    ],
)
def test_where_is_a_place_or_the_role_of_what_changed(where, covered):
    report = made(
        ("first", finding(explains=(NORM,))), suppressions=(suppressing("first", where=where),), is_strict=False
    )
    assert bool(report.set_aside) is covered


def test_a_role_covers_only_what_has_no_other():
    both = finding(explains=(NORM, HEAD))
    assert not made(("first", both), suppressions=(suppressing("first", where="norm"),), is_strict=False).set_aside
    assert made(("first", both), suppressions=(suppressing("first", where="[ln]*m*"),)).set_aside


def test_a_role_says_nothing_of_a_finding_that_explains_no_change():
    assert made(("first", finding()), suppressions=(suppressing("first", where="norm"),), is_strict=False).findings


def test_the_whole_model_is_called_model():
    assert made(("first", finding(layers=())), suppressions=(suppressing("first", where="model"),)).set_aside


def test_either_place_is_enough():
    moved = finding(old=Place("layers.*.router", (0,)), new=Place("layers.*.gate", (0,)))
    for where in ("layers.*.router", "layers.*.gate"):
        assert made(("first", moved), suppressions=(suppressing("first", where=where),)).set_aside


def test_a_suppression_that_covers_nothing_is_an_error_that_names_it():
    idle = suppressing("second", subject="archdiff.toml: suppress 1 (second)")
    with pytest.raises(UsageError, match=r"suppress 1 \(second\): covers no finding"):
        made(("first", finding()), suppressions=(idle,))
    assert made(("first", finding()), suppressions=(idle,), is_strict=False).findings


@pytest.mark.parametrize("names", [{"old": "other*"}, {"new": "other*"}, {"old": "old", "new": "other"}])
def test_one_about_other_models_says_nothing(names):
    report = made(("first", finding()), suppressions=(suppressing("first", **names), suppressing("second", **names)))
    assert rules_of(report.findings) == ["first"]


@pytest.mark.parametrize("names", [{"old": "ol?"}, {"new": "new.json"}, {"old": "old", "new": "new"}])
def test_models_are_told_by_name_or_reference(names):
    assert made(("first", finding()), suppressions=(suppressing("first", **names),)).set_aside


def test_models_are_told_by_their_hub_id_too():
    old = graph(
        "local", layer(0), source={"kind": "file", "digest": "sha256:00", "lineage": [], "hub_id": "owner/name"}
    )
    report = assemble(
        comparison(old=old),
        [(RULES["first"], finding())],
        list(RULES.values()),
        shown=Shown(suppressions=(suppressing("first", old="owner/*"),)),
    )
    assert report.set_aside


def test_a_suppression_is_used_whether_or_not_its_rule_is_shown():
    report = made(
        ("first", finding()), ("second", finding()), rules=frozenset({"second"}), suppressions=(suppressing("first"),)
    )
    assert rules_of(report.findings) == ["second"]
    assert report.set_aside == ()
    assert report.not_checked[-1] == "1 finding: not selected"


def test_one_about_weights_alone_waits_for_them():
    assert made(("first", finding()), suppressions=(suppressing("weighed"),)).findings
    with pytest.raises(UsageError):
        made(suppressions=(suppressing("weighed", "first"),))


def test_findings_that_are_less_sure_are_left_out_and_counted():
    found = [("first", finding(layers=(at,), confidence=each)) for at, each in enumerate(CONFIDENCES)]
    for number, least in enumerate(CONFIDENCES, start=1):
        report = made(*found, confidence=least)
        assert [entry.confidence for entry in report.findings] == list(CONFIDENCES[:number])
        assert (number == 3) is ("confidence" not in report.not_checked[-1])
    assert made(*found, confidence="high").not_checked[-1] == "2 findings: of less than high confidence"


@given(
    st.lists(st.tuples(st.sampled_from(["first", "second"]), st.integers(0, 5), st.sampled_from(CONFIDENCES))),
    st.sampled_from(CONFIDENCES),
    st.sets(st.sampled_from(["first", "second"])),
    st.sets(st.integers(0, 5)),
)
def test_every_finding_is_in_one_place(found, least, suppressed, known):
    located = [(name, finding(layers=(at,), confidence=sure)) for name, at, sure in found]
    marks = {finding_entry(RULES[name], each).fingerprint for name, each in located if each.old.layers[0] in known}
    report = made(
        *located,
        confidence=least,
        known=frozenset(marks),
        suppressions=(suppressing(*suppressed),),
        is_strict=False,
    )
    left_out = sum(int(text.split()[0]) for text in report.not_checked if " finding" in text)
    assert len(report.findings) + len(report.set_aside) + left_out == len(found)
    assert not [entry for entry in report.findings if entry.rule in suppressed or entry.fingerprint in marks]


def test_values_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        suppressing("first").reason = "another"
