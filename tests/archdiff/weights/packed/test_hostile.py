"""Parts that contradict each other are named, and never reach numpy or a compiled loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archdiff.errors import SourceError
from archdiff.weights.packed import open_tensors
from tests.archdiff.weights.fakes import FakeCheckpoint, Raw
from tests.archdiff.weights.packed.packing import NAME, fp8_blocks, fp8_rows, fp8_tensor, mxfp4
from tests.archdiff.weights.packed.schemes import SCHEMES

EVERY = pytest.mark.parametrize("scheme", SCHEMES)


def read(item, name=None, **changed):
    """All values, with arrays changed by the end of their names."""
    arrays = dict(item.arrays)
    for ending, array in changed.items():
        arrays[next(key for key in arrays if key.endswith(ending))] = array
    tensors = open_tensors(FakeCheckpoint(arrays), item.config)
    name = name or item.name
    return tensors.read(name, 0, tensors.meanings[name].count)


@pytest.mark.parametrize("shape", [(3,), (2, 2), (3, 3), (0, 2), (3, 2, 1), (300, 1)], ids=str)
def test_scales_of_a_shape_that_does_not_fit_the_blocks_are_named(shape):
    with pytest.raises(SourceError, match=r"tensor '.*_scale_inv' of shape .* does not fit '.*up_proj.weight'"):
        read(fp8_blocks(), _scale_inv=torch.ones(shape))


@pytest.mark.parametrize("shape", [(2,), (61, 1), (90,), (60, 91), (0,)], ids=str)
def test_scales_of_a_shape_that_does_not_fit_the_rows_are_named(shape):
    with pytest.raises(SourceError, match=r"tensor '.*_scale' of shape .* does not fit '.*up_proj.weight'"):
        read(fp8_rows(), _scale=torch.ones(shape))


def test_blocks_of_columns_and_whole_matrices_are_fitted_too():
    item = fp8_rows()
    codes = item.arrays[NAME].float()
    scale = torch.rand(20, 9)
    grown = scale.repeat_interleave(3, 0).repeat_interleave(10, 1)
    assert np.allclose(read(item, _scale=scale).reshape(60, 90), codes * grown)
    experts, each = codes.reshape(4, 15, 90), torch.rand(4)
    arrays = {NAME: experts.to(torch.float8_e4m3fn), f"{NAME}_scale": each}
    tensors = open_tensors(FakeCheckpoint(arrays), {})
    assert tensors.meanings[NAME].scale == "one scale for each matrix"
    assert np.allclose(tensors.read(NAME, 1000, 5000), (experts * each[:, None, None]).reshape(-1)[1000:5000])


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_a_scale_that_is_no_number_is_named(wrong):
    with pytest.raises(SourceError, match=r"tensor '.*weight_scale' holds a scale that is not a finite number"):
        read(fp8_tensor(), _scale=torch.tensor(wrong))


@pytest.mark.parametrize("scale", [torch.tensor(1j), torch.tensor(1), torch.tensor(True)], ids=str)
def test_a_scale_of_a_type_that_none_has_is_named(scale):
    with pytest.raises(SourceError, match=r"of the type \w+, which no scale has"):
        read(fp8_tensor(), _scale=scale)


def test_an_exponent_without_a_value_is_named():
    item = mxfp4()
    scales = item.arrays[f"{item.name}_scales"].clone()
    scales[1, 2, 0] = 255
    with pytest.raises(SourceError, match=r"tensor '.*_scales' holds a scale that is not a finite number"):
        read(item, _scales=scales)
    with pytest.raises(SourceError, match=r"tensor '.*_scales' of shape \[3, 40\] does not fit"):
        read(item, _scales=scales[..., 0].contiguous())


def test_not_a_number_among_the_codes_stays_and_is_for_the_reader_to_count():
    item = fp8_tensor()
    codes = item.arrays[NAME].view(torch.uint8).clone()
    codes[0, 0] = 0x7F
    values = read(item, weight=codes.view(torch.float8_e4m3fn))
    assert np.isnan(values[0])
    assert np.isfinite(values[1:]).all()


def test_an_order_of_bitsandbytes_that_is_not_by_rows_is_unread():
    item = SCHEMES["llm-int8"]()
    arrays = item.arrays | {NAME.replace("weight", "weight_format"): torch.tensor(2, dtype=torch.uint8)}
    assert "order of a GPU's kernels" in open_tensors(FakeCheckpoint(arrays), item.config).unread[NAME]


@EVERY
def test_parts_that_are_cut_short_are_named(scheme):
    item = SCHEMES[scheme]()
    for name, stored in FakeCheckpoint(item.arrays).stored.items():
        data = FakeCheckpoint(item.arrays).read(name, 0, stored.size)
        short = Raw(stored.dtype, stored.shape, bytes(data)[:-1])
        tensors = open_tensors(FakeCheckpoint(item.arrays | {name: short}), item.config)
        if item.name in tensors.meanings and "input_scale" not in name and not name.endswith("_format"):
            with pytest.raises(SourceError, match="bytes"):
                tensors.read(item.name, 0, tensors.meanings[item.name].count)


def test_an_index_of_columns_behind_the_groups_is_named():
    for scheme, ending in (("gptq-ordered", "g_idx"), ("int4-ordered", "weight_g_idx")):
        item = SCHEMES[scheme]()
        index = next(array for key, array in item.arrays.items() if key.endswith(ending)).copy()
        index[7] = 3
        with pytest.raises(SourceError, match=rf"tensor '.*{ending}' names a group .* 3 that there are"):
            read(item, **{ending: index})
        index[7] = -1
        if scheme == "gptq-ordered":
            with pytest.raises(SourceError, match="names a group"):
                read(item, g_idx=index)


def test_a_shape_that_is_not_the_packed_one_is_named():
    with pytest.raises(SourceError, match=r"'.*weight_shape' states \[48, 95\], and \[48, 96\] are packed"):
        read(SCHEMES["int4"](), _shape=np.array([48, 95]))


@pytest.mark.parametrize(
    "state",
    [
        b"", b"{", b"[]", b"\xff", b"{}", b'{"shape": [30, 50]}', b'{"shape": [30, 50], "blocksize": 0}',
        b'{"shape": [30, 50], "blocksize": 63}', b'{"shape": [30, -50], "blocksize": 64}',
        b'{"shape": [30, 51], "blocksize": 64}', b'{"shape": 1500, "blocksize": 64}', b"9" * 70_000,
        b'{"shape": [1e9, 1e9], "blocksize": 64}', b'{"shape": [30, 50], "blocksize": 128}',
    ],
)  # fmt: skip
def test_a_state_of_bitsandbytes_that_says_nothing_fitting_is_named(state):
    with pytest.raises(SourceError, match=r"tensor '.*(quant_state.bitsandbytes__nf4|absmax)'"):
        read(SCHEMES["nf4"](), bitsandbytes__nf4=np.frombuffer(state, dtype=np.uint8))


def test_a_state_of_bitsandbytes_is_bounded_before_it_is_parsed():
    state = SCHEMES["nf4"]().arrays[f"{NAME}.quant_state.bitsandbytes__nf4"].tobytes() + b" " * 2**16
    with pytest.raises(SourceError, match="more than any state has"):
        read(SCHEMES["nf4"](), bitsandbytes__nf4=np.frombuffer(state, dtype=np.uint8))


def test_what_a_packing_cannot_be_read_without_is_told():
    def left(scheme, *endings, **stated):
        item = SCHEMES[scheme]()
        arrays = {name: array for name, array in item.arrays.items() if not name.endswith(endings)}
        config = {"quantization_config": item.config["quantization_config"] | stated}
        return list(open_tensors(FakeCheckpoint(arrays), config).unread.values())

    assert left("gptq-4", ".qzeros") == ["its .qzeros are missing"]
    assert left("gptq-4", "-", checkpoint_format="marlin") == ["stored in GPTQ's format marlin, which is not read"]
    assert left("gptq-4", "-", packing_format="auto_round:triton") == [
        "stored in GPTQ's format auto_round:triton, which is not read"
    ]
    assert left("gptq-4", "-", packing_format="auto_round:auto_gptq") == []
    assert left("awq", "-", version="gemv") == ["stored in AWQ's version gemv, which is not read"]
    assert left("nvfp4-compressed", "_global_scale") == ["its .weight_global_scale is missing"]
    assert left("nf4", ".absmax") == ["its .absmax is missing"]


def test_a_zero_that_divides_is_named():
    with pytest.raises(SourceError, match="weight_global_scale' holds a zero that divides scales"):
        read(SCHEMES["nvfp4-compressed"](), _global_scale=torch.zeros(1))


SIZES = st.integers(0, 5) | st.sampled_from([16, 32, 40, 60, 64, 90, 96, 128])
SHAPES = st.lists(SIZES, max_size=4).map(tuple).filter(lambda shape: math.prod(shape) < 2**14)
TYPES = st.sampled_from([
    torch.uint8, torch.int8, torch.int32, torch.int64, torch.float16, torch.bfloat16, torch.float32,
    torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e8m0fnu, torch.complex64,
])  # fmt: skip


@EVERY
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_part_of_any_shape_and_type_is_read_or_named(scheme, data):
    item = SCHEMES[scheme]()
    name = data.draw(st.sampled_from(sorted(item.arrays)))
    shape, dtype = data.draw(SHAPES), data.draw(TYPES)
    content = torch.randint(0, 255, (*shape, dtype.itemsize), dtype=torch.uint8)
    wrong = content.reshape(-1).view(dtype).reshape(shape)
    tensors = open_tensors(FakeCheckpoint(item.arrays | {name: wrong}), item.config)
    for found, meaning in tensors.meanings.items():
        try:
            assert len(tensors.read(found, 0, meaning.count)) == meaning.count
        except SourceError as error:
            assert_named(error)


def assert_named(error):
    assert error.subject == "fake"
    assert error.cause.startswith("tensor '")
