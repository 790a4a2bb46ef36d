"""The contracts: every document that a command writes as JSON has a published schema, and keeps it."""

from __future__ import annotations

import json
from typing import get_args

import jsonschema
import pytest

from archdiff.cli.schema import DOCUMENTS
from archdiff.render import Kind


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_schema_is_one(call, document):
    schema = json.loads(call("schema", document).out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


def test_the_report_is_the_default(call):
    assert call("schema").out == call("schema", "report").out


def test_every_kind_of_document_has_one():
    assert set(get_args(Kind)) - {"weights"} == set(DOCUMENTS), "a weight check is part of the report"


@pytest.mark.parametrize(
    ("document", "arguments"),
    [
        ("report", ("diff", "glm-4.5-air", "solar-open-100b")),
        ("portrait", ("show", "solar-open-100b")),
        ("checklist", ("review", "solar-open-100b", "--fail-on", "never")),
        ("lineage", ("lineage", "solar-open-100b", "--no-hub")),
    ],
)
def test_what_a_command_writes_keeps_its_schema(call, document, arguments):
    written = call(*arguments, "--format", "json")
    assert written.code == 0, written.err
    jsonschema.validate(json.loads(written.out), json.loads(call("schema", document).out))


def test_another_document_is_refused(call):
    refused = call("schema", "novel")
    assert refused.code == 2
    assert "novel" in refused.err
