"""Which scale goes with which element, against scales spread out by torch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.packed.grid import Grid, grid_of

FITS = [
    ((6, 8), (), "one scale for the whole tensor"),
    ((6, 8), (1,), "one scale for the whole tensor"),
    ((6, 8), (1, 1), "one scale for the whole tensor"),
    ((6, 8), (6,), "one scale for each row"),
    ((6, 8), (6, 1), "one scale for each row"),
    ((6, 8), (6, 2), "one scale for each group of 4 columns of a row"),
    ((6, 8), (6, 8), "one scale for each group of 1 columns of a row"),
    ((6, 8), (3, 2), "one scale for each block of 2 × 4"),
    ((6, 8), (1, 2), "one scale for each block of 6 × 4"),
    ((7, 10), (4, 3), "one scale for each block of 2 × 4"),
    ((5, 6, 8), (), "one scale for the whole tensor"),
    ((5, 6, 8), (5,), "one scale for each matrix"),
    ((5, 6, 8), (5, 1, 1), "one scale for each matrix"),
    ((5, 6, 8), (5, 6), "one scale for each row"),
    ((5, 6, 8), (5, 6, 1), "one scale for each row"),
    ((5, 6, 8), (1, 6, 1), "one scale for each row"),
    ((5, 6, 8), (5, 3, 2), "one scale for each block of 2 × 4"),
    ((2, 5, 6, 8), (2, 5, 3, 2), "one scale for each block of 2 × 4"),
    ((8,), (8,), "one scale for each group of 1 columns of a row"),
    ((8,), (2,), "one scale for each group of 4 columns of a row"),
    ((), (), "one scale for the whole tensor"),
]  # fmt: skip
MISFITS = [
    ((6, 8), (8,)), ((6, 8), (7, 1)), ((6, 8), (6, 9)), ((6, 8), (6, 0)), ((6, 8), (0,)), ((6, 8), (6, 8, 1)),
    ((6, 8), (4, 1)), ((6, 8), (6, 5)), ((5, 6, 8), (4,)), ((5, 6, 8), (4, 6, 1)), ((5, 6, 8), (6, 5)),
    ((8,), (5,)), ((8,), (9,)), ((0, 8), (2, 1)), ((6, 0), (6, 2)), ((2, 5, 6, 8), (2, 1, 3, 2)),
]  # fmt: skip


def spread(weight, scale):
    """For each element the number of its scale, by repeating numbers along each axis."""
    filled = (
        scale if len(scale) == len(weight) or math.prod(scale) == 1 else (*scale, *[1] * (len(weight) - len(scale)))
    )
    numbers = torch.arange(math.prod(scale)).reshape(filled if math.prod(scale) > 1 else [1] * len(weight))
    for axis, size in enumerate(weight):
        step = -(-size // numbers.shape[axis])
        numbers = numbers.repeat_interleave(step, axis).narrow(axis, 0, size)
    return numbers.reshape(-1, weight[-1] if weight else 1).numpy()


@pytest.mark.parametrize(("weight", "scale", "words"), FITS)
def test_each_element_has_its_scale(weight, scale, words):
    grid = grid_of(weight, scale)
    assert grid.words == words
    wanted = spread(weight, scale)
    places = grid.places(0, len(wanted))
    found = places[:, None] + np.arange(grid.columns)[None] // grid.width
    assert np.array_equal(found, wanted)
    assert grid.each * (1 if grid.shared else len(wanted) // grid.rows) == math.prod(scale)


@pytest.mark.parametrize(("weight", "scale"), MISFITS)
def test_scales_that_do_not_fit_have_no_grid(weight, scale):
    assert grid_of(weight, scale) is None


def test_stated_blocks_need_their_own_number_of_scales():
    assert grid_of((300, 200), (3, 2), (128, 128)) == Grid(300, 200, 128, 128)
    assert grid_of((300, 200), (3, 2), (128, 128)).words == "one scale for each block of 128 × 128"
    assert grid_of((100, 90), (1, 1), (128, 128)) == Grid(100, 90, 100, 90)
    assert grid_of((300, 200), (1, 1), (128, 128)) is None
    assert grid_of((300, 200), (), (128, 128)) is None
    assert grid_of((256, 256), (2, 2), (64, 64)) is None


SIZES = st.integers(0, 6)


@given(st.lists(SIZES, max_size=4).map(tuple), st.lists(SIZES, max_size=4).map(tuple))
def test_a_grid_never_points_outside_its_scales(weight, scale):
    grid = grid_of(weight, scale)
    if grid is None or not math.prod(weight):
        return
    places = grid.places(0, math.prod(weight[:-1]))
    assert places.min() >= 0
    assert places.max() + grid.groups <= math.prod(scale)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_places_of_some_rows_are_those_of_all(rows, step, data):
    grid = Grid(rows, 8, step, 4, shared=data.draw(st.booleans()))
    first = data.draw(st.integers(0, 3 * rows - 1))
    last = data.draw(st.integers(first + 1, 3 * rows))
    assert np.array_equal(grid.places(first, last), grid.places(0, 3 * rows)[first:last])
