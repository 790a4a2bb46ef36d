"""Packed types of ggml against gguf's own reference, and what llama.cpp's converter does to a model."""

from __future__ import annotations

from functools import cache

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize, quantize
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import SourceError
from archdiff.weights.packed import open_tensors
from archdiff.weights.packed.ggml import READ
from tests.archdiff.weights.fakes import FakeCheckpoint, Raw

NAME = "blk.0.ffn_up.weight"
TYPES = sorted(READ)
EVERY = pytest.mark.parametrize("dtype", TYPES)
HALVES = {
    "Q4_0": (0,), "Q4_1": (0, 2), "Q5_0": (0,), "Q5_1": (0, 2), "Q8_0": (0,), "IQ4_NL": (0,), "MXFP4": (),
    "Q2_K": (80, 82), "Q3_K": (108,), "Q4_K": (0, 2), "Q5_K": (0, 2), "Q6_K": (208,), "IQ4_XS": (0,),
}  # fmt: skip


def kind(dtype):
    return gguf.GGMLQuantizationType[dtype]


@cache
def blocks(dtype, rows=6, columns=512):
    """Random blocks, in which only the scales are such as a file has them."""
    count, size = gguf.GGML_QUANT_SIZES[kind(dtype)]
    random = np.random.default_rng(3)
    found = random.integers(0, 256, (rows * columns // count, size), dtype=np.uint8)
    for at in HALVES[dtype]:
        scale = (random.normal(size=len(found)) * 0.01).astype(np.float16)
        found[:, at : at + 2] = scale.view(np.uint8).reshape(-1, 2)
    if dtype == "MXFP4":
        found[:, 0] = random.integers(0, 180, len(found))
    return found.reshape(rows, -1)


def opened(dtype, data=None, shape=(6, 512)):
    data = blocks(dtype) if data is None else data
    return open_tensors(FakeCheckpoint({NAME: Raw(dtype, shape, data.tobytes())}), {})


@EVERY
def test_random_blocks_are_unpacked_as_gguf_does(dtype):
    tensors = opened(dtype)
    meaning = tensors.meanings[NAME]
    assert (meaning.shape, meaning.dtype, meaning.method) == ((6, 512), "float32", dtype)
    assert meaning.scale.startswith("one scale for each block of ")
    assert meaning.size == blocks(dtype).size
    values = tensors.read(NAME, 0, meaning.count)
    assert not values.flags.writeable
    assert np.array_equal(values, dequantize(blocks(dtype), kind(dtype)).reshape(-1))


@EVERY
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_every_range_agrees_with_the_whole(dtype, data):
    start = data.draw(st.integers(0, 3072))
    stop = data.draw(st.integers(start, 3072))
    whole = dequantize(blocks(dtype), kind(dtype)).reshape(-1)
    assert np.array_equal(opened(dtype).read(NAME, start, stop), whole[start:stop])


@EVERY
def test_a_range_reads_the_blocks_that_it_touches(dtype):
    count, size = gguf.GGML_QUANT_SIZES[kind(dtype)]
    checkpoint = FakeCheckpoint({NAME: Raw(dtype, (6, 512), blocks(dtype).tobytes())})
    open_tensors(checkpoint, {}).read(NAME, count - 1, count + 1)
    assert checkpoint.taken == [(NAME, 0, 2 * size)]


def q4_k(values):
    """Q4_K by its definition: parts of 32 between 0 or less and their maximum, scales and minima in 6 bits."""
    parts = values.reshape(-1, 8, 32)
    low, high = np.minimum(parts.min(-1), 0), parts.max(-1)
    scale, minimum = (high - low) / 15, -low
    whole = [(part.max(1, keepdims=True) / 63).astype(np.float16) for part in (scale, minimum)]
    scale, minimum = (
        np.round(part / np.maximum(one, 1e-12)).astype(np.int64)
        for part, one in zip((scale, minimum), whole, strict=True)
    )
    spread = (whole[0].astype(np.float32) * scale)[..., None], (whole[1].astype(np.float32) * minimum)[..., None]
    codes = np.clip(np.round((parts + spread[1]) / spread[0]), 0, 15).astype(np.uint8)
    bytes_of = np.zeros((len(parts), 12), dtype=np.uint8)
    bytes_of[:, :4] = scale[:, :4] | scale[:, 4:] >> 4 << 6
    bytes_of[:, 4:8] = minimum[:, :4] | minimum[:, 4:] >> 4 << 6
    bytes_of[:, 8:] = scale[:, 4:] & 15 | (minimum[:, 4:] & 15) << 4
    stream = (codes[:, 0::2] | codes[:, 1::2] << 4).reshape(len(parts), 128)
    return np.concatenate([whole[0].view(np.uint8), whole[1].view(np.uint8), bytes_of, stream], axis=1)


@pytest.mark.parametrize(
    ("dtype", "error"), [("Q8_0", 0.005), ("Q4_K", 0.078), ("Q4_0", 0.088), ("Q5_1", 0.041), ("MXFP4", 0.118)]
)
def test_they_are_as_near_to_the_weight_as_the_type_is_known_to_be(dtype, error):
    weight = (np.random.default_rng(1).normal(size=(64, 512)) * 0.02).astype(np.float32)
    packed = q4_k(weight) if dtype == "Q4_K" else quantize(weight, kind(dtype))
    values = opened(dtype, packed, (64, 512)).read(NAME, 0, weight.size).reshape(weight.shape)
    assert error * 0.85 < np.linalg.norm(values - weight) / np.linalg.norm(weight) < error * 1.15


@EVERY
def test_a_scale_that_is_no_number_is_named(dtype):
    wrong = blocks(dtype).copy().reshape(-1, gguf.GGML_QUANT_SIZES[kind(dtype)][1])
    for at in HALVES[dtype][-1:]:
        wrong[1, at : at + 2] = np.array([np.nan], dtype=np.float16).view(np.uint8)
    if dtype == "MXFP4":
        wrong[1, 0] = 255
    with pytest.raises(SourceError, match=r"tensor 'blk.0.ffn_up.weight' holds a scale that is not a finite number"):
        opened(dtype, wrong).read(NAME, 0, 3072)


@EVERY
def test_data_of_another_size_than_the_shape_is_named(dtype):
    for shape in ((6, 511), (7, 512), (1,)):
        with pytest.raises(SourceError, match="which is not the size of its shape and type"):
            opened(dtype, shape=shape).read(NAME, 0, 1)


def test_types_that_are_not_read_are_told():
    tensors = open_tensors(FakeCheckpoint({"blk.0.a.weight": Raw("IQ2_XXS", (256,), bytes(66))}), {})
    assert tensors.unread == {"blk.0.a.weight": "packed as IQ2_XXS, which is not read"}


def test_without_a_config_names_stay_and_it_is_told_that_values_may_be_in_another_order():
    held = {"blk.0.attn_q.weight": np.ones((4, 4), dtype=np.float16), "token_embd.weight": np.ones((4, 4))}
    tensors = open_tensors(FakeCheckpoint(held), {})
    assert list(tensors.meanings) == ["blk.0.attn_q.weight", "token_embd.weight"]
    meaning = tensors.meanings["blk.0.attn_q.weight"]
    assert (meaning.dtype, meaning.method) == ("float16", "")
    assert meaning.scale == "what the converter did to its values is not known"
