"""Parts that read a stack from outside: which of its layers they read is part of what a model computes."""

from __future__ import annotations

import pytest

from archdiff.compare import compare
from archdiff.graph import build_graph
from tests.archdiff.graph.tiny import LLAVA, source_of


def llava(layer=-2, depth=3):
    vision = LLAVA["vision_config"] | {"num_hidden_layers": depth}
    return build_graph(source_of(LLAVA | {"vision_config": vision, "vision_feature_layer": layer}))


def wiring(old, new):
    found = compare(old, new).select("operators-changed", subject="wiring")
    return [(change.new.path, change.before, change.after, change.impact) for change in found]


def test_a_projector_that_reads_another_layer_is_a_change():
    reader = "model.multi_modal_projector.linear_1"
    assert wiring(llava(-2), llava(-3)) == [(reader, ("layer 1",), ("layer 0",), "behavioral")]
    assert wiring(llava(-3), llava(-2)) == [(reader, ("layer 0",), ("layer 1",), "behavioral")]
    assert wiring(llava(-2), llava(-4)) == [(reader, ("layer 1",), (), "behavioral")], "what enters the first layer"


@pytest.mark.parametrize("new", [llava, lambda: llava(depth=5)], ids=["the same", "deeper"])
def test_what_reads_the_same_layer_counted_from_the_end_is_no_change(new):
    assert wiring(llava(), new()) == []
