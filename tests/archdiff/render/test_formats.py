"""The registry of formats, and JSON: canonical, and valid against the published schema."""

from __future__ import annotations

import json
import shutil

import jsonschema
import pytest

from archdiff.errors import UsageError
from archdiff.render import FORMATS, format_of, render
from archdiff.report.portrait import portray
from archdiff.report.schema import Report
from tests.archdiff.making import a_rule, change, finding, graph, layer, report

MADE = report((a_rule("a-rule"), finding("né \ud800", facts={"x": (1, None)})), changes=[change(1)])
ONE = portray(graph("one", layer(0)))


@pytest.mark.parametrize(("name", "ending"), FORMATS.items())
def test_the_ending_says_the_format(name, ending):
    assert format_of(f"some.where/report{ending}") == name
    assert format_of(f"REPORT{ending.upper()}") == name


@pytest.mark.parametrize("path", ["report", "report.docx", "", ".json", "a/.svg", "x.\x1b[2J"])
def test_an_ending_that_names_no_format_is_refused(path):
    with pytest.raises(UsageError, match="its ending names no format") as caught:
        format_of(path)
    assert str(caught.value).isprintable()


def test_an_unknown_format_is_refused():
    with pytest.raises(UsageError, match="choose from terminal, json"):
        render(MADE, "docx")


def test_json_is_canonical():
    text = render(MADE, "json")
    assert text.endswith("}\n")
    assert text == render(Report.model_validate_json(text), "json")
    assert list(json.loads(text)) == list(Report.model_fields)
    assert "né" in text, "text stays readable"
    text.encode("utf-8")


def test_json_is_what_the_schema_says():
    schema = Report.model_json_schema(mode="serialization")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(render(MADE, "json")), schema)


def test_text_is_plain():
    assert "\x1b" not in render(MADE, "terminal")


def test_dot_is_text_of_a_report_and_of_a_portrait():
    for document in (MADE, ONE):
        text = render(document, "dot")
        assert isinstance(text, str)
        assert text.startswith("digraph")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize(("name", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_pictures(name, magic):
    for document in (MADE, ONE):
        picture = render(document, name)
        assert isinstance(picture, bytes)
        assert picture.startswith(magic)
