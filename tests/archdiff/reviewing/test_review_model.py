"""`archdiff.review_model`: what the command does, as a function."""

from __future__ import annotations

import pytest

import archdiff
from archdiff.errors import SourceError, UnresolvedReferenceError
from archdiff.review.claims import parse
from archdiff.reviewing.gathering import Wanted, gather, subject_of
from archdiff.reviewing.reading import read_claims, read_sign_off
from tests.archdiff.making import config


@pytest.fixture
def model(tmp_path):
    """A config that publishes nothing."""
    return config(tmp_path / "model" / "config.json")


def test_a_checklist_with_everything_that_was_given(model, tmp_path):
    claims = tmp_path / "claims.toml"
    claims.write_text('[architecture]\nlayers = 2\nattention = "MHA"\n')
    checklist = archdiff.review_model(
        model, claims=str(claims), against=[config(tmp_path / "other.json", vocab_size=99)]
    )
    assert isinstance(checklist, archdiff.Checklist)
    status = {item.id: item.status for item in checklist.items}
    assert (status["architecture.layers"], status["architecture.attention"]) == ("proved", "proved")
    assert [report.old.name for report in checklist.parents] == ["other.json"]
    assert checklist.code, "the code of both was compared"
    assert archdiff.Checklist.model_validate_json(checklist.model_dump_json()) == checklist


def test_without_claims_the_questions_stand_open(model):
    checklist = archdiff.review_model(model)
    assert checklist.claims == ""
    assert {item.status for item in checklist.items} == {"open"}


def test_each_parent_is_compared_once(model, tmp_path):
    base = config(tmp_path / "base.json")
    claims = parse(f'parents = ["{base}", "{base}"]\n[origin]\nlanguage-model = "{base}"\n', "x")
    material = gather(model, Wanted(claims, cached=False))
    assert [(parent.reference, parent.relation) for parent in material.parents] == [(base, "derived")]
    assert material.parents[0].report is not None


def test_a_declared_parent_is_read_from_the_catalogue_where_it_is_there(model):
    material = gather(model, Wanted(parse('parents = ["openai-community/gpt2"]', "x"), cached=False))
    assert material.parents[0].report.old.name == "gpt2"
    assert material.not_checked == (
        "parent openai-community/gpt2: its architecture was read from the catalogue as gpt2",
    )


def test_a_parent_that_is_not_there_is_no_error_and_a_suspect_is(model):
    material = gather(model, Wanted(parse('parents = ["nobody/nothing", "no such path"]', "x"), cached=False))
    assert [parent.report for parent in material.parents] == [None, None]
    assert all(parent.cause for parent in material.parents)
    with pytest.raises(UnresolvedReferenceError):
        gather(model, Wanted(against=("no-such-model",), cached=False))


def test_what_is_being_done_is_told(model):
    told = []

    class Doing:
        def __init__(self, what):
            told.append(what)

        def __enter__(self):
            return None

        def __exit__(self, *_):
            return None

    gather(model, Wanted(cached=False), Doing)
    assert told == [f"building {model}"]


def test_a_saved_graph_can_be_reviewed(model, tmp_path):
    import json

    saved = tmp_path / "model.snapshot"
    saved.write_text(json.dumps(archdiff.load(model).to_json()))
    claims = tmp_path / "claims.toml"
    claims.write_text("[architecture]\nlayers = 3\n")
    found = {item.id: item for item in archdiff.review_model(str(saved), claims=str(claims)).items}
    assert found["architecture.layers"].status == "refuted"
    assert found["architecture.layers"].evidence[0].where.startswith("config.json num_hidden_layers")
    assert subject_of(str(saved), cached=False).layers


@pytest.mark.parametrize("read", [read_claims, read_sign_off])
@pytest.mark.parametrize("name", ["", "nothing.toml", "a\0b", "~nobody-here/x", "."])
def test_files_that_cannot_be_read(read, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as caught:
        read(name)
    assert str(caught.value).isprintable()


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "claims.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="not UTF-8"):
        read_claims(str(path))
