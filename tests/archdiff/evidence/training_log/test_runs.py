"""Logs of real runs: from scratch, resumed, fine-tuned, a classifier, a new embedding on a trained body."""

from __future__ import annotations

import math

import pytest

from archdiff import api
from archdiff.report.training_log import training_log_entry

LN_V = math.log(512)


@pytest.fixture(scope="session")
def facts(runs):
    """What the tiny model says."""
    from archdiff.evidence.training_log.model import facts_of

    graph = api.load(str(runs.config), cached=False)
    return facts_of(graph, graph.parameters)


@pytest.fixture
def judge(facts):
    """What is said of a log, held against the tiny model."""
    from archdiff.evidence.training_log import Expectation, examine

    return lambda path, **values: examine(str(path), Expectation(**{"model": facts, **values}))


@pytest.mark.parametrize("file", ["", "log.jsonl"])
def test_from_scratch(judge, runs, file):
    log = judge(runs.scratch / file)
    assert log.kind == ("json-lines" if file else "trainer-state")
    assert log.verdict == "from-scratch"
    assert log.judgement.start == "there"
    assert log.summary.first.loss == pytest.approx(LN_V, abs=0.15)
    assert log.summary.last.loss < LN_V - 2, "the run must have learned, else the other tests show nothing"
    assert not [event for event in log.summary.events if event.kind != "smoothed"]


def test_a_new_embedding_on_a_trained_body_begins_like_a_run_from_scratch_and_the_report_says_so(judge, runs):
    log = judge(runs.replaced)
    assert log.summary.first.loss == pytest.approx(LN_V, abs=0.3)
    assert log.verdict == "from-scratch"
    assert any("new embedding" in limit for limit in log.limits)
    assert any("not sufficient" in limit for limit in log.limits)


def test_a_fine_tune_is_a_warm_start(judge, runs):
    log = judge(runs.tuned)
    assert log.verdict == "warm-start"
    assert "had learned before this log begins" in log.judgement.reasons[0]
    assert any("which model it started from" in limit for limit in log.limits)


def test_a_fine_tune_whose_objective_nobody_states_is_asked_about(runs):
    entry = api.training_log(str(runs.tuned / "log.jsonl"), vocab_size=512)
    assert entry.verdict == "inconclusive"
    assert "say --objective causal" in entry.reasons[0]
    assert api.training_log(str(runs.tuned / "log.jsonl"), vocab_size=512, objective="causal").verdict == "warm-start"


def test_a_resumed_run_begins_late_in_its_own_log(judge, runs):
    log = judge(runs.resumed / "log.jsonl")
    assert log.summary.first.step == 31
    assert log.verdict == "resumed"
    assert log.judgement.start == "late"
    assert any("ask for the part before" in limit for limit in log.limits)


def test_the_state_of_a_resumed_run_holds_the_history_before_too(judge, runs):
    log = judge(runs.resumed / "trainer_state.json")
    assert (log.verdict, log.summary.first.step) == ("from-scratch", 1)


def test_a_classifier_is_no_language_model(runs):
    entry = api.training_log(str(runs.classifier / "log.jsonl"), model=str(runs.classifier), cached=False)
    assert (entry.verdict, entry.objective) == ("inconclusive", "classification")
    assert "ln 2 = 0.69" in entry.reasons[0]
    assert entry.references[0].loss == pytest.approx(math.log(2))
    assert entry.figures["first_loss"] == pytest.approx(math.log(2), abs=0.4)


def test_a_tiny_model_is_run_to_know_where_it_begins(facts, judge, runs):
    assert facts.untrained is not None
    assert "built with new weights" in facts.untrained.source
    assert judge(runs.scratch).summary.first.loss == pytest.approx(facts.untrained.loss, abs=0.1)


def test_the_formula_agrees_with_the_run(facts, runs):
    from archdiff.evidence.training_log.model import from_formula

    found, lacking = from_formula(api.load(str(runs.config), cached=False), 512)
    assert lacking == ()
    assert found.loss == pytest.approx(LN_V + 32 * 0.02**2 / 2)
    assert found.loss == pytest.approx(facts.untrained.loss, abs=0.01)


def test_the_last_checkpoint_speaks_for_a_folder_of_them(judge, runs):
    (runs.scratch / "checkpoint-9").mkdir(exist_ok=True)
    state = (runs.scratch / "trainer_state.json").read_text()
    (runs.scratch / "checkpoint-9" / "trainer_state.json").write_text(state)
    whole = judge(runs.scratch)
    assert whole.summary.records == 60
    assert not [note for note in whole.not_checked if "checkpoint" in note], "its own state says all"


def test_what_the_trainer_counted_is_compared(judge, facts, runs):
    entry = training_log_entry(judge(runs.scratch, tokens_per_step=8 * 16))
    assert entry.figures["tokens"] == 60 * 8 * 16
    assert entry.figures["operations"] == 6 * entry.figures["tokens"] * facts.active
    assert entry.figures["operations_logged"] == pytest.approx(entry.figures["operations"], rel=0.6)
