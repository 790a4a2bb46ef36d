"""F4: one order for all layers, never one p-value per layer."""

from __future__ import annotations

import numpy as np
import pytest

from archdiff.weights.statistics.combine import fisher
from archdiff.weights.statistics.residual import _labels, residual_test, whitened
from tests.archdiff.weights.statistics.drawing import random, uniform


def stream(columns, seed, layers=6, rows=30):
    """An embedding and norm vectors of one model: coordinates have a profile of their own that every layer shows."""
    generator = np.random.default_rng(seed)
    profile = generator.standard_normal(columns)
    norms = [1 + 0.1 * (0.7 * profile + 0.7 * generator.standard_normal(columns)) for _ in range(layers)]
    loud = np.exp(0.3 * profile)
    return [generator.standard_normal((rows, columns)) * loud, *norms]


def test_streams_of_unrelated_models_get_uniform_p_values():
    outcomes = [residual_test(stream(60, 2 * s), stream(60, 2 * s + 1), seed=s) for s in range(80)]
    found = [outcome.log10_p for outcome in outcomes if not outcome.abstained]
    assert uniform(found) > 0.005
    assert len(found) >= 79


def test_streams_of_unequal_width_get_uniform_p_values():
    assert uniform([residual_test(stream(60, 2 * s), stream(75, 2 * s + 1), seed=s).log10_p for s in range(60)]) > 0.005


def layers_alike(seed, layers=6):
    """Matrices of layers that all see the same coordinates: the same rows, a little different."""
    generator = np.random.default_rng(seed)
    common = generator.standard_normal((8, 60))
    return [common + 0.05 * generator.standard_normal((8, 60)) for _ in range(layers)]


def test_fisher_over_layers_would_accuse_unrelated_models():
    naive, joint = [], []
    for seed in range(50):
        old, new = layers_alike(seed), layers_alike(1000 + seed)
        each = [residual_test([one], [other], seed=seed) for one, other in zip(old, new, strict=True)]
        naive.append(fisher([outcome.log10_p for outcome in each if not outcome.abstained]))
        joint.append(residual_test(old, new, seed=seed).log10_p)
    assert np.mean(np.array(naive) < -2) > 0.06
    assert uniform(naive) < 0.01
    assert np.mean(np.array(joint) < -2) < 0.03
    assert uniform(joint) > 0.005


def test_a_derived_stream_is_found():
    old = stream(120, 0)
    new = [part + 0.5 * part.std() * np.random.default_rng(9).standard_normal(part.shape) for part in old]
    assert residual_test(old, new, seed=0).log10_p < -12


def test_flipped_signs_do_not_hide_it():
    signs = np.random.default_rng(1).choice([-1, 1], 120)
    old = stream(120, 0)
    new = [old[0] * signs, *old[1:]]
    outcome = residual_test(old, new, seed=0)
    assert outcome.log10_p < -12
    assert outcome.figures["flipped"] == pytest.approx((signs < 0).mean())


def test_norm_vectors_alone_are_compared_with_their_sign():
    generator = np.random.default_rng(0)
    old = [generator.standard_normal(150) for _ in range(12)]
    assert residual_test(old, [part + 0.1 for part in old], seed=0).log10_p < -12
    assert residual_test(old, [-part for part in old], seed=0).log10_p > -3


def test_permuted_coordinates_are_invisible_to_it():
    order = np.random.default_rng(2).permutation(120)
    assert residual_test(stream(120, 0), [part[..., order] for part in stream(120, 0)], seed=0).log10_p > -3


def test_coordinates_in_the_order_of_their_size_make_it_abstain():
    old = random(40, 100, 0) * np.linspace(1, 3, 100)
    outcome = residual_test([old], [random(40, 100, 1)], seed=0)
    assert outcome.log10_p is None
    assert "trend of row norm in OLD" in outcome.abstained


def test_dead_and_infinite_coordinates_are_dropped_or_left_out():
    old = random(40, 100, 0)
    spoilt = old.copy()
    spoilt[:, :7] = 0
    spoilt[3, 50] = np.inf
    outcome = residual_test([spoilt], [old], seed=0)
    assert outcome.figures["dropped_old"] == 7
    assert (outcome.count, outcome.figures["dropped_new"]) == (93, 0)
    assert outcome.log10_p < -12
    assert residual_test([np.zeros((4, 50))], [random(4, 50, 0)], seed=0).abstained


def test_of_equal_coordinates_one_is_kept_by_lot():
    side = np.vstack([np.ones((50, 4)), random(10, 4, 0)])
    kept = [_labels(side, np.random.default_rng(seed)) for seed in range(40)]
    assert {len(labels) for labels in kept} == {11}
    assert len({int(labels.min()) for labels in kept}) > 10


def test_many_rows_are_sampled_alike_on_both_sides():
    old = random(1500, 40, 0)
    outcome = residual_test([old, old[:20]], [old, old[:20]], seed=3)
    assert outcome.figures["rows"] == 1044
    assert outcome.statistic == 1


def test_whitening_goes_with_permutations_and_signs_of_the_columns():
    rows = random(10, 60, 0) * np.arange(1, 11)[:, None]
    white = whitened(rows.astype(np.float64))
    np.testing.assert_allclose(white @ white.T / 60, np.eye(10), atol=0.45)
    assert np.ptp((white**2).mean(axis=1)) < 0.5
    order, signs = np.random.default_rng(0).permutation(60), np.random.default_rng(0).choice([-1, 1], 60)
    np.testing.assert_allclose(
        whitened((rows * signs)[:, order].astype(np.float64)), (white * signs)[:, order], atol=1e-9
    )


@pytest.mark.parametrize(
    ("old", "new"), [([], []), ([(3, 5)], [(4, 5)]), ([(5,)], [(5,), (5,)]), ([(3, 5), (3, 6)], [(3, 5), (3, 5)])]
)
def test_matrices_that_do_not_go_together_are_refused(old, new):
    with pytest.raises(ValueError, match=r"rows|coordinates"):
        residual_test([np.ones(shape) for shape in old], [np.ones(shape) for shape in new], seed=0)
