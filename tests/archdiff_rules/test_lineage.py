"""Declared relations, and what contradicts them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archdiff.compare.provenance import Provenance
from archdiff_rules._lineage import claims
from archdiff_rules.declared_lineage_contradicted import declared_lineage_contradicted as rule
from tests.archdiff_rules.bare import CHANGE, comparison, found, model, place

RESHAPED = replace(
    CHANGE,
    kind="tensor-reshaped",
    role="gate",
    subject="weight",
    old=place("model.layers.*.mlp.gate_proj", 0, 1),
    new=place("model.layers.*.mlp.gate_proj", 0, 1),
    axes=("mlp-width",),
    impact="breaking",
)
MORE_TOKENS = replace(RESHAPED, role="embedding", old=place("embed"), new=place("embed"), axes=("vocabulary",))
ADDED = replace(RESHAPED, kind="module-added", role="shared-expert", subject="", axes=())
LAYER = replace(ADDED, role="layer")

KEEPING_SHAPES = ["finetune", "quantized", "adapter", "continued"]
OTHERS = ["merge", "depth-upscaled", "upcycled", "distilled"]


def facts(vocabulary=64):
    return {"vocabulary": vocabulary, "dtype": "bfloat16"}


def pair(relation, base="Example/Base", vocabulary=64):
    old = model(facts(), name="base", hub_id="example/base")
    lineage = [{"base": base, "relation": relation}]
    return old, model(facts(vocabulary), name="derived", hub_id="example/derived", lineage=lineage)


@pytest.mark.parametrize("relation", KEEPING_SHAPES)
def test_a_relation_that_keeps_shapes_is_contradicted_by_another_shape(relation):
    (finding,) = found(rule, *pair(relation), RESHAPED)
    assert finding.impact == "cosmetic"
    assert finding.facts == {"lineage": (None, relation)}
    assert "example/base" in finding.message
    assert "gate" in finding.message


@pytest.mark.parametrize("relation", OTHERS)
def test_a_relation_that_changes_shapes_is_not(relation):
    assert found(rule, *pair(relation), RESHAPED) == []


@pytest.mark.parametrize("relation", [*KEEPING_SHAPES, "same-architecture"])
def test_nothing_breaking_contradicts_nothing(relation):
    assert found(rule, *pair(relation), CHANGE) == []


def test_a_fine_tune_may_extend_the_vocabulary():
    assert found(rule, *pair("finetune", vocabulary=66), MORE_TOKENS) == []
    assert found(rule, *pair("finetune", vocabulary=66), MORE_TOKENS, RESHAPED) != []


def test_a_fine_tune_may_be_stored_under_other_names_or_in_another_layout():
    name = replace(RESHAPED, kind="module-renamed", subject="", before="gate_proj", after="w1", axes=())
    gone = [replace(name, kind="module-removed", role=role, new=None, parameters=-8) for role in ("gate", "up")]
    come = replace(ADDED, role="gate-up", old=None, parameters=16)
    assert found(rule, *pair("finetune"), name, *gone, come) == []
    assert found(rule, *pair("finetune"), name, *gone, replace(come, parameters=24)) != []


@pytest.mark.parametrize("change", [RESHAPED, LAYER])
def test_the_same_architecture_may_have_other_sizes(change):
    assert found(rule, *pair("same-architecture"), change) == []


def test_the_same_architecture_has_the_same_parts():
    assert found(rule, *pair("same-architecture"), ADDED) != []


def test_a_claim_about_a_third_model_is_none_of_this_comparison():
    assert found(rule, *pair("finetune", base="example/other"), RESHAPED) == []


def test_a_model_without_hub_id_is_nobodys_declared_base():
    _, new = pair("finetune")
    assert found(rule, model(facts()), new, RESHAPED) == []


def test_old_may_declare_new():
    new, old = pair("finetune")
    (finding,) = found(rule, old, new, RESHAPED)
    assert finding.facts == {"lineage": ("finetune", None)}


def test_hub_ids_are_compared_without_case():
    assert [claim.relation for claim in claims(comparison(*pair("merge", base="EXAMPLE/base")))] == ["merge"]


def published(verdict, component="language-model", **sources):
    """Two published models, what is declared of them, and the verdict on a component."""
    old = model(facts(), name="old", hub_id="example/old", **sources.get("old", {}))
    new = model(facts(), name="new", hub_id="example/new", **sources.get("new", {}))
    judged = Provenance(component, verdict, figures={"power": 0.04})
    return list(rule.check(comparison(old, new).with_weights((judged,))))


def declares(base, relation="finetune"):
    return {"lineage": [{"base": base, "relation": relation}]}


@pytest.mark.parametrize("relation", ["finetune", "quantized", "adapter", "continued", "depth-upscaled", "upcycled"])
def test_a_relation_that_keeps_weights_is_contradicted_by_independent_ones(relation):
    (finding,) = published("independent", new=declares("Example/Old", relation))
    assert finding.facts == {"lineage": (None, relation), "weights.verdict": (None, "independent")}
    assert finding.message.endswith("but no dependence of the weights was detected; power: row cosine 0.04")
    (back,) = published("independent", old=declares("example/new", relation))
    assert back.facts["lineage"] == (relation, None)


@pytest.mark.parametrize("verdict", ["derived", "inconclusive", "transformed", "identical"])
def test_weights_that_do_not_speak_against_it_contradict_nothing(verdict):
    assert published(verdict, new=declares("example/old")) == []


@pytest.mark.parametrize("relation", ["merge", "distilled", "same-architecture"])
def test_a_relation_that_promises_no_weights_is_not_contradicted_by_independent_ones(relation):
    assert published("independent", new=declares("example/old", relation)) == []


def test_another_component_may_be_anothers():
    assert published("independent", "vision-tower", new=declares("example/old")) == []


@pytest.mark.parametrize("verdict", ["derived", "transformed", "identical"])
def test_dependent_weights_that_nothing_declared_leads_to(verdict):
    (finding,) = published(verdict)
    assert f"the weights of their language models are {verdict}" in finding.message
    assert "cannot tell" in finding.message
    (claimed,) = published(verdict, new=declares("example/old", "same-architecture"))
    assert "and no more" in claimed.message
    (elsewhere,) = published(verdict, new=declares("openai-community/gpt2"))
    assert "no declared lineage leads" in elsewhere.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (declares("microsoft/phi-2"), declares("microsoft/phi-2")),
        (declares("mistralai/Mistral-7B-v0.1"), declares("upstage/SOLAR-10.7B-v1.0")),
        ({"hub_id": "meta-llama/Llama-3.1-8B"}, declares("meta-llama/Meta-Llama-3.1-8B")),
        ({}, declares("nobody/knows")),
        (declares("Qwen/Qwen3-8B"), {}),
        ({"hub_id": None}, {}),
    ],
    ids=["one base", "one root", "former id", "unknown base", "unknown root", "no published model"],
)
def test_related_or_unknown_models_are_not_accused(old, new):
    sources = [{"hub_id": f"example/{number}", **stated} for number, stated in enumerate((old, new))]
    graphs = [model(facts(), **source) for source in sources]
    judged = Provenance("language-model", "derived")
    assert list(rule.check(comparison(*graphs).with_weights((judged,)))) == []
