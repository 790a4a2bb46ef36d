"""The fakes keep the contracts of what they stand for."""

from __future__ import annotations

import numpy as np
import torch

from archdiff.weights.tensors import as_float32
from tests.archdiff.weights.fakes import FakeCheckpoint, FakeTensors, Raw


def test_a_checkpoint_holds_the_bytes_of_its_tensors():
    tensor = torch.randn(3, 5).to(torch.bfloat16)
    with FakeCheckpoint({"b": tensor, "a": np.arange(6, dtype=np.int16), "c": Raw("Q8_0", (32,), bytes(34))}) as fake:
        assert list(fake.stored) == ["a", "b", "c"]
        assert [(s.shape, s.dtype, s.size) for s in fake.stored.values()] == [
            ((6,), "int16", 12), ((3, 5), "bfloat16", 30), ((32,), "Q8_0", 34)
        ]  # fmt: skip
        assert bytes(fake.read("b", 2, 4)) == tensor.view(torch.uint8).reshape(-1)[2:4].numpy().tobytes()
        assert fake.read("b", 0, 30).readonly
        assert fake.taken == [("b", 2, 4), ("b", 0, 30)]
    assert fake.closed


def test_tensors_read_by_elements_and_bfloat16_as_bits():
    tensor, scalar = torch.randn(3, 5).to(torch.bfloat16), torch.tensor(2.5)
    fake = FakeTensors({"w": tensor.T, "s": scalar, "i": np.eye(2)}, digests={"w": "x"})
    assert {name: (m.shape, m.dtype, m.digest) for name, m in fake.meanings.items()} == {
        "i": ((2, 2), "float64", ""), "s": ((), "float32", ""), "w": ((5, 3), "bfloat16", "x")
    }  # fmt: skip
    values = fake.read("w", 4, 9)
    assert values.dtype == np.uint16
    assert not values.flags.writeable
    assert np.array_equal(as_float32(values, "bfloat16"), tensor.T.reshape(-1)[4:9].float().numpy())
    assert fake.read("s", 0, 1) == [2.5]
