"""Sums that a careless accumulation gets wrong, and the merging of parts."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.measure import Device, compare, expected_cosine
from archdiff.weights.measure.accelerator import Accelerator
from archdiff.weights.measure.sums import Sums, figures, merged
from archdiff.weights.tensors import Meaning
from tests.archdiff.weights.measure.making import both, expected, pair_of


@pytest.fixture(params=["cpu", "cuda:0"])
def device(request, monkeypatch):
    """The processor, and torch's processor in place of a GPU."""
    monkeypatch.setattr("archdiff.weights.measure.accelerator.Accelerator", lambda _: Accelerator("cpu"))
    return Device(request.param)


def one(old, new, device):
    first, second, pair = both(old, new)
    (found,) = compare(first, second, [pair], device)
    return found


def test_a_huge_mean_leaves_a_tiny_variance(device):
    """E[x²] − E[x]² in float64 has no correct digit here; around the mean of each block nine are."""
    random = np.random.default_rng(1)
    old = 1e8 + random.standard_normal(100_000)
    new = 1e8 + random.standard_normal(100_000)
    found, wanted = one(old, new, device), expected(old, new)
    assert found.deviations == pytest.approx(wanted["deviations"], rel=1e-9)
    assert found.pearson == pytest.approx(wanted["pearson"], abs=1e-9)
    naive = math.sqrt(abs((old * old).mean() - old.mean() ** 2))
    assert naive != pytest.approx(wanted["deviations"][0], rel=1e-3)


def test_one_unit_in_the_last_place_is_a_variance(device):
    """The least that float32 can vary by: the standard deviation is 1e-8 of the mean."""
    old = np.full(300_000, 1.0, np.float32)
    old[::7] = np.nextafter(np.float32(1), np.float32(2))
    found, wanted = one(old, old[::-1].copy(), device), expected(old, old[::-1])
    assert found.deviations == pytest.approx(wanted["deviations"], rel=1e-7)
    assert found.pearson == pytest.approx(wanted["pearson"], abs=1e-7)


def test_alternating_extremes_cancel(device):
    """Totals are right to the rounding of float64 relative to Σ|x|, and what is not cancelled is exact."""
    old = np.tile(np.array([1e30, -1e30], np.float32), 60_000)
    new = np.ones(120_000, np.float32)
    found, wanted = one(old, new, device), expected(old, new)
    assert abs(found.means[0] - math.fsum(old) / len(old)) <= 1e-14 * 1e30
    assert found.means[1] == 1.0
    assert found.norms == pytest.approx(wanted["norms"], rel=1e-13)
    assert found.mean_difference == pytest.approx(wanted["mean_difference"], rel=1e-13)
    assert found.largest == float(np.float32(1e30)) + 1.0


class Constant:
    """A tensor of 1e8 elements, 1e-8 each behind a first one of 1e8, that takes no memory to speak of."""

    subject, count = "constant", 10**8

    def __init__(self):
        self.meanings = {"w": Meaning("w", (self.count,), "float32", size=4 * self.count)}
        self.small = np.full(1 << 21, 1e-8, np.float32)
        self.first = self.small.copy()
        self.first[0] = 1e8

    def read(self, name, start, stop):
        assert name == "w"
        return (self.small if start else self.first)[: stop - start]


def test_many_small_ones_behind_a_large_one_are_not_lost():
    """One after the other in float64, each 1e-8 is rounded to the last place of 1e8, which is 1.5e-8."""
    tensors = Constant()
    (found,) = compare(tensors, tensors, [pair_of(tensors, tensors)], Device())
    exact = 1e8 + float(np.float32(1e-8)) * (tensors.count - 1)
    assert found.means[0] * tensors.count == pytest.approx(exact, rel=1e-14)
    careless = np.cumsum(np.concatenate(([1e8], np.full(10**6, 1e-8))))[-1]
    assert abs(careless - (1e8 + 1e-2)) > 4e-3
    assert found.equal == found.count == tensors.count


def test_subnormal_and_largest_values_survive(device):
    old = np.array([1e-45, 3.4e38, -3.4e38, 1e-40] * 500, np.float32)
    new = np.array([-1e-45, -3.4e38, 3.4e38, 1e-40] * 500, np.float32)
    found, wanted = one(old, new, device), expected(old, new)
    assert found.largest == pytest.approx(6.8e38, rel=1e-6)
    assert found.norms == pytest.approx(wanted["norms"], rel=1e-12)
    assert found.cosine == pytest.approx(-1.0)
    assert found.equal == 500


def test_float64_that_overflows_neither_raises_nor_lies(device):
    found = one(np.array([1e308, -1e308] * 2000), np.array([1e308, 1e308] * 2000), device)
    assert (found.count, found.equal, found.largest) == (4000, 2000, math.inf)
    assert not math.isfinite(found.difference)


PARTS = st.lists(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=20), min_size=1, max_size=6
)


def summed(pairs):
    """By the definitions."""
    old, new = (np.array(side, np.longdouble) for side in zip(*pairs, strict=True))
    around = old - old.mean(), new - new.mean()
    return Sums(
        count=len(pairs),
        totals=(float(old.sum()), float(new.sum())),
        squares=(float((around[0] ** 2).sum()), float((around[1] ** 2).sum())),
        products=float((around[0] * around[1]).sum()),
        absolute=float(abs(new - old).sum()),
        square=float(((new - old) ** 2).sum()),
        largest=float(abs(new - old).max()),
    )


@given(PARTS)
def test_merging_parts_is_summing_all(parts):
    whole, together = summed(list(itertools.chain(*parts))), merged([summed(part) for part in parts])
    assert together.count == whole.count
    assert together.largest == whole.largest
    for name in ("totals", "squares", "products", "absolute", "square"):
        assert getattr(together, name) == pytest.approx(getattr(whole, name), rel=1e-9, abs=1e-6), name


def test_parts_without_elements_change_nothing():
    part = summed([(1.0, 2.0), (3.0, 5.0)])
    assert merged([Sums(), part, Sums(nan=(1, 0))]) == merged([part, Sums(nan=(1, 0))])
    assert merged([]) == Sums()


def test_correlation_and_cosine_stay_within_one():
    part = Sums(count=2, totals=(0.0, 0.0), squares=(1.0, 1.0), products=1.0 + 1e-15)
    assert figures(part).pearson == figures(part).cosine == 1.0


def test_the_expected_cosine_is_that_of_unrelated_vectors():
    """Two norm weights around one, with deviations of a tenth: 0.99 says nothing."""
    random = np.random.default_rng(0)
    old, new = 1 + 0.1 * random.standard_normal((2, 200_000))
    found = one(old, new, Device())
    assert found.expected_cosine == pytest.approx(1 / 1.01, abs=1e-3)
    assert found.cosine == pytest.approx(found.expected_cosine, abs=1e-4)
    assert abs(found.pearson) < 0.01


def test_with_its_correlation_the_expected_cosine_is_the_cosine():
    random = np.random.default_rng(0)
    old = random.standard_normal(1000) + 0.3
    new = old + random.standard_normal(1000)
    found = one(old, new, Device())
    assert expected_cosine(found.means, found.deviations, found.pearson) == pytest.approx(found.cosine, abs=1e-12)


def test_zero_vectors_have_no_cosine(device):
    found = one(np.zeros(10), np.ones(10), device)
    assert math.isnan(found.cosine)
    assert math.isnan(found.expected_cosine)
    assert math.isnan(expected_cosine((0.0, 1.0), (0.0, 1.0)))
