"""The polar factor recovers the basis of a copy and finds no signed permutation between unrelated embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from archdiff.weights.statistics.calibrate import calibrate, shuffled_controls
from archdiff.weights.statistics.order import order_test
from archdiff.weights.statistics.polar import polar_factor, polar_test
from tests.archdiff.weights.statistics.drawing import derived, random, uniform


def rotation(size, seed):
    """A random orthogonal matrix."""
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0]


def signed_permutation(size, seed):
    generator = np.random.default_rng(seed)
    return np.eye(size)[generator.permutation(size)] * generator.choice([-1, 1], size)


def test_the_factor_is_orthogonal_and_recovers_a_rotation():
    embedding, turn = random(300, 30, 0), rotation(30, 1)
    found = polar_factor(embedding, embedding @ turn + 0.1 * random(300, 30, 2))
    np.testing.assert_allclose(found @ found.T, np.eye(30), atol=1e-9)
    np.testing.assert_allclose(found, turn, atol=0.1)


def test_a_signed_permutation_of_a_copy_is_found():
    embedding = random(300, 40, 0)
    outcome = polar_test(embedding, derived(embedding @ signed_permutation(40, 1), 0.7, 2), seed=0)
    assert outcome.log10_p < -12
    assert outcome.statistic > 0.8
    assert abs(outcome.figures["diagonal"]) < 0.3
    assert polar_test(embedding, derived(embedding, 0.7, 2), seed=0).figures["diagonal"] > 0.8


def test_unrelated_embeddings_never_reach_the_bound():
    outcomes = [polar_test(random(120, 30, 2 * s), random(120, 30, 2 * s + 1), seed=s) for s in range(40)]
    assert all(outcome.log10_p == 0 for outcome in outcomes)
    assert np.mean([outcome.figures["heldout_cosine"] for outcome in outcomes]) < 0.1


def test_a_rotated_copy_shows_in_tokens_that_the_rotation_was_not_fitted_to():
    embedding = random(300, 40, 0)
    outcome = polar_test(embedding, derived(embedding @ rotation(40, 1), 0.9, 2), seed=0)
    assert outcome.figures["heldout_cosine"] > 0.75
    assert outcome.log10_p > -3
    shuffled = np.random.default_rng(0).permutation(embedding)
    assert polar_test(embedding, shuffled, seed=0).figures["heldout_cosine"] < 0.1


def test_too_few_tokens_fit_any_rotation_and_hold_for_none():
    unrelated = random(81, 40, 0), random(81, 40, 1)
    outcome = polar_test(*unrelated, seed=0)
    assert outcome.figures["fitted_cosine"] > 0.6
    assert outcome.figures["heldout_cosine"] < 0.2
    assert "too few" in polar_test(unrelated[0][:70], unrelated[1][:70], seed=0).abstained


def test_words_that_all_models_learn_alike_are_calibrated_away():
    common = random(200, 24, 0)

    def embedding(seed):
        # The same meanings in a basis of their own, which an optimiser aligns a little with the coordinates.
        basis = np.eye(40)[:24] + 0.1 * random(24, 40, 50 + seed)
        return common @ basis + 0.5 * random(200, 40, seed)

    def statistic(one, other):
        return polar_test(embedding(one), embedding(other), seed=0).statistic

    pairs = {f"pair {n}": statistic(2 * n, 2 * n + 1) for n in range(1, 9)}
    assert polar_test(embedding(0), embedding(1), seed=0).log10_p < -3
    assert calibrate(statistic(0, 1), pairs).log10_p > -2
    copies = [derived(embedding(0) @ signed_permutation(40, s), 0.98, s) for s in range(2)]
    assert all(calibrate(polar_test(embedding(0), copy, seed=0).statistic, pairs).log10_p < -3 for copy in copies)


def test_units_are_tested_exactly_in_the_recovered_basis():
    embedding, turn = random(200, 40, 0), rotation(40, 1)
    factor = polar_factor(embedding, embedding @ turn)
    gate = random(120, 40, 2)
    assert order_test(gate, gate @ turn, seed=0).log10_p > -3
    assert order_test(gate @ factor, gate @ turn, seed=0).log10_p < -12
    found = []
    for seed in range(60):
        factor = polar_factor(random(90, 30, 4 * seed), random(90, 30, 4 * seed + 1))
        found.append(order_test(random(60, 30, 4 * seed + 2) @ factor, random(60, 30, 4 * seed + 3), seed=seed).log10_p)
    assert uniform([value for value in found if value is not None]) > 0.005


def test_grown_coordinates_are_found():
    embedding = random(300, 30, 0)
    grown = np.hstack([embedding, random(300, 20, 1)]) @ signed_permutation(50, 2)
    outcome = polar_test(embedding, grown, seed=0)
    assert outcome.count == 30
    assert outcome.log10_p < -12


@pytest.mark.parametrize("size", [8, 16])
def test_the_bound_holds_for_uniform_rotations(size):
    from archdiff.weights.statistics.polar import _log10_bound
    from archdiff.weights.statistics.rows import assign

    found = [_log10_bound(assign(np.abs(rotation(size, seed))).similarity, size, size) for seed in range(300)]
    for level in (-0.5, -1, -2):
        assert np.mean(np.array(found) < level) <= 10**level


def test_a_shuffled_copy_is_a_control():
    embedding = random(200, 20, 0)
    controls = shuffled_controls(polar_test, (embedding,), (embedding,), count=5, seed=0)
    outcome = calibrate(polar_test(embedding, embedding, seed=0).statistic, controls)
    assert outcome.log10_p < -3


@pytest.mark.parametrize("function", [lambda *pair: polar_test(*pair, seed=0), polar_factor])
def test_embeddings_of_other_tokens_are_refused(function):
    with pytest.raises(ValueError, match="same tokens"):
        function(random(30, 4, 0), random(31, 4, 0))
