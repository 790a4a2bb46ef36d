"""Elements that stand anywhere are read in row-major order, as numpy does it, and not much more than they."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.reading.strided import Layout, gather


class Counted:
    """Bytes that count how many were asked for, and the most at once."""

    def __init__(self, data):
        self.data, self.read_bytes, self.largest = data, 0, 0

    def __call__(self, start, stop, _):
        assert 0 <= start <= stop <= len(self.data)
        self.read_bytes += stop - start
        self.largest = max(self.largest, stop - start)
        return memoryview(self.data[start:stop])


@st.composite
def layouts(draw):
    shape = tuple(draw(st.lists(st.integers(1, 6), max_size=4)))
    strides = tuple(draw(st.integers(0, 40)) for _ in shape)
    return Layout(shape, strides, draw(st.sampled_from([1, 2, 4, 8])))


@given(layout=layouts(), base=st.integers(0, 9), data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_part_of_any_layout(layout, base, data):
    stored = np.random.default_rng(0).integers(0, 256, base + layout.span, dtype=np.uint8)
    strides = (*(stride * layout.width for stride in layout.strides), 1)
    there = np.lib.stride_tricks.as_strided(stored[base:], (*layout.shape, layout.width), strides)
    expected = np.ascontiguousarray(there).tobytes()
    start = data.draw(st.integers(0, len(expected)))
    stop = data.draw(st.integers(start, len(expected)))
    found = gather(Counted(stored.tobytes()), base, layout, start, stop)
    assert found.readonly
    assert bytes(found) == expected[start:stop]


def test_a_column_of_a_large_matrix_reads_no_matrix():
    rows, columns = 600, 3000
    stored = np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)
    read = Counted(stored.tobytes())
    column = gather(read, 0, Layout((columns, rows), (1, columns), 4), 4 * rows * 7, 4 * rows * 8)
    assert np.array_equal(np.frombuffer(column, np.float32), stored[:, 7])
    assert read.read_bytes == 4 * rows


def test_a_transposed_matrix_is_read_in_pieces_of_bounded_size():
    side = 1536
    stored = np.random.default_rng(0).standard_normal((side, side)).astype(np.float32)
    read = Counted(stored.tobytes())
    found = gather(read, 0, Layout((side, side), (1, side), 4), 0, stored.nbytes)
    assert np.array_equal(np.frombuffer(found, np.float32).reshape(side, side), stored.T)
    assert read.largest <= 2**22
    assert read.read_bytes <= 2 * stored.nbytes


def test_an_expanded_element_is_read_once_for_each_piece():
    read = Counted(b"\x01\x02")
    found = gather(read, 0, Layout((2**20,), (0,), 2), 0, 2**21)
    assert bytes(found) == b"\x01\x02" * 2**20
    assert read.read_bytes == 2


@given(shape=st.lists(st.integers(1, 5), max_size=4))
def test_row_major_order_is_plain(shape):
    strides = [math.prod(shape[number + 1 :]) for number in range(len(shape))]
    assert Layout(tuple(shape), tuple(strides), 4).is_plain
    assert Layout((2, 3), (1, 2), 4).is_plain is False
    assert Layout((1, 3), (77, 1), 4).is_plain
