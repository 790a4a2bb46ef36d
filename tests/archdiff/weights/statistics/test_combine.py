"""p-values combined in log space."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.statistics.combine import bonferroni, fisher
from tests.archdiff.weights.statistics.drawing import uniform

LOGS = st.lists(st.floats(-1e5, 0), min_size=1, max_size=30)


@pytest.mark.parametrize("values", [[-0.3], [-1, -2, -3], [-5] * 100, [-1e6, -0.1], [-2e4] * 50])
def test_fisher_agrees_with_thirty_digits_at_any_depth(values):
    with mpmath.workdps(30):
        half = -mpmath.log(10) * mpmath.fsum(values)
        wanted = mpmath.log10(mpmath.gammainc(len(values), half) / mpmath.gamma(len(values)))
    assert fisher(values) == pytest.approx(float(wanted), rel=1e-10)


def test_fisher_of_uniform_p_values_is_uniform():
    draws = np.log10(np.random.default_rng(0).random((500, 12)))
    assert uniform([fisher(row) for row in draws]) > 0.01


def test_bonferroni_multiplies_by_the_number_of_tests():
    assert bonferroni([-5, -1, -0.1, 0]) == pytest.approx(-5 + math.log10(4))
    assert bonferroni([-0.1] * 50) == 0


@pytest.mark.parametrize("combine", [bonferroni, fisher])
def test_nothing_combined_is_no_p_value(combine):
    assert combine([]) is None


@pytest.mark.parametrize("combine", [bonferroni, fisher])
@pytest.mark.parametrize("bad", [0.5, math.nan, -math.inf])
def test_what_is_no_p_value_is_refused(combine, bad):
    with pytest.raises(ValueError, match="p-values"):
        combine([-1.0, bad])


@pytest.mark.parametrize("combine", [bonferroni, fisher])
@given(values=LOGS)
def test_the_order_does_not_matter_and_the_result_is_a_p_value(combine, values):
    assert combine(values) == combine(values[::-1])
    assert -math.inf < combine(values) <= 0


@given(st.floats(-1e5, -1e-6))
def test_one_test_is_itself(value):
    assert fisher([value]) == pytest.approx(value, rel=1e-9)
    assert bonferroni([value]) == value
