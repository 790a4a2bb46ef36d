"""SPDX: read back by the classes that the official model was turned into, with every reference resolved.

No package on the index ships the official JSON schema or the SHACL shapes, so the generated classes, which carry the
constraints of the shapes, are the judge.
"""

from __future__ import annotations

import json

import pytest
import spdx_python_model
from hypothesis import given, settings

from archdiff.render import render
from tests.archdiff.render.bom.described import (
    COMMIT,
    DIGEST,
    ITEMS,
    checklist,
    derived_from,
    entry,
    hostile,
    item,
    main_case,
    portrait,
    report,
    weighed,
)

SPDX = spdx_python_model.v3_0_1


def read(document):
    """The elements of the document, as the classes of the standard read them."""
    text = render(document, "spdx")
    assert text == render(document, "spdx")
    data = json.loads(text)
    _, objects = spdx_python_model.load_data(data)
    assert not objects.missing_ids, "every reference leads somewhere"
    assert SPDX.JSONLDSerializer().serialize_data(objects, force_at_graph=True) == data
    return objects


def every(objects, kind):
    return sorted(objects.foreach_type(kind), key=lambda element: str(element.get_id()))


def only(objects, kind):
    (found,) = every(objects, kind)
    return found


def model(document):
    return next(each for each in every(read(document), "ai_AIPackage") if each.get_id().endswith("#model"))


def relations(document):
    return {
        (each.relationshipType.rpartition("/")[2], each.from_.name, tuple(end.name for end in each.to))
        for each in every(read(document), "Relationship")
    }


def profiles(document):
    return {each.rpartition("/")[2] for each in only(read(document), "SpdxDocument").profileConformance}


@pytest.mark.parametrize(
    ("old", "rule"), [("gpt-oss-120b", "shared-experts-added"), ("glm-4.5-air", "dense-layers-removed")]
)
def test_the_main_cases(old, rule):
    objects = read(main_case(old))
    made = next(each for each in every(objects, "ai_AIPackage"))
    assert made.name == "upstage/Solar-Open-100B"
    assert "mixture-of-experts transformer" in made.ai_typeOfModel
    assert {each.key: each.value for each in made.ai_hyperparameter}["experts.count"] == "128"
    kinds = {each.relationshipType.rpartition("/")[2] for each in every(objects, "Relationship")}
    assert kinds == {"hasMetadata", "hasDeclaredLicense"}, "an accusation is no descent"
    assert any(rule in each.statement for each in every(objects, "Annotation"))
    assert profiles(main_case(old)) == {"core", "software", "simpleLicensing", "ai"}


def test_a_model_of_the_hub_has_all_that_the_profile_asks_for():
    made = model(portrait())
    assert made.suppliedBy.name == "someone"
    assert made.software_packageUrl == f"pkg:huggingface/someone/new@{COMMIT}"
    assert made.software_downloadLocation == f"https://huggingface.co/someone/new/tree/{COMMIT}"
    assert made.software_packageVersion == COMMIT
    assert made.releaseTime.isoformat() == "2025-12-31T00:00:00+00:00"
    assert made.software_primaryPurpose == SPDX.software_SoftwarePurpose.model
    assert "ai" in profiles(portrait())


@pytest.mark.parametrize("missing", [{"hub_id": None}, {"released": None}, {"released": "last year"}])
def test_the_profile_is_not_claimed_where_something_is_missing(missing):
    assert profiles(portrait(entry(**missing))) == {"core", "software", "simpleLicensing"}


def test_the_digest_is_that_of_the_config():
    config = only(read(portrait()), "software_File")
    (proof,) = config.verifiedUsing
    assert (proof.algorithm, proof.hashValue) == (SPDX.HashAlgorithm.sha256, DIGEST.removeprefix("sha256:"))
    assert ("hasMetadata", "someone/new", ("config",)) in relations(portrait())


def test_a_digest_of_another_form_is_no_hash():
    assert not every(read(portrait(entry(digest="sha256:00"))), "software_File")


def test_a_licence_by_its_identifier():
    licence = only(read(portrait()), "simplelicensing_LicenseExpression")
    assert licence.simplelicensing_licenseExpression == "Apache-2.0"
    assert ("hasDeclaredLicense", "someone/new", ("Apache-2.0",)) in relations(portrait())


def test_a_licence_of_its_own_is_referred_to():
    objects = read(portrait(entry(licence="Upstage Solar License")))
    licence = only(objects, "simplelicensing_LicenseExpression")
    assert licence.simplelicensing_licenseExpression == "LicenseRef-Upstage-Solar-License"
    (custom,) = licence.simplelicensing_customIdToUri
    wording = objects.find_by_id(custom.value)
    assert custom.key == wording.name == "LicenseRef-Upstage-Solar-License"
    assert "its text was not read" in wording.simplelicensing_licenseText


def test_without_a_licence_none_is_stated():
    assert not every(read(portrait(entry(licence=None))), "simplelicensing_LicenseExpression")


def test_a_declared_base_is_what_the_model_descends_from():
    document = report(new=derived_from("someone/old"))
    assert ("descendantOf", "someone/new", ("someone/old",)) in relations(document)


def test_an_ancestor_of_the_base_is_related_to_the_base():
    found = relations(checklist())
    assert ("descendantOf", "someone/new", ("someone/old",)) in found
    assert ("descendantOf", "someone/old", ("else/root",)) in found


def test_shared_weights_make_a_variant_and_a_metric():
    document = report(weights=weighed("derived"))
    assert ("hasVariant", "someone/new", ("someone/old",)) in relations(document)
    (metric,) = model(document).ai_metric
    assert (metric.key, metric.value) == (
        "log10 p of hidden-units, language-model, compared with someone/old", "-300.5",
    )  # fmt: skip


def test_doubts_about_declarations_are_told():
    told = {each.statement for each in every(read(checklist()), "Annotation")}
    assert {"doubt: the card and the config name other bases", "doubt: MIT grants more"} <= told


def test_what_was_compared_is_told_and_not_related():
    objects = read(report())
    assert len(every(objects, "ai_AIPackage")) == 1
    assert any(
        "Hidden size: 1 → 2." in each.statement and DIGEST in each.statement for each in every(objects, "Annotation")
    )


def test_claims_are_reviews_with_their_evidence():
    reviews = [
        each.statement
        for each in every(read(checklist()), "Annotation")
        if each.annotationType == SPDX.AnnotationType.review
    ]
    assert len(reviews) == len(ITEMS) - 2, "what does not apply and what has no answer is no claim"
    assert f"refuted: claim layers. reason of layers Evidence: evidence of layers (config.json, {DIGEST})." in reviews
    assert any("Signed by Ada on 2026-01-02." in each for each in reviews)


def test_a_question_without_an_answer_is_told():
    assert "unanswered: Whose rights?" in {each.statement for each in every(read(checklist()), "Annotation")}


def test_what_is_claimed_of_training_and_data_is_told_as_claimed():
    items = (
        item("training.tokens", "open", title="trained on 19.7 T tokens"),
        item("data.sources", "proved", title="sources of the training data: books"),
        item("release.use", "refuted", title="for everything"),
        item("release.limitations", "open", claimed=None, title="limitations"),
    )
    objects = read(checklist(items=items))
    made = next(each for each in every(objects, "ai_AIPackage") if each.get_id().endswith("#model"))
    told = made.ai_informationAboutTraining
    assert "trained on 19.7 T tokens (claimed by the publisher, not proved)" in told
    assert f"Training log {DIGEST}: from-scratch. begins at ln V" in told
    assert only(objects, "dataset_DatasetPackage").description == "sources of the training data: books (proved)"
    assert ("trainedOn", "someone/new", ("training data of new",)) in relations(checklist(items=items))
    assert made.ai_informationAboutApplication is None, "what was refuted is no information"
    assert made.ai_limitation == "The context is 4,096 tokens."


def test_nothing_of_training_is_said_where_nothing_is_claimed():
    assert model(portrait()).ai_informationAboutTraining is None
    assert not every(read(portrait()), "dataset_DatasetPackage")


def test_the_time_is_stated_or_the_beginning_of_1970(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    creation = only(read(portrait()), "CreationInfo")
    assert creation.created.isoformat() == "1970-01-01T00:00:00+00:00"
    assert "SOURCE_DATE_EPOCH" in creation.comment
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    creation = only(read(portrait()), "CreationInfo")
    assert (creation.created.isoformat(), creation.comment) == ("1970-01-02T00:00:00+00:00", None)


@settings(max_examples=25)
@given(hostile())
def test_hostile_texts_stay_texts(document):
    objects = read(document)
    ids = [str(each.get_id()) for each in every(objects, "Element")]
    assert all(each.startswith("https://spdx.org/spdxdocs/archdiff-") for each in ids)
    assert len(ids) == len(set(ids))
    text = render(document, "spdx")
    assert "\\u001b" not in text
    assert "\u202e" not in text
