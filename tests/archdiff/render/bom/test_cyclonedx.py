"""CycloneDX: valid by the library's strict schema whatever the document holds, and no relation is made up."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from packageurl import PackageURL

from archdiff.errors import UsageError
from archdiff.render import render
from tests.archdiff.render.bom.described import (
    COMMIT,
    DIGEST,
    MAIN_CASES,
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

STRICT = JsonStrictValidator(SchemaVersion.V1_6)


def bom(document):
    text = render(document, "cyclonedx")
    assert STRICT.validate_str(text) is None
    assert text == render(document, "cyclonedx")
    return json.loads(text)


def model(document):
    return bom(document)["metadata"]["component"]


def properties(component):
    return [(each["name"], each["value"]) for each in component["properties"]]


@pytest.mark.parametrize("old", MAIN_CASES)
def test_the_main_cases(old):
    made = bom(main_case(old))
    component = made["metadata"]["component"]
    assert (component["group"], component["name"]) == ("upstage", "Solar-Open-100B")
    assert component["type"] == "machine-learning-model"
    assert component["modelCard"]["modelParameters"]["architectureFamily"] == "mixture-of-experts transformer"
    assert component["modelCard"]["modelParameters"]["modelArchitecture"] == "SolarOpenForCausalLM"
    assert not {"ancestors", "variants", "descendants"} & component["pedigree"].keys(), "an accusation is no pedigree"
    assert any(name.startswith("archdiff:finding:") for name, _ in properties(component))


def test_a_model_of_the_hub_has_a_package_url_of_its_commit():
    component = model(portrait())
    assert component["purl"] == f"pkg:huggingface/someone/new@{COMMIT}"
    assert PackageURL.from_string(component["purl"]).to_string() == component["purl"]
    assert component["version"] == COMMIT
    assert {each["url"] for each in component["externalReferences"]} == {
        f"https://huggingface.co/someone/new/tree/{COMMIT}"
    }


def test_a_branch_is_no_commit_and_a_file_has_no_package_url():
    assert model(portrait(entry(revision="main")))["purl"] == "pkg:huggingface/someone/new"
    of_a_file = model(portrait(entry(hub_id=None, revision=None)))
    assert "purl" not in of_a_file
    assert "externalReferences" not in of_a_file
    assert of_a_file["version"] == DIGEST


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("apache-2.0", {"id": "Apache-2.0"}),
        ("MIT", {"id": "MIT"}),
        ("Upstage Solar License", {"name": "Upstage Solar License"}),
        ("My own licence", {"name": "My own licence"}),
    ],
)
def test_a_licence_by_its_identifier_or_by_its_name(declared, expected):
    (choice,) = model(portrait(entry(licence=declared)))["licenses"]
    assert expected.items() <= choice["license"].items()
    assert choice["license"]["acknowledgement"] == "declared"


def test_without_a_licence_none_is_stated():
    assert "licenses" not in model(portrait(entry(licence=None)))


def test_a_licence_as_its_lineage_was_followed_to():
    (choice,) = model(checklist())["licenses"]
    assert (choice["license"]["id"], choice["license"]["url"]) == ("MIT", "https://example.org/licence")


def test_the_card_says_what_the_architecture_says():
    card = model(portrait())["modelCard"]
    assert card["modelParameters"]["task"] == "text-generation"
    assert card["modelParameters"]["inputs"] == [{"format": "text: token ids of a vocabulary of 32,000"}]
    assert card["considerations"]["technicalLimitations"] == ["The context is 4,096 tokens."]
    assert ("archdiff:architecture:parameters", "1000") in properties(card)
    assert ("archdiff:architecture:experts.count", "8") in properties(card)
    assert "archdiff:architecture:attention.sinks" not in dict(properties(card)), "what it has not is left out"
    assert "quantitativeAnalysis" not in card, "nothing was measured"
    assert "approach" not in card["modelParameters"], "only the publisher can say"


def test_a_declared_base_is_an_ancestor():
    pedigree = model(report(new=derived_from("someone/old")))["pedigree"]
    (ancestor,) = pedigree["ancestors"]
    assert ancestor["purl"] == f"pkg:huggingface/someone/old@{COMMIT}"
    assert ("archdiff:relation", "finetune") in properties(ancestor)
    assert "Hidden size: 1 → 2." in pedigree["notes"]


def test_shared_weights_make_a_variant_and_measured_figures():
    component = model(report(weights=weighed("derived")))
    (variant,) = component["pedigree"]["variants"]
    assert variant["name"] == "old"
    (metric,) = component["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert (metric["value"], metric["slice"]) == ("-300.5", "language-model")
    assert "hidden-units" in metric["type"]


def test_what_was_compared_stands_in_properties_with_its_digest():
    stated = properties(model(report()))
    assert ("archdiff:compared-with", f"old, pkg:huggingface/someone/old@{COMMIT}, {DIGEST}") in stated
    assert ("archdiff:not-checked", "weights: not compared") in stated


def test_claims_are_declared_with_evidence_and_counter_evidence():
    declared = bom(checklist())["declarations"]
    claims = {claim["bom-ref"]: claim for claim in declared["claims"]}
    assert claims.keys() == {"claim:layers", "claim:parameters", "claim:origin", "claim:contact"}
    assert claims["claim:layers"]["counterEvidence"] == ["evidence:layers:1"]
    assert "evidence" not in claims["claim:layers"]
    assert claims["claim:parameters"]["evidence"] == ["evidence:parameters:1"]
    assert claims["claim:origin"]["reasoning"].endswith("To settle it: archdiff weights OLD NEW")
    (mapped,) = declared["attestations"][0]["map"]
    assert mapped == {"claims": ["claim:parameters", "claim:contact"], "counterClaims": ["claim:layers"]}
    signed = next(each for each in declared["evidence"] if each["bom-ref"] == "evidence:contact:signature")
    assert (signed["reviewer"]["name"], signed["created"]) == ("Ada", "2026-01-02T00:00:00Z")


def test_a_question_without_an_answer_is_no_claim():
    assert ("archdiff:unanswered", "Whose rights?") in properties(model(checklist()))


def test_every_reference_of_a_claim_leads_somewhere():
    made = bom(checklist())
    declared = made["declarations"]
    known = {each["bom-ref"] for each in (*declared["evidence"], *declared["claims"], *declared["assessors"])}
    known.add(made["metadata"]["component"]["bom-ref"])
    used = [ref for claim in declared["claims"] for ref in claim.get("evidence", []) + claim.get("counterEvidence", [])]
    assert {*used, *(claim["target"] for claim in declared["claims"])} <= known


def test_a_training_log_is_measured():
    component = model(checklist())
    metrics = component["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert {"type": "training log: first_loss", "value": "10.4"} in metrics
    assert ("archdiff:training-log:digest", DIGEST) in properties(component)


def test_what_only_the_publisher_can_say_comes_from_claims():
    items = (
        item("data.sources", "open", title="sources of the training data: books"),
        item("release.use", "proved", title="intended use: chat"),
        item("release.limitations", "refuted", title="limitations: none"),
        item("release.safety", "open", title="safety assessment: red team"),
        item("training.energy", "open", title="energy used for training: 1 GWh"),
    )
    card = model(checklist(items=items))["modelCard"]
    unproved = "(claimed by the publisher, not proved)"
    (data,) = card["modelParameters"]["datasets"]
    assert data["description"] == f"sources of the training data: books {unproved}"
    told = card["considerations"]
    assert told["useCases"] == ["intended use: chat (proved)"]
    assert told["technicalLimitations"] == ["The context is 4,096 tokens."], "what was refuted is left out"
    assert told["ethicalConsiderations"] == [{"name": f"safety assessment: red team {unproved}"}]
    (energy,) = told["environmentalConsiderations"]["properties"]
    assert energy["value"] == f"energy used for training: 1 GWh {unproved}"


def test_doubts_about_declarations_are_told():
    stated = properties(model(checklist()))
    assert ("archdiff:doubt", "the card and the config name other bases") in stated
    assert ("archdiff:doubt", "MIT grants more") in stated


def test_without_a_review_nothing_is_declared():
    assert "declarations" not in bom(report())


def test_no_clock_is_asked(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert "timestamp" not in bom(portrait())["metadata"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert bom(portrait())["metadata"]["timestamp"] == "1970-01-02T00:00:00+00:00"


@pytest.mark.parametrize("stated", ["soon", "-1", "1e9", "999999999999", "٣"])
def test_a_bad_moment_is_refused(monkeypatch, stated):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", stated)
    with pytest.raises(UsageError, match="is no number of seconds") as caught:
        render(portrait(), "cyclonedx")
    assert str(caught.value).isprintable()


@settings(max_examples=25)
@given(hostile())
def test_hostile_texts_stay_texts(document):
    made = bom(document)
    assert made["metadata"]["component"]["bom-ref"] == "model"
    text = json.dumps(made, ensure_ascii=False)
    assert "\\u001b" not in text
    assert "\u202e" not in text
