"""The match statistic sees what permutation, rotation and scaling hide, and is quiet between unrelated models."""

from __future__ import annotations

import numpy as np
import pytest

from archdiff.weights.statistics.match import fold_norm, match_test, probed
from archdiff.weights.statistics.order import order_test
from archdiff.weights.statistics.power import detectable
from tests.archdiff.weights.statistics.drawing import derived, random, trained, uniform


def rotation(size, seed):
    """A random orthogonal matrix."""
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def test_unrelated_feed_forwards_get_uniform_nominal_p_values():
    found = [match_test(*(trained(60, 40, 4 * s + part) for part in range(4)), seed=s).log10_p for s in range(100)]
    assert uniform(found) > 0.005


@pytest.mark.parametrize(("old", "new"), [(60, 90), (90, 60)])
def test_unrelated_feed_forwards_of_unequal_width_do_too(old, new):
    found = [
        match_test(*(random(rows, 40, 4 * s + part) for part, rows in enumerate((old, old, new, new))), seed=s)
        for s in range(60)
    ]
    assert uniform([outcome.log10_p for outcome in found]) > 0.005
    assert np.mean([outcome.figures["agreements"] for outcome in found]) < 2


def test_permuted_units_are_found_and_their_order_does_not_matter():
    gate, up = random(120, 50, 0), random(120, 50, 1)
    order = np.random.default_rng(2).permutation(120)
    new = derived(gate, 0.8, 3), derived(up, 0.8, 4)
    straight = match_test(gate, up, *new, seed=0)
    permuted = match_test(gate, up, new[0][order], new[1][order], seed=0)
    assert permuted.log10_p < -12
    assert (permuted.statistic, permuted.figures["agreements"]) == (straight.statistic, straight.figures["agreements"])
    assert order_test(gate, new[0][order], seed=0).log10_p > -3


def test_neither_a_shared_rotation_nor_positive_scales_matter():
    old, new = (random(100, 40, 0), random(100, 40, 1)), None
    new = tuple(derived(part, 0.5, 2) for part in old)
    turn, scale = rotation(40, 3), np.exp(np.random.default_rng(4).standard_normal((100, 1)))
    wanted = match_test(*old, *new, seed=0)
    found = match_test(*(part @ turn for part in old), *(scale * (part @ turn) for part in new), seed=0)
    assert found.statistic == wanted.statistic


def test_units_of_a_plain_feed_forward_match_by_up_and_down():
    up, down = random(100, 40, 0), random(40, 100, 1)
    order = np.random.default_rng(2).permutation(100)
    assert match_test(up, down.T, up[order], down[:, order].T, seed=0).log10_p < -12


def test_pruned_and_permuted_units_are_found():
    gate, up = random(150, 50, 0), random(150, 50, 1)
    kept = np.random.default_rng(2).permutation(150)[:90]
    outcome = match_test(gate, up, derived(gate[kept], 0.8, 3), derived(up[kept], 0.8, 4), seed=0)
    assert outcome.log10_p < -12
    assert outcome.count == 90
    assert match_test(gate[kept], up[kept], gate, up, seed=0).log10_p < -12


def test_a_rotated_residual_stream_is_seen_through_tokens():
    generator = np.random.default_rng(0)
    embedding, gamma = random(300, 40, 1), 1 + 0.3 * generator.random(40)
    gate, up = random(110, 40, 2), random(110, 40, 3)
    turn, order = rotation(40, 4), generator.permutation(110)
    hidden = [(fold_norm(part, gamma) @ turn)[order] for part in (gate, up)]
    assert match_test(gate, up, *hidden, seed=0).log10_p > -3
    old = [probed(embedding, gamma, part) for part in (gate, up)]
    new = [probed(embedding @ turn, None, part) for part in hidden]
    assert match_test(*old, *new, seed=0).log10_p < -12
    # The labels of units know nothing of the embedding: without a permutation the exact test sees it as well.
    unpermuted = probed(embedding @ turn, None, fold_norm(gate, gamma) @ turn)
    assert order_test(old[0], unpermuted, seed=0).log10_p < -12


def test_probed_rows_of_unrelated_models_still_get_exact_p_values():
    found = []
    for seed in range(80):
        shared = trained(70, 30, 7)
        old, new = (
            probed(shared + random(70, 30, 3 * seed + side), None, trained(60, 30, 3 * seed + side)) for side in (0, 1)
        )
        found.append(order_test(old, new, seed=seed).log10_p)
    assert uniform([value for value in found if value is not None]) > 0.005


def test_probed_is_the_norm_and_the_projection_less_the_mean_over_tokens():
    embedding, gamma, weight = random(5, 8, 0), random(1, 8, 1)[0], random(3, 8, 2)
    rms = embedding / np.sqrt((embedding**2).mean(axis=1, keepdims=True) + 1e-6) * gamma @ weight.T
    np.testing.assert_allclose(probed(embedding, gamma, weight), (rms - rms.mean(axis=0)).T, rtol=1e-4, atol=1e-5)
    plain = embedding - embedding.mean(axis=1, keepdims=True)
    layer = plain / np.sqrt((plain**2).mean(axis=1, keepdims=True) + 1e-6) @ weight.T
    np.testing.assert_allclose(
        probed(embedding, None, weight, centred=True), (layer - layer.mean(axis=0)).T, rtol=1e-4, atol=1e-5
    )


def test_a_scale_moved_between_norm_and_projection_does_not_matter():
    embedding, gamma, weight = random(50, 16, 0), np.exp(random(1, 16, 1)[0]), random(20, 16, 2)
    moved = probed(embedding, gamma * 3, weight / 3)
    np.testing.assert_allclose(moved, probed(embedding, None, fold_norm(weight, gamma)), rtol=1e-3, atol=1e-4)


def test_agreements_have_at_most_the_probability_of_so_many_fixed_points():
    outcomes = [match_test(*(random(40, 20, 4 * s + part) for part in range(4)), seed=s) for s in range(300)]
    counts = np.array([outcome.figures["agreements"] for outcome in outcomes])
    for least in (1, 2, 3, 4):
        share = np.mean(counts >= least)
        assert share <= 1 / np.prod(np.arange(1, least + 1)) + 0.06
    assert all(outcome.figures["log10_p_agreements"] <= 0 for outcome in outcomes)


def test_units_that_are_sorted_alike_in_unrelated_models_do_not_agree_by_their_order():
    def ordered(seed):
        trend = np.linspace(-3, 3, 120)[:, None] * np.random.default_rng(7).standard_normal(30)
        return random(120, 30, seed) + trend

    old, new = (ordered(0), ordered(1)), (ordered(2), ordered(3))
    assert match_test(*old, *new, seed=0).log10_p > -3
    assert order_test(old[0], new[0], seed=0).abstained


def test_power_is_that_of_two_matchings_that_must_both_find_a_unit():
    gate, up = random(150, 80, 0), random(150, 80, 1)
    limit = match_test(gate, up, random(150, 80, 2), random(150, 80, 3), seed=0).power
    assert limit > detectable(150, 150, 80)
    for factor, reached in ((0.85, False), (1.2, True)):
        ps = [
            match_test(
                gate, up, derived(gate, factor * limit, 9 + s), derived(up, factor * limit, 99 + s), seed=0
            ).log10_p
            for s in range(9)
        ]
        assert (np.median(ps) < -12) == reached


def test_dead_units_are_left_out():
    gate, up = random(100, 40, 0), random(100, 40, 1)
    spoilt = gate.copy()
    spoilt[:30] = 0
    outcome = match_test(spoilt, up, gate, up, seed=0)
    assert outcome.count == 70
    assert outcome.log10_p < -12
    assert match_test(np.zeros((9, 4)), random(9, 4, 0), random(9, 4, 1), random(9, 4, 2), seed=0).abstained


def test_the_same_seed_gives_the_same_outcome():
    parts = [random(60, 30, seed) for seed in range(4)]
    assert match_test(*parts, seed=5) == match_test(*parts, seed=5)


@pytest.mark.parametrize("shapes", [[(9, 4), (8, 4), (9, 4), (9, 4)], [(9, 4), (9, 4), (9, 5), (9, 4)], [(9,)] * 4])
def test_units_that_do_not_go_together_are_refused(shapes):
    with pytest.raises(ValueError, match="units of"):
        match_test(*(np.ones(shape) for shape in shapes), seed=0)
