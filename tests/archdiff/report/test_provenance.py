"""From evidence to what rules read: places, figures, copies, and nothing that was not found."""

from __future__ import annotations

import math

import pytest

from archdiff.compare.changes import Place
from archdiff.graph.schema import Node
from archdiff.report.provenance import folded, provenances
from tests.archdiff.making import comparison, graph, layer, part
from tests.archdiff.weights.making import FAILED, PASSED, a_test, compared, every_kind, evidence, judged, mapped

TOWER = (
    Node("vision_tower", role="vision-tower"),
    Node("vision_tower.inner", role="vision-tower"),
    part("embed", "embedding", 5),
    part("lm_head", "lm-head", 5),
)


def only(found, **values):
    (provenance,) = provenances(found, comparison(**values))
    return provenance


def copied(*args, **values):
    return only(evidence(maps=(mapped(*args, **values),))).copied


def upcycled(*tests):
    return only(evidence(tests=tests)).upcycled


def test_there_is_one_for_each_judgement_with_its_verdict_and_words():
    found = provenances(every_kind(), comparison())
    assert [(each.component, each.verdict) for each in found] == [
        ("language-model", "derived"),
        ("vision-tower", "identical"),
        ("heads", "inconclusive"),
    ]
    assert (found[0].labels, found[0].frozen, found[0].reasons) == (
        ("fine-tuned",),
        ("layers.0 norm",),
        ("it matches",),
    )


@pytest.mark.parametrize(
    ("component", "place"),
    [
        ("language-model", Place("layers.*", (0, 1))),
        ("vision-tower", Place("vision_tower")),
        ("embeddings", Place("embed")),
        ("heads", Place("lm_head")),
    ],
)
def test_a_component_stands_where_its_modules_do(component, place):
    model = graph("new", [*layer(0), *layer(1), *TOWER])
    found = only(evidence(judged(component)), old=graph("old", [*layer(0)]), new=model)
    assert found.new == place
    assert found.old == (Place("layers.*", (0,)) if component == "language-model" else None)


@pytest.mark.parametrize("component", ["vision-tower", "something-else", "prediction"])
def test_a_component_that_neither_graph_shows_stands_in_the_model(component):
    found = only(evidence(judged(component)), old=graph("old"), new=graph("new"))
    assert (found.old, found.new) == (Place(""), Place(""))


def test_a_component_of_several_modules_stands_in_what_holds_them_all():
    towers = [part("model.first.projector", "projector", 1), part("model.second.projector", "projector", 1)]
    model = graph("new", [Node("model"), Node("model.first"), Node("model.second"), *towers])
    assert only(evidence(judged("projector")), new=model).new == Place("model")


def test_tables_of_a_tower_are_the_towers():
    tables = [part("tower.position", "position-embedding", 1), part("text.tokens", "embedding", 1)]
    model = graph(
        "new", [Node("tower", role="vision-tower"), Node("text"), *tables, part("text.places", "position-embedding", 1)]
    )
    assert only(evidence(judged("embeddings")), new=model).new == Place("text")


def test_the_stack_of_a_tower_is_not_the_language_models():
    tower = Node("tower", role="vision-tower")
    stacks = {"layers": ["layers.0"], "tower.layers": ["tower.layers.0"]}
    model = graph("new", [*layer(0), tower, Node("tower.layers"), Node("tower.layers.0", role="layer")], stacks=stacks)
    assert only(evidence(), new=model).new == Place("layers.*", (0,))
    assert only(evidence(), new=graph("new", [*layer(0)], stacks={**stacks, "more": []})).new == Place("")


def test_figures_are_named_rounded_and_only_of_the_component():
    found = provenances(every_kind(), comparison())
    assert found[0].figures == {
        "log10_p.hidden-units": -312.4,
        "log10_p.layer-map": -200.0,
        "power": 0.04,
        "pairs": 4,
        "elements": 4000,
        "share_equal": 0.1,
        "relative_difference": 0.75,
        "controls": 1,
        "controls_failed": 0,
    }
    assert found[2].figures["controls_failed"] == 1
    assert "share_equal" not in found[2].figures


def test_the_map_that_the_verdict_combined_stays_where_no_map_was_drawn():
    figures = only(evidence(judged(log10_p={"layer-map": -40.0}))).figures
    assert figures["log10_p.layer-map"] == -40.0


def test_pairs_of_which_no_element_could_be_compared_do_not_count():
    assert only(evidence(elements=(compared(), compared(1, count=0, equal=0)))).figures["pairs"] == 1
    assert "pairs" not in only(evidence(elements=(compared(count=0, equal=0),))).figures


def test_a_count_of_elements_is_exact():
    assert only(evidence(elements=(compared(count=8_030_261_249),))).figures["elements"] == 8_030_261_249


def test_pairs_that_were_not_read_give_no_relative_difference():
    pair = compared(equal=1000, digest="sha256:00", norms=(0.0, 0.0), difference=0.0)
    figures = only(evidence(elements=(compared(), pair))).figures
    assert figures["share_equal"] == 0.55
    assert "relative_difference" not in figures


def test_layers_that_hold_others_of_old_are_copied():
    assert copied((0, 1, 1, 2)) == ((2, 1), (3, 2))
    assert copied((0, 1, None), 3) == ()


@pytest.mark.parametrize("log10_p", [-11.9, 0.0, math.nan])
def test_a_map_that_chance_could_give_copies_nothing(log10_p):
    assert copied((1, 0), log10_p=log10_p) == ()


def test_a_map_of_another_component_is_not_this_ones():
    assert copied((1, 0), component="vision-tower") == ()


def test_experts_that_match_a_feed_forward_are_named_with_their_layers_folded():
    tests = [a_test(n, "upcycling", new=f"layers.{n} experts", controls=(PASSED,)) for n in (0, 1, 2, 5)]
    assert upcycled(*tests) == ("layers.0–2,5 experts",)


@pytest.mark.parametrize(
    "test",
    [
        a_test(family="upcycling", log10_p=-11.0),
        a_test(family="upcycling", log10_p=None, abstained="too few rows"),
        a_test(family="upcycling", controls=(PASSED, FAILED)),
        a_test(family="upcycling", component="vision-tower"),
        a_test(family="match"),
    ],
    ids=["chance", "abstained", "failed control", "another component", "another family"],
)
def test_what_found_no_copied_experts_names_none(test):
    assert upcycled(test) == ()


def test_places_fold_over_the_layer_and_nothing_else():
    labels = [
        ("layers.1 expert 1 gate", 1),
        ("layers.2 expert 1 gate", 2),
        ("layers.2 expert 2 gate", 2),
        ("head", None),
    ]
    assert folded(labels) == ("layers.1–2 expert 1 gate", "layers.2 expert 2 gate", "head")
    assert folded([("layers.12 gate", 1), ("layers.22 gate", 2)]) == ("layers.12 gate", "layers.22 gate")
    assert folded([("strange * name", 3), ("a.3.b", 3)]) == ("strange * name", "a.3.b")
