"""What is planned, in which order a budget keeps it, and what the plan says of the rest."""

from __future__ import annotations

import numpy as np
import pytest

from archdiff.weights.plan import AUTO, automatic, within
from archdiff.weights.propose import propose

from . import layouts


def _planned(old_layers, new_layers, scope="all", budget=None, **more):
    old, first = layouts.model(old_layers)
    new, second = layouts.model(new_layers, seed=1)
    both = layouts.tensors(first), layouts.tensors(second)
    steps, left_out = propose(layouts.sides(old, new, **more), scope)
    return within(steps, both, budget, left_out), both


def _kinds(plan):
    return {step.kind for step in plan.steps}


def test_two_dense_models_get_every_test_that_applies():
    plan, _ = _planned([layouts.dense(n) for n in range(3)], [layouts.dense(n) for n in range(3)])
    assert _kinds(plan) == {
        "elements", "hidden-units", "value-channels", "residual", "norms", "probed", "match", "alignment", "polar",
        "layer-map", "rank",
    }  # fmt: skip


def test_value_channels_are_matched_where_their_output_is_known():
    """The layers of these models have no output projection; with one there is a step for each layer."""
    plan, _ = _planned([layouts.dense(0)], [layouts.dense(0)])
    assert "channel-match" not in _kinds(plan)
    full = [
        *layouts.dense(0),
        layouts.unit("model.layers.0.attention.output.weight", (96, 64), "attention", "output", 0),
    ]
    plan, _ = _planned([full], [full])
    (step,) = [step for step in plan.steps if step.kind == "channel-match"]
    assert [reading.unit.role for reading in step.old] == ["value", "output", "embedding"]


def test_experts_add_routers_and_a_sample_of_experts():
    plan, _ = _planned([layouts.experts(n) for n in range(2)], [layouts.experts(n) for n in range(2)])
    tested = [step for step in plan.steps if step.kind == "hidden-units"]
    assert "routed-experts" in _kinds(plan)
    assert len(tested) == 2 * 2


def test_a_dense_layer_that_became_experts_is_compared_with_them():
    plan, _ = _planned([layouts.dense(0)], [layouts.experts(0)])
    (step,) = [step for step in plan.steps if step.kind == "upcycling"]
    assert len(step.new) == 2 * 6
    assert [reading.unit.role for reading in (*step.old, step.new[0], step.new[-1])] == ["gate", "up", "gate", "up"]


def test_unequal_depth_asks_for_a_map_without_condition():
    plan, _ = _planned([layouts.dense(n) for n in range(2)], [layouts.dense(n) for n in range(4)])
    (step,) = [step for step in plan.steps if step.kind == "layer-map"]
    assert step.given == ""
    assert (len(step.old), len(step.new)) == (2, 4)


@pytest.mark.parametrize(("depth", "always"), [(2, True), (33, False)])
def test_many_layers_of_equal_depth_are_mapped_only_where_the_exact_tests_are_silent(depth, always):
    plan, _ = _planned([layouts.dense(n) for n in range(depth)], [layouts.dense(n) for n in range(depth)])
    (step,) = [step for step in plan.steps if step.kind == "layer-map"]
    assert (step.given == "") == always


def test_layers_are_mapped_among_what_changed_only_where_depth_did():
    six, four = (tuple(layouts.dense(n) for n in range(count)) for count in (6, 4))
    assert _kinds(_planned(six, six, scope="changed")[0]) == set()
    assert "layer-map" in _kinds(_planned(six, four, scope="changed")[0])


def test_sizes_count_what_several_steps_read_once():
    plan, (old, new) = _planned([layouts.dense(0)], [layouts.dense(0)])
    assert plan.size < sum(step.size(old, new) for step in plan.steps)
    assert plan.size <= sum(plan.total)


@pytest.mark.parametrize("budget", [1_000, 60_000, 200_000])
def test_a_budget_is_kept_and_what_is_left_out_is_told(budget):
    layers = [layouts.dense(n) for n in range(4)]
    plan, _ = _planned(layers, layers, budget=budget)
    whole, _ = _planned(layers, layers)
    assert plan.size <= budget
    assert len(plan.steps) < len(whole.steps)
    assert any("beyond the budget" in text for text in plan.left_out)


def test_a_budget_keeps_norms_before_feed_forwards():
    layers = [layouts.dense(n) for n in range(4)]
    plan, _ = _planned(layers, layers, budget=8_000)
    assert plan.steps
    assert all("norm" in step.place for step in plan.steps)


def test_layers_that_a_budget_keeps_lie_spread():
    layers = [layouts.dense(n) for n in range(8)]
    whole, _ = _planned(layers, layers, scope="model.layers.*.attention.value")
    plan, _ = _planned(layers, layers, scope="model.layers.*.attention.value", budget=whole.size // 4)
    kept = sorted({step.layer for step in plan.steps if step.layer is not None})
    assert kept
    assert max(kept) - min(kept) >= 4


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("model.layers.1.mlp.*", {"gate", "up", "down"}), ("*.attention.key", {"key"}), ("embedding", {"embedding"})],
)
def test_a_pattern_chooses_modules(scope, expected):
    layers = [layouts.dense(n) for n in range(2)]
    plan, _ = _planned(layers, layers, scope=scope)
    compared = {pair.new.role for step in plan.steps for pair in step.pairs if step.kind == "elements"}
    assert expected <= compared
    assert plan.steps


def test_what_has_no_common_axis_is_told():
    old, first = layouts.model([layouts.dense(0)])
    wide = [
        layouts.unit(
            each.regions[0].tensor, (each.shape[0], 128) if len(each.shape) == 2 else (128,), each.place, each.role, 0
        )
        for each in layouts.dense(0)
    ]
    new, second = layouts.model([wide])
    steps, left_out = propose(layouts.sides(old, new), "all")
    assert any("cannot be matched row by row" in text for text in left_out)
    assert not [step for step in steps if step.kind == "hidden-units"]
    assert within(steps, (layouts.tensors(first), layouts.tensors(second)), None, left_out).left_out == left_out


def test_the_automatic_budget_is_one_per_cent_and_two_gibibytes_at_least():
    assert automatic((10, 20)) == AUTO == 2 * 2**30
    assert automatic((200 * 10**9, 300 * 10**9)) == 5 * 10**9


def test_one_per_cent_of_a_large_model_reaches_every_exact_family():
    """The shapes of a 100 B mixture: 48 layers, 128 experts, hidden 4,096, on tensors without values."""
    layers = 6
    old, new = (_large(layers) for _ in range(2))
    both = _Sizes(old), _Sizes(new)
    steps, left_out = propose(layouts.sides(old, new), "all")
    total = sum(meaning.size for side in both for meaning in side.meanings.values())
    plan = within(steps, both, total // 100, left_out)
    assert {"hidden-units", "routed-experts", "value-channels"} <= {step.kind for step in plan.steps}
    assert np.isclose(plan.budget, total / 100, rtol=0.01)


class _Sizes:
    """Tensors of which the shapes alone are known."""

    def __init__(self, layout):
        from archdiff.weights.tensors import Meaning

        regions = {region.tensor: region for unit in layout.units for region in unit.regions}
        self.meanings = {
            name: Meaning(name, region.shape, "bfloat16", size=2 * int(np.prod(region.shape)))
            for name, region in regions.items()
        }


def _large(layers):
    from archdiff.weights.layout import Layout

    units = []
    for number in range(layers):
        at = f"model.layers.{number}"
        units += [
            layouts.unit(f"{at}.norm", (4096,), "norm", "norm", number),
            layouts.unit(f"{at}.router", (128, 4096), "router", "router", number),
            layouts.unit(f"{at}.key", (1024, 4096), "attention", "key", number, heads=8),
            layouts.unit(f"{at}.value", (1024, 4096), "attention", "value", number, heads=8),
            layouts.unit(f"{at}.shared.gate", (1280, 4096), "shared-expert", "gate", number),
            layouts.unit(f"{at}.shared.up", (1280, 4096), "shared-expert", "up", number),
        ]
        for expert in range(128):
            for role in ("gate", "up"):
                name = f"{at}.experts.{expert}.{role}"
                units.append(layouts.unit(name, (1280, 4096), "expert", role, number, expert=expert))
    return Layout(units)
