"""Buffers that are used again, and never while somebody holds them."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdiff.weights.reading.buffers import LARGEST, SMALLEST, Buffers


def test_a_buffer_comes_back_when_it_is_dropped():
    buffers = Buffers()
    taken = buffers.take(SMALLEST)
    place = taken.ctypes.data
    assert buffers.free == 0
    del taken
    assert buffers.free == 1
    assert buffers.take(LARGEST).ctypes.data == place


def test_a_view_of_a_view_holds_it():
    buffers = Buffers()
    held = np.frombuffer(buffers.take(SMALLEST).data.toreadonly(), np.uint16)[5:10]
    assert buffers.free == 0
    other = buffers.take(SMALLEST)
    assert not np.shares_memory(held, other)
    del held
    assert buffers.free == 1


@pytest.mark.parametrize("size", [0, 1, SMALLEST - 1, LARGEST + 1])
def test_small_and_large_ones_are_made_anew(size):
    buffers = Buffers()
    assert len(buffers.take(size)) == size
    assert buffers.free == 0


@given(st.lists(st.integers(SMALLEST, LARGEST) | st.none(), max_size=40))
def test_what_is_held_never_overlaps(sizes):
    buffers, held = Buffers(), []
    for number, size in enumerate(sizes):
        if size is None:
            held = held[1:]
            continue
        held.append((number % 251, buffers.take(size)))
        held[-1][1][:] = number % 251
    assert all((array == mark).all() for mark, array in held)


def test_no_more_than_a_few_are_kept():
    buffers = Buffers()
    held = [buffers.take(LARGEST) for _ in range(40)]
    del held
    assert buffers.free <= 16


def test_threads_share_them():
    buffers, faults = Buffers(), []

    def work(mark):
        for _ in range(200):
            array = buffers.take(SMALLEST)
            array[:] = mark
            if not (array == mark).all():
                faults.append(mark)

    threads = [threading.Thread(target=work, args=(mark,)) for mark in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
