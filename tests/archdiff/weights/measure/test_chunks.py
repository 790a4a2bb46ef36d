"""Every way in which storage may hold a unit gives the unit's values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from archdiff.weights.measure import Device, compare
from archdiff.weights.tensors import Meaning
from archdiff.weights.units import Region, UnitPair, matrix
from tests.archdiff.weights.fakes import FakeTensors
from tests.archdiff.weights.measure.making import expected, unit

ROWS, COLUMNS = 12, 8
RANDOM = np.random.default_rng(0)


def storages(values):
    """Tensors and a unit for each way to store a matrix, by name."""
    half = ROWS // 2
    spread = np.zeros((2 * ROWS, COLUMNS), np.float32)
    spread[1::2] = values
    behind = np.concatenate([np.zeros(5, np.float32), values.ravel()])
    fused = np.concatenate([values.T[:, :0], np.ones((COLUMNS, 3)), values.T], axis=1).astype(np.float32)
    return {
        "plain": ({"w": values}, (Region("w", 0, (ROWS, COLUMNS)),)),
        "offset": ({"w": behind}, (Region("w", 5, (ROWS, COLUMNS)),)),
        "split": (
            {"a": values[:half].copy(), "b": values[half:].copy()},
            (Region("a", 0, (half, COLUMNS)), Region("b", 0, (half, COLUMNS))),
        ),
        "interleaved": ({"w": spread}, (Region("w", 0, (2 * ROWS, COLUMNS), rows=(1, 2 * ROWS, 2)),)),
        "transposed": ({"w": values.T.copy()}, (Region("w", 0, (COLUMNS, ROWS), transposed=True),)),
        "part of transposed": (
            {"w": fused}, (Region("w", 0, (COLUMNS, ROWS + 3), rows=(3, ROWS + 3, 1), transposed=True),)
        ),
        "mixed": (
            {"a": values[:half].copy(), "b": values[half:].T.copy()},
            (Region("a", 0, (half, COLUMNS)), Region("b", 0, (COLUMNS, half), transposed=True)),
        ),
    }  # fmt: skip


WAYS = tuple(storages(np.zeros((ROWS, COLUMNS), np.float32)))


@pytest.mark.parametrize("rows", [1, 5, 100], ids="chunks of {} rows".format)
@pytest.mark.parametrize(("first", "second"), list(itertools.product(WAYS, WAYS)))
def test_storage_does_not_change_the_figures(monkeypatch, first, second, rows):
    monkeypatch.setattr("archdiff.weights.measure.chunks.ELEMENTS", rows * COLUMNS)
    monkeypatch.setattr("archdiff.weights.measure.chunks._GATHERED", rows * COLUMNS)
    monkeypatch.setattr("archdiff.weights.measure.elementwise.PIECE", 3 * COLUMNS)
    values = [RANDOM.standard_normal((ROWS, COLUMNS)).astype(np.float32) for _ in range(2)]
    old, new = (storages(side)[way] for side, way in zip(values, (first, second), strict=True))
    sides = FakeTensors(old[0]), FakeTensors(new[0])
    units = [unit((ROWS, COLUMNS), regions) for _, regions in (old, new)]
    for tensors, one, wanted in zip(sides, units, values, strict=True):
        assert np.array_equal(matrix(tensors, one), wanted)
    (found,) = compare(*sides, [UnitPair(*units)], Device())
    wanted = expected(*values)
    assert found.histogram == wanted["histogram"]
    assert found.difference == pytest.approx(wanted["difference"], rel=1e-12)
    assert found.pearson == pytest.approx(wanted["pearson"], abs=1e-12)


def test_rows_of_a_vector():
    """Biases of fused gate and up projections, one in two."""
    old, new = FakeTensors({"b": np.arange(10.0)}), FakeTensors({"b": np.arange(0.0, 10.0, 2.0)})
    pair = UnitPair(unit((5,), (Region("b", 0, (10,), rows=(0, 10, 2)),)), unit((5,), (Region("b", 0, (5,)),)))
    (found,) = compare(old, new, [pair], Device())
    assert (found.equal, found.count) == (5, 5)


def test_regions_of_several_types_are_compared_as_float32():
    parts = {"a": torch.ones(2, 3, dtype=torch.bfloat16), "b": torch.full((2, 3), 0.1, dtype=torch.float32)}
    old = FakeTensors(parts)
    new = FakeTensors({"w": np.array([[1.0] * 3] * 2 + [[0.1] * 3] * 2, np.float32)})
    split = unit((4, 3), (Region("a", 0, (2, 3)), Region("b", 0, (2, 3))))
    (found,) = compare(old, new, [UnitPair(split, unit((4, 3), (Region("w", 0, (4, 3)),)))], Device())
    assert found.equal == 12


def test_whole_blocks_transposed_alike_are_read_in_their_order(monkeypatch):
    monkeypatch.setattr("archdiff.weights.measure.elementwise.STREAMED", 32)
    tensors = FakeTensors({"w": np.ones((COLUMNS, ROWS), np.float32)})
    one = unit((ROWS, COLUMNS), (Region("w", 0, (COLUMNS, ROWS), transposed=True),))
    (found,) = compare(tensors, tensors, [UnitPair(one, one)], Device())
    assert found.equal == ROWS * COLUMNS
    assert tensors.taken == [("w", start, start + 32) for start in (0, 0, 32, 32, 64, 64)]


def test_bytes_are_those_of_the_packed_values():
    class Packed(FakeTensors):
        def __init__(self, arrays):
            super().__init__(arrays)
            self.meanings = {"w": Meaning("w", (100,), "float32", "fp8", "one scale per tensor", size=110)}

    old, new = Packed({"w": np.ones(100, np.float32)}), FakeTensors({"w": np.ones(100, np.float32)})
    half = unit((50,), (Region("w", 50, (50,)),))
    (found,) = compare(old, new, [UnitPair(half, half)], Device())
    assert found.size == 55 + 200
    assert found.method == "fp8: one scale per tensor"


def test_unaligned_and_writable_arrays_are_taken():
    class Unaligned(FakeTensors):
        def read(self, name, start, stop):
            data = bytearray(4 * (stop - start) + 1)
            values = np.frombuffer(data, np.float32, stop - start, offset=1)
            values[:] = super().read(name, start, stop)
            return values

    old, new = (
        Unaligned({"w": np.arange(5000, dtype=np.float32)}),
        FakeTensors({"w": np.arange(5000, dtype=np.float32)}),
    )
    one = unit((5000,), (Region("w", 0, (5000,)),))
    (found,) = compare(old, new, [UnitPair(one, one)], Device())
    assert found.equal == 5000
