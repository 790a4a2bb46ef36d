"""Several threads read at once, also tensors whose parts are kept between reads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from archdiff.weights.packed import open_tensors
from tests.archdiff.weights.fakes import FakeCheckpoint
from tests.archdiff.weights.packed.packing import mxfp4
from tests.archdiff.weights.packed.packing_bits import awq, gptq, integers

KINDS = {"mxfp4": mxfp4, "gptq": gptq, "awq": awq, "int4": integers}


def twice(item):
    """A checkpoint with the weight in two layers."""
    layer = {name.replace("layers.0", "layers.1"): array for name, array in item.arrays.items()}
    return open_tensors(FakeCheckpoint(item.arrays | layer), item.config)


@pytest.mark.parametrize("kind", KINDS)
def test_threads_get_what_one_gets(kind):
    item = KINDS[kind]()
    tensors = twice(item)
    names = list(tensors.meanings)
    assert len(names) == 2
    count = item.values.size
    jobs = [(names[turn % 2], start) for turn, start in enumerate(range(0, count - 500, 97))] * 4

    def right(job):
        name, start = job
        wanted = item.values.reshape(-1)[start : start + 500]
        return np.allclose(tensors.read(name, start, start + 500), wanted, rtol=3e-7, atol=0)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(right, jobs))
