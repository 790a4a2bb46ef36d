"""The dispute over norm weights: what their cosine is worth, and what their correlation is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.moments import expected_cosine
from archdiff.weights.statistics.norms import pooled
from tests.archdiff.weights.statistics.drawing import uniform

PUBLISHED = [
    ("0 input", 0.0163, 0.0406, 0.0109, 0.0271, 0.1272, 0.1368, -0.0133),
    ("0 post-attention", 0.1456, 0.0636, 0.0655, 0.0252, 0.8539, 0.8538, -0.0090),
    ("1 input", 0.0732, 0.0535, 0.0388, 0.0797, 0.3418, 0.3540, -0.0225),
    ("5 input", 0.1578, 0.0372, 0.4147, 0.0873, 0.9516, 0.9521, -0.0185),
    ("10 input", 0.2357, 0.0410, 0.4970, 0.0465, 0.9811, 0.9808, 0.0092),
    ("10 post-attention", 0.3387, 0.0401, 0.9476, 0.1008, 0.9874, 0.9875, -0.0058),
    ("20 input", 0.3220, 0.0316, 0.6479, 0.0550, 0.9918, 0.9915, 0.0181),
    ("30 input", 0.2938, 0.0325, 0.7747, 0.0582, 0.9914, 0.9913, 0.0356),
    ("40 input", 0.3492, 0.0336, 0.8316, 0.0738, 0.9916, 0.9916, 0.0153),
    ("45 post-attention", 0.9749, 0.0668, 2.0449, 0.0964, 0.9966, 0.9966, 0.0012),
]
"""Solar Open 100B and GLM-4.5-Air: layer and norm; mean and standard deviation of each; the cosine, the cosine after
shuffling one, and the centred cosine that were published."""


@pytest.mark.parametrize(("_", "mean_a", "std_a", "mean_b", "std_b", "cosine", "shuffled", "centred"), PUBLISHED)
def test_every_published_cosine_follows_from_moments_alone(_, mean_a, std_a, mean_b, std_b, cosine, shuffled, centred):
    expected = expected_cosine((mean_a, mean_b), (std_a, std_b))
    assert expected == pytest.approx(cosine, abs=0.0125)
    assert expected == pytest.approx(shuffled, abs=0.0025)
    share = std_a * std_b / np.hypot(mean_a, std_a) / np.hypot(mean_b, std_b)
    assert expected + centred * share == pytest.approx(cosine, abs=0.002)


def test_vectors_drawn_with_the_published_moments_reproduce_the_dispute():
    generator = np.random.default_rng(0)
    old = [row[1] + row[2] * generator.standard_normal(4096) for row in PUBLISHED[4:]]
    new = [row[3] + row[4] * generator.standard_normal(4096) for row in PUBLISHED[4:]]
    outcome = pooled(old, new)
    assert outcome.figures["cosine"] > 0.98
    assert outcome.figures["cosine"] == pytest.approx(outcome.figures["expected_cosine"], abs=0.001)
    assert abs(outcome.statistic) < 0.02
    assert outcome.log10_p > -2


def norms(generator, correlation, layers=57, width=256):
    """Norm vectors of one model that share a profile over the residual coordinates."""
    profile = generator.standard_normal(width)
    noise = generator.standard_normal((layers, width))
    return list(1 + 0.1 * (np.sqrt(correlation) * profile + np.sqrt(1 - correlation) * noise))


def drawn(correlation, count):
    """Outcomes of unrelated models."""
    generator = np.random.default_rng(0)
    return [pooled(norms(generator, correlation), norms(generator, correlation)) for _ in range(count)]


def test_the_naive_z_alarms_in_44_percent_of_unrelated_pairs_and_the_corrected_one_does_not():
    outcomes = drawn(0.5, 300)
    naive = np.array([outcome.figures["naive_z"] for outcome in outcomes])
    corrected = np.array([outcome.figures["corrected_z"] for outcome in outcomes])
    assert np.mean(np.abs(naive) > 3) == pytest.approx(0.44, abs=0.06)
    assert np.mean(np.abs(corrected) > 3) < 0.02
    assert np.std(corrected) == pytest.approx(1, abs=0.12)
    assert uniform([outcome.log10_p for outcome in outcomes]) > 0.01


def test_without_anything_shared_both_agree():
    generator = np.random.default_rng(2)
    outcome = pooled(list(generator.standard_normal((8, 2000))), list(generator.standard_normal((8, 2000))))
    assert outcome.figures["naive_z"] == pytest.approx(outcome.figures["corrected_z"], rel=0.1)


def test_a_fine_tuned_model_is_far_beyond_both():
    generator = np.random.default_rng(3)
    old = norms(generator, 0.5)
    new = [vector + 0.02 * generator.standard_normal(256) for vector in old]
    assert pooled(old, new).log10_p < -12


def test_vectors_that_say_nothing_are_left_out():
    generator = np.random.default_rng(4)
    old = norms(generator, 0.3, layers=5)
    old[1], new = np.ones(256), norms(generator, 0.3, layers=5)
    new[2][7] = np.nan
    assert pooled(old, new).count == 3
    assert pooled([np.ones(9)], [np.ones(9)]).abstained


def test_vectors_that_do_not_correspond_are_refused():
    for new in ([np.ones(9)], [np.ones(9), np.ones(8)]):
        with pytest.raises(ValueError, match="do not correspond"):
            pooled([np.ones(9), np.ones(9)], new)


@given(st.floats(-5, 5), st.floats(0.01, 5), st.floats(-5, 5), st.floats(0.01, 5))
def test_the_expected_cosine_is_a_cosine_and_symmetric(mean_a, std_a, mean_b, std_b):
    value = expected_cosine((mean_a, mean_b), (std_a, std_b))
    assert -1 <= value <= 1
    assert value == pytest.approx(expected_cosine((mean_b, mean_a), (std_b, std_a)))


def test_a_vector_of_zeros_has_no_cosine():
    assert np.isnan(expected_cosine((0, 1), (0, 1)))
