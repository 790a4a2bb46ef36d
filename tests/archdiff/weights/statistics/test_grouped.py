"""F2 and F3: labels inside groups, whatever the order of the groups."""

from __future__ import annotations

import numpy as np
import pytest

from archdiff.weights.statistics.grouped import router_test, value_test
from archdiff.weights.statistics.order import order_test
from tests.archdiff.weights.statistics.drawing import derived, random, trained, uniform


def shuffled_inside(matrix, groups, seed):
    """The same rows, in another order inside each group."""
    generator = np.random.default_rng(seed)
    return np.concatenate([generator.permutation(part) for part in np.split(matrix, groups)])


def shuffled_groups(matrix, groups, seed):
    """The same groups, in another order."""
    parts = np.split(matrix, groups)
    return np.concatenate([parts[group] for group in np.random.default_rng(seed).permutation(groups)])


@pytest.mark.parametrize("make", [random, trained])
@pytest.mark.parametrize(("heads_old", "heads_new", "height"), [(3, 3, 20), (4, 2, 9), (1, 1, 60)])
def test_value_channels_of_unrelated_models_get_uniform_p_values(make, heads_old, heads_new, height):
    found = [
        value_test(
            make(heads_old * height, 30, 2 * s), make(heads_new * height, 30, 2 * s + 1), heads_old, heads_new, seed=s
        )
        for s in range(100)
    ]
    assert uniform([outcome.log10_p for outcome in found if not outcome.abstained]) > 0.005
    assert sum(bool(outcome.abstained) for outcome in found) <= 1


@pytest.mark.parametrize(("groups_old", "groups_new"), [(1, 1), (4, 4), (4, 2)])
def test_routers_of_unrelated_models_get_uniform_p_values(groups_old, groups_new):
    found = [
        router_test(
            trained(48, 30, 2 * s), trained(40, 30, 2 * s + 1), old_groups=groups_old, new_groups=groups_new, seed=s
        )
        for s in range(100)
    ]
    assert uniform([outcome.log10_p for outcome in found if not outcome.abstained]) > 0.005


def test_unrelated_heads_whose_channels_share_features_get_uniform_p_values():
    """Heads paired by what they share: the pairing itself must not tell anything."""

    def featured(seed):
        generator = np.random.default_rng(seed)
        common = np.random.default_rng(5).standard_normal((40, 30))
        heads = [common[generator.permutation(20) + 20 * head] for head in range(2)]
        return (np.concatenate(heads) + generator.standard_normal((40, 30))).astype(np.float32)

    found = [value_test(featured(2 * s), featured(2 * s + 1), 2, 2, seed=s) for s in range(100)]
    assert np.mean([outcome.figures["same_index_heads"] for outcome in found]) > 1.9
    assert uniform([outcome.log10_p for outcome in found]) > 0.005


def test_without_groups_a_router_is_tested_as_rows_are():
    old = trained(64, 40, 0)
    new = old + 0.5 * old.std() * random(64, 40, 1)
    assert router_test(old, new, seed=3).log10_p == order_test(old, new, seed=3).log10_p


def test_channels_in_order_are_found_though_the_heads_are_permuted():
    old = random(96, 60, 0)
    new = derived(np.concatenate(np.split(old, 4)[::-1]), 0.7, 2)
    outcome = value_test(old, new, 4, 4, seed=0)
    assert outcome.log10_p < -12
    assert (outcome.count, outcome.figures["heads"]) == (96, 4)
    assert outcome.figures["same_index_heads"] == 0


def test_channels_permuted_inside_their_heads_are_not():
    old = random(96, 60, 0)
    assert value_test(old, shuffled_inside(old, 4, 1), 4, 4, seed=0).log10_p > -3


def test_experts_in_order_inside_permuted_groups_are_found():
    old = random(64, 60, 3)
    new = derived(shuffled_groups(old, 8, 4), 0.8, 5)
    assert router_test(old, new, old_groups=8, new_groups=8, seed=0).log10_p < -12


def test_groups_in_order_tell_something_though_their_experts_are_permuted():
    old = random(64, 60, 3)
    outcome = router_test(old, shuffled_inside(old, 8, 4), old_groups=8, new_groups=8, seed=0)
    assert outcome.figures["log10_p_groups"] == pytest.approx(-np.log10(40320))
    assert outcome.figures["same_index_groups"] == 8


def test_fewer_heads_of_new_are_matched_with_the_heads_they_come_from():
    old = random(240, 60, 6)
    outcome = value_test(old, derived(old[60:180], 0.8, 7), 4, 2, seed=0)
    assert outcome.log10_p < -12
    assert outcome.figures["heads"] == 2


def test_a_trend_inside_the_heads_makes_it_abstain():
    trend = np.tile(np.linspace(1, 3, 50, dtype=np.float32), 4)[:, None]
    outcome = value_test(random(200, 60, 0) * trend, random(200, 60, 1), 4, 4, seed=0)
    assert outcome.log10_p is None
    assert outcome.abstained == "rows are not exchangeable: trend of row norm in OLD"


def test_a_trend_from_head_to_head_does_not():
    trend = np.repeat(np.linspace(1, 9, 4, dtype=np.float32), 50)[:, None]
    assert not value_test(random(200, 60, 0) * trend, random(200, 60, 1), 4, 4, seed=0).abstained


def test_a_head_of_dead_channels_leaves_the_others():
    old = random(96, 60, 0)
    old[:24] = 0
    outcome = value_test(old, old, 4, 4, seed=0)
    assert (outcome.count, outcome.figures["heads"], outcome.figures["dropped_old"]) == (72, 3, 24)
    assert outcome.log10_p < -12
    assert value_test(np.zeros((8, 4)), old[:, :4], 2, 4, seed=0).abstained


def test_power_counts_the_heads():
    old = random(256, 100, 0)
    one, eight = (value_test(old, random(256, 100, 1), heads, heads, seed=0).power for heads in (1, 8))
    assert 0.1 < eight < one < 0.3
    assert value_test(old[:24], old[24:48], 3, 3, seed=0).power is None


@pytest.mark.parametrize("heads", [(3, 4), (4, 3), (0, 4)])
def test_rows_that_do_not_divide_into_heads_are_refused(heads):
    with pytest.raises(ValueError, match="do not divide"):
        value_test(random(64, 8, 0), random(64, 8, 1), *heads, seed=0)


def test_unequal_columns_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        router_test(random(8, 8, 0), random(8, 9, 0), seed=0)


@pytest.mark.parametrize("seed", range(4))
def test_heads_are_paired_by_all_their_channels_not_by_the_sum_of_them(seed):
    old = random(192, 200, seed)
    new = derived(np.concatenate(np.split(old, 8)[::-1]), 0.2, 50 + seed)
    assert value_test(old, new, 8, 8, seed=0).figures["log10_p_heads"] == pytest.approx(0, abs=1e-9)


def test_groups_of_dead_experts_are_paired_by_lot():
    def half_dead(seed):
        matrix = random(48, 20, seed)
        for group in np.random.default_rng(seed).permutation(12)[:8]:
            matrix[4 * group : 4 * group + 4] = 0
        return matrix

    pairs = ((half_dead(2 * seed), half_dead(2 * seed + 1)) for seed in range(60))
    found = [router_test(*pair, old_groups=12, new_groups=12, seed=s) for s, pair in enumerate(pairs)]
    assert uniform([outcome.figures["log10_p_groups"] for outcome in found]) > 0.01
