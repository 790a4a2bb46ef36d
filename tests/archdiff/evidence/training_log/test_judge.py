"""The verdict on made-up curves: what each beginning is consistent with, and what is never guessed."""

from __future__ import annotations

import math

import pytest

from archdiff.evidence.training_log.expectation import ModelFacts, Reference
from tests.archdiff.evidence.training_log.logs import GPT2_TOKENS, judged, kinds, records, scratch, warm

LN_V = math.log(GPT2_TOKENS)


def a_model(**values):
    """What a model says."""
    stated = {"name": "m", "class_name": "GPT2LMHeadModel", "task": "language-model", "labels": None}
    more = {"vocabulary": GPT2_TOKENS, "parameters": 124, "active": 124, "untrained": None}
    return ModelFacts(**{**stated, **more, **values})


def test_from_scratch(tmp_path):
    log = judged(tmp_path, records(scratch()))
    assert log.verdict == "from-scratch"
    assert log.judgement.start == "there"
    assert f"ln V = {LN_V:.2f}" in log.judgement.reasons[0]


def test_near_the_vocabulary_the_objective_need_not_be_stated(tmp_path):
    log = judged(tmp_path, records(scratch()), objective=None)
    assert (log.verdict, log.objective.kind) == ("from-scratch", None)
    assert "fits no other objective" in log.judgement.reasons[0]


def test_a_warm_start(tmp_path):
    log = judged(tmp_path, records(warm()))
    assert log.verdict == "warm-start"
    assert "9.2" in log.judgement.reasons[0], "how far below"


def test_a_low_loss_of_an_unknown_objective_is_asked_about(tmp_path):
    log = judged(tmp_path, records(warm()), objective=None)
    assert log.verdict == "inconclusive"
    assert "say --objective" in log.judgement.reasons[0]


def test_accuracy_beside_a_low_loss_is_told_when_asking(tmp_path):
    log = judged(tmp_path, records(warm(), eval_accuracy=0.5), objective=None)
    assert "eval_accuracy" in log.judgement.reasons[0]
    assert log.verdict == "inconclusive"


@pytest.mark.parametrize("name", ["rewards/chosen", "mlm_loss", "kl", "train/rewards/margins", "policy_loss"])
def test_other_objectives_are_recognised_by_what_they_log(tmp_path, name):
    log = judged(tmp_path, records(scratch(), **{name: 0.1}), objective=None, model=a_model())
    assert (log.verdict, log.objective.kind) == ("inconclusive", "other")
    assert name in log.judgement.reasons[0]
    assert log.references == ()


@pytest.mark.parametrize(
    ("task", "kind"),
    [("language-model", "causal"), ("sequence-classifier", "classification"), ("masked-language-model", "other")],
)
def test_the_models_head_tells_the_objective(tmp_path, task, kind):
    log = judged(tmp_path, records(warm()), objective=None, model=a_model(task=task, labels=2))
    assert log.objective.kind == kind
    assert (log.verdict == "warm-start") == (kind == "causal")


def test_a_class_without_a_head_tells_nothing(tmp_path):
    log = judged(tmp_path, records(warm()), objective=None, model=a_model(task="none"))
    assert (log.verdict, log.objective.kind) == ("inconclusive", None)


def test_what_the_user_states_counts(tmp_path):
    log = judged(tmp_path, records(scratch()), objective="other", model=a_model())
    assert (log.verdict, log.objective.why) == ("inconclusive", "--objective other")


def test_the_labels_of_a_classifier_are_a_reference(tmp_path):
    losses = [math.log(3) + value - 1.6 for value in warm()]
    log = judged(tmp_path, records(losses), objective=None, model=a_model(task="token-classifier", labels=3))
    assert [(line.name, round(line.loss, 3)) for line in log.references] == [("ln labels", 1.099)]
    assert "ln 3 = 1.10" in log.judgement.reasons[0]


@pytest.mark.parametrize("first", [500, 12_000])
def test_a_history_that_starts_late_is_a_resumed_run(tmp_path, first):
    log = judged(tmp_path, records(warm(level=3.1), first=first))
    assert (log.verdict, log.judgement.start) == ("resumed", "late")


@pytest.mark.parametrize("first", [2, 5, 10])
def test_a_log_that_begins_with_one_of_the_first_steps_is_not_late(tmp_path, first):
    log = judged(tmp_path, records(scratch(), first=first))
    assert (log.verdict, log.judgement.start) == ("from-scratch", "first-interval")


def test_late_and_still_untrained_is_no_proof_of_anything(tmp_path):
    log = judged(tmp_path, records(scratch(), first=5000))
    assert log.verdict == "inconclusive"
    assert "not counted from 0" in log.judgement.reasons[0]


def test_the_first_interval_of_a_run_from_scratch(tmp_path):
    losses = scratch(4000)[10::10]
    log = judged(tmp_path, records(losses, first=10, every=10))
    assert (log.verdict, log.judgement.start) == ("from-scratch", "first-interval")
    assert "step 0 is not there" in log.judgement.reasons[1]


def test_after_a_long_first_interval_nothing_can_be_told(tmp_path):
    losses = scratch(40_000)[500::500]
    log = judged(tmp_path, records(losses, first=500, every=500))
    assert (log.verdict, log.judgement.start) == ("inconclusive", "first-interval")
    assert "can have come down" in log.judgement.reasons[0]


@pytest.mark.parametrize("share", [0.5, 0.7, 0.8])
def test_between_the_two_after_a_first_interval(tmp_path, share):
    losses = [share * LN_V, *scratch(400)[100:]]
    assert judged(tmp_path, records(losses, first=20, every=20)).verdict == "inconclusive"


def test_a_fine_tune_whose_first_interval_is_short(tmp_path):
    assert judged(tmp_path, records(warm(), first=10, every=10)).verdict == "warm-start"


@pytest.mark.parametrize("below", [0.5, 0.9])
def test_a_little_below_is_neither(tmp_path, below):
    losses = [value - below for value in scratch()]
    log = judged(tmp_path, records(losses))
    assert log.verdict == "inconclusive"
    assert "not by enough" in log.judgement.reasons[0]


@pytest.mark.parametrize(
    ("first", "hint"),
    [(LN_V / math.log(2), "in bits"), (4 * LN_V, "sum over 4 parts"), (22.6, "wide initialisation")],
)
def test_far_above_is_explained_and_not_judged(tmp_path, first, hint):
    losses = [first, *[value + 1 for value in scratch()[1:]]]
    log = judged(tmp_path, records(losses))
    assert log.verdict == "inconclusive"
    assert hint in log.judgement.reasons[0]


def test_far_above_is_from_scratch_where_the_model_begins_there(tmp_path):
    losses = [22.6, *scratch()[1:]]
    untrained = Reference("untrained model", 22.4, "measured")
    assert judged(tmp_path, records(losses), model=a_model(untrained=untrained)).verdict == "from-scratch"


@pytest.mark.parametrize(("begins", "told"), [(10.9, "an untrained model of this architecture"), (11.7, "it was not")])
def test_another_initialisation_than_the_configs_is_told(tmp_path, begins, told):
    untrained = Reference("untrained model", begins, "formula")
    log = judged(tmp_path, records(scratch()), model=a_model(untrained=untrained))
    assert log.verdict == "from-scratch"
    assert told in log.judgement.reasons[0]


def test_a_small_vocabulary_tells_nothing(tmp_path):
    log = judged(tmp_path, records(warm()), tokens=16)
    assert log.verdict == "inconclusive"
    assert "16 tokens" in log.judgement.reasons[0]


def test_without_steps_a_low_loss_is_no_warm_start(tmp_path):
    rows = [{"loss": value} for value in warm()]
    log = judged(tmp_path, rows)
    assert (log.verdict, log.judgement.start) == ("inconclusive", "unknown")
    assert any("carries no steps" in left_out for left_out in log.not_checked)


def test_without_steps_the_loss_of_an_untrained_model_is_one(tmp_path):
    assert judged(tmp_path, [{"loss": value} for value in scratch()]).verdict == "from-scratch"


@pytest.mark.parametrize("forge", ["copied", "straight"])
def test_what_no_training_writes_supports_nothing(tmp_path, forge):
    losses = scratch(300)
    if forge == "copied":
        losses[200:240] = losses[100:140]
    else:
        losses[200:220] = [3.5 - 0.01234 * at for at in range(20)]
    log = judged(tmp_path, records(losses))
    assert kinds(log) >= {forge}
    assert log.verdict == "inconclusive"
    assert "no training writes" in log.judgement.reasons[0]


def test_a_curve_without_scatter_supports_nothing(tmp_path):
    log = judged(tmp_path, records(scratch(1000, noise=0.0)))
    assert "smoothed" in kinds(log)
    assert log.verdict == "inconclusive"


def test_a_smoothed_curve_is_told_and_judged(tmp_path):
    value, losses = None, []
    for loss in scratch(2000):
        value = loss if value is None else 0.95 * value + 0.05 * loss
        losses.append(value)
    log = judged(tmp_path, records(losses))
    assert kinds(log) == {"smoothed"}
    assert log.verdict == "from-scratch"


def test_the_shape_and_the_learning_rate_are_told(tmp_path):
    log = judged(tmp_path, records(scratch(1000), lr=lambda step: min(step, 100) * 3e-6))
    told = " ".join(log.judgement.reasons)
    assert "first 1 % of the log" in told
    assert "below half of ln V from step" in told
    assert "rises from 0.00e+00 to 3.00e-04 at step 100: a warm-up" in told


def test_a_resumed_run_has_no_warm_up(tmp_path):
    rows = records(warm(level=3.0), first=9000, lr=lambda step: 3e-4 * (20_000 - step) / 20_000)
    assert any("no warm-up" in reason for reason in judged(tmp_path, rows).judgement.reasons)


def test_a_run_that_learns_nothing_is_told(tmp_path):
    losses = [LN_V + value - 3 for value in scratch(400, tokens=math.exp(3))]
    assert any("nothing was learned" in reason for reason in judged(tmp_path, records(losses)).judgement.reasons)


@pytest.mark.parametrize("verdict_of", [scratch, warm])
def test_every_verdict_says_what_a_log_cannot_prove(tmp_path, verdict_of):
    log = judged(tmp_path, records(verdict_of()))
    assert any("written by anyone" in limit for limit in log.limits)
    assert any("ties it to the weights" in limit for limit in log.limits)


@pytest.mark.parametrize(
    ("tokens", "first", "verdict"),
    [
        (50_304, 10.83, "from-scratch"),
        (50_304, 11.01, "from-scratch"),
        (10_000, 9.24, "from-scratch"),
        (10_000, 9.27, "from-scratch"),
        (32_001, 1.53, "warm-start"),
        (32_001, 1.64, "warm-start"),
        (50_304, 22.6, "inconclusive"),
    ],
    ids=["GPT-2", "GPT-2, another", "small model", "small model, another", "LLaMA-7B", "LLaMA-7B, another", "22.6"],
)
def test_published_first_losses(tmp_path, tokens, first, verdict):
    shape = warm() if verdict == "warm-start" else scratch(tokens=tokens)
    log = judged(tmp_path, records([first, *shape[1:]]), tokens=tokens)
    assert log.verdict == verdict


@pytest.mark.parametrize(
    ("tokens", "uniform"), [(196_608, 12.19), (151_552, 11.93), (201_088, 12.21), (128_256, 11.76), (32_000, 10.37)]
)
def test_published_vocabularies(tmp_path, tokens, uniform):
    log = judged(tmp_path, records(scratch(tokens=tokens)), tokens=tokens)
    assert log.references[0].loss == pytest.approx(uniform, abs=0.005)
    assert log.verdict == "from-scratch"
