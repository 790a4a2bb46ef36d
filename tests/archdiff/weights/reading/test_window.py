"""Ranges come in pieces, several at a time, in bounded memory, and ahead of a reader in order only."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.reading.window import Window

DATA = bytes(range(251)) * 40


class File:
    """A file that counts what is asked for."""

    def __init__(self, data=DATA, fault=None):
        self.data, self.fault, self.asked = data, fault, []
        self.lock, self.now, self.most = threading.Lock(), 0, 0
        self.gate = None

    def fetch(self, start, stop):
        with self.lock:
            self.asked.append((start, stop))
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            if self.gate:
                self.gate.wait(2)
            if self.fault and start >= self.fault:
                raise ValueError(f"byte {start}")
            return memoryview(self.data[start:stop])
        finally:
            with self.lock:
                self.now -= 1


@pytest.fixture
def window():
    made = Window(piece=100, pieces=4, connections=2)
    yield made
    made.close()


def settled(file, count):
    """Wait until so many requests were made, and no more come."""
    deadline = time.monotonic() + 2
    while len(file.asked) < count and time.monotonic() < deadline:
        time.sleep(0.002)
    return sorted(file.asked)


@given(ranges=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3000), st.integers(0, 900)), max_size=12))
@settings(max_examples=100, deadline=None)
def test_whatever_is_read_in_whatever_order_is_right(ranges):
    window, files = Window(piece=64, pieces=5, connections=3), [File(), File(DATA[::-1])]
    try:
        for number, start, length in ranges:
            found = window.read(files[number].fetch, start, start + length, start + length + 500)
            assert bytes(found) == files[number].data[start : start + length]
            assert found.readonly
    finally:
        window.close()


def test_a_single_range_asks_for_nothing_else(window):
    file = File()
    window.read(file.fetch, 10, 30, 5000)
    window.read(file.fetch, 500, 520, 5000)
    assert settled(file, 2) == [(10, 30), (500, 520)]


def test_a_large_range_comes_in_pieces_over_several_connections(window):
    file = File()
    file.gate = threading.Barrier(2)
    assert bytes(window.read(file.fetch, 0, 400, 400)) == DATA[:400]
    assert (sorted(file.asked), file.most) == ([(0, 100), (100, 200), (200, 300), (300, 400)], 2)


def test_it_goes_ahead_of_a_reader_in_order_and_not_behind_the_end(window):
    file = File()
    for start in range(0, 600, 100):
        window.read(file.fetch, start, start + 100, 650)
    assert settled(file, 7) == [*((start, start + 100) for start in range(0, 600, 100)), (600, 650)]


def test_pieces_that_nobody_waits_for_are_forgotten(window):
    files = [File() for _ in range(5)]
    for file in files:
        for start in range(0, 300, 100):
            window.read(file.fetch, start, start + 100, 5000)
            assert len(window._pieces) <= 4
    assert bytes(window.read(files[0].fetch, 300, 400, 400)) == DATA[300:400]


def test_no_more_is_asked_for_than_the_window_holds(window):
    """The first piece does not come; the other connection goes on with the rest of the window, and stops there."""
    gate, file = threading.Event(), File(bytes(10_000))

    def fetch(start, stop):
        if start == 0:
            gate.wait(2)
        return file.fetch(start, stop)

    reader = threading.Thread(target=window.read, args=(fetch, 0, 10_000, 10_000))
    reader.start()
    settled(file, 3)
    time.sleep(0.05)
    assert len(file.asked) == 3
    gate.set()
    reader.join()
    assert len(file.asked) == 100
    assert not window._pieces


def test_a_fault_reaches_the_reader_and_the_next_range_is_asked_for_again(window):
    file = File(fault=200)
    with pytest.raises(ValueError, match="byte 200"):
        window.read(file.fetch, 100, 300, 300)
    file.fault = None
    assert bytes(window.read(file.fetch, 200, 300, 300)) == DATA[200:300]


def test_a_closed_window_is_read_no_more(window):
    window.close()
    with pytest.raises(ValueError, match="closed window"):
        window.read(File().fetch, 0, 1, 1)


def test_several_readers_at_once():
    window, file, wrong = Window(piece=50, pieces=3, connections=2), File(), []

    def reader(first):
        for start in range(first, 4000, 160):
            found = window.read(file.fetch, start, start + 160, 5000)
            wrong.extend([start] * (found != DATA[start : start + 160]))

    threads = [threading.Thread(target=reader, args=(first,)) for first in (0, 37, 80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    window.close()
    assert not wrong
