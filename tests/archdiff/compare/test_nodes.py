"""What differs between two modules: tensors axis by axis, settings, storage, operators; and what has no effect."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archdiff.compare import compare
from archdiff.compare.nodes import _shares as shares
from tests.archdiff.compare.fakes import HIDDEN, model, op, part, weight

WIDTH = ("mlp-width", 16)
WEIGHT = weight(WIDTH, HIDDEN)
TYPED = {"": part("model", class_name="Tiny", facts={"dtype": "bfloat16"})}


def changes(old, new, kind=None):
    """Everything that differs between two models of one part, or the changes of one kind."""
    found = compare(*(model(TYPED | {"x": one}) for one in (old, new))).changes
    return [change for change in found if kind is None or change.kind == kind]


def only(old, new):
    (change,) = changes(old, new)
    return change


sizes = st.integers(1, 10**6)


@settings(deadline=None)
@given(st.lists(st.tuples(sizes, sizes), max_size=4), sizes)
@example([(588269, 345890), (745162, 955795), (735187, 961438)], 891619)  # where quotients of floats do not mirror
def test_shares_add_up_and_change_sign_with_the_direction(factors, rest):
    before, after = (rest * math.prod(pair[side] for pair in factors) for side in (0, 1))
    forth = shares(before, after, factors)
    assert sum(forth) == after - before
    assert [-share for share in forth] == shares(after, before, [pair[::-1] for pair in factors])


@given(st.integers(2, 10**5), st.integers(2, 10**5), st.integers(2, 50))
def test_each_share_has_the_sign_of_its_axis(first, second, times):
    grown = shares(first * second, first * times * second * times, [(first, first * times), (second, second * times)])
    assert all(share > 0 for share in grown)
    assert abs(grown[0] - grown[1]) <= 1, "two axes that grow alike share alike"


def test_of_an_empty_tensor_the_last_axis_has_all():
    assert shares(0, 12, [(0, 3), (2, 4)]) == [0, 12]
    assert shares(5, 5, []) == []


def test_a_reshaped_tensor_has_a_change_for_each_axis():
    found = changes(part("up", WEIGHT), part("up", weight(("mlp-width", 24), ("hidden", 12))))
    assert [(c.kind, c.axes, c.before, c.after, c.axis) for c in found] == [
        ("tensor-reshaped", ("hidden",), 8, 12, 1),
        ("tensor-reshaped", ("mlp-width",), 16, 24, 0),
    ]
    assert sum(c.parameters for c in found) == 24 * 12 - 16 * 8
    assert {c.impact for c in found} == {"breaking"}


def test_a_transposed_tensor_has_another_order_and_no_other_size():
    found = only(part("up", WEIGHT), part("up", weight(HIDDEN, WIDTH)))
    assert (found.axes, found.before, found.after) == (("order",), ("mlp-width", "hidden"), ("hidden", "mlp-width"))
    assert (found.parameters, found.impact) == (0, "breaking")


def test_a_tensor_with_more_axes_changes_as_a_whole():
    found = only(part("up", WEIGHT), part("up", weight(("experts", 2), WIDTH, HIDDEN)))
    assert (found.before, found.after, found.parameters) == ((16, 8), (2, 16, 8), 128)


def test_a_buffer_that_is_not_stored_changes_what_is_computed_and_no_file():
    old, new = (weight(("rotary-frequencies", n), kind="buffer", persistent=False) for n in (4, 8))
    found = only(part("rotary", old), part("rotary", new))
    assert (found.impact, found.parameters) == ("behavioral", 0)


@pytest.mark.parametrize(("tensors", "kind", "parameters"), [((), "tensor-removed", -8), ((2,), "tensor-added", 16)])
def test_a_tensor_that_came_or_went(tensors, kind, parameters):
    bias = weight(HIDDEN, name="bias")
    extra = [weight(("size", 16), name="scale") for _ in tensors]
    found = only(part("up", WEIGHT, bias), part("up", WEIGHT, *([bias, *extra] if extra else [])))
    assert (found.kind, found.parameters, found.impact) == (kind, parameters, "breaking")
    assert found.tensor in (bias, *extra)


def test_a_tensor_that_is_no_longer_stored_went_and_another_came():
    gone, come = (weight(WIDTH, kind="buffer", persistent=kept) for kept in (True, False))
    found = changes(part("up", gone), part("up", come))
    assert [(c.kind, c.impact) for c in found] == [("tensor-added", "behavioral"), ("tensor-removed", "breaking")]


def test_whether_a_stored_tensor_is_trained_has_no_effect_and_is_counted():
    found = only(part("router", weight(WIDTH)), part("router", weight(WIDTH, kind="buffer")))
    assert (found.kind, found.before, found.after) == ("tensor-retyped", "parameter", "buffer")
    assert (found.impact, found.parameters) == ("cosmetic", -16)
    assert found.inert


def test_another_type_is_cosmetic_and_needs_a_reason_where_both_state_one():
    old, new = part("up", WEIGHT), part("up", weight(WIDTH, HIDDEN, dtype="float16"))
    found = only(old, new)
    assert (found.kind, found.before, found.after, found.inert) == ("tensor-retyped", "bfloat16", "float16", "")
    assert found.impact == "cosmetic"
    (unstated,) = compare(model({"x": old}), model({"x": new})).changes
    assert unstated.inert


def test_other_values_of_a_computed_buffer():
    old, new = (weight(("rotary-frequencies", 4), kind="buffer", digest=text) for text in "ab")
    found = only(part("rotary", old), part("rotary", new))
    assert (found.kind, found.before, found.after, found.impact) == ("tensor-recomputed", "a", "b", "behavioral")
    assert found.axes == ("rotary-frequencies",)


EMBED = {"embed": part("embedding", weight(("vocabulary", 9), HIDDEN))}
HEAD = weight(("vocabulary", 9), HIDDEN)
TIED = dataclasses.replace(HEAD, tied_to="embed.weight")


@pytest.mark.parametrize(
    ("old", "new", "impact", "parameters"),
    [(TIED, HEAD, "breaking", 72), (HEAD, TIED, "behavioral", -72)],
    ids=["untied", "tied"],
)
def test_a_head_that_is_tied_or_untied(old, new, impact, parameters):
    (found,) = compare(*(model(EMBED | {"head": part("lm-head", one)}) for one in (old, new))).changes
    assert (found.kind, found.impact, found.parameters) == ("tensor-retied", impact, parameters)
    assert {found.before, found.after} == {None, "embed.weight"}


def test_parameters_of_a_tied_tensor_are_counted_where_it_is_owned():
    big = {"embed": part("embedding", weight(("vocabulary", 10), HIDDEN))}
    wide = dataclasses.replace(TIED, shape=(10, 8))
    found = compare(
        model(EMBED | {"head": part("lm-head", TIED)}), model(big | {"head": part("lm-head", wide)})
    ).changes
    assert {change.role: change.parameters for change in found} == {"embedding": 8, "lm-head": 0}


# ---- settings


def test_a_setting_of_a_traced_module_is_cosmetic_because_its_effect_shows():
    (found,) = changes(part("up", WEIGHT, operators=(), slope=1), part("up", WEIGHT, operators=(), slope=2))
    assert (found.kind, found.subject, found.before, found.after) == ("attribute-changed", "slope", 1, 2)
    assert (found.impact, found.inert) == ("cosmetic", "")


def test_a_setting_of_a_module_that_was_not_traced_may_have_an_effect():
    assert only(part("up", WEIGHT, slope=1), part("up", WEIGHT, slope=2)).impact == "behavioral"


def test_one_and_yes_are_different_settings():
    assert only(part("up", WEIGHT, slope=1), part("up", WEIGHT, slope=True)).kind == "attribute-changed"


@pytest.mark.parametrize("name", ["attention_dropout", "in_features"])
def test_a_setting_without_effect_says_why(name):
    found = only(part("up", WEIGHT, **{name: 1}), part("up", WEIGHT, **{name: 2}))
    assert found.inert
    assert found.impact == "cosmetic"


def test_another_class_says_that_its_parts_are_compared_and_settings_of_one_class_alone_are_inert():
    found = changes(part("up", WEIGHT, a=1), part("up", WEIGHT, class_name="Other", b=1))
    assert [c.kind for c in found] == ["attribute-changed", "attribute-changed", "class-changed"]
    assert all(c.inert and c.impact == "cosmetic" for c in found)


def test_a_setting_that_one_of_two_equal_classes_has_is_not_inert():
    assert only(part("up", WEIGHT, a=1), part("up", WEIGHT)).inert == ""


# ---- operators


def computing(*operators, **values):
    return part("mlp", WEIGHT, operators=operators, **values)


def test_an_operator_that_came_and_one_that_went():
    found = changes(computing(op("silu", ">0")), computing(op("gelu", ">0")))
    assert [(c.subject, c.before, c.after) for c in found] == [("gelu", (), ("gelu",)), ("silu", ("silu",), ())]
    assert {(c.kind, c.impact) for c in found} == {("operators-changed", "behavioral")}


def test_a_scalar_that_is_part_of_the_function():
    found = only(computing(op("topk", ">0", arguments=("4", "-1"))), computing(op("topk", ">0", arguments=("8", "-1"))))
    assert (found.subject, found.before, found.after) == ("topk", ("topk(4)",), ("topk(8)",))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (op("sum", ">0", arguments=("-1",)), op("sum", ">0", arguments=("2",))),
        (op("addmm", ">0", "@weight"), op("mm", ">0", "@weight")),
        (op("mm", ">0", shape=(4, 4)), op("mm", ">0", shape=(8, 8))),
    ],
    ids=["a dimension", "a bias is told by its tensor", "a size"],
)
def test_what_is_no_part_of_the_function(old, new):
    assert changes(computing(old), computing(new)) == []


def test_layout_is_not_computed():
    view = op("view", ">0")
    assert changes(computing(view, op("silu", "#0")), computing(op("silu", ">0"))) == []


def test_equal_operators_that_read_other_things_are_wired_otherwise():
    old = computing(op("silu", ">0"), op("mul", "#0", ">1"))
    new = computing(op("silu", ">1"), op("mul", "#0", ">0"))
    found = only(old, new)
    assert (found.subject, found.impact, found.inert) == ("wiring", "behavioral", "")


def test_equal_operators_that_another_class_wires_otherwise_are_inert():
    old = computing(op("silu", ">0"), op("mul", "#0", ">1"))
    new = computing(op("silu", ">1"), op("mul", "#0", ">0"), class_name="Other")
    (found,) = [c for c in changes(old, new) if c.kind == "operators-changed"]
    assert (found.subject, found.impact) == ("wiring", "cosmetic")
    assert found.inert


def test_the_order_of_a_sum_is_no_wiring():
    old, new = (computing(op("add", *inputs)) for inputs in ((">0", "@weight"), ("@weight", ">0")))
    assert changes(old, new) == []


def test_plain_arithmetic_in_more_steps_by_another_class_is_inert():
    old, new = computing(op("mul", ">0")), computing(op("mul", ">0"), op("mul", "#0"), class_name="Other")
    (found,) = [c for c in changes(old, new) if c.kind == "operators-changed"]
    assert found.inert
    (of_one_class,) = changes(old, computing(op("mul", ">0"), op("mul", "#0")))
    assert (of_one_class.inert, of_one_class.impact) == ("", "behavioral")


def test_what_a_part_without_tensors_computes_is_compared_with_the_module_around_it():
    parts = {"x": part("mlp", WEIGHT, operators=()), "x.act": part("activation", operators=(op("silu", ">0"),))}
    inline = {"x": part("mlp", WEIGHT, operators=(op("silu", ">0"),), class_name="Other")}
    other = {"x": part("mlp", WEIGHT, operators=(op("gelu", ">0"),), class_name="Other")}
    found = compare(model(parts), model(inline)).changes
    assert {change.kind for change in found} == {"module-removed", "class-changed", "operators-changed"}
    assert all(change.inert and change.impact == "cosmetic" for change in found)
    assert {c.subject for c in compare(model(parts), model(other)).changes if not c.inert} == {"silu", "gelu"}


# ---- whole modules


@pytest.mark.parametrize(
    ("tensor", "impact"),
    [(WEIGHT, "breaking"), (weight(WIDTH, kind="buffer", persistent=False), "behavioral"), (None, "cosmetic")],
    ids=["stored", "computed", "empty"],
)
def test_a_module_that_came_or_went_breaks_where_it_is_stored(tensor, impact):
    new = {"y": part("up", *([tensor] if tensor else []))}
    (come,) = compare(model({}), model(new)).changes
    (gone,) = compare(model(new), model({})).changes
    assert (come.kind, gone.kind) == ("module-added", "module-removed")
    assert (come.impact, gone.impact) == (impact, impact)
    assert bool(come.inert) is (impact == "cosmetic")
    assert come.parameters == -gone.parameters == (128 if impact == "breaking" else 0)


def test_another_name_breaks_where_something_is_stored():
    stored, empty = (part("norm", *tensors, operators=()) for tensors in ((WEIGHT,), ()))
    for one, impact in ((stored, "breaking"), (empty, "cosmetic")):
        (found,) = compare(model({"ln1": one}), model({"norm1": one})).changes
        assert (found.kind, found.before, found.after, found.impact) == ("module-renamed", "ln1", "norm1", impact)
        assert bool(found.inert) is (impact == "cosmetic")
