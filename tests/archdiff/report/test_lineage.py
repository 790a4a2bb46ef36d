"""Declared lineage as a report has it: steps, licences, what is inherited, and what weights say against it."""

from __future__ import annotations

import pytest

from archdiff import api
from archdiff.evidence.lineage import follow
from archdiff.report.lineage import NO_ADVICE, LineageEntry, against_weights, lineage_entry
from archdiff.report.weights import JudgementEntry, WeightsEntry
from tests.archdiff.evidence.lineage.models import model


def entry(folder):
    return lineage_entry(follow(str(folder), "near"))


def weighed(verdict, component="language-model"):
    judged = JudgementEntry(
        component=component,
        verdict=verdict,
        labels=(),
        reasons=(),
        log10_p={},
        power=0.04,
        controls=(),
        frozen=(),
        limits=(),
    )
    nothing = {"tests": (), "elements": (), "maps": (), "not_checked": ()}
    return WeightsEntry(judgements=(judged,), read=(0, 0), total=(0, 0), device="cpu", **nothing)


def test_an_entry_says_what_was_declared_and_always_that_it_is_no_advice():
    made = lineage_entry(follow("nous-hermes-2-solar-10.7b", "near"))
    assert [(step.base, step.relation, step.declared_in, step.found) for step in made.chain] == [
        ("upstage/SOLAR-10.7B-v1.0", "finetune", "catalogue", "catalogue"),
        ("mistralai/Mistral-7B-v0.1", "depth-upscaled", "catalogue", "catalogue"),
    ]
    assert {licence.spdx for licence in made.licences} == {"Apache-2.0"}
    assert made.limits == (NO_ADVICE,)
    assert LineageEntry.model_validate_json(made.model_dump_json()) == made


def test_licences_of_the_chain_and_what_they_ask(tmp_path):
    made = entry(model(tmp_path / "mine", "meta-llama/Llama-3.1-8B", "finetune", "in-house"))
    mine, base = made.licences
    assert (mine.model, mine.declared, mine.spdx, mine.conditions, mine.source) == ("mine", "in-house", None, (), "")
    assert (base.declared_in, base.spdx) == ("catalogue", None)
    assert "naming" in base.conditions
    assert base.source.startswith("https://")
    assert made.inherited == ()


def test_a_licence_that_grants_more_than_one_further_up(tmp_path):
    model(tmp_path / "middle", "meta-llama/Llama-3.1-8B", "finetune")
    made = entry(model(tmp_path / "mine", "example/middle", "distilled", "mit"))
    (said,) = made.inherited
    assert said.startswith(
        "mine declares mit, and comes from meta-llama/Llama-3.1-8B under Llama 3.1 Community License"
    )
    assert said.endswith("to be read by a person")


def test_nothing_is_inherited_through_a_shared_architecture(tmp_path):
    made = entry(model(tmp_path / "mine", "meta-llama/Llama-3.1-8B", "same-architecture", "mit"))
    assert (made.inherited, made.roots) == ((), ("mine",))


def test_half_a_character_is_written(tmp_path):
    made = entry(model(tmp_path / "mine", config={"_name_or_path": "/x/\ud800"}))
    made.model_dump_json().encode("utf-8")


@pytest.mark.parametrize("relation", ["finetune", "quantized", "adapter", "continued", "depth-upscaled", "upcycled"])
def test_weights_that_depend_on_nothing_contradict_a_relation_that_keeps_them(tmp_path, relation):
    chain = follow(str(model(tmp_path / "mine", "Example/Base", relation)), "near")
    (said,) = against_weights(chain, "example/base", weighed("independent"))
    assert said == (f"mine declares {relation} of Example/Base, and no dependence of its weights on it was detected")
    assert said in lineage_entry(chain, [said]).contradictions


@pytest.mark.parametrize(
    ("relation", "other", "weights"),
    [
        ("finetune", "example/base", None),
        ("finetune", None, weighed("independent")),
        ("finetune", "example/other", weighed("independent")),
        ("finetune", "example/base", weighed("derived")),
        ("finetune", "example/base", weighed("inconclusive")),
        ("finetune", "example/base", weighed("independent", "vision-tower")),
        ("distilled", "example/base", weighed("independent")),
        ("merge", "example/base", weighed("independent")),
        ("same-architecture", "example/base", weighed("independent")),
    ],
)
def test_otherwise_weights_contradict_nothing(tmp_path, relation, other, weights):
    chain = follow(str(model(tmp_path / "mine", "example/base", relation)), "near")
    assert against_weights(chain, other, weights) == ()


def test_a_report_holds_the_lineage_of_both():
    report = api.diff("mistral-7b-v0.1", "solar-10.7b")
    assert [item.model for item in report.lineage] == ["mistralai/Mistral-7B-v0.1", "upstage/SOLAR-10.7B-v1.0"]
    assert [len(item.chain) for item in report.lineage] == [0, 1]


def test_a_graph_declares_what_its_model_did():
    graph = api.load("solar-10.7b")
    report = api.diff(graph, graph)
    assert [item.chain[0].declared_in for item in report.lineage] == ["saved graph", "saved graph"]
    assert api.lineage("solar-10.7b", ask=False).chain[0].declared_in == "catalogue"
