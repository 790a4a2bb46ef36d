"""Parts are assigned by role first; names, structure and position decide where roles do not."""

from __future__ import annotations

import pytest

from archdiff.compare.match import NO_STACKS, Stacks, match
from tests.archdiff.compare.fakes import HIDDEN, model, part, weight

WIDE = weight(("mlp-width", 16), HIDDEN)
NARROW = weight(("mlp-width", 6), HIDDEN)


def matched(old, new, stacks=None, pairs=None):
    """What corresponds below the roots of two graphs made of these parts."""
    first, second = (model(parts, stacks or ()) for parts in (old, new))
    return match(first, second, ("", ""), Stacks.of(first, second, pairs or {}) if stacks else NO_STACKS)


def partners(matching):
    """Ids of the pairs other than the roots."""
    return {pair.old: pair.new for pair in matching.pairs if pair.old}


def test_a_role_beats_a_name():
    old = {"gate": part("router", WIDE), "up": part("up", WIDE)}
    new = {"gate": part("up", WIDE), "other": part("router", WIDE)}
    assert partners(matched(old, new)) == {"gate": "other", "up": "gate"}


def test_parts_of_different_roles_are_never_partners_whatever_else_they_share():
    found = matched({"mlp": part("dense-mlp", WIDE)}, {"mlp": part("mixture-of-experts", WIDE)})
    assert (partners(found), found.removed, found.added) == ({}, ("mlp",), ("mlp",))


def test_among_equal_roles_the_name_decides():
    old = {"first": part("norm", WIDE), "second": part("norm", WIDE)}
    new = {"second": part("norm", WIDE), "first": part("norm", WIDE)}
    assert partners(matched(old, new)) == {"first": "first", "second": "second"}


def test_among_equal_roles_with_other_names_structure_decides():
    old = {"a": part("norm", WIDE), "b": part("norm", NARROW)}
    new = {"c": part("norm", NARROW), "d": part("norm", WIDE)}
    assert partners(matched(old, new)) == {"a": "d", "b": "c"}


def test_where_nothing_else_tells_parts_apart_position_does():
    old = {"a": part("norm", WIDE), "b": part("norm", WIDE)}
    new = {"d": part("norm", WIDE), "c": part("norm", WIDE)}
    assert partners(matched(old, new)) == {"a": "d", "b": "c"}


def test_a_name_alone_is_not_enough_for_a_part_with_a_role():
    found = matched({"x": part("norm", WIDE, class_name="A")}, {"x": part("", NARROW, class_name="B")})
    assert (partners(found), found.removed, found.added) == ({}, ("x",), ("x",))


@pytest.mark.parametrize(
    ("old", "new", "confidence"),
    [
        (part("norm", WIDE, class_name="A"), part("norm", NARROW, class_name="B"), "medium"),
        (part("norm", WIDE, class_name="A"), part("norm", NARROW, class_name="A"), "high"),
    ],
)
def test_a_second_signal_makes_a_match_sure(old, new, confidence):
    (_, pair) = matched({"x": old}, {"y": new}).pairs
    assert (pair.method, pair.confidence) == ("assigned", confidence)


def test_equal_subtrees_are_matched_part_by_part():
    tree = {"a": part("x"), "a.b": part("y", WIDE), "a.b.c": part("z", WIDE)}
    found = matched({f"{key}": value for key, value in tree.items()}, tree)
    assert partners(found) == {"a": "a", "a.b": "a.b", "a.b.c": "a.b.c"}
    assert {pair.method for pair in found.pairs[1:]} == {"identical"}


DENSE = {"mlp": part("dense-mlp"), "mlp.gate": part("gate", WIDE), "mlp.up": part("up", WIDE)}
MOE = {
    "mlp": part("mixture-of-experts"),
    "mlp.shared": part("shared-expert"),
    "mlp.shared.gate": part("gate", WIDE),
    "mlp.shared.up": part("up", WIDE),
}


def test_a_dense_projection_is_never_one_of_a_shared_expert():
    found = matched(DENSE, MOE)
    assert (partners(found), found.removed, found.added) == ({}, ("mlp",), ("mlp",))


def test_a_part_of_one_kind_of_module_is_never_one_of_another_kind():
    old = {"a": part("attention"), "a.r": part("router", WIDE)}
    new = {"a": part("attention"), "b": part("mixture-of-experts"), "b.r": part("router", WIDE)}
    found = matched(old, new)
    assert (partners(found), found.removed, found.added) == ({"a": "a"}, ("a.r",), ("b",))


def test_what_holds_a_part_that_moved_is_reported_without_it():
    old = {"a": part(""), "a.r": part("router", WIDE), "a.n": part("norm", WIDE)}
    new = {"b": part("", class_name="B"), "b.c": part(""), "b.c.r": part("router", WIDE)}
    found = matched(old, new)
    (moved,) = [pair for pair in found.pairs if pair.method == "moved"]
    assert (moved.old, moved.new, moved.confidence) == ("a.r", "b.c.r", "medium")
    assert (found.removed, found.added) == (("a.n",), ())
    assert found.opened == (("a",), ("b", "b.c"))


def test_of_two_that_could_have_moved_none_is_taken():
    old = {"a": part(""), "a.r": part("router", WIDE)}
    new = {"b": part("", class_name="B")} | {f"b.{n}": part("router", WIDE) for n in "xy"}
    found = matched(old, new)
    assert (partners(found), found.removed, found.added) == ({}, ("a",), ("b",))


def test_the_parts_of_a_part_that_moved_are_compared_too():
    old = {"a": part(""), "a.r": part("router", WIDE), "a.r.norm": part("norm", WIDE), "a.r.x": part("up", WIDE)}
    new = {"b": part("", class_name="B"), "b.r": part("router", WIDE), "b.r.norm": part("norm", WIDE)}
    found = matched(old, new)
    assert partners(found) == {"a.r": "b.r", "a.r.norm": "b.r.norm"}
    assert (found.removed, found.added) == (("a.r.x",), ())


LAYER = {"0": part("layer", WIDE)}


def under(stack, **others):
    return {f"{stack}.{key}": value for key, value in LAYER.items()} | others


def test_a_stack_has_the_partner_that_the_alignment_gave_it_and_no_other():
    old, new = under("layers", h=part("", WIDE)), under("h", layers=part("", WIDE))
    found = matched(old, new, ("layers", "h"), {"layers": "h"})
    assert partners(found)["layers"] == "h"
    assert "layers.0" not in partners(found), "layers are compared elsewhere"


def test_the_modules_that_hold_corresponding_stacks_are_partners_whatever_they_are_called():
    old, new = under("transformer.h"), under("model.layers")
    found = matched(old, new, ("transformer.h", "model.layers"), {"transformer.h": "model.layers"})
    assert partners(found) == {"transformer": "model", "transformer.h": "model.layers"}


def test_a_model_put_inside_another_one_keeps_its_parts():
    old = under("model.layers", **{"model.norm": part("final-norm", WIDE)})
    new = under("model.text.layers", **{"model.text.norm": part("final-norm", WIDE), "model.extra": part("x", WIDE)})
    found = matched(old, new, ("model.layers", "model.text.layers"), {"model.layers": "model.text.layers"})
    assert partners(found) == {
        "model": "model.text",
        "model.layers": "model.text.layers",
        "model.norm": "model.text.norm",
    }
    assert (found.removed, found.added, found.opened) == ((), ("model.extra",), ((), ("model",)))


def test_a_stack_without_partner_stays_alone():
    old, new = under("layers"), under("layers") | under("visual.blocks")
    found = matched(old, new, ("layers", "visual.blocks"), {"layers": "layers"})
    assert (partners(found), found.added) == ({"layers": "layers"}, ("visual",))


def test_swapping_mirrors_the_matches():
    names = ("first", "second", "third")
    old = {name: part("norm" if name != "third" else "", WIDE) for name in names}
    new = {name: part("norm", WIDE if name == "a" else NARROW) for name in ("c", "a", "first")}
    forth, back = partners(matched(old, new)), partners(matched(new, old))
    assert forth == {second: first for first, second in back.items()}
    assert len(forth) == 2


def test_a_projection_is_no_partner_of_a_module_that_wraps_one():
    old = {"attn": part("attention"), "attn.output": part("output"), "attn.output.dense": part("output", WIDE)}
    new = {"attn": part("attention"), "attn.out": part("output", WIDE)}
    found = matched(old, new)
    assert partners(found) == {"attn": "attn", "attn.output.dense": "attn.out"}
    assert found.opened == (("attn.output",), ())


def test_what_stays_below_a_part_that_moved_may_move_by_itself():
    old = {
        "cls": part(), "cls.head": part("prediction-head", NARROW), "cls.head.decoder": part("lm-head", WIDE),
        "encoder": part("", WIDE),
    }  # fmt: skip
    new = {"generator": part("prediction-head", NARROW), "decoder": part("lm-head", WIDE), "encoder": part("", WIDE)}
    assert partners(matched(old, new)) == {
        "cls.head": "generator", "cls.head.decoder": "decoder", "encoder": "encoder",
    }  # fmt: skip


def test_a_part_with_its_name_and_shapes_is_found_in_another_module():
    old = {"p": part("projector", WIDE), "t": part(""), "t.x": part("norm", WIDE)}
    new = {"m": part("", class_name="M"), "m.p": part("projector", WIDE), "m.x": part("norm", WIDE)}
    assert partners(matched(old, new)) == {"p": "m.p", "t.x": "m.x"}
    other = {"m": part("", class_name="M"), "m.p": part("projector", weight(("a", 9)))}
    assert partners(matched(old, other)) == {}
