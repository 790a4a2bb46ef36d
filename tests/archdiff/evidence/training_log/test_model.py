"""The loss before training: measured on tiny models, by the formula on large ones, untold where neither holds."""

from __future__ import annotations

import math

import pytest

from archdiff import api
from archdiff.evidence.training_log import model
from archdiff.evidence.training_log.compute import compute
from archdiff.evidence.training_log.expectation import Expectation
from archdiff.evidence.training_log.model import facts_of, from_formula
from archdiff.evidence.training_log.names import choose
from archdiff.evidence.training_log.record import Record
from archdiff.evidence.training_log.summary import summarise
from tests.archdiff.evidence.training_log.logs import records, scratch
from tests.archdiff.making import config


@pytest.mark.parametrize(
    ("name", "uniform", "added"),
    [("llama-2-7b", 10.37, 0.82), ("gpt2", 10.82, 0.15), ("llama-3.1-8b", 11.76, 0.82)],
)
def test_published_models_by_the_formula(catalogue_graph, name, uniform, added):
    graph = catalogue_graph(name)
    facts = facts_of(graph, None)
    assert facts.task == "language-model"
    assert math.log(facts.vocabulary) == pytest.approx(uniform, abs=0.005)
    assert facts.untrained.loss == pytest.approx(uniform + added, abs=0.01)
    assert "½·d·σ²" in facts.untrained.source


def tiny(tmp_path, **values):
    return api.load(config(tmp_path / "config.json", **values), cached=False)


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.2])
def test_the_formula_is_what_a_run_shows(tmp_path, sigma):
    graph = tiny(tmp_path, vocab_size=2000, initializer_range=sigma)
    by_formula, _ = from_formula(graph, 2000)
    assert facts_of(graph, None).untrained.loss == pytest.approx(by_formula.loss, abs=0.02 + sigma**2)


def test_the_run_is_the_same_each_time(tmp_path):
    import torch

    graph = tiny(tmp_path)
    first = facts_of(graph, None).untrained
    torch.manual_seed(12345)
    before = torch.get_rng_state()
    assert facts_of(graph, None).untrained == first
    assert torch.equal(torch.get_rng_state(), before), "the caller's random numbers are its own"


def test_a_class_that_cannot_be_run_so_goes_by_the_formula(tmp_path, monkeypatch):
    from archdiff.evidence.training_log import untrained

    def fail(*_):
        raise RuntimeError("no")

    monkeypatch.setattr(untrained, "_loss", fail)
    assert "½·d·σ²" in facts_of(tiny(tmp_path), None).untrained.source


def test_a_large_model_is_not_built(tmp_path, monkeypatch):
    monkeypatch.setattr(model, "LARGEST", 10)
    assert "½·d·σ²" in facts_of(tiny(tmp_path), None).untrained.source


@pytest.mark.parametrize(("name", "why"), [("granite-3.1-1b-a400m", "scaled"), ("phi-2", "shifted")])
def test_where_the_formula_does_not_hold_nothing_is_said(catalogue_graph, name, why):
    found = facts_of(catalogue_graph(name), None)
    assert found.untrained is None
    assert why in found.not_checked[0]


def test_a_classifier_has_labels(tmp_path):
    graph = tiny(tmp_path, architectures=["LlamaForSequenceClassification"], id2label={"0": "a", "1": "b", "2": "c"})
    facts = facts_of(graph, None)
    assert (facts.task, facts.labels, facts.untrained) == ("sequence-classifier", 3, None)


def counted(settings=None, tokens_per_step=None, active=None, **values):
    rows = [Record(row) for row in records(scratch(101), **values)]
    names, stream = choose(rows, "log", None, None)
    summary = summarise([*stream, Record(settings=settings or {})], names, "log")
    facts = None
    if active:
        facts = model.ModelFacts("m", "M", "language-model", None, 100, active, active, None)
    return compute(summary, Expectation(100, facts, None, tokens_per_step=tokens_per_step))


@pytest.mark.parametrize(
    ("stated", "tokens", "source"),
    [
        ({}, None, ""),
        ({"tokens_per_step": 50}, 5000, "stated"),
        ({"tokens": lambda step: 7.0 * step}, 700, "logged as tokens"),
        ({"consumed_samples": lambda step: 2.0 * step, "settings": {"seq_length": 10.0}}, 2000, "consumed_samples"),
        ({"settings": {"model.seq_length": 10.0, "global_batch_size": 4.0}}, 4000, "batch size"),
        ({"settings": {"global_batch_size": 4.0}}, None, ""),
    ],
)
def test_tokens(stated, tokens, source):
    found = counted(**stated)
    assert found.tokens == tokens
    assert source in found.source


def test_compute_is_six_times_parameters_times_tokens():
    found = counted(tokens_per_step=50, active=1000, settings={"total_flos": 1e7})
    assert (found.operations, found.logged) == (6 * 1000 * 5000, 1e7)
