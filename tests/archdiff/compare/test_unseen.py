"""What no operator of a layer shows all the same changes what is computed; what nothing reads does not."""

from __future__ import annotations

import pytest

from archdiff import packs
from archdiff.compare import compare
from archdiff.compare.changes import highest
from archdiff.compare.inert import inert_attribute, unseen_attribute
from tests.archdiff.graph.tiny import graph_of


def comparison(family, before, after):
    """Two tiny models of a family that differ in one value each."""
    return compare(graph_of(family, **before), graph_of(family, **after))


def said(found):
    """The worst impact that a report would state."""
    return highest(packs.impact_of(rule, finding) for rule, finding in packs.run(packs.load_rules(), found))


CHANGED = {
    "another residual, added inside the parts": ("bloom", "apply_residual_connection_post_layernorm", False, True),
    "ties of the router that count as such": ("phimoe", "router_jitter_noise", 0.01, 0.2),
    "the window of the layers that have one": ("gemma2", "sliding_window", 4, 6),
}


@pytest.mark.parametrize(("family", "field", "before", "after"), CHANGED.values(), ids=CHANGED)
def test_it_is_behavioral(family, field, before, after):
    assert said(comparison(family, {field: before}, {field: after})) == "behavioral"


IDLE = {
    "a loss": ("gpt_oss", "output_router_logits", False, True),
    "a share of the head that the class does not ask for": (
        "llama",
        "rope_parameters",
        {"rope_theta": 10000.0, "rope_type": "default"},
        {"rope_theta": 10000.0, "rope_type": "default", "partial_rotary_factor": 0.5},
    ),
    "the length of a computed table": ("gptj", "n_positions", 64, 128),
}


@pytest.mark.parametrize(("family", "field", "before", "after"), IDLE.values(), ids=IDLE)
def test_it_is_cosmetic(family, field, before, after):
    assert said(comparison(family, {field: before}, {field: after})) == "cosmetic"


def test_parts_that_read_others_are_named():
    field = "apply_residual_connection_post_layernorm"
    found = comparison("bloom", {field: False}, {field: True}).select("operators-changed")
    assert [(change.role, change.subject, change.impact) for change in found] == [("layer", "wiring", "behavioral")]
    assert found[0].before == ("self_attention → mlp", "the layer's input → self_attention")
    assert found[0].after == ("input_layernorm → self_attention", "post_attention_layernorm → mlp")


def test_no_setting_is_both_idle_and_unseen():
    assert unseen_attribute("is_causal")
    assert not inert_attribute("is_causal")
    assert not unseen_attribute("attention_dropout")
