"""F1: p-values of unrelated matrices are uniform, related ones are found, and every trap has its guard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.statistics.order import LONGEST, order_test, sample_rows
from archdiff.weights.statistics.rows import assign, cosines, prepare
from archdiff.weights.statistics.tails import order_log10_p
from tests.archdiff.weights.statistics.drawing import derived, random, trained, uniform


def p_of(old, new, seed=0):
    """log10 p of a test that must not abstain."""
    outcome = order_test(old, new, seed=seed)
    assert not outcome.abstained
    return outcome.log10_p


def guardless(old, new):
    """The order test of a first attempt: neither shuffled nor cleaned, and no look at either model alone."""
    norms = [np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-30) for side in (old, new)]
    matching = assign((old / norms[0]) @ (new / norms[1]).T.astype(np.float64))
    return order_log10_p(np.argsort(np.argsort(matching.columns)))


@pytest.mark.parametrize("make", [random, trained])
@pytest.mark.parametrize(("rows_old", "rows_new"), [(60, 60), (60, 80), (90, 60), (20, 20), (8, 11)])
def test_unrelated_matrices_get_uniform_p_values(make, rows_old, rows_new):
    found = [p_of(make(rows_old, 40, 2 * seed), make(rows_new, 40, 2 * seed + 1), seed) for seed in range(150)]
    assert uniform(found) > 0.005
    assert np.mean(np.array(found) < np.log10(0.05)) < 0.1


def test_identical_matrices_reach_the_floor_of_full_agreement():
    from scipy.special import gammaln

    matrix = random(120, 40, 0)
    assert p_of(matrix, matrix) == pytest.approx(-gammaln(121) / np.log(10), rel=0.02)


def test_noise_that_hides_each_row_does_not_hide_the_order_of_many():
    old = trained(200, 200, 1)
    assert p_of(old, old + 2 * old.std() * random(200, 200, 2)) < -12


@pytest.mark.parametrize("kept", [60, 100, 139])
def test_rows_pruned_in_order_are_found(kept):
    old = random(140, 60, 3)
    rows = np.sort(np.random.default_rng(4).choice(140, kept, replace=False))
    outcome = order_test(old, derived(old[rows], 0.8, 5), seed=0)
    assert outcome.log10_p < -12
    assert outcome.count == kept
    assert order_test(derived(old[rows], 0.8, 5), old, seed=0).log10_p < -12


def test_permuted_rows_are_invisible_to_it():
    old = random(150, 60, 6)
    assert p_of(old, old[np.random.default_rng(7).permutation(150)]) > -3


def dead(matrix, seed):
    """The matrix with a quarter of its rows at zero."""
    matrix = matrix.copy()
    matrix[np.random.default_rng(seed).choice(len(matrix), len(matrix) // 4, replace=False)] = 0
    return matrix


def test_dead_rows_do_not_make_unrelated_matrices_related():
    pairs = [(dead(random(200, 40, 4 * s), 4 * s), dead(random(200, 40, 4 * s + 1), 4 * s + 1)) for s in range(60)]
    naive = [guardless(*pair) for pair in pairs]
    assert uniform(naive) < 1e-6
    assert min(naive) < -3
    assert uniform([p_of(*pair, seed) for seed, pair in enumerate(pairs)]) > 0.005
    assert order_test(*pairs[0], seed=0).figures["dropped_old"] == 50


def test_repeated_rows_do_not_either():
    def repeated(seed):
        matrix = random(120, 40, seed)
        matrix[np.random.default_rng(seed).choice(120, 60, replace=False)] = random(1, 40, 999)
        return matrix

    pairs = [(repeated(2 * seed), repeated(2 * seed + 1)) for seed in range(60)]
    assert np.median([guardless(*pair) for pair in pairs]) < -3
    assert uniform([p_of(*pair, seed) for seed, pair in enumerate(pairs)]) > 0.005


def test_similarities_that_tie_do_not_either():
    def signs(seed):
        values = np.random.default_rng(seed).permutation(256)[:150, None] >> np.arange(8) & 1
        return (2 * values - 1).astype(np.float32)

    pairs = [(signs(2 * seed), signs(2 * seed + 1)) for seed in range(60)]
    assert uniform([guardless(*pair) for pair in pairs]) < 0.001
    assert uniform([p_of(*pair, seed) for seed, pair in enumerate(pairs)]) > 0.005


def test_of_repeated_rows_one_is_kept_by_lot_not_the_first():
    matrix = np.vstack([np.ones((50, 8)), random(10, 8, 0)]).astype(np.float32)
    kept = {int(prepare(matrix, np.random.default_rng(seed)).labels.min()) for seed in range(40)}
    assert len(kept) > 10


def sorted_by_importance(rows, columns, seed):
    """Rows in descending order of their component along a direction that unrelated models share."""
    matrix = trained(rows, columns, seed)
    score = np.random.default_rng(seed + 1).standard_normal(rows)
    common = np.random.default_rng(77).standard_normal(columns)
    return (matrix + 3 * matrix.std() * np.sort(score)[::-1, None] * common).astype(np.float32)


def test_a_trend_along_the_index_makes_it_abstain():
    old, new = sorted_by_importance(200, 50, 10), sorted_by_importance(200, 50, 20)
    assert guardless(old, new) < -12
    outcome = order_test(old, new, seed=0)
    assert outcome.log10_p is None
    assert outcome.statistic is None
    assert "not exchangeable" in outcome.abstained
    failed = {control.name for control in outcome.controls if not control.passed}
    assert {"trend of first principal component in OLD", "trend of first principal component in NEW"} <= failed


def test_a_trend_of_row_norms_makes_it_abstain():
    matrix = random(200, 50, 0) * np.linspace(1, 3, 200, dtype=np.float32)[:, None]
    assert "trend of row norm in NEW" in order_test(random(200, 50, 1), matrix, seed=0).abstained


def test_a_trend_hidden_from_the_first_component_is_found_too():
    matrix = random(300, 40, 2)
    matrix[:, 0] *= 30
    matrix[:, 1] += np.linspace(-2, 2, 300)
    outcome = order_test(matrix, random(300, 40, 3), seed=0)
    assert outcome.abstained == "rows are not exchangeable: trend of direction of the index in OLD"


def test_exchangeable_rows_rarely_make_it_abstain():
    assert (
        sum(bool(order_test(trained(60, 30, s), trained(60, 30, s + 500), seed=s).abstained) for s in range(150)) <= 1
    )


def test_power_is_that_of_the_scatter_of_unrelated_rows_whether_or_not_the_pair_is_related():
    old = random(200, 100, 0)
    unrelated = order_test(old, random(200, 100, 1), seed=0)
    assert order_test(old, old, seed=0).power == pytest.approx(unrelated.power, rel=0.03)
    narrow = trained(200, 100, 2), trained(200, 100, 3)
    assert order_test(*narrow, seed=0).figures["effective_columns"] < 50
    assert order_test(*narrow, seed=0).power > 1.3 * unrelated.power


def test_too_few_rows_abstain():
    assert order_test(random(2, 9, 0), random(9, 9, 1), seed=0).abstained
    assert order_test(np.zeros((50, 9)), random(50, 9, 1), seed=0).abstained


def test_unequal_columns_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        order_test(random(9, 8, 0), random(9, 9, 0), seed=0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_dropped_and_counted(bad):
    old = random(100, 30, 0)
    spoilt = old.copy()
    spoilt[[3, 50]] = bad
    outcome = order_test(spoilt, old, seed=0)
    assert (outcome.count, outcome.figures["dropped_old"], outcome.figures["dropped_new"]) == (98, 2, 0)
    assert outcome.log10_p < -12


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_scale_does_not_matter(scale):
    old, new = random(80, 30, 0), random(80, 30, 1)
    assert order_test(old, (new * scale).astype(np.float32), seed=0).log10_p == p_of(old, new)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 70), st.integers(5, 70))
def test_the_same_seed_gives_the_same_outcome_and_inputs_are_left_alone(seed, rows_old, rows_new):
    old, new = random(rows_old, 20, seed), random(rows_new, 20, seed + 1)
    copies = old.copy(), new.copy()
    assert order_test(old, new, seed=seed) == order_test(old, new, seed=seed)
    np.testing.assert_array_equal(old, copies[0])
    np.testing.assert_array_equal(new, copies[1])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40_000), st.integers(1, 40_000), st.integers(0, 9))
def test_samples_of_rows_depend_on_nothing_but_their_numbers(rows_old, rows_new, seed):
    old, new = (np.arange(rows)[part] for rows, part in
                zip((rows_old, rows_new), sample_rows(rows_old, rows_new, seed=seed), strict=True))  # fmt: skip
    assert min(len(old), len(new)) == min(rows_old, rows_new, LONGEST)
    assert len(old) * len(new) <= LONGEST * 8192
    assert (np.diff(old) > 0).all()
    if rows_old == rows_new:
        np.testing.assert_array_equal(old, new)


def test_a_sample_of_tall_matrices_still_finds_what_is_shared():
    old = random(2300, 16, 0)
    outcome = order_test(old, derived(old, 0.9, 1), seed=0)
    assert outcome.figures["rows_old"] == LONGEST
    assert outcome.log10_p < -12


def test_cosines_are_those_of_the_rows():
    old, new = random(30, 12, 0), random(20, 12, 1)
    first, second = (prepare(side, np.random.default_rng(0)) for side in (old, new))
    found = cosines(first, second)[np.argsort(first.labels)][:, np.argsort(second.labels)]
    wanted = (old / np.linalg.norm(old, axis=1)[:, None]) @ (new / np.linalg.norm(new, axis=1)[:, None]).T
    np.testing.assert_allclose(found, wanted, atol=1e-6)
