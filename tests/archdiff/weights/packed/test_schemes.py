"""Every scheme is undone: all values, any range of them, and what is said of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.weights.packed import open_tensors
from tests.archdiff.weights.fakes import FakeCheckpoint, Raw
from tests.archdiff.weights.packed.packing_bits import bitsandbytes
from tests.archdiff.weights.packed.schemes import SCHEMES

EVERY = pytest.mark.parametrize("scheme", SCHEMES)


@cache
def packed(scheme):
    return SCHEMES[scheme]()


@cache
def opened(scheme):
    item = packed(scheme)
    return open_tensors(FakeCheckpoint(item.arrays), item.config)


@EVERY
def test_the_values_are_those_of_the_schemes_own_definition(scheme):
    item, tensors = packed(scheme), opened(scheme)
    meaning = tensors.meanings[item.name]
    assert meaning.shape == item.values.shape
    assert meaning.dtype == "float32"
    values = tensors.read(item.name, 0, meaning.count)
    assert values.dtype == np.float32
    assert not values.flags.writeable
    assert np.allclose(values.reshape(item.values.shape), item.values, rtol=3e-7, atol=0)


@EVERY
def test_they_are_as_near_to_the_weight_as_the_scheme_is_known_to_be(scheme):
    item = packed(scheme)
    assert item.error * 0.7 < item.relative < item.error * 1.2


@EVERY
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_every_range_agrees_with_the_whole(scheme, data):
    item, tensors = packed(scheme), opened(scheme)
    count = item.values.size
    start = data.draw(st.integers(0, count))
    stop = data.draw(st.integers(start, min(count, start + 1000)) | st.integers(start, count))
    values = tensors.read(item.name, start, stop)
    assert values.shape == (stop - start,)
    assert np.allclose(values, item.values.reshape(-1)[start:stop], rtol=3e-7, atol=0)


@EVERY
def test_nothing_else_is_left_and_the_scale_is_told(scheme):
    item, tensors = packed(scheme), opened(scheme)
    meaning = tensors.meanings[item.name]
    assert list(tensors.meanings) == [item.name]
    assert not tensors.unread
    assert meaning.method == item.config["quantization_config"]["quant_method"].replace("modelopt", "fp8")
    assert meaning.scale == item.words
    assert 0 < meaning.size <= sum(stored.size for stored in FakeCheckpoint(item.arrays).stored.values())


@EVERY
def test_the_digest_is_of_all_parts_together(scheme):
    def digest(changed=None, missing=None):
        arrays = {}
        for name, stored in FakeCheckpoint(item.arrays).stored.items():
            text = "" if name == missing else f"other {name}" if name == changed else name
            data = bytes(FakeCheckpoint(item.arrays).read(name, 0, stored.size))
            arrays[name] = Raw(stored.dtype, stored.shape, data, text)
        return open_tensors(FakeCheckpoint(arrays), item.config).meanings[item.name].digest

    item = packed(scheme)
    known = digest()
    assert known.startswith("sha256:")
    assert known == digest()
    telling = [name for name in item.arrays if "input_scale" not in name and not name.endswith("_format")]
    assert all(digest(changed=name) not in ("", known) for name in telling)
    assert all(not digest(missing=name) for name in telling)


@EVERY
def test_a_range_reads_no_more_than_its_rows(scheme):
    item = packed(scheme)
    checkpoint = FakeCheckpoint(item.arrays)
    tensors = open_tensors(checkpoint, item.config)
    checkpoint.taken.clear()
    tensors.read(item.name, 0, 4)
    if scheme != "mxfp4" and not scheme.startswith(("gptq", "awq")):
        assert sum(stop - start for _, start, stop in checkpoint.taken) < 2000


def test_a_range_of_a_flat_weight_reads_the_scales_of_its_blocks():
    item = bitsandbytes(nested=True, shape=(300, 200))
    checkpoint = FakeCheckpoint(item.arrays)
    tensors = open_tensors(checkpoint, item.config)
    checkpoint.taken.clear()
    tensors.read(item.name, 30_000, 30_064)
    taken = {name.removeprefix(item.name): stop - start for name, start, stop in checkpoint.taken}
    assert taken == {"": 32, ".absmax": 2, ".nested_absmax": 4, ".nested_quant_map": 1024}
