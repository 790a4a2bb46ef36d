"""Which rows are read, and that they are the rows of the unit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.sample import Reading, bytes_of, row_runs, rows_of, spread
from archdiff.weights.units import Region, Unit, matrix

from .fakes import FakeTensors


@given(st.integers(1, 5000), st.integers(128, 2048))
def test_runs_stay_inside_do_not_overlap_and_hold_at_most_what_is_wanted(rows, most):
    runs = row_runs(rows, most)
    assert runs[0][0] == 0
    assert runs[-1][1] == rows
    assert all(a < b for a, b in runs)
    assert sum(b - a for a, b in runs) <= max(most, 64)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(runs))


def test_all_rows_where_there_are_few():
    assert row_runs(100, 100) == ((0, 100),)


def test_runs_lie_evenly_over_the_whole_index():
    starts = [start for start, _ in row_runs(10_000, 1024)]
    steps = np.diff(starts)
    assert len(starts) == 16
    assert steps.max() - steps.min() <= 1


@given(st.integers(1, 40), st.integers(1, 10))
def test_spread_keeps_the_ends_and_the_order(number, most):
    found = spread(list(range(number)), most)
    assert len(found) <= max(most, 1)
    assert list(found) == sorted(set(found))
    assert found[0] == 0
    if most > 1:
        assert found[-1] == number - 1


def _unit(size, **region):
    return Unit("m", "weight", "language-model", "mlp", "gate", None, None, None, size, (Region("t", **region),))


VALUES = np.arange(24 * 10, dtype=np.float32).reshape(24, 10)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (_unit((24, 10), start=0, shape=(24, 10)), VALUES),
        (_unit((12, 10), start=0, shape=(24, 10), rows=(0, 24, 2)), VALUES[::2]),
        (_unit((12, 10), start=0, shape=(24, 10), rows=(1, 24, 2)), VALUES[1::2]),
        (_unit((10, 24), start=0, shape=(24, 10), transposed=True), VALUES.T),
        (_unit((8, 10), start=40, shape=(8, 10)), VALUES[4:12]),
        (_unit((5, 24), start=0, shape=(24, 10), rows=(1, 10, 2), transposed=True), VALUES.T[1::2]),
    ],
    ids=["plain", "even rows", "odd rows", "transposed", "a block", "rows of a transposed block"],
)
def test_rows_are_those_of_the_whole(unit, expected):
    tensors = FakeTensors({"t": VALUES})
    np.testing.assert_array_equal(matrix(tensors, unit), expected)
    runs = ((0, 2), (3, 5))
    np.testing.assert_array_equal(rows_of(tensors, unit, runs), np.concatenate([expected[0:2], expected[3:5]]))


def test_a_few_rows_read_a_few_bytes():
    tensors = FakeTensors({"t": np.zeros((4096, 32), np.float32)})
    reading = Reading.of(_unit((4096, 32), start=0, shape=(4096, 32)), 1024)
    reading.read(tensors)
    read = sum(stop - start for _, start, stop in tensors.taken) * 4
    assert reading.count == 1024
    assert read == reading.size(tensors) == 1024 * 32 * 4


def test_bytes_of_one_expert_are_those_of_its_block():
    tensors = FakeTensors({"t": np.zeros((8, 16, 4), np.float16)})
    unit = _unit((16, 4), start=64, shape=(16, 4))
    assert bytes_of(tensors, unit) == 16 * 4 * 2
