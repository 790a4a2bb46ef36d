"""Tokenizer, code, licence, lineage and log: what each is held against, and statements that only a person settles."""

from __future__ import annotations

import pytest

from archdiff.report.lineage import LicenceEntry, LineageEntry, LineageStep
from tests.archdiff.review.making import code, items, log, subject, tokenizer

OWN = '[tokenizer]\norigin = "own"\n'
TAKEN = '[tokenizer]\norigin = { from = "owner/base", how = "extended" }\n'


def lineage(**more):
    """A model that declares a base, with both licences."""
    model, base = "owner/new", "owner/base"
    entries = [
        LicenceEntry(model=name, declared=said, spdx=said, conditions=asks, source="https://example.com", **PLACE)
        for name, said, asks in ((model, "MIT", ()), (base, "Llama-3", ("naming", "attribution")))
    ]
    step = LineageStep(model=model, base=base, relation="finetune", declared_in="model card", found="hub")
    stated = {"chain": (step,), "roots": (base,), "licences": tuple(entries), "contradictions": (), "not_followed": ()}
    return LineageEntry(model=model, **{**stated, **more})


PLACE = {"declared_in": "model card"}


@pytest.mark.parametrize(
    ("claimed", "reference", "verdict", "status"),
    [
        (OWN, "owner/other", "independent", "proved"),
        (OWN, "owner/other", "extended", "refuted"),
        (OWN, "owner/other", "inconclusive", "open"),
        (TAKEN, "owner/base", "extended", "proved"),
        (TAKEN, "owner/base", "pruned", "refuted"),
        (TAKEN, "owner/base", "independent", "refuted"),
        (TAKEN, "owner/base", "inconclusive", "open"),
        (TAKEN, "owner/other", "extended", "open"),
        (TAKEN.replace("extended", "derived"), "owner/base", "re-ordered", "proved"),
        ("", "owner/other", "independent", "open"),
        ('[tokenizer]\norigin = "n/a"\n', "owner/other", "independent", "not-applicable"),
    ],
)
def test_the_tokenizer(claimed, reference, verdict, status):
    found = items(claimed, tokenizers=((reference, tokenizer(verdict)),))["tokenizer.origin"]
    assert found.status == status
    assert found.evidence[0].where == f"tokenizer of {reference}"


def test_a_tokenizer_that_was_not_compared_is_open_with_the_command():
    found = items(TAKEN)["tokenizer.origin"]
    assert (found.status, found.command) == ("open", "archdiff tokenizer owner/base new.json")
    assert found.title == "tokenizer extended of owner/base"


def test_code_says_nothing_about_weights():
    own = '[code]\norigin = "own"\n'
    assert "code.origin" not in items()
    assert items(own)["code.origin"].status == "open"
    based = items(own, code=(("glm4_moe", code(0.9, inherits=("glm4_moe",))),))["code.origin"]
    assert (based.status, "says nothing about weights" in based.reason) == ("refuted", True)
    claimed = '[code]\norigin = "owner/base"\n'
    assert items(claimed, code=(("owner/base", code(0.9)),))["code.origin"].status == "proved"
    assert items(claimed, code=(("owner/base", code(0.2)),))["code.origin"].status == "open"


@pytest.mark.parametrize(("claimed", "status"), [("MIT", "proved"), ("mit", "proved"), ("Apache-2.0", "refuted")])
def test_the_licence_is_held_against_what_is_declared(claimed, status):
    found = items(f'[licence]\nname = "{claimed}"\n', lineage=lineage())["licence.name"]
    assert (found.status, found.found) == (status, "MIT")


def test_a_licence_that_nobody_declares_is_open():
    found = items('[licence]\nname = "MIT"\n')["licence.name"]
    assert (found.status, found.needs_signature) == ("open", True)
    assert items()["licence.name"].claimed is None


def test_the_licence_of_the_source_where_no_lineage_was_followed():
    source = {"kind": "catalogue", "digest": "sha256:00", "lineage": [], "licence": "apache-2.0"}
    found = items('[licence]\nname = "Apache 2.0"\n', subject=subject(source=source))["licence.name"]
    assert (found.status, found.evidence[0].where) == ("proved", "catalogue")


def test_conditions_of_inherited_licences_wait_for_a_person():
    found = items(lineage=lineage(inherited=("owner/new grants more than owner/base: to be read by a person",)))
    asked = found["licence.inherited"]
    assert (asked.status, asked.needs_signature) == ("open", True)
    assert [each.text for each in asked.evidence] == [
        "owner/new grants more than owner/base: to be read by a person",
        "owner/base, Llama-3: naming, attribution",
    ]
    assert "no legal advice" in asked.reason


def test_declarations_that_contradict_each_other_are_refuted():
    assert items(lineage=lineage())["licence.lineage"].status == "proved"
    found = items(lineage=lineage(contradictions=("the card says a, the config says b",)))["licence.lineage"]
    assert (found.status, found.reason) == ("refuted", "the card says a, the config says b.")
    assert "licence.lineage" not in items(lineage=lineage(chain=(), licences=()))


@pytest.mark.parametrize(
    ("origin", "verdict", "status"),
    [
        ('"from scratch"', "from-scratch", "proved"),
        ('"from scratch"', "warm-start", "refuted"),
        ('"from scratch"', "resumed", "open"),
        ('"from scratch"', "inconclusive", "open"),
        ('"owner/base"', "warm-start", "proved"),
        ('"owner/base"', "from-scratch", "open"),
    ],
)
def test_the_log_is_held_against_the_origin(origin, verdict, status):
    claimed = f'[origin]\nlanguage-model = {origin}\n[training]\nlog = "our tracker"\n'
    found = items(claimed, training_log=log(verdict))["training.log"]
    assert (found.status, found.found) == (status, verdict)


def test_without_a_log_the_command_names_it():
    found = items()["training.log"]
    assert found.command == "archdiff review new.json --claims claims.toml --training-log RUN"


def test_statements_wait_for_a_signature_with_the_command():
    found = items('[data]\nsummary = "a page"\n')
    stated, asked = found["data.summary"], found["data.sources"]
    assert (stated.status, stated.needs_signature, stated.found) == ("open", True, None)
    assert stated.command.endswith("--sign data.summary --as NAME --date YYYY-MM-DD")
    assert (asked.status, asked.needs_signature, asked.command) == ("open", True, "")
    assert "data.processing" not in found, "asked of nobody who does not state it"


def test_a_statement_that_does_not_concern_the_model():
    found = items('[data]\npersonal = "not applicable"\n')["data.personal"]
    assert (found.status, found.needs_signature) == ("not-applicable", True)


@pytest.mark.parametrize(
    ("counted", "status"), [(5.0e12, "proved"), (5.05e12, "proved"), (7e12, "refuted"), (None, "open")]
)
def test_tokens_are_held_against_the_log(counted, status):
    found = items('[training]\ntokens = "5 T tokens"\n', training_log=log("from-scratch", tokens=counted))
    assert found["training.tokens"].status == status
    assert found["training.tokens"].title == "trained on 5 T tokens"


def test_compute_is_told_beside_the_rule_of_six():
    claimed = '[training]\ntokens = "5 T"\ncompute = "3e22 FLOP"\n'
    found = items(claimed)["training.compute"]
    active = subject().portrait.model.active_parameters
    assert found.evidence[0].text.endswith(f"= {6 * active * 5e12:.2g} FLOP")


def test_a_statement_rests_on_the_model():
    first, second = (items('[release]\ncontact = "a"\n', subject=each) for each in (subject(), subject(source=OTHER)))
    assert first["release.contact"].digest != second["release.contact"].digest


OTHER = {"kind": "file", "digest": "sha256:01", "lineage": []}


def test_one_comparison_without_a_verdict_keeps_an_own_tokenizer_open():
    both = (("owner/other", tokenizer("independent")), ("owner/third", tokenizer("inconclusive")))
    assert items(OWN, tokenizers=both)["tokenizer.origin"].status == "open"
