"""p-values of orders: exact where they can be counted, right in the far tail, never below what an order can tell."""

from __future__ import annotations

import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.statistics.tails import (
    DRAWS,
    FEWEST_FOR_T,
    normal_log10_sf,
    order_log10_p,
    rank_log10_p,
    spearman,
    t_log10_sf,
)


def t_reference(t, freedom):
    """log10 of the upper tail of Student's t, to 30 digits."""
    with mpmath.workdps(30):
        x = mpmath.mpf(freedom) / (freedom + mpmath.mpf(t) ** 2)
        tail = mpmath.betainc(mpmath.mpf(freedom) / 2, mpmath.mpf("0.5"), 0, x, regularized=True) / 2
        return float(mpmath.log10(tail if t > 0 else 1 - tail))


@pytest.mark.parametrize(
    ("t", "freedom"),
    [(-3, 20), (0, 5), (0.5, 3), (7, 48), (7.03, 1406), (50, 100), (1e4, 100), (90, 5000), (2e5, 1406), (1e9, 10_000)],
)
def test_student_t_agrees_with_thirty_digits_at_any_depth(t, freedom):
    assert t_log10_sf(t, freedom) == pytest.approx(t_reference(t, freedom), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("z", [-2.0, 0.0, 3.0, 40.0, 2000.0])
def test_the_normal_tail_agrees_with_thirty_digits_at_any_depth(z):
    with mpmath.workdps(30):
        wanted = float(mpmath.log10(mpmath.ncdf(-mpmath.mpf(z))))
    assert normal_log10_sf(z) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("count", [2, 4, 7])
def test_few_rows_are_counted_exactly(count):
    orders = [np.array(order) for order in itertools.permutations(range(count))]
    agreements = [spearman(order) for order in orders]
    for order in orders[:: max(1, len(orders) // 40)]:
        share = np.mean([value >= spearman(order) - 1e-12 for value in agreements])
        assert order_log10_p(order) == pytest.approx(math.log10(share), abs=1e-12)


def test_no_order_of_fewer_than_two_rows_tells_anything():
    assert order_log10_p(np.arange(1)) == 0
    assert math.isnan(spearman(np.arange(1)))


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(9)))
def test_spearman_is_the_correlation_of_ranks(order):
    wanted = np.corrcoef(np.arange(9), order)[0, 1]
    assert spearman(np.array(order)) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("count", [13, 30, 49])
def test_some_rows_are_compared_with_drawn_orders_whose_floor_is_stated(count):
    assert order_log10_p(np.arange(count)) == pytest.approx(-math.log10(DRAWS + 1))
    generator = np.random.default_rng(count)
    found = [10 ** order_log10_p(generator.permutation(count)) for _ in range(400)]
    from scipy.stats import kstest

    assert kstest(found, "uniform").pvalue > 0.005


def test_student_t_is_wrong_for_few_rows_and_is_not_used_there():
    order = np.array([0, 1, 2, 3, 5, 4])
    rho = spearman(order)
    naive = t_log10_sf(rho * math.sqrt(4 / (1 - rho**2)), 4)
    ways = sum(spearman(np.array(other)) >= rho for other in itertools.permutations(range(6)))
    assert order_log10_p(order) == pytest.approx(math.log10(ways / 720))
    assert naive < order_log10_p(order) - 0.3
    assert rank_log10_p(1.0, 6) > -math.inf


def test_student_t_alarms_too_often_among_few_rows():
    wanted, naive, exact = -2.3, 0, 0
    for order in itertools.permutations(range(6)):
        rho = spearman(np.array(order))
        naive += rho >= 1 or t_log10_sf(rho * math.sqrt(4 / max(1e-9, 1 - rho**2)), 4) <= wanted
        exact += order_log10_p(np.array(order)) <= wanted
    assert exact / 720 < 10**wanted
    assert naive / 720 > 1.6 * 10**wanted


def tilted(count, theta, draws, seed):
    """log10 P(ρ ≥ its mean under a tilted law) of uniform orders, by importance sampling with a Metropolis chain of
    thermodynamic steps: ln E exp(θS) integrates the mean of S, and the tail follows from it."""
    generator = np.random.default_rng(seed)
    places = (np.arange(count) - (count - 1) / 2) / math.sqrt((count**2 - 1) / 12)
    states = np.array([generator.permutation(count) for _ in range(draws)])
    means, steps = [], np.linspace(0, theta, 13)
    for step in steps:
        for _ in range(30 * count):
            a, b = generator.integers(count, size=(2, draws))
            rows = np.arange(draws)
            gain = -(places[a] - places[b]) * (places[states[rows, a]] - places[states[rows, b]])
            swap = np.log(generator.random(draws)) < step * gain
            first, second = states[rows, a], states[rows, b]
            states[rows, a], states[rows, b] = np.where(swap, second, first), np.where(swap, first, second)
        sums = (places * places[states]).sum(axis=1)
        means.append(sums.mean())
    level = float(np.median(sums))
    width = steps[1]
    free = width / 3 * (means[0] + means[-1] + 4 * sum(means[1:-1:2]) + 2 * sum(means[2:-1:2]))
    above = np.where(sums >= level, np.exp(-theta * (sums - level)), 0).mean()
    return level / count, (math.log(above) + free - theta * level) / math.log(10)


def test_the_far_tail_is_that_of_orders_where_student_t_overstates_it():
    count = FEWEST_FOR_T
    rho, wanted = tilted(count, 2.0, 300, 0)
    naive = t_log10_sf(rho * math.sqrt((count - 2) / (1 - rho**2)), count - 2)
    assert rank_log10_p(rho, count) == pytest.approx(wanted, abs=0.35)
    assert naive < wanted - 0.4


def test_no_order_tells_more_than_full_agreement():
    floor = -math.lgamma(1409) / math.log(10)
    assert order_log10_p(np.arange(1408)) == pytest.approx(floor)
    assert order_log10_p(np.arange(1408)[::-1].copy()) == pytest.approx(0, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(FEWEST_FOR_T, 20_000), st.floats(-1, 1), st.floats(-1, 1))
def test_a_higher_correlation_is_never_less_telling(count, one, other):
    low, high = sorted((one, other))
    assert -math.inf < rank_log10_p(high, count) <= rank_log10_p(low, count) + 1e-9 <= 1e-9
