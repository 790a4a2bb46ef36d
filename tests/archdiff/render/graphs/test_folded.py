"""The folded graph: everything once, in its place, with what flows between."""

from __future__ import annotations

import pytest

from archdiff.render.graphs.folded import folded, partners
from tests.archdiff.render.bom.described import MAIN_CASES, main_case, report
from tests.archdiff.render.graphs.drawn import alone, layers, model, part


def flows(*blocks):
    return set(folded(model(blocks=blocks)).flows)


def test_every_node_once_and_what_contains_it_before():
    drawn = folded(model())
    seen = set()
    for node in drawn.nodes:
        assert node.parent is None or node.parent in seen
        seen.add(node.id)
    assert len(seen) == len(drawn.nodes)
    assert drawn.nodes[0].kind == "model"


def test_a_block_outside_the_layers_is_its_part():
    (node,) = [node for node in folded(model()).nodes if node.id == "embed"]
    assert (node.kind, node.parent) == ("part", "")


def test_a_kind_of_layer_says_which_and_how_many():
    (node,) = [node for node in folded(model()).nodes if node.id == "layers.0"]
    assert (node.kind, node.label, node.layers, node.count) == ("layers", "layers 0–3", ((0, 3),), 4)


def test_blocks_follow_each_other_and_embeddings_stand_beside_each_other():
    found = set(folded(model()).flows)
    assert {("embed", "layers.0.attn"), ("positions", "layers.0.attn")} <= found
    assert ("embed", "positions") not in found
    assert {("layers.0#add.0", "layers.4.attn"), ("layers.4#add.0", "head")} <= found


def test_paths_inside_a_block_are_kept():
    assert ("layers.0.attn", "layers.0#add.0") in flows(layers())
    assert not {end for edge in flows(layers()) for end in edge} & {"in", "out"}


def test_what_passes_around_a_block_reaches_the_next():
    found = flows(
        alone("embed", "embedding"), layers(flows=(("in", "out"), ("in", "layers.0.attn"))), alone("head", "lm-head")
    )
    assert ("embed", "head") in found


def test_a_block_without_recorded_paths_is_still_on_the_way():
    assert flows(alone("embed", "embedding"), layers(flows=()), alone("head", "lm-head")) == {
        ("embed", "layers.0.attn"),
        ("layers.0#add.0", "head"),
    }


def test_a_block_without_parts_lets_pass():
    assert flows(alone("embed", "embedding"), layers(parts=(), flows=()), alone("head", "lm-head")) == {
        ("embed", "head")
    }


def test_what_corresponds():
    old, new = model("old"), model(blocks=(alone("embed", "embedding"), layers(parts=(part("x", "attention"),))))
    assert set(partners(report(old, new))) == {
        ("embed", "embed"),
        ("layers.0", "layers.0"),
        ("layers.0.attn", "x"),
    }


@pytest.mark.parametrize("old", MAIN_CASES)
def test_in_the_main_cases_a_path_leads_from_the_embedding_to_every_part(old):
    for entry in (main_case(old).old, main_case(old).new):
        drawn = folded(entry)
        reached = {node.id for node in drawn.nodes if node.role == "embedding"}
        for producer, consumer in drawn.flows * len(drawn.nodes):
            reached |= {consumer} if producer in reached else set()
        leaves = {node.id for node in drawn.nodes if not node.has_parts}
        assert leaves <= reached
