"""Where modules stand, and the stand-in that transformers takes for a model."""

from __future__ import annotations

import pytest
from transformers.conversion_mapping import get_model_conversion_mapping

from archdiff.graph.build import instantiate
from archdiff.graph.schema import Node, Tensor
from archdiff.weights.pairing.packing import Heads
from archdiff.weights.pairing.places import Standings
from archdiff.weights.pairing.stand_in import Settings, StandIn
from tests.archdiff import making
from tests.archdiff.weights.pairing.tiny import config_of
from tests.oracle.decide import graph_of


@pytest.mark.parametrize(
    "family",
    ["llama", "qwen2_moe", "llava", "gemma3", "qwen2_vl", "qwen3_vl", "deepseek_v4", "clip", "whisper", "t5", "dinov2"],
)
def test_the_stand_in_has_the_mapping_of_the_model(family):
    values = config_of(family)
    model = instantiate(values, family).model
    found = get_model_conversion_mapping(StandIn(graph_of(values), {}))
    wanted = get_model_conversion_mapping(model)

    def told(rows):
        return [(repr(row), row.scope_prefix, row.base_model_prefix) for row in rows]

    assert told(found) == told(wanted)
    assert StandIn(graph_of(values), {}).base_model_prefix == model.base_model_prefix


def test_a_class_that_is_not_shipped_has_no_stand_in():
    with pytest.raises(LookupError):
        StandIn(making.graph(), {})


def test_settings_are_attributes():
    settings = Settings({"hidden_size": 8, "text_config": {"num_attention_heads": 2}})

    assert settings.hidden_size == 8
    assert settings.text_config.num_attention_heads == 2
    assert settings.get_text_config().num_attention_heads == 2
    assert getattr(settings, "absent", None) is None


def test_a_parameter_has_the_shape_that_the_graph_tells():
    stand_in = StandIn(graph_of(config_of("llama")), {"model.norm.weight": (32,)})

    assert stand_in.get_parameter("model.norm.weight").shape == (32,)
    with pytest.raises(KeyError):
        stand_in.get_parameter("absent")


def module(key, role="", shape=(2, 2)):
    return Node(key, role=role, tensors=(Tensor("weight", shape, "float32"),) if shape else ())


LAYER = (
    Node("layers.0", role="layer", facts={"attention.query_heads": 4, "attention.key_value_heads": 2}),
    module("layers.0.attn", "attention", ()),
    module("layers.0.attn.q", "query"),
    module("layers.0.attn.norm", "query-norm"),
    module("layers.0.attn.extra", "attention-projection"),
    module("layers.0.fc1", "up"),
    module("layers.0.mlp", "dense-mlp", ()),
    module("layers.0.mlp.gate", "gate"),
    module("layers.0.moe", "mixture-of-experts", ()),
    module("layers.0.moe.router", "router"),
    module("layers.0.moe.experts", "expert", ()),
    module("layers.0.moe.experts.3", "expert", ()),
    module("layers.0.moe.experts.3.w1", "gate"),
    module("layers.0.moe.shared", "shared-expert", ()),
    module("layers.0.moe.shared.up", "up"),
    module("layers.0.moe.output_linear", "down", (2, 3, 4)),
    module("layers.0.moe.output_linear.bias", "", ()),
)
OUTSIDE = (
    module("embed", "embedding"),
    module("norm", "final-norm"),
    module("head", "lm-head"),
    module("visual", "vision-tower", ()),
    module("visual.pos", "position-embedding"),
    module("visual.merger", "projector", ()),
    module("visual.merger.0", "projector"),
    module("ears", "audio-tower", ()),
    module("ears.conv", "convolution"),
    module("mtp", "mtp", ()),
    module("mtp.head", "lm-head"),
)


def standing(key, nodes=(*LAYER, *OUTSIDE)):
    graph = making.graph(nodes=nodes)
    return Standings(graph).of(graph.nodes[key])


@pytest.mark.parametrize(
    ("key", "place", "expert"),
    [
        ("attn.q", "attention", None),
        ("attn.norm", "norm", None),
        ("attn.extra", "other", None),
        ("fc1", "mlp", None),
        ("mlp.gate", "mlp", None),
        ("moe.router", "router", None),
        ("moe.experts.3.w1", "expert", 3),
        ("moe.shared.up", "shared-expert", None),
    ],
)
def test_places_in_a_layer(key, place, expert):
    found = standing(f"layers.0.{key}")

    assert (found.place, found.expert) == (place, expert)
    assert (found.component, found.stack, found.layer) == ("language-model", "layers", 0)


@pytest.mark.parametrize(
    ("key", "component", "place"),
    [
        ("embed", "embeddings", "outside"),
        ("norm", "language-model", "norm"),
        ("head", "heads", "outside"),
        ("visual.pos", "vision-tower", "outside"),
        ("visual.merger.0", "projector", "other"),
        ("ears.conv", "audio-tower", "other"),
        ("mtp.head", "prediction", "outside"),
    ],
)
def test_components(key, component, place):
    found = standing(key)

    assert (found.component, found.place) == (component, place)
    assert (found.stack, found.layer, found.heads) == (None, None, Heads())


def test_heads_are_those_of_the_layer_and_inside_attention_alone():
    assert standing("layers.0.attn.q").heads == Heads(query=4, key_value=2)
    assert standing("layers.0.fc1").heads == Heads()


def test_a_tower_by_itself_is_a_tower():
    nodes = (module("patches", "patch-embedding"), module("norm", "final-norm"))

    assert standing("norm", nodes).component == "vision-tower"
    assert standing("norm", (module("norm", "final-norm"),)).component == "language-model"
