"""Patches against numpy: what is done to a patchwork is done to an array of the numbers of its elements."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.pairing.patchwork import NotFollowedError, Patchwork, concatenate, stack
from archdiff.weights.pairing.regions import regions_of
from tests.archdiff.weights.pairing.tiny import elements

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple)


def numbers(patchwork, shapes):
    """Numbers of the elements, those of each source above those of the ones before it."""
    firsts = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
    found = np.full(patchwork.shape, -1)
    for patch in patchwork.patches:
        inside = sum((i * s for i, s in zip(np.indices(patch.shape), patch.strides, strict=True)), np.array(0))
        box = tuple(slice(start, start + size) for start, size in zip(patch.start, patch.shape, strict=True))
        assert (found[box] == -1).all(), "patches overlap"
        found[box] = firsts[patch.source] + patch.offset + inside
    return found


def whole(shape, source=0, first=0):
    return Patchwork.whole(shape, source), np.arange(first, first + int(np.prod(shape))).reshape(shape)


@st.composite
def changed(draw):
    """A patchwork of one or two sources after some changes, and the same array."""
    shape = draw(SHAPES)
    count = draw(st.integers(1, 2))
    pairs = [whole(shape, source, source * int(np.prod(shape))) for source in range(count)]
    if count == 2:
        axis = draw(st.integers(0, len(shape) - 1))
        join = draw(st.sampled_from((concatenate, stack)))
        patchwork = join([pair[0] for pair in pairs], axis)
        array = (np.concatenate if join is concatenate else np.stack)([pair[1] for pair in pairs], axis)
    else:
        patchwork, array = pairs[0]
    for _ in range(draw(st.integers(0, 4))):
        patchwork, array = draw(st.sampled_from(CHANGES))(draw, patchwork, array)
    return patchwork, array, [shape] * count


def _part(draw, patchwork, array):
    axis = draw(st.integers(0, array.ndim - 1))
    start = draw(st.integers(0, array.shape[axis] - 1))
    stop = draw(st.integers(start + 1, array.shape[axis]))
    step = draw(st.integers(1, 3))
    index = (slice(None),) * axis + (slice(start, stop, step),)
    return patchwork.part(axis, start, stop, step), array[index]


def _turned(draw, patchwork, array):
    order = draw(st.permutations(range(array.ndim)))
    return patchwork.permute(order), array.transpose(order)


def _grown(draw, patchwork, array):
    axis = draw(st.integers(0, array.ndim))
    return patchwork.unsqueeze(axis), np.expand_dims(array, axis)


def _shaped(draw, patchwork, array):
    shape = draw(st.sampled_from(_shapes(array.size)))
    return patchwork.reshape(*shape), array.reshape(shape)


def _picked(draw, patchwork, array):
    if array.ndim == 1:
        return patchwork, array
    number = draw(st.integers(0, array.shape[0] - 1))
    return patchwork.unbind()[number], array[number]


CHANGES = (_part, _turned, _grown, _shaped, _picked)


def _shapes(size):
    factors = [n for n in range(1, size + 1) if size % n == 0]
    pairs = [(n, size // n) for n in factors]
    return [(size,), (1, size), *pairs, *((a, b, b2) for a, rest in pairs for b in factors if rest % b == 0
                                          for b2 in (rest // b,))]  # fmt: skip


@given(changed())
def test_changes_move_patches_as_numpy_moves_elements(made):
    patchwork, array, shapes = made

    assert patchwork.shape == array.shape
    assert np.array_equal(numbers(patchwork, shapes), array)


@given(changed(), st.data())
def test_regions_take_the_rows_in_their_order(made, data):
    patchwork, array, shapes = made
    rows = data.draw(st.sampled_from(((array.size,), (array.shape[0], array.size // array.shape[0]))))
    matrix, wanted = patchwork.reshape(*rows), array.reshape(rows)
    size = int(np.prod(shapes[0]))
    found = regions_of(matrix, [(str(number), size) for number in range(len(shapes))])

    if found is None:
        return
    taken = [int(region.tensor) * size + elements(region) for region in found]
    assert all(region.stop <= size for region in found)
    assert np.array_equal(np.concatenate(taken), wanted.ravel())


def test_every_other_row_shares_its_block_with_the_rows_between():
    rows = Patchwork.whole((8, 3))
    (even,), (odd,) = (regions_of(rows.part(0, first, 8, 2), [("w", 24)]) for first in (0, 1))

    assert (even.start, even.shape, even.rows) == (0, (8, 3), (0, 8, 2))
    assert (odd.start, odd.shape, odd.rows) == (0, (8, 3), (1, 8, 2))


def test_columns_of_a_stored_block_are_rows_of_its_transpose():
    (region,) = regions_of(Patchwork.whole((4, 6)).transpose().part(0, 2, 4), [("w", 24)])

    assert (region.start, region.shape, region.rows, region.transposed) == (0, (4, 6), (2, 4, 1), True)


def test_a_part_of_every_row_is_a_region_for_each():
    found = regions_of(Patchwork.whole((4, 6)).part(1, 1, 3), [("w", 24)])

    assert [(region.start, region.shape) for region in found] == [(n, (1, 2)) for n in (1, 7, 13, 19)]


def test_rows_that_two_sources_make_up_have_no_regions():
    joined = concatenate([Patchwork.whole((2, 3), 0), Patchwork.whole((2, 3), 1)], 1)

    assert regions_of(joined, [("a", 6), ("b", 6)]) is None


def test_rows_of_several_sources_stand_one_below_the_other():
    joined = concatenate([Patchwork.whole((2, 3), 0), Patchwork.whole((1, 3), 1)])

    assert [(r.tensor, r.shape) for r in regions_of(joined, [("a", 6), ("b", 3)])] == [("a", (2, 3)), ("b", (1, 3))]


@pytest.mark.parametrize(
    "change",
    [
        lambda: Patchwork.whole((2, 3)).reshape(5),
        lambda: Patchwork.whole((2, 3)).part(0, 1, 3),
        lambda: concatenate([]),
        lambda: concatenate([Patchwork.whole((2, 3)), Patchwork.whole((2, 4))]),
        lambda: stack([Patchwork.whole((2, 3)), Patchwork.whole((2, 4))]),
    ],
)
def test_what_does_not_fit_is_refused(change):
    with pytest.raises(NotFollowedError):
        change()


def test_patches_are_bounded():
    with pytest.raises(NotFollowedError, match="too many places"):
        Patchwork.whole((2, 1 << 40)).transpose().reshape(-1)
    with pytest.raises(NotFollowedError, match="too many"):
        Patchwork.whole((1 << 40, 0)).unbind()


def test_nothing_is_a_tensor_too():
    empty = Patchwork.whole((0, 3))

    assert empty.reshape(3, 0).shape == (3, 0)
    assert empty.count == 0
    assert Patchwork.whole(()).reshape(1).shape == (1,)
