"""The element-wise comparison against its definitions, on both ways of computing it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from archdiff.errors import SourceError, UsageError
from archdiff.weights.evidence import Elements
from archdiff.weights.measure import Device, choose_device, compare
from archdiff.weights.measure.accelerator import Accelerator
from archdiff.weights.units import Region, UnitPair
from tests.archdiff.weights.fakes import FakeTensors
from tests.archdiff.weights.measure.making import both, expected, pair_of, unit

CPU = Device("cpu")
DTYPES = ("bfloat16", "float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool")


def in_chunks_of(monkeypatch, elements):
    """So few elements a chunk that there are many."""
    for name in ("chunks.ELEMENTS", "elementwise.ELEMENTS", "elementwise.STREAMED"):
        monkeypatch.setattr(f"archdiff.weights.measure.{name}", elements)


def torch_device(monkeypatch):
    """A device on which torch computes, here its processor: what a GPU does but for pinned memory and streams."""
    monkeypatch.setattr("archdiff.weights.measure.accelerator.Accelerator", lambda _: Accelerator("cpu"))
    return Device("cuda:0")


@pytest.fixture(params=["numba", "torch"])
def device(request, monkeypatch):
    return CPU if request.param == "numba" else torch_device(monkeypatch)


def one(old, new, device=CPU):
    first, second, pair = both(old, new)
    (found,) = compare(first, second, [pair], device)
    return found


def drawn(dtype, seed, size=5000):
    """Values that a checkpoint may hold, with zeros, equal ones and both zeros."""
    values = torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    values[::97] = 0.0
    values[::194] = -0.0
    kind = getattr(torch, dtype)
    return (values * (1.0 if kind.is_floating_point else 40.0)).to(kind) if dtype != "uint8" else values.abs().to(kind)


def assert_close(found, wanted, relative=1e-11):
    for name in ("count", "equal", "nan", "infinite", "histogram"):
        assert getattr(found, name) == wanted[name], name
    for name in ("largest", "mean_difference", "difference", "norms", "deviations"):
        assert getattr(found, name) == pytest.approx(wanted[name], rel=relative, abs=1e-300), name
    for mean, other, norm in zip(found.means, wanted["means"], wanted["norms"], strict=True):
        assert mean == pytest.approx(other, abs=relative * norm / math.sqrt(max(found.count, 1)))
    for name in ("pearson", "cosine"):
        assert getattr(found, name) == pytest.approx(wanted[name], abs=relative, nan_ok=True), name


@pytest.mark.parametrize("dtypes", list(itertools.combinations_with_replacement(DTYPES, 2)), ids="-".join)
def test_every_pair_of_types_gives_the_figures_by_definition(dtypes, device):
    old, new = drawn(dtypes[0], 1), drawn(dtypes[1], 2)
    new[1000:3000] = old[1000:3000].to(new.dtype)
    assert_close(one(old, new, device), expected(old, new))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
@pytest.mark.parametrize("change", [0.0, 1e-9, 1e-6, 1e-4, 3e-3, 0.05, 0.5, 5.0, 50.0])
def test_every_decade_is_counted(dtype, change, device):
    old = drawn(dtype, 3, 20000)
    new = (old.double() * (1 + change * drawn("float64", 4, 20000).sign())).to(old.dtype)
    assert_close(one(old, new, device), expected(old, new))


def test_all_values_of_sixteen_bits_are_told_apart_exactly(device):
    """Every bfloat16 against one at every distance: the histogram in float32 is that in long doubles."""
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    for shift, kind in itertools.product((1, 2, 127, 200, 413, 30011), (torch.bfloat16, torch.float16)):
        old, new = bits.view(kind), bits.roll(shift).view(kind)
        found, wanted = one(old, new, device), expected(old, new)
        assert (found.histogram, found.equal, found.count) == (wanted["histogram"], wanted["equal"], wanted["count"])
        assert (found.nan, found.infinite) == (wanted["nan"], wanted["infinite"])


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, 40, elements=st.floats(width=32, allow_nan=True)),
    arrays(np.float32, 40, elements=st.floats(width=32, allow_nan=True)),
)
def test_hostile_values_give_the_same_on_both(old, new):
    with pytest.MonkeyPatch.context() as patch:
        first, second = one(old, new), one(old, new, torch_device(patch))
    for name in ("count", "equal", "nan", "infinite", "histogram", "largest"):
        assert getattr(first, name) == getattr(second, name), name
    for name in ("mean_difference", "difference", "norms", "deviations"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), rel=1e-11, abs=1e-300), name
    assert -1 <= (first.cosine if first.cosine == first.cosine else 0) <= 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_what_is_not_finite_is_counted_and_left_out(dtype, value, device):
    old, new = drawn(dtype, 5), drawn(dtype, 6)
    old[7], old[2048], new[2048], new[4999] = value, value, value, value
    found = one(old, new, device)
    assert found.count == 5000 - 3
    assert found.nan == ((2, 2) if math.isnan(value) else (0, 0))
    assert found.infinite == ((0, 0) if math.isnan(value) else (2, 2))
    assert_close(found, expected(old, new))


def test_nothing_finite_leaves_nothing_to_measure(device):
    found = one(np.full(3000, np.nan, np.float32), np.ones(3000, np.float32), device)
    assert (found.count, found.equal, found.nan, sum(found.histogram)) == (0, 0, (3000, 0), 0)
    assert math.isnan(found.cosine)


def test_both_zeros_are_equal(device):
    found = one(np.array([0.0, -0.0], np.float32), np.array([-0.0, 0.0], np.float32), device)
    assert (found.equal, found.count, found.histogram[0]) == (2, 2, 2)


def test_integers_beyond_floats_are_told_apart(device):
    found = one(np.array([2**60, 5]), np.array([2**60 + 1, 5]), device)
    assert found.equal == 1
    assert found.histogram[:3] == (1, 1, 0)


@pytest.mark.parametrize("value", [0.1, -7.25, 1e-30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_correlates_with_nothing(dtype, value, device):
    found = one(np.full(100_001, value, dtype), np.arange(100_001, dtype=dtype), device)
    assert found.deviations[0] == 0.0
    assert math.isnan(found.pearson)
    assert not math.isnan(found.cosine)


def test_results_come_in_the_order_of_the_pairs(device):
    held = {f"w{k}": np.full(3 + k, float(k + 1), np.float32) for k in range(40)}
    old, new = FakeTensors(held), FakeTensors({name: 2 * values for name, values in held.items()})
    pairs = [pair_of(old, new, f"w{k}") for k in range(40)]
    assert [item.means[0] for item in compare(old, new, pairs, device)] == [float(k + 1) for k in range(40)]


def test_figures_do_not_depend_on_threads(monkeypatch):
    old, new = drawn("float32", 8, 1 << 18), drawn("float32", 9, 1 << 18)
    in_chunks_of(monkeypatch, 10_000)
    found = []
    for count in ("1", "2", "5"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", count)
        found.append(one(old, new))
    assert found[0] == found[1] == found[2]
    assert_close(found[0], expected(old, new))


@pytest.mark.parametrize("piece", [1, 999, 2500, 10**9])
def test_pieces_of_a_chunk_add_up(monkeypatch, piece):
    monkeypatch.setattr("archdiff.weights.measure.elementwise.PIECE", piece)
    old, new = drawn("float32", 8), drawn("bfloat16", 9)
    old[77] = math.nan
    assert_close(one(old, new), expected(old, new))


def test_each_element_is_read_once(monkeypatch, device):
    in_chunks_of(monkeypatch, 1000)
    old, new, pair = both(drawn("bfloat16", 1), drawn("float32", 2))
    (found,) = compare(old, new, [pair], device)
    assert sorted(old.taken) == [("w", start, start + 1000) for start in range(0, 5000, 1000)]
    assert sorted(new.taken) == sorted(old.taken)
    assert found.size == 5000 * (2 + 4)


def test_equal_digests_need_no_reading(device):
    held = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(4, np.float32)}
    old = FakeTensors(held, digests={"a": "d1", "b": "d2"})
    new = FakeTensors(held, digests={"a": "d1", "b": "d3"})
    first, second = compare(old, new, [pair_of(old, new, "a"), pair_of(old, new, "b")], device)
    wanted = Elements("language-model", "up", "layers.3 up", "layers.3 up", 3, count=6, equal=6, digest="d1")
    assert repr(first) == repr(wanted)
    assert not second.digest
    assert old.taken == new.taken == [("b", 0, 4)]


def test_equal_digests_of_other_rows_say_nothing(device):
    tensors = FakeTensors({"a": np.arange(6.0, dtype=np.float32).reshape(2, 3)}, digests={"a": "d1"})
    sides = [unit((1, 3), (Region("a", 0, (2, 3), rows=(row, row + 1, 1)),)) for row in (0, 1)]
    (found,) = compare(tensors, tensors, [UnitPair(*sides)], device)
    assert (found.digest, found.equal, found.largest) == ("", 0, 3.0)


def test_unequal_shapes_are_not_comparable(device):
    old, new = FakeTensors({"w": np.ones((2, 3))}), FakeTensors({"w": np.ones((3, 2))})
    (found,) = compare(old, new, [pair_of(old, new)], device)
    assert (found.count, found.size, old.taken) == (0, 0, [])


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0)])
def test_no_elements_give_no_figures(shape, device):
    found = one(np.zeros(shape), np.zeros(shape), device)
    assert (found.count, found.equal, found.size, sum(found.histogram)) == (0, 0, 0, 0)


def test_a_scalar_is_a_vector_of_one(device):
    old, new = FakeTensors({"w": np.float32([2.0])}), FakeTensors({"w": np.float32([3.0])})
    pair = UnitPair(unit((1,), (Region("w", 0, (1,)),)), unit((1,), (Region("w", 0, (1,)),)))
    (found,) = compare(old, new, [pair], device)
    assert (found.count, found.largest, found.norms) == (1, 1.0, (2.0, 3.0))


def test_complex_numbers_are_refused_by_name(device):
    with pytest.raises(SourceError, match="fake: w holds complex numbers"):
        one(np.ones(3, np.complex64), np.ones(3, np.complex64), device)


class Broken(FakeTensors):
    """A checkpoint with a tensor that cannot be read."""

    def read(self, name, start, stop):
        if name == "c":
            raise SourceError(self.subject, "truncated", "download it again")
        return super().read(name, start, stop)


def test_a_tensor_that_cannot_be_read_ends_it_after_what_was_measured_before(device):
    held = {name: np.ones(5000, np.float32) for name in "abcde"}
    old, new = FakeTensors(held), Broken(held)
    found = []
    with pytest.raises(SourceError, match="truncated"):
        found.extend(compare(old, new, [pair_of(old, new, name) for name in held], device))
    assert [item.equal for item in found] == [5000, 5000]


def test_what_is_not_asked_for_is_not_read(device):
    held = {f"w{k:03}": np.ones(10, np.float32) for k in range(500)}
    old, new = FakeTensors(held), FakeTensors(held)
    found = compare(old, new, [pair_of(old, new, name) for name in held], device)
    next(found)
    found.close()
    assert len(old.taken) < 100


def test_without_numba_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "numba", None)
    monkeypatch.delitem(__import__("sys").modules, "archdiff.weights.measure.loops", raising=False)
    monkeypatch.delattr("archdiff.weights.measure.loops", raising=False)
    with pytest.raises(UsageError, match=r"numba is not installed; pip install 'archdiff\[weights\]'"):
        one(np.ones(3), np.ones(3))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_gpu_gives_the_figures_by_definition(monkeypatch, dtype):
    """With chunks small enough for pinned buffers and streams to be used many times over."""
    in_chunks_of(monkeypatch, 700)
    old, new = drawn(dtype, 1), drawn(dtype, 2)
    new[1000:3000] = old[1000:3000]
    assert_close(one(old, new, choose_device("cuda")), expected(old, new))
