"""Parts that read a stack from outside: which of its layers they read is part of what a model computes."""

from __future__ import annotations

import pytest

from archdiff.compare import compare
from archdiff.graph import build_graph
from tests.archdiff.graph.tiny import source_of

TEXT = {
    "model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 96,
}  # fmt: skip
VISION = {
    "model_type": "clip_vision_model", "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 3,
    "num_attention_heads": 4, "image_size": 16, "patch_size": 4,
}  # fmt: skip


def llava(layer=-2, depth=3):
    config = {
        "model_type": "llava", "text_config": TEXT, "vision_config": VISION | {"num_hidden_layers": depth},
        "image_token_index": 3, "vision_feature_layer": layer,
    }  # fmt: skip
    return build_graph(source_of(config))


def wiring(old, new):
    found = compare(old, new).select("operators-changed", subject="wiring")
    return [(change.new.path, change.before, change.after, change.impact) for change in found]


def test_a_projector_that_reads_another_layer_is_a_change():
    reader = "model.multi_modal_projector.linear_1"
    assert wiring(llava(-2), llava(-3)) == [(reader, ("layer 1",), ("layer 0",), "behavioral")]
    assert wiring(llava(-3), llava(-2)) == [(reader, ("layer 0",), ("layer 1",), "behavioral")]


@pytest.mark.parametrize("new", [llava, lambda: llava(depth=5)], ids=["the same", "deeper"])
def test_what_reads_the_same_layer_counted_from_the_end_is_no_change(new):
    assert wiring(llava(), new()) == []
