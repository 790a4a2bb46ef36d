"""Changes of the order of elements, range by range, against numpy on whole tensors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.packed import turned as turning
from archdiff.weights.packed.layouts import Alternating, From, Less, Paired
from archdiff.weights.packed.slot import Slot
from archdiff.weights.packed.turned import Turned
from archdiff.weights.tensors import Meaning


@dataclasses.dataclass
class Held:
    """Values in memory; `taken` lists the ranges that were read."""

    values: np.ndarray
    taken: list = dataclasses.field(default_factory=list)

    def read(self, start, stop, /):
        assert 0 <= start <= stop <= self.values.size
        self.taken.append((start, stop))
        found = self.values.reshape(-1)[start:stop]
        found.flags.writeable = False
        return found


def numbers(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def agrees(layout, wanted, data):
    """A range of a layout, drawn, is that of the whole."""
    wanted = wanted.reshape(-1)
    start = data.draw(st.integers(0, wanted.size - 1))
    stop = data.draw(st.integers(start + 1, wanted.size))
    assert np.array_equal(layout.read(start, stop), wanted[start:stop])


@given(st.data())
def test_elements_from_one_on(data):
    agrees(From(Held(numbers(50)), 20), numbers(50)[20:], data)


@given(st.data())
def test_elements_less_a_constant(data):
    held = Held(numbers(50))
    agrees(Less(held, 1.0), numbers(50) - 1, data)
    assert np.array_equal(held.values, numbers(50))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 5), st.data())
def test_rows_in_turns(each, turns, data):
    sources = [numbers(turns, count) + 100 * index for index, count in enumerate(each)]
    layout = Alternating(tuple((Held(source), source.shape[1]) for source in sources))
    agrees(layout, np.concatenate(sources, axis=1), data)


def test_turns_outside_the_range_are_not_read():
    first, second = Held(numbers(10, 3)), Held(numbers(10, 2))
    Alternating(((first, 3), (second, 2))).read(11, 14)
    assert (first.taken, second.taken) == ([(6, 9)], [(4, 6)])


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.data())
def test_heads_are_put_back_in_order(heads, half, columns, data):
    original = numbers(heads, 2, half, columns)
    layout = Paired(Held(original.swapaxes(1, 2).copy()), 2 * half, columns)
    agrees(layout, original, data)


def test_heads_outside_the_range_are_not_read():
    held = Held(numbers(6, 4, 5))
    Paired(held, 4, 5).read(25, 45)
    assert held.taken == [(20, 60)]


SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 150), st.integers(1, 40))


@pytest.mark.parametrize("keep", [2**27, 0], ids=["kept", "too large to keep"])
@given(SHAPES, st.data())
@settings(deadline=None)
def test_matrices_are_transposed(keep, shape, data):
    stored = numbers(*shape)
    layout = Turned(Meaning("w", (shape[0], *shape[:0:-1]), "float32"), Held(stored), Slot())
    before = turning.KEEP
    turning.KEEP = keep
    try:
        agrees(layout, stored.transpose(0, 2, 1), data)
    finally:
        turning.KEEP = before


def test_a_matrix_is_read_once_for_ranges_in_a_row():
    held, slot = Held(numbers(2, 100, 30)), Slot()
    layout = Turned(Meaning("w", (2, 30, 100), "float32"), held, slot)
    for start in range(0, 3000, 500):
        layout.read(start, start + 500)
    assert sum(stop - start for start, stop in held.taken) == 3000
    layout.read(2900, 3100)
    assert sum(stop - start for start, stop in held.taken) == 6000
    layout.read(0, 1)
    assert sum(stop - start for start, stop in held.taken) == 9000


def test_matrices_of_two_tensors_are_not_mixed_up():
    slot = Slot()
    layouts = [
        Turned(Meaning(name, (3, 4), "float32"), Held(numbers(4, 3) + add), slot) for name, add in (("a", 0), ("b", 9))
    ]
    assert [layout.read(0, 1).tolist() for layout in layouts] == [[0], [9]]


def test_what_failed_to_be_made_is_made_again():
    slot, calls = Slot(), []

    def make():
        calls.append(1)
        if len(calls) == 1:
            raise OSError("broken off")
        return 7

    with pytest.raises(OSError, match="broken off"):
        slot.get("a", make)
    assert [slot.get("a", make), slot.get("a", make), len(calls)] == [7, 7, 2]
