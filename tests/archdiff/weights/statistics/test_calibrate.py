"""Calibration on controls: features that models share raise no alarm, and a control that fails stops the test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from archdiff.weights.statistics.calibrate import calibrate, cross_layer_controls, shuffled_controls
from archdiff.weights.statistics.match import match_test
from archdiff.weights.statistics.outcome import Outcome
from tests.archdiff.weights.statistics.drawing import derived, random, uniform


def test_the_reference_is_that_of_one_more_draw():
    controls = [0.1, -0.2, 0.3, 0.0, 0.15]
    outcome = calibrate(0.9, controls)
    z = (0.9 - np.mean(controls)) / np.std(controls, ddof=1)
    assert outcome.statistic == pytest.approx(z)
    assert outcome.log10_p == pytest.approx(np.log10(student.sf(z / np.sqrt(1.2), 4)))
    assert (outcome.count, outcome.figures["raw"]) == (5, 0.9)


def test_draws_like_the_controls_get_uniform_p_values():
    draws = np.random.default_rng(1).standard_normal((300, 9)) * 0.02 + 0.4
    outcomes = [calibrate(row[0], row[1:].tolist()) for row in draws]
    assert uniform([outcome.log10_p for outcome in outcomes if not outcome.abstained]) > 0.01
    assert sum(bool(outcome.abstained) for outcome in outcomes) <= 3


def test_a_control_that_stands_out_stops_the_test_and_is_named():
    controls = {f"pair {number}": value for number, value in enumerate([0.1, 0.11, 0.09, 0.1, 0.12, 0.08, 0.95])}
    outcome = calibrate(0.97, controls)
    assert outcome.log10_p is None
    assert outcome.statistic is None
    assert outcome.abstained == "failed control: pair 6"
    assert [control.passed for control in outcome.controls] == [True] * 6 + [False]
    assert abs(outcome.controls[-1].value) > outcome.controls[-1].limit


def test_a_control_that_comes_out_far_below_stops_it_too():
    assert calibrate(0.5, [0.1, 0.11, 0.09, 0.1, 0.12, 0.08, -0.95]).abstained == "failed control: control 7"


@pytest.mark.parametrize(("statistic", "controls"), [(1, [0, 0.1]), (1, []), (np.nan, [0, 1, 2]), (1, [0, 1, np.inf])])
def test_too_little_to_calibrate_with_abstains(statistic, controls):
    outcome = calibrate(statistic, controls)
    assert outcome.abstained
    assert outcome.log10_p is None


def test_controls_that_do_not_scatter_need_a_scale():
    assert calibrate(1, [0.5] * 5).abstained == "controls do not scatter"
    assert calibrate(1, [0.5] * 5, scale=0.1).statistic == pytest.approx(5)


def test_the_scale_that_theory_gives_is_the_least():
    assert calibrate(1, [0, 0.01, -0.01, 0.005], scale=0.5).statistic == pytest.approx(2, rel=0.02)
    assert calibrate(1, [0, 0.01, -0.01, 0.005]).statistic > 50


def featured(seed, common=7, rows=80):
    """Feed-forwards that learned some of the same features: 40 % of their units are the same up to noise."""
    generator, shared = np.random.default_rng(seed), np.random.default_rng(common)
    parts = []
    units = generator.permutation(rows)
    for _ in range(2):
        part = generator.standard_normal((rows, 40))
        part[: rows * 2 // 5] = shared.standard_normal((rows * 2 // 5, 40)) + 0.3 * part[: rows * 2 // 5]
        parts.append(part[units].astype(np.float32))
    return tuple(parts)


def test_shared_features_alarm_the_nominal_test_and_not_the_calibrated_one():
    old, new = featured(0), featured(1)
    pair = match_test(*old, *new, seed=0)
    assert pair.log10_p < -3
    unrelated = {
        f"pair {n}": match_test(*featured(2 * n), *featured(2 * n + 1), seed=n).statistic for n in range(2, 10)
    }
    calibrated = calibrate(pair.statistic, unrelated)
    assert not calibrated.abstained
    assert calibrated.log10_p > -2
    order = np.random.default_rng(3).permutation(80)
    copy = tuple(derived(part, 0.97, 5)[order] for part in old)
    assert calibrate(match_test(*old, *copy, seed=0).statistic, unrelated).log10_p < -3


def test_shuffled_copies_keep_every_row_and_break_the_correspondence():
    old = random(60, 30, 0), random(60, 30, 1)
    seen = []

    def test(*matrices, seed):
        seen.append(matrices)
        return match_test(*matrices, seed=seed)

    found = shuffled_controls(test, old, old, count=4, seed=0)
    assert list(found) == [f"shuffled copy {number}" for number in range(1, 5)]
    assert max(map(abs, found.values())) < 0.6
    for matrices in seen:
        np.testing.assert_array_equal(np.sort(matrices[2], axis=0), np.sort(old[0], axis=0))
        assert not np.array_equal(matrices[2], old[0])
    assert found == shuffled_controls(match_test, old, old, count=4, seed=0)


def test_sequences_of_matrices_are_shuffled_one_by_one():
    def test(_, new, *, seed):
        return Outcome(statistic=float(np.array_equal(*new)))

    matrices = [random(50, 3, 0), random(50, 3, 0)]
    assert shuffled_controls(test, [matrices], [matrices], count=1, seed=0) == {"shuffled copy 1": 0.0}


def test_cross_layer_pairs_are_drawn_without_repetition_and_named():
    layers = {layer: (random(40, 20, 2 * layer), random(40, 20, 2 * layer + 1)) for layer in (0, 3, 7, 9)}
    every = cross_layer_controls(match_test, layers, count=99, seed=0, name="NEW")
    assert len(every) == 6
    assert "layers 3 and 9 of NEW" in every
    some = cross_layer_controls(match_test, layers, count=3, seed=0)
    assert len(some) == 3
    assert all(name.endswith("of OLD") for name in some)
    assert cross_layer_controls(match_test, {0: layers[0]}, count=3, seed=0) == {}


def test_controls_that_abstain_are_missing():
    dead = np.zeros((9, 4))
    assert shuffled_controls(match_test, (dead, dead), (dead, dead), count=2, seed=0) == {}
    assert cross_layer_controls(match_test, dict.fromkeys(range(3), (dead, dead)), count=2, seed=0) == {}
