"""The comparison as a whole: silent where nothing differs, folded over layers, in a fixed order."""

from __future__ import annotations

import pytest

from archdiff.catalogue import names
from archdiff.compare import compare
from archdiff.compare.changes import Place
from archdiff.compare.replay import modules, replay
from archdiff.packs import load_rules, run
from tests.archdiff.compare.fakes import HIDDEN, KINDS, layered, model, part, weight
from tests.archdiff.graph.tiny import graph_of


def test_published_models_equal_themselves_and_turn_into_each_other(catalogue_graph):
    """In one test, so that each model is built once whatever the number of workers."""
    loud, incomplete = [], []
    graphs = [catalogue_graph(name) for name in names()]
    for old, new in zip(graphs, [*graphs[1:], graphs[0]], strict=True):
        loud += [old.name] if compare(old, old).changes else []
        found = compare(old, new)
        complete = replay(old, found.alignment, found.changes) == modules(new)
        incomplete += [] if complete else [(old.name, new.name)]
    assert (loud, incomplete) == ([], [])
    assert len(graphs) > 45


def bigger(kind):
    """The parts of a layer kind with one more norm."""
    return KINDS[kind] | {".extra": part("norm", weight(HIDDEN))}


def layers_of(*kinds):
    return model({f"layers.{n}{key}": dict(one) for n, kind in enumerate(kinds) for key, one in kind.items()})


def test_the_same_change_in_48_layers_is_one_change():
    (change,) = compare(layers_of(*[KINDS["full"]] * 48), layers_of(*[bigger("full")] * 48)).changes
    assert (change.kind, change.new) == ("module-added", Place("layers.*.extra", tuple(range(48))))
    assert change.new.text == "layers.0–47.extra"
    assert change.parameters == 48 * 8


def test_a_change_in_some_layers_stands_there():
    plain, more = KINDS["full"], bigger("full")
    (change,) = compare(layers_of(*[plain] * 6), layers_of(more, plain, more, plain, more, plain)).changes
    assert change.new.layers == (0, 2, 4)
    assert change.new.text == "layers.0,2,…,4.extra"


def test_changes_are_folded_over_layers_of_different_kinds():
    old = layers_of(KINDS["full"], KINDS["window"], KINDS["full"])
    new = layers_of(bigger("full"), bigger("window"), bigger("full"))
    (change,) = compare(old, new).changes
    assert change.new.layers == (0, 1, 2)


def test_parts_that_differ_are_not_folded():
    first, second = (KINDS["full"] | {".extra": part("norm", weight(HIDDEN), eps=eps)} for eps in (1e-5, 1e-6))
    found = compare(layers_of(*[KINDS["full"]] * 2), layers_of(first, second)).changes
    assert sorted(change.new.layers for change in found) == [(0,), (1,)]


def test_shifted_layers_keep_both_numbers():
    old, new = layered("full", "full"), layers_of(KINDS["mamba"], bigger("full"), bigger("full"))
    added, extra = compare(old, new).changes
    assert (added.kind, added.new.layers) == ("module-added", (0,))
    assert extra.new.layers == (1, 2)


def test_layers_of_one_kind_that_came_are_one_change_and_of_two_kinds_two():
    found = compare(layered("full"), layered("full", "mamba", "mamba", "moe")).changes
    assert [(change.kind, change.role, change.new.layers) for change in found] == [
        ("module-added", "layer", (1, 2)),
        ("module-added", "layer", (3,)),
    ]


def test_ids_are_those_of_what_changed_and_where():
    old, new = layered("full"), layered("window", "full")
    assert [c.id for c in compare(old, new).changes] == [c.id for c in compare(old, new).changes]
    first = {change.id for change in compare(layered("full"), layered("full", "mamba")).changes}
    second = {change.id for change in compare(layered("full", "full"), layered("full", "full", "mamba")).changes}
    assert first.isdisjoint(second)


def test_a_changed_hidden_size_is_one_finding_that_explains_every_reshaped_axis():
    old, new = graph_of("qwen3_moe"), graph_of("qwen3_moe", hidden_size=64)
    found = compare(old, new)
    located = run(load_rules(), found)
    (finding,) = [finding for rule, finding in located if rule.id == "hidden-size-changed"]
    reshaped = {change.id for change in found.changes if change.kind == "tensor-reshaped"}
    assert len(reshaped) >= 9, "embedding, head, final norm; norms, attention, router and experts of the layers"
    assert reshaped <= {change.id for change in finding.explains}
    assert finding.parameters == new.parameters - old.parameters
    assert {rule.id for rule, _ in located} == {"hidden-size-changed"}


# ---- config and model


def config_changes(old, new, **attributes):
    first, second = layered("full", config=old), layered("full", config=new, **attributes)
    return [(c.subject, c.before, c.after, bool(c.inert)) for c in compare(first, second).changes]


def test_nested_config_values_are_compared_one_by_one():
    old, new = {"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 2, "c": [1, 2]}, "d": 3}
    assert config_changes(old, new) == [("a.b", 1, 2, False), ("d", None, 3, False)]


@pytest.mark.parametrize(("old", "new", "count"), [(1, True, 1), (0, False, 1), (1, 1.0, 0), (None, None, 0)])
def test_yes_is_not_one(old, new, count):
    assert len(config_changes({"a": old}, {"a": new})) == count


@pytest.mark.parametrize(
    ("old", "new"), [({"initializer_range": 1}, {"initializer_range": 2}), ({"head_dim": None}, {"head_dim": 4})]
)
def test_config_values_without_effect(old, new):
    assert [inert for *_, inert in config_changes(old, new)] == [True]


def test_a_key_of_one_of_two_families_is_inert_and_their_names_are():
    found = config_changes({"a": 1}, {"b": 2}, model_type="other")
    assert found == [("a", 1, None, True), ("b", None, 2, True), ("model_type", "tiny", "other", True)]


@pytest.mark.parametrize(("unchecked", "impact"), [([], "cosmetic"), (["data flow and function"], "behavioral")])
def test_a_config_value_may_have_an_effect_where_the_function_is_not_known(unchecked, impact):
    old, new = (layered("full", config={"a": value}, not_checked=unchecked) for value in (1, 2))
    (change,) = compare(old, new).changes
    assert change.impact == impact


# ---- the view that rules read


def test_what_is_left_unexplained():
    found = compare(layered("full", config={"a": 1, "pad_token_id": 1}), layered("mamba", config={"a": 2}))
    left = found.unexplained
    assert {change.kind for change in left} == {"module-added", "module-removed", "config-changed"}
    assert "pad_token_id" not in {change.subject for change in left}, "what is inert needs no explanation"
    assert found.after(change.id for change in left[1:]).unexplained == left[:1]


def test_changes_are_selected_by_kind_role_subject_and_impact():
    found = compare(layered("full"), layers_of(bigger("full"), KINDS["mamba"]))
    (layer,) = found.select("module-added", role="layer")
    (extra,) = found.select("module-added", role="norm", impact="breaking")
    assert found.select() == found.changes
    assert {layer.id, extra.id} == {change.id for change in found.select("module-added")}
    assert found.select(subject="none") == ()


def test_the_worst_impact():
    assert compare(layered("full"), layered("full")).impact == "cosmetic"
    assert compare(layered("full"), layered("mamba")).impact == "breaking"
