"""Power as it is printed is power as it is simulated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.statistics.combine import fisher
from archdiff.weights.statistics.order import order_test
from archdiff.weights.statistics.power import TARGET, detectable
from tests.archdiff.weights.statistics.drawing import derived, random


def reached(rows, columns, cosine, seeds):
    """Median log10 p of pairs of this row cosine."""
    pairs = ((old, derived(old, cosine, 50 + seed)) for seed in seeds for old in (random(rows, columns, seed),))
    return np.median([order_test(*pair, seed=0).log10_p for pair in pairs])


@pytest.mark.parametrize(
    ("rows", "columns", "wanted"), [(1408, 4096, 0.038), (1024, 1024, 0.076), (512, 512, 0.112), (512, 4096, 0.040)]
)
def test_figures_of_the_specification(rows, columns, wanted):
    assert detectable(rows, rows, columns) == pytest.approx(wanted, abs=0.001)


def test_at_512_rows_and_columns_the_limit_is_a_ninth_and_not_a_fifth():
    limit = detectable(512, 512, 512)
    assert reached(512, 512, limit, range(5)) == pytest.approx(TARGET, abs=6)
    assert reached(512, 512, 1.25 * limit, range(3)) < TARGET - 6
    assert reached(512, 512, 0.75 * limit, range(3)) > TARGET + 6
    assert reached(512, 512, 0.2, range(1)) < -200


@pytest.mark.parametrize(("rows", "columns"), [(80, 60), (160, 400)])
def test_the_limit_is_where_simulated_pairs_reach_the_target(rows, columns):
    limit = detectable(rows, rows, columns)
    assert reached(rows, columns, 1.15 * limit, range(15)) < TARGET < reached(rows, columns, 0.85 * limit, range(15))


def test_several_tests_combined_reach_it_at_a_smaller_cosine():
    limit = detectable(90, 90, 120, tests=8)
    assert limit < detectable(90, 90, 120)
    found = {}
    for factor in (0.8, 1.2):
        pairs = [(random(90, 120, seed), seed) for seed in range(48)]
        each = [order_test(old, derived(old, factor * limit, 90 + seed), seed=0).log10_p for old, seed in pairs]
        found[factor] = np.median([fisher(each[start : start + 8]) for start in range(0, 48, 8)])
    assert found[1.2] < TARGET < found[0.8]


def test_rows_that_have_no_partner_cost_power():
    assert detectable(100, 100, 500) < detectable(100, 400, 500) < 1.3 * detectable(100, 100, 500)
    assert detectable(100, 400, 500) == detectable(400, 100, 500)


@pytest.mark.parametrize(("rows", "tests"), [(8, 1), (8, 3), (30, 1), (2, 1000)])
def test_no_cosine_suffices_where_the_floor_of_few_rows_is_too_high(rows, tests):
    assert detectable(rows, rows, 1000, tests) is None


def test_few_columns_make_even_equal_rows_undetectable():
    assert detectable(60, 60, 4) is None


def test_power_of_no_test_is_refused():
    with pytest.raises(ValueError, match="no test"):
        detectable(100, 100, 100, tests=0)


@given(st.integers(50, 5000), st.integers(20, 8000), st.integers(1, 60))
def test_more_columns_and_more_tests_never_cost_power(rows, columns, tests):
    limit = detectable(rows, rows, columns, tests) or 1.0
    assert (detectable(rows, rows, 2 * columns, tests) or 1.0) <= limit
    assert (detectable(rows, rows, columns, tests + 1) or 1.0) <= limit * 1.000001
