"""Norm weights: what their cosine is worth, and the score that pooled layers really have."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.statistics.norms import expected_cosine, pooled

PUBLISHED = [
    # mean and deviation of Solar Open 100B, of GLM-4.5-Air, and the cosine measured between the two
    (0.0163, 0.0406, 0.0109, 0.0271, 0.1272),
    (0.1456, 0.0636, 0.0655, 0.0252, 0.8539),
    (0.0732, 0.0535, 0.0388, 0.0797, 0.3418),
    (0.1578, 0.0372, 0.4147, 0.0873, 0.9516),
    (0.2357, 0.0410, 0.4970, 0.0465, 0.9811),
    (0.3387, 0.0401, 0.9476, 0.1008, 0.9874),
    (0.3220, 0.0316, 0.6479, 0.0550, 0.9918),
    (0.2938, 0.0325, 0.7747, 0.0582, 0.9914),
    (0.3492, 0.0336, 0.8316, 0.0738, 0.9916),
    (0.9749, 0.0668, 2.0449, 0.0964, 0.9966),
]


@pytest.mark.parametrize(("mean_a", "deviation_a", "mean_b", "deviation_b", "measured"), PUBLISHED)
def test_moments_alone_give_each_published_cosine(mean_a, deviation_a, mean_b, deviation_b, measured):
    assert expected_cosine(mean_a, deviation_a, mean_b, deviation_b) == pytest.approx(measured, abs=0.013)


def test_vectors_with_these_moments_reproduce_the_dispute():
    """Unrelated by construction, a cosine of 0.99 for all that, and a score that is nothing."""
    rng = np.random.default_rng(0)
    rows = [row for row in PUBLISHED if row[4] > 0.98]
    old = [rng.normal(a, b, 4096) for a, b, *_ in rows]
    new = [rng.normal(a, b, 4096) for _, _, a, b, _ in rows]
    found = pooled(old, new)
    assert found.figures["cosine"] == pytest.approx(0.99, abs=0.005)
    assert found.figures["cosine"] == pytest.approx(found.figures["expected_cosine"], abs=0.002)
    assert abs(found.figures["corrected_z"]) < 3
    assert abs(found.statistic) < 0.02


def _layers(rng, count, width, shared):
    """Layers of one model whose vectors correlate with each other."""
    common = rng.normal(size=width)
    return [1 + 0.1 * (np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=width)) for _ in range(count)]


def test_the_naive_score_raises_false_alarms_and_the_corrected_one_does_not():
    """At a correlation of a half between layers a naive |z| > 3 is common under independence (statistics.md, 1)."""
    rng = np.random.default_rng(1)
    found = [pooled(_layers(rng, 46, 400, 0.5), _layers(rng, 46, 400, 0.5)).figures for _ in range(300)]
    naive = np.mean([abs(each["naive_z"]) > 3 for each in found])
    corrected = np.mean([abs(each["corrected_z"]) > 3 for each in found])
    assert 0.3 < naive < 0.9
    assert corrected < 0.02


def test_the_corrected_score_is_standard_normal_under_independence():
    from scipy import stats

    rng = np.random.default_rng(2)
    scores = [pooled(_layers(rng, 20, 300, 0.3), _layers(rng, 20, 300, 0.6)).figures["corrected_z"] for _ in range(300)]
    assert stats.kstest(scores, "norm").pvalue > 0.001


def test_a_copy_scores_far_beyond():
    old = _layers(np.random.default_rng(3), 20, 300, 0.3)
    new = [vector + 0.01 * np.random.default_rng(4).normal(size=300) for vector in old]
    found = pooled(old, new)
    assert found.statistic > 0.9
    assert found.figures["corrected_z"] > 10


@given(st.floats(0.01, 5), st.floats(0, 2), st.floats(0.01, 5), st.floats(0, 2), st.floats(0.1, 10))
def test_expected_cosine_is_symmetric_and_knows_no_scale(a, b, c, d, factor):
    value = expected_cosine(a, b, c, d)
    assert 0 < value <= 1 + 1e-12
    assert value == pytest.approx(expected_cosine(c, d, a, b))
    assert value == pytest.approx(expected_cosine(a * factor, b * factor, c, d))


def test_a_vector_of_zeros_has_no_cosine():
    assert np.isnan(expected_cosine(0, 0, 1, 1))


def test_constants_and_infinities_are_left_out():
    ones = [np.ones(50)] * 3
    assert pooled(ones, ones).abstained
    rng = np.random.default_rng(5)
    some, bad = rng.normal(1, 0.1, 50), np.full(50, np.inf)
    assert pooled([some, bad], [some, some]).count == 1


def test_other_widths_are_refused():
    with pytest.raises(ValueError, match="one width"):
        pooled([np.ones(4)], [np.ones(5)])
