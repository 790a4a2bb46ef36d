"""The three models of the dispute and its control, read from the catalogue as their publishers describe them."""

from __future__ import annotations

import pytest

from archdiff.graph import build_graph
from archdiff.sources import resolve
from tests.archdiff.graph.tiny import layers_of

NAMES = ("solar-open-100b", "glm-4.5-air", "gpt-oss-120b", "phi-3.5-moe")


@pytest.fixture(scope="module")
def graphs():
    return {name: build_graph(resolve(name)) for name in NAMES}


def of_every_moe_layer(graph, fact):
    """The one value that the layers with experts have."""
    (value,) = {layer.facts.get(fact) for layer in layers_of(graph) if layer.facts["feed_forward.kind"] == "moe"}
    return value


MODEL = {
    "parameters": (102_651_793_408, 106_852_245_504, 116_829_156_672, 41_873_153_344),
    "hidden_size": (4096, 4096, 2880, 4096),
    "layers": (48, 46, 36, 32),
    "prediction_heads.count": (0, 1, 0, 0),
    "vocabulary": (196_608, 151_552, 201_088, 32_064),
    "embeddings.tied": (False, False, False, False),
    "logit.bias": (False, False, False, True),
    "dtype": ("bfloat16", "bfloat16", None, "bfloat16"),
    "quantization.method": (None, None, "mxfp4", None),
}
ALL = ("query", "key", "value", "output")
LAYERS = {
    "attention.query_heads": (64, 96, 64, 32),
    "attention.key_value_heads": (8, 8, 8, 8),
    "attention.head_dimension": (128, 128, 64, 128),
    "attention.kind": ("grouped-query",) * 4,
    "attention.bias": ((), ("query", "key", "value"), ALL, ALL),
    "attention.sinks": (False, False, True, False),
    "attention.query_key_norm": (None, None, None, None),
    "experts.count": (128, 128, 128, 16),
    "experts.per_token": (8, 8, 4, 2),
    "experts.width": (1280, 1408, 2880, 6400),
    "experts.bias": ((), (), ("gate and up", "down"), ()),
    "experts.activation": ("silu", "silu", "silu with slope 1.702, clamped at 7.0", "silu"),
    "experts.interleaved": (False, False, True, False),
    "shared_experts.count": (1, 1, 0, 0),
    "shared_experts.width": (1280, 1408, None, None),
    "shared_experts.gate": (False, False, None, None),
    "router.scoring": ("sigmoid", "sigmoid", "softmax", "sparsemixer"),
    "router.scoring_order": ("before top-k", "before top-k", "after top-k", None),
    "router.bias": (("score-correction",), ("score-correction",), ("projection",), ()),
    "router.groups": (None, None, None, None),
    "norm.kind": ("rms", "rms", "rms", "layer"),
    "norm.bias": (False, False, False, True),
    "norm.epsilon": (1e-5, 1e-5, 1e-5, 1e-5),
    "norm.placement": ("before",) * 4,
    "residual.wiring": ("sequential",) * 4,
    "position.kind": ("rotary",) * 4,
    "rotary.base": (1_000_000, 1_000_000, 150_000, 10_000),
    "rotary.fraction": (1, 0.5, 1, 1),
    "rotary.scaling.kind": ("yarn", None, "yarn", "longrope"),
    "rotary.scaling.factor": (2, None, 32, None),
    "rotary.scaling.original_context": (65_536, None, 4_096, 4_096),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fact", MODEL)
def test_fact_of_the_model(graphs, name, fact):
    graph = graphs[name]
    found = graph.parameters if fact == "parameters" else graph.nodes[""].facts[fact]
    assert found == MODEL[fact][NAMES.index(name)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fact", LAYERS)
def test_fact_of_the_layers(graphs, name, fact):
    assert of_every_moe_layer(graphs[name], fact) == LAYERS[fact][NAMES.index(name)]


@pytest.mark.parametrize("name", ["solar-open-100b", "gpt-oss-120b", "phi-3.5-moe"])
def test_no_layer_is_dense(graphs, name):
    assert {layer.facts["feed_forward.kind"] for layer in layers_of(graphs[name])} == {"moe"}


def test_the_first_layer_of_glm_is_dense(graphs):
    first, *others = (layer.facts for layer in layers_of(graphs["glm-4.5-air"]))
    assert (first["feed_forward.kind"], first["mlp.width"], first["mlp.gated"]) == ("dense", 10_944, True)
    assert {facts["feed_forward.kind"] for facts in others} == {"moe"}


def test_windows(graphs):
    windows = {name: [layer.facts["attention.window"] for layer in layers_of(graphs[name])] for name in NAMES}
    assert windows["gpt-oss-120b"] == [128, None] * 18
    assert set(windows["solar-open-100b"]) == set(windows["glm-4.5-air"]) == {None}
    assert set(windows["phi-3.5-moe"]) == {131_072}


def test_what_glm_declares_and_does_not_build_is_noted(graphs):
    assert any("prediction" in note for note in graphs["glm-4.5-air"].notes)
    assert not any(node.role == "mtp" for node in graphs["glm-4.5-air"].nodes.values())
