"""Tensors that are not packed: as they are, without a copy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from archdiff.errors import SourceError
from archdiff.weights.packed import open_tensors
from archdiff.weights.tensors import as_float32
from tests.archdiff.weights.fakes import FakeCheckpoint, Raw

TYPES = (
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool, torch.uint8, torch.int8, torch.int16,
    torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64,
)  # fmt: skip
SMALL = (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu)


class Odd(FakeCheckpoint):
    """Hands out memory at odd addresses."""

    def read(self, name, start, stop):
        data = bytes(super().read(name, start, stop))
        held = bytearray(len(data) + 16)
        offset = 1 + np.frombuffer(held, dtype=np.uint8).ctypes.data % 2
        held[offset : offset + len(data)] = data
        return memoryview(held).toreadonly()[offset : offset + len(data)]


def opened(config=None, kind=FakeCheckpoint, **arrays):
    return open_tensors(kind(arrays), config or {})


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("kind", [FakeCheckpoint, Odd])
def test_each_type_comes_as_it_is(dtype, kind):
    tensor = (torch.randn(5, 7, generator=torch.Generator().manual_seed(0)) * 3).abs().to(dtype)
    tensors = opened(kind=kind, w=tensor)
    meaning = tensors.meanings["w"]
    assert (meaning.shape, meaning.dtype, meaning.method, meaning.scale) == ((5, 7), str(dtype)[6:], "", "")
    assert meaning.size == 35 * dtype.itemsize
    values = tensors.read("w", 3, 20)
    assert values.flags.aligned
    assert not values.flags.writeable
    wanted = tensor.reshape(-1)[3:20]
    wanted = wanted.view(torch.uint16) if dtype == torch.bfloat16 else wanted
    assert values.dtype == wanted.numpy().dtype
    assert np.array_equal(values, wanted.numpy())
    assert np.array_equal(as_float32(values, meaning.dtype), tensor.reshape(-1)[3:20].float().numpy())


def test_aligned_memory_is_not_copied():
    data = np.arange(1000, dtype=np.float32)
    checkpoint = FakeCheckpoint({"w": data})
    held = np.frombuffer(checkpoint.read("w", 0, 4000), dtype=np.float32)
    assert np.shares_memory(open_tensors(checkpoint, {}).read("w", 10, 500), held)


@pytest.mark.parametrize("dtype", SMALL, ids=str)
def test_all_floats_of_8_bits_without_a_scale_come_as_torch_reads_them(dtype):
    codes = torch.arange(256, dtype=torch.uint8)
    tensors = opened(w=codes.view(dtype))
    meaning = tensors.meanings["w"]
    assert (meaning.dtype, meaning.method, meaning.size) == ("float32", str(dtype)[6:], 256)
    values = tensors.read("w", 0, 256)
    assert values.dtype == np.float32
    wanted = codes.view(dtype).float().numpy()
    assert np.array_equal(values, wanted, equal_nan=True)
    assert np.array_equal(np.signbit(values[values == 0]), np.signbit(wanted[wanted == 0]))


def test_empty_and_scalar_tensors_are_read():
    tensors = opened(none=torch.zeros(0, 4), one=torch.tensor(2.5, dtype=torch.float64), small=torch.zeros(3, 0).half())
    assert tensors.read("none", 0, 0).tolist() == []
    assert tensors.read("small", 0, 0).dtype == np.float16
    assert tensors.read("one", 0, 1).tolist() == [2.5]
    assert tensors.read("one", 1, 1).dtype == np.float64


def test_names_are_sorted_and_digests_kept():
    tensors = opened(b=Raw("float32", (1,), bytes(4), "x"), a=Raw("int8", (1,), bytes(1)))
    assert list(tensors.meanings) == ["a", "b"]
    assert [meaning.digest for meaning in tensors.meanings.values()] == ["", "x"]
    assert tensors.subject == "fake"


def test_types_without_a_scheme_are_unread():
    tensors = opened(c=torch.zeros(2, dtype=torch.complex64), f=Raw("float4_e2m1fn", (4,), bytes(2)))
    assert not tensors.meanings
    assert tensors.unread == {
        "c": "of the type complex64, which no scheme explains",
        "f": "of the type float4_e2m1fn, which no scheme explains",
    }


def test_a_packing_that_is_not_known_is_unread_where_the_config_states_one():
    arrays = {"m.W_q": torch.zeros(4, 4, dtype=torch.uint8), "m.scale": torch.ones(4), "norm.weight": torch.ones(4)}
    tensors = open_tensors(FakeCheckpoint(arrays), {"quantization_config": {"quant_method": "hqq"}})
    assert list(tensors.meanings) == ["m.scale", "norm.weight"]
    assert tensors.unread == {"m.W_q": "packed by hqq in a way that is not read"}
    assert "m.W_q" in open_tensors(FakeCheckpoint(arrays), {}).meanings


def test_a_float8_weight_whose_scale_is_missing_is_unread_beside_those_that_have_one():
    codes = torch.zeros(128, 128).to(torch.float8_e4m3fn)
    arrays = {"a.weight": codes, "a.weight_scale_inv": torch.ones(1, 1), "b.weight": codes}
    assert open_tensors(FakeCheckpoint(arrays), {}).unread == {"b.weight": "its scale is missing"}


@pytest.mark.parametrize(
    ("start", "stop"), [(-1, 2), (0, 7), (7, 7), (4, 3)], ids=["before", "behind", "far behind", "backwards"]
)
def test_a_range_outside_is_named(start, stop):
    with pytest.raises(SourceError, match=r"fake: tensor 'w' has 6 elements"):
        opened(w=torch.zeros(2, 3)).read("w", start, stop)


@pytest.mark.parametrize("size", [23, 25, 0])
def test_data_of_another_size_than_the_shape_is_named(size):
    tensors = opened(w=Raw("float32", (2, 3), bytes(size)))
    with pytest.raises(SourceError, match=r"tensor 'w' holds .* bytes"):
        tensors.read("w", 0, 6)


def test_a_checkpoint_that_gives_too_little_is_named():
    class Short(FakeCheckpoint):
        def read(self, name, start, stop):
            return super().read(name, start, stop)[:-1]

    with pytest.raises(SourceError, match="gave 3 bytes where 4 were asked for"):
        opened(kind=Short, w=torch.zeros(2)).read("w", 0, 1)
