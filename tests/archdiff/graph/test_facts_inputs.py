"""Facts of what stands around the layers, and of what layers hold beside attention and feed-forward."""

from __future__ import annotations

from functools import cache

import pytest

from tests.zoo.measure import graph_of

default = cache(graph_of)


@pytest.mark.parametrize(
    ("family", "fact", "value"),
    [
        ("bert", "token_types", 2),
        ("opt", "token_types", None),
        ("electra", "embedding.width", 128),
        ("bert", "embedding.width", None),
        ("vit", "image.patch_size", "16 × 16"),
        ("qwen2_vl", "image.patch_size", "2 × 14 × 14"),
        ("vit", "image.positions", 197),
        ("deit", "image.tokens", ("class", "distillation")),
        ("bert", "image.tokens", ()),
        ("vit", "pooler", ("pooler: dense, tanh",)),
        ("bart", "position.offset", 2),
        ("gptj", "rotary.tables", "a table in each attention"),
        ("gpt_neox", "rotary.tables", "one for all layers"),
        ("opt", "norm.final", True),
        ("gpt2", "tower.vision", None),
        ("qwen2_vl", "tower.vision", ("Qwen2VisionTransformerPretrainedModel", "32 layers", "width 1280",
                                      "feed-forward width 5120")),
    ],
)  # fmt: skip
def test_facts_of_the_model(family, fact, value):
    assert default(family).nodes[""].facts[fact] == value


@pytest.mark.parametrize(
    ("family", "layer", "fact", "value"),
    [
        ("bert", "bert.encoder.layer.0", "attention.causal", False),
        ("gpt2", "transformer.h.0", "attention.causal", True),
        ("clip", "text_model.encoder.layers.0", "attention.causal", True),  # the text model builds its own mask
        ("clip", "vision_model.encoder.layers.0", "attention.causal", False),
        ("t5", "encoder.block.0", "position.relative_bias", "of its own"),
        ("t5", "encoder.block.1", "position.relative_bias", "that of another layer"),
        ("t5", "encoder.block.0", "norm.inside", ()),
        ("bitnet", "model.layers.0", "norm.inside", ("attention", "feed-forward")),
        ("bitnet", "model.layers.0", "norm.count", 2),
        ("llama", "model.layers.0", "residual.streams", None),
        ("dinov2", "encoder.layer.0", "residual.learned_scale", "on each branch"),
        ("vit", "layers.0", "position.kind", "learned"),
        ("exaone4", "model.layers.3", "position.kind", "none"),
        ("exaone4", "model.layers.0", "position.kind", "rotary"),
    ],
)
def test_facts_of_a_layer(family, layer, fact, value):
    assert default(family).nodes[layer].facts[fact] == value


def test_a_tower_knows_no_positions_of_the_language_model():
    graph = default("llava")
    kinds = {stack: graph.nodes[layers[0]].facts["position.kind"] for stack, layers in graph.stacks.items()}
    assert kinds == {"model.vision_tower.encoder.layers": "learned", "model.language_model.layers": "rotary"}
