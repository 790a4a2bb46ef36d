"""A table of tensors: sorted, each name once, and every file closed."""

from __future__ import annotations

import pytest

from archdiff.errors import SourceError
from archdiff.weights.reading.table import Placed, Table
from archdiff.weights.tensors import Stored


class File:
    """Ten bytes, and what is known of them."""

    def __init__(self, digest=""):
        self.known, self.closed, self.asked = digest, 0, []

    def read(self, start, stop, until):
        self.asked.append((start, stop, until))
        return memoryview(bytes(range(10)))[start:stop]

    def digest(self, start, stop):
        return self.known and f"{self.known}:{start}-{stop}"

    def close(self):
        self.closed += 1


def stored(name, size=4):
    return Stored(name, (size,), "uint8", size)


def test_tensors_are_sorted_and_read_at_their_place():
    file = File("sha256:0")
    table = Table("m", [Placed(stored("b"), file, 6), Placed(stored("a"), file, 1)])
    assert list(table.stored) == ["a", "b"]
    assert bytes(table.read("b", 1, 3)) == b"\x07\x08"
    assert file.asked == [(7, 9, 10)], "what follows in the tensor may be fetched, and nothing behind it"
    assert table.stored["a"].digest == "sha256:0:1-5"


def test_nothing_is_asked_for_an_empty_range():
    file = File()
    assert bytes(Table("m", [Placed(stored("a", 0), file, 0)]).read("a", 0, 0)) == b""
    assert not file.asked


def test_a_name_stands_once():
    with pytest.raises(SourceError, match="m: holds two tensors of the name 'a'"):
        Table("m", [Placed(stored("a"), File(), 0), Placed(stored("a"), File(), 0)])


def test_every_file_is_closed_once_and_what_they_share():
    files, shared = [File(), File()], []
    with Table("m", [Placed(stored(str(n)), files[n % 2], 0) for n in range(4)], lambda: shared.append(1)):
        pass
    assert ([file.closed for file in files], shared) == ([1, 1], [1])


def test_the_map_of_tensors_cannot_be_changed():
    table = Table("m", [Placed(stored("a"), File(), 0)])
    with pytest.raises(TypeError):
        table.stored["b"] = stored("b")
