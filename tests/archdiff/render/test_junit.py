"""JUnit: each rule is a case, read back by a library that reads what others write."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import junitparser
import pytest
from hypothesis import given

from archdiff.render import junit
from tests.archdiff.making import a_rule, finding, report
from tests.archdiff.render.reports import HOSTILE, any_text, every_impact, named, with_set_aside

# Elements, in the order in which they may stand, with their attributes: what Jenkins' xunit plugin and GitLab read.
ALLOWED = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped"}, "(testsuite )+"),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped"}, "(properties )?(testcase )*(system-out )?"),
    "properties": (set(), "(property )+"),
    "property": ({"name", "value"}, ""),
    "testcase": ({"name", "classname"}, "(failure |skipped )?(system-out )*"),
    "failure": ({"type", "message"}, ""),
    "skipped": ({"message"}, ""),
    "system-out": (set(), ""),
}


def cases(made):
    """The test cases by name, and the suite, as junitparser reads them."""
    text = junit.text(made)
    for element in ElementTree.fromstring(text.encode("utf-8")).iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.attrib) == attributes, element.tag
        assert re.fullmatch(children, "".join(f"{child.tag} " for child in element)), element.tag
    (suite,) = junitparser.JUnitXml.fromstring(text.encode("utf-8"))
    return {case.name: case for case in suite}, suite


def test_every_rule_that_ran_is_a_case():
    made = every_impact()
    found, suite = cases(made)
    assert sorted(found) == sorted(rule.id for rule in made.rules)
    assert found["silent"].is_passed
    assert found["heads-changed"].classname == "archdiff.tests.Attention"
    assert (suite.name, suite.tests, suite.failures, suite.errors, suite.skipped) == ("old → new", 5, 3, 0, 0)


@pytest.mark.parametrize(("rule", "kind"), [("heads-changed", "breaking"), ("scale-changed", "behavioral")])
def test_a_finding_that_breaks_or_behaves_otherwise_is_a_failure_of_that_type(rule, kind):
    (failure,) = cases(every_impact())[0][rule].result
    assert isinstance(failure, junitparser.Failure)
    assert failure.type == kind
    assert failure.text.startswith(f"{kind}: layer")
    assert failure.message in failure.text


def test_a_cosmetic_finding_passes_and_is_told():
    case = cases(every_impact())[0]["name-changed"]
    assert case.is_passed
    assert case.system_out == "cosmetic: name: a → b"


def test_several_findings_of_a_rule_are_one_failure_of_the_worst_type():
    rules = [a_rule("same", impact) for impact in ("behavioral", "breaking", "cosmetic")]
    made = report(*((rule, finding(f"{rule.impact} one")) for rule in rules))
    made = made.model_copy(update={"rules": made.rules[:1]})
    found, suite = cases(made)
    (failure,) = found["same"].result
    assert (failure.type, failure.message) == ("breaking", "layer 0: breaking one (and 1 more)")
    assert failure.text.splitlines() == ["breaking: layer 0: breaking one", "behavioral: layer 0: behavioral one"]
    assert found["same"].system_out == "cosmetic: layer 0: cosmetic one"
    assert suite.failures == 1


def test_what_is_set_aside_is_skipped_with_the_reason():
    made = with_set_aside("suppression", "baseline")
    found, suite = cases(made)
    assert found["heads-changed"].result[0].message == "suppressed (as agreed)"
    assert found["part-removed"].result[0].message == "in the baseline"
    assert "heads: 4 → 8" in found["heads-changed"].system_out
    assert (suite.skipped, suite.failures) == (2, 1)


def test_a_rule_of_which_only_some_findings_are_set_aside_still_fails():
    made = every_impact()
    aside = with_set_aside("baseline").set_aside
    found, _ = cases(made.model_copy(update={"set_aside": aside}))
    assert isinstance(found["heads-changed"].result[0], junitparser.Failure)
    assert found["heads-changed"].system_out.startswith("in the baseline: ")


def test_a_rule_with_a_cosmetic_finding_that_counts_is_not_skipped():
    made = every_impact()
    cosmetic = made.findings[-1]
    aside = with_set_aside("baseline").set_aside[0].model_copy(update={"finding": cosmetic})
    assert cases(made.model_copy(update={"set_aside": (aside,)}))[0]["name-changed"].is_passed


def test_the_suite_names_the_inputs_and_what_was_not_checked():
    made = every_impact()
    _, suite = cases(made)
    assert {each.name: each.value for each in suite.properties()} == {
        "archdiff": made.archdiff,
        "transformers": made.transformers,
        "old": "old.json",
        "old.digest": "sha256:00",
        "new": "new.json",
        "new.digest": "sha256:00",
    }
    output = ElementTree.fromstring(junit.text(made).encode("utf-8")).findtext("testsuite/system-out")
    assert output.splitlines()[1:] == [f"not checked: {each}" for each in made.not_checked]


@given(any_text)
def test_any_name_leaves_well_formed_xml_without_control_characters(text):
    found, _ = cases(named(text))
    assert len(found) == 3
    written = junit.text(named(text))
    assert all(character == "\n" or character.isprintable() for character in written)


def test_a_hostile_name_is_text():
    case = cases(named(HOSTILE))[0]["rule-breaking"]
    assert "<script>alert(1)</script>" in case.result[0].message
