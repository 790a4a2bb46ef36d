"""GitLab's code quality report: the documented fields, and a fingerprint for each entry."""

from __future__ import annotations

import json

import jsonschema
from hypothesis import given

from archdiff.render import gitlab
from tests.archdiff.making import report
from tests.archdiff.render.reports import any_text, every_impact, many, named, of_kinds, with_lines, with_set_aside

# GitLab documentation, "Code Quality", "Code Quality report format": its fields, all of them required.
SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1, "not": {"pattern": r"^\./"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
        "additionalProperties": False,
    },
}


def entries(made):
    found = json.loads(gitlab.text(made))
    jsonschema.validate(found, SCHEMA)
    return found


def test_impacts_are_severities():
    found = entries(every_impact())
    assert [(each["check_name"], each["severity"]) for each in found] == [
        ("heads-changed", "critical"),
        ("part-removed", "critical"),
        ("scale-changed", "major"),
        ("name-changed", "info"),
    ]
    assert found[0]["description"] == "layers 0–1: heads: 4 → 8"


def test_the_fingerprint_is_that_of_the_report():
    made = every_impact()
    assert [each["fingerprint"] for each in entries(made)] == [each.fingerprint for each in made.findings]


def test_two_findings_of_one_fingerprint_are_two_entries():
    made = every_impact()
    twice = made.model_copy(update={"findings": made.findings[:1] * 3})
    marks = [each["fingerprint"] for each in entries(twice)]
    assert marks[0] == made.findings[0].fingerprint
    assert len(set(marks)) == 3
    assert marks == [each["fingerprint"] for each in entries(twice)], "the same in every run"


def test_the_path_is_the_config_or_what_the_user_named():
    paths = [each["location"]["path"] for each in entries(of_kinds(every_impact(), references=("a.json", "./b.json")))]
    assert paths == ["b.json", "a.json", "b.json", "b.json"]
    made = of_kinds(every_impact(), "catalogue", "hub", ("solar-10.7b", "owner/name"))
    assert [each["location"]["path"] for each in entries(made)] == ["owner/name", "solar-10.7b", *["owner/name"] * 2]


def test_the_line_is_that_of_a_key_or_the_first():
    made = with_lines(of_kinds(every_impact()), {}, {"heads": 7})
    assert [each["location"]["lines"]["begin"] for each in entries(made)] == [7, 1, 1, 1]


def test_what_is_set_aside_and_what_is_not_there_is_not_in_it():
    assert [each["check_name"] for each in entries(with_set_aside("baseline", "suppression"))] == [
        "scale-changed",
        "name-changed",
    ]
    assert gitlab.text(report()) == "[]\n"
    assert len(entries(many(200))) == 200


@given(any_text)
def test_any_name_is_one_line_of_text(text):
    for each in entries(of_kinds(named(text), "hub", "hub", (text or "x", text or "x"))):
        assert each["description"].isprintable()
        assert each["location"]["path"].isprintable()
