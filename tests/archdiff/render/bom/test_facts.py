"""The architecture in the words of model cards."""

from __future__ import annotations

import pytest

from archdiff.render.bom import facts
from archdiff.render.bom.subject import subject_of
from tests.archdiff.render.bom.described import FACTS, entry, portrait


def stated(varying=None, **values):
    return entry(facts={**FACTS, **values}, varying=varying or {})


@pytest.mark.parametrize(
    ("model", "family"),
    [
        (stated(), "mixture-of-experts transformer"),
        (stated(**{"experts.count": None}), "transformer"),
        (stated({"experts.count": (None, 8)}, **{"experts.count": None}), "mixture-of-experts transformer"),
        (stated(**{"mixer.kind": "state-space", "experts.count": 0}), "state-space model"),
        (
            stated({"mixer.kind": ("attention", "state-space")}, **{"mixer.kind": None}),
            "hybrid of attention and state-space with mixture of experts",
        ),
        (
            stated(**{"mixer.kind": "attention and state-space", "experts.count": 0}),
            "hybrid of attention and state-space",
        ),
        (stated(**{"mixer.kind": None}), None),
    ],
)
def test_the_family(model, family):
    assert facts.family(model) == family


def test_what_goes_in_and_comes_out():
    assert facts.inputs(stated(modalities=["audio", "vision"]))[1:] == ("image", "audio")
    assert facts.inputs(stated(vocabulary=None)) == ("text: token ids",)
    assert facts.outputs(stated()) == ("text: scores of token ids of a vocabulary of 32,000",)
    assert facts.outputs(stated(task_head="none")) == ("hidden states of width 64",)
    assert facts.outputs(stated(task_head="token-classifier")) == ("scores of classes",)
    assert facts.outputs(stated(task_head="pre-training")) == ()


def test_limits_of_the_architecture():
    assert facts.limitations(stated(**{"attention.window": 128}))[1] == "No layer attends further back than 128 tokens."
    assert facts.limitations(stated({"attention.window": (128, None)}, context_length=None)) == ()


def test_hyperparameters_are_what_is_stated():
    model = stated({"attention.window": (128, None)}, rotary=[1, "x"], bias=False)
    found = dict(facts.hyperparameters(subject_of(portrait(model))))
    assert found["parameters"] == "1000"
    assert found["key_value_cache.bytes_per_token"] == "256"
    assert found["attention.window"] == "varies by layer: 128, none"
    assert found["rotary"] == '[1, "x"]'
    assert "bias" not in found
