"""Windows, scales and rotary settings: what follows from what."""

from __future__ import annotations

import math

import networkx as nx
import pytest

from archdiff.compare.comparison import Comparison, LayerPair, StackAlignment
from archdiff.graph.schema import ModelGraph, Node
from archdiff_rules.attention_scale_changed import attention_scale_changed
from archdiff_rules.attention_window_changed import attention_window_changed
from archdiff_rules.position_encoding_changed import position_encoding_changed
from archdiff_rules.rotary_fraction_changed import rotary_fraction_changed
from archdiff_rules.rotary_scaling_changed import rotary_scaling_changed
from tests.archdiff_rules.bare import model


def layered(facts, context=1024):
    """A model of one layer with these facts."""
    whole = model({"context_length": context})
    network = nx.MultiDiGraph(whole.network)
    network.add_node("layers", **Node("layers").to_data())
    network.add_node("layers.0", **Node("layers.0", facts=facts).to_data())
    network.graph.update(whole.network.graph, stacks={"layers": ["layers.0"]})
    return ModelGraph(network)


def told(rule, old, new, context=(1024, 1024)):
    """Impact and message of the rule's findings between models of one layer."""
    stack = StackAlignment("layers", "layers", (LayerPair(0, 0, 1.0, "aligned"),), ambiguous=False)
    sides = (layered(facts, length) for facts, length in zip((old, new), context, strict=True))
    return [(f.impact, f.message) for f in rule.check(Comparison(*sides, (stack,), ()))]


def window(size):
    return {"attention.window": size}


def test_another_window_computes_something_else():
    expected = [("behavioral", "window of 128 tokens → full attention")]
    assert told(attention_window_changed, window(128), window(None)) == expected


def test_a_window_as_long_as_the_context_leaves_nothing_out():
    assert told(attention_window_changed, window(1024), window(None)) == [
        (None, "window of 1,024 tokens → full attention")
    ]
    assert told(attention_window_changed, window(1024), window(None), (2048, 1024))[0][0] == "behavioral"


def scaled(kind=None, factor=None, original=None, parameters=()):
    return {
        "rotary.scaling.kind": kind,
        "rotary.scaling.factor": factor,
        "rotary.scaling.original_context": original,
        "rotary.scaling.parameters": parameters,
    }


YARN = ("yarn", 4, 64)
SCALINGS = [
    (scaled(), scaled("llama3", 8, 8192), "no rotary scaling → llama3 ×8 from 8,192 positions"),
    (scaled("yarn", 32, 4096), scaled("yarn", 2, 64), "YaRN ×32 from 4,096 positions → YaRN ×2 from 64 positions"),
    (scaled("linear", 2.5), scaled("longrope"), "linear ×2.5 → long-rope"),
    (scaled(*YARN, ("a=1",)), scaled(*YARN, ("a=2",)), "YaRN ×4 from 64 positions: a=1 → a=2"),
]


@pytest.mark.parametrize(("old", "new", "message"), SCALINGS)
def test_rotary_scaling_is_named_with_factor_and_origin(old, new, message):
    assert told(rotary_scaling_changed, old, new) == [("behavioral", message)]


def heads(scale=None, parameters=(), factor=40):
    return {
        "attention.scale": scale,
        "attention.head_dimension": 192,
        **scaled("yarn" if parameters else None, factor if parameters else None, 4096, parameters),
    }


def sharpened(factor):
    return float(f"{192**-0.5 * (0.1 * math.log(factor) + 1) ** 2:.6g}")


def test_a_scale_of_its_own_is_reported():
    assert told(attention_scale_changed, heads(), heads(0.1)) == [
        ("behavioral", "scale of attention logits: 1/sqrt(head dimension) → 0.1")
    ]


@pytest.mark.parametrize("factor", [2, 40])
def test_a_scale_that_yarn_prescribes_belongs_to_the_scaling(factor):
    yarn = heads(sharpened(factor), ("mscale_all_dim=1",), factor)
    assert told(attention_scale_changed, heads(), yarn) == []
    assert told(attention_scale_changed, yarn, heads()) == []


def test_a_scale_beside_yarn_is_reported():
    assert told(attention_scale_changed, heads(), heads(0.5, ("mscale_all_dim=1",))) != []


def kind(name):
    return {"position.kind": name}


def test_positions_of_attention_are_compared():
    assert told(position_encoding_changed, kind("rotary"), kind("none")) == [("behavioral", "rotary → no positions")]
    assert told(position_encoding_changed, kind("alibi"), kind("learned"))[0][1] == "ALiBi → learned positions"


def test_a_layer_without_attention_has_no_positions_to_lose():
    assert told(position_encoding_changed, kind("rotary"), kind(None)) == []


def rotation(fraction, interleaved=False, attention="grouped-query"):
    return {"rotary.fraction": fraction, "rotary.interleaved": interleaved, "attention.kind": attention}


ROTATIONS = [
    (rotation(0.5), rotation(1), "half of each head rotates → the whole"),
    (rotation(0.4), rotation(0.25), "40% of each head rotates → a quarter"),
    (rotation(1), rotation(1, True), "the two halves of a head rotate together → neighbouring values"),
]


@pytest.mark.parametrize(("old", "new", "message"), ROTATIONS)
def test_share_and_pairing_are_named(old, new, message):
    assert told(rotary_fraction_changed, old, new) == [("behavioral", message)]


def test_latent_attention_states_its_rotary_part_elsewhere():
    latent = rotation(0.333333, attention="multi-head-latent")
    assert told(rotary_fraction_changed, rotation(1), latent) == []


def test_a_share_that_one_side_does_not_state_is_not_compared():
    assert told(rotary_fraction_changed, rotation(None), rotation(1)) == []
