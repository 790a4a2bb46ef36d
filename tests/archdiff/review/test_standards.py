"""The mapping to disclosure standards names items that there are, and fields that the standards have."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

from archdiff.review.standards import fields_of, rows
from archdiff.review.table import specs

GENERATED = {"origin", "parents", "identity", "licence"}


def fields(standard):
    return {field.field for row in rows().values() for field in row if field.standard == standard}


def test_every_row_is_of_an_item():
    sections = {spec.section for spec in specs().values()} | GENERATED
    for item in rows():
        assert item in specs() or (item.endswith(".*") and item.partition(".")[0] in sections)


def test_every_item_answers_a_field():
    assert not [item for item in specs() if not fields_of(item)]
    assert fields_of("origin.language-model")
    assert not fields_of("nothing.there")


def test_every_standard_is_there_with_a_source():
    found = {field.standard for row in rows().values() for field in row}
    assert found >= {"MOF", "SPDX 3.0 AI", "CycloneDX 1.6", "EU GPAI, Annex XI", "EU GPAI, Annex XII", "model card"}
    assert all(field.source.startswith("https://") for row in rows().values() for field in row)


def test_an_item_of_its_own_stands_before_the_others_of_its_section():
    assert "modelCard.modelParameters.inputs" in {field.field for field in fields_of("architecture.context_length")}
    assert {field.field for field in fields_of("architecture.layers")} == {
        field.field for field in rows()["architecture.*"]
    }


def test_spdx_has_the_fields():
    model = pytest.importorskip("spdx_python_model").v3_0_1
    relations = dir(model.RelationshipType)
    for field in fields("SPDX 3.0 AI"):
        relation = field.removeprefix("relationship ")
        owner = model.dataset_DatasetPackage if field.startswith("dataset_") else model.ai_AIPackage
        assert relation in relations if relation != field else hasattr(owner, field), field


def test_cyclonedx_has_the_fields():
    schema = pytest.importorskip("cyclonedx.schema")
    folder = files(schema).joinpath("_res")
    name = next(
        each.name for each in folder.iterdir() if each.name.startswith("bom-1.6") and each.name.endswith(".json")
    )
    definitions = json.loads(folder.joinpath(name).read_text(encoding="utf-8"))["definitions"]
    for field in fields("CycloneDX 1.6"):
        node = definitions["component"]
        for part in field.split("."):
            node = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
            assert part in node["properties"], field
            node = node["properties"][part]
