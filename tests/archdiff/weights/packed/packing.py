"""Weights as each scheme stores them, written from the schemes' definitions, with what they stand for."""

from __future__ import annotations

import dataclasses
import json
from types import MappingProxyType

import numpy as np
import torch

__all__ = [
    "NAME",
    "SCHEMES",
    "Packed",
    "awq",
    "bitsandbytes",
    "fp8_blocks",
    "fp8_rows",
    "fp8_tensor",
    "gptq",
    "int8_rows",
    "integers",
    "llm_int8",
    "mxfp4",
    "nvfp4",
    "weight",
]


@dataclasses.dataclass(frozen=True)
class Packed:
    """One weight in a checkpoint.

    Args:
        arrays: what the checkpoint holds.
        config: of the model.
        name: of the weight.
        values: what it stands for, computed by the scheme's definition in torch or numpy.
        error: the relative error that quantising a normal weight makes.
        original: before it was packed, in the layout of `values`.
        words: what `Meaning.scale` has to say.
    """

    arrays: dict
    config: dict
    name: str
    values: np.ndarray
    original: np.ndarray
    error: float
    words: str

    @property
    def relative(self):
        return float(np.linalg.norm(self.values - self.original) / np.linalg.norm(self.original))


NAME = "model.layers.0.mlp.up_proj.weight"


def weight(rows, columns, seed=0):
    """Normal values, float32, as weights have them."""
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)) * 0.02


def config(**stated):
    return {"model_type": "llama", "quantization_config": stated}


def _grown(scale, rows, columns, step, width):
    return scale.repeat_interleave(step, 0)[:rows].repeat_interleave(width, 1)[:, :columns]


def fp8_blocks(rows=300, columns=200, dtype=torch.float8_e4m3fn, scale_dtype=torch.float32):
    """DeepSeek-V3: w / s in blocks of 128 × 128, with s as `weight_scale_inv`."""
    original = weight(rows, columns)
    high, wide = -(-rows // 128), -(-columns // 128)
    padded = torch.zeros(high * 128, wide * 128)
    padded[:rows, :columns] = original
    largest = padded.reshape(high, 128, wide, 128).abs().amax((1, 3))
    scale = (largest / torch.finfo(dtype).max).to(scale_dtype)
    grown = _grown(scale.float(), rows, columns, 128, 128)
    codes = (original / grown).to(dtype)
    return Packed(
        {NAME: codes, f"{NAME}_scale_inv": scale},
        config(quant_method="fp8", weight_block_size=[128, 128]),
        NAME, (codes.float() * grown).numpy(), original.numpy(), 0.026 if dtype == torch.float8_e4m3fn else 0.053,
        "one scale for each block of 128 × 128" if rows > 128 else "one scale for the whole tensor",
    )  # fmt: skip


def fp8_tensor(dtype=torch.float8_e4m3fn):
    """Model Optimizer: one `weight_scale`."""
    original = weight(60, 90)
    scale = original.abs().max() / torch.finfo(dtype).max
    codes = (original / scale).to(dtype)
    return Packed(
        {NAME: codes, f"{NAME}_scale": scale, NAME.replace("weight", "input_scale"): torch.tensor(1.0)},
        config(quant_method="modelopt", quant_algo="FP8"),
        NAME, (codes.float() * scale).numpy(), original.numpy(), 0.026 if dtype == torch.float8_e4m3fn else 0.053,
        "one scale for the whole tensor",
    )  # fmt: skip


def fp8_rows():
    """compressed-tensors: a `weight_scale` of bfloat16 for each row."""
    original = weight(60, 90)
    scale = (original.abs().amax(1, keepdim=True) / 448).to(torch.bfloat16)
    codes = (original / scale.float()).to(torch.float8_e4m3fn)
    return Packed(
        {NAME: codes, f"{NAME}_scale": scale}, config(quant_method="compressed-tensors"),
        NAME, (codes.float() * scale.float()).numpy(), original.numpy(), 0.026, "one scale for each row",
    )  # fmt: skip


def mxfp8():
    """Microscaling: 32 columns of a row share a power of two, stored as its exponent plus 127."""
    original = weight(60, 96).reshape(60, 3, 32)
    exponent = torch.floor(torch.log2(original.abs().amax(-1, keepdim=True))) - 8
    codes = (original / torch.exp2(exponent)).to(torch.float8_e4m3fn)
    values = (codes.float() * torch.exp2(exponent)).reshape(60, 96)
    return Packed(
        {NAME: codes.reshape(60, 96), f"{NAME}_scale": (exponent[..., 0] + 127).to(torch.uint8)},
        config(quant_method="compressed-tensors"), NAME, values.numpy(), original.reshape(60, 96).numpy(), 0.027,
        "one scale for each group of 32 columns of a row",
    )  # fmt: skip


def int8_rows(*, zeros=False):
    """compressed-tensors, int-quantized, with or without zero points."""
    original = weight(60, 90) + (0.02 if zeros else 0)
    low, high = original.amin(1, keepdim=True), original.amax(1, keepdim=True)
    scale = ((high - low) / 255 if zeros else original.abs().amax(1, keepdim=True) / 127).to(torch.bfloat16).float()
    zero = torch.clamp(torch.round(-128 - low / scale), -128, 127) if zeros else torch.zeros_like(scale)
    codes = torch.clamp(torch.round(original / scale + zero), -128, 127).to(torch.int8)
    arrays = {NAME: codes, f"{NAME}_scale": scale.to(torch.bfloat16)}
    if zeros:
        arrays[f"{NAME}_zero_point"] = zero.to(torch.int8)
    values = (codes.float() - zero) * scale
    return Packed(
        arrays, config(quant_method="compressed-tensors"), NAME, values.numpy(), original.numpy(),
        0.0045 if zeros else 0.0066,
        "one scale for each row, with a zero point" if zeros else "one scale for each row",
    )  # fmt: skip


def llm_int8():
    """bitsandbytes: round(127 w / SCB), with SCB the largest absolute value of each row."""
    original = weight(60, 90)
    largest = original.abs().amax(1)
    codes = torch.round(original * 127 / largest[:, None]).to(torch.int8)
    module = NAME.removesuffix(".weight")
    return Packed(
        {NAME: codes, f"{module}.SCB": largest, f"{module}.weight_format": torch.tensor(0, dtype=torch.uint8)},
        config(quant_method="bitsandbytes", load_in_8bit=True),
        NAME, (codes.float() * largest[:, None] / 127).numpy(), original.numpy(), 0.0066,
        "one scale for each row, SCB / 127",
    )  # fmt: skip


E2M1 = torch.tensor([0.0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])


def nearest_fours(scaled):
    """Codes of E2M1 that are nearest to each value."""
    return (scaled[..., None] - E2M1).abs().argmin(-1)


def low_first(codes):
    return (codes[..., 0::2] | codes[..., 1::2] << 4).to(torch.uint8)


def mxfp4(experts=3, rows=40, columns=96):
    """gpt-oss: blocks of 32 along the columns of (experts, rows, columns), published as its transpose."""
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    original = weight(experts * rows, columns).reshape(experts, rows, columns // 32, 32)
    exponent = torch.floor(torch.log2(original.abs().amax(-1))) - 2
    codes = nearest_fours(original / torch.exp2(exponent)[..., None])
    blocks, scales = low_first(codes), (exponent + 127).to(torch.uint8)
    name = "model.layers.0.mlp.experts.down_proj"
    values = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
    return Packed(
        {f"{name}_blocks": blocks, f"{name}_scales": scales}, config(quant_method="mxfp4"), name, values.numpy(),
        original.reshape(experts, rows, columns).transpose(1, 2).numpy(), 0.118,
        "one scale for each group of 32 columns of a row as stored",
    )  # fmt: skip


def nvfp4(*, compressed=False, experts=0):
    """Model Optimizer multiplies with `weight_scale_2`, compressed-tensors divides by `weight_global_scale`."""
    original = weight(50, 64).reshape(50, 4, 16)
    second = original.abs().max() / (6 * 448)
    scale = (original.abs().amax(-1) / 6 / second).to(torch.float8_e4m3fn)
    grown = (scale.float() * second)[..., None]
    codes = low_first(nearest_fours(original / grown).reshape(50, 64))
    values = (E2M1[nearest_fours(original / grown)] * grown).reshape(50, 64)
    if compressed:
        arrays = {f"{NAME}_packed": codes, f"{NAME}_scale": scale, f"{NAME}_global_scale": (1 / second).reshape(1)}
    else:
        arrays = {NAME: codes, f"{NAME}_scale": scale, f"{NAME}_scale_2": second}
    shape = (50, 64)
    if experts:
        shape = (experts, 50 // experts, 64)
        arrays = {NAME: codes.reshape(*shape[:2], 32), f"{NAME}_scale": scale.reshape(*shape[:2], 4)}
        factors = torch.arange(1.0, experts + 1)
        arrays[f"{NAME}_scale_2"] = second * factors
        values, original = (part.reshape(shape) * factors[:, None, None] for part in (values, original))
    return Packed(
        arrays, config(quant_method="compressed-tensors" if compressed else "nvfp4"), NAME,
        values.reshape(shape).numpy(), original.reshape(shape).numpy(), 0.093,
        f"one scale for each group of 16 columns of a row, {'divided by' if compressed else 'times'} one for the whole "
        "tensor",
    )  # fmt: skip


def mxfp4_compressed():
    """compressed-tensors: MXFP4 by rows, exponents as uint8."""
    item = mxfp4(1, 40, 96)
    blocks, scales = item.arrays[f"{item.name}_blocks"], item.arrays[f"{item.name}_scales"]
    arrays = {f"{NAME}_packed": blocks.reshape(40, 48), f"{NAME}_scale": scales.reshape(40, 3)}
    return Packed(
        arrays, config(quant_method="compressed-tensors"), NAME, item.values[0].T, item.original[0].T, item.error,
        "one scale for each group of 32 columns of a row",
    )  # fmt: skip


def bits_of(codes, bits):
    """A stream of bits down each column as words of 32 bits, the lowest bits of a number first."""
    spread = (codes[:, None, :] >> np.arange(bits)[None, :, None]) & 1
    lines = spread.reshape(-1, 32, codes.shape[1]).astype(np.uint64)
    return (lines << np.arange(32, dtype=np.uint64)[None, :, None]).sum(1).astype(np.uint32).view(np.int32)


def _asymmetric(bits, rows=64, columns=96, group=32):
    """Codes, scales of float16 and zero points of (columns, rows) by groups of columns, and what they stand for."""
    original = (weight(rows, columns) + 0.003).numpy().T
    grouped = original.reshape(columns // group, group, rows)
    low, high = np.minimum(grouped.min(1), 0), np.maximum(grouped.max(1), 0)
    scales = ((high - low) / (2**bits - 1)).astype(np.float16)
    zeros = np.clip(np.round(-low / scales), 1, 2**bits - 1).astype(np.int64)
    spread = scales.astype(np.float32).repeat(group, 0), zeros.repeat(group, 0)
    codes = np.clip(np.round(original / spread[0]) + spread[1], 0, 2**bits - 1).astype(np.int64)
    values = (codes - spread[1]).astype(np.float32) * spread[0]
    return codes, scales, zeros, values.T, original.T


ERRORS = {2: 0.42, 3: 0.187, 4: 0.087, 8: 0.0052}


def gptq(bits=4, *, second=False, ordered=False):
    """AutoGPTQ: zero points less one, but for `gptq_v2`; `ordered` packs columns in another order, as `desc_act`."""
    codes, scales, zeros, values, original = _asymmetric(bits)
    index = np.arange(96) // 32
    if ordered:
        order = np.random.default_rng(5).permutation(96)
        codes, index, values, original = codes[order], index[order], values[:, order], original[:, order]
    module = NAME.removesuffix(".weight")
    stored = zeros if second else zeros - 1
    stated = {"checkpoint_format": "gptq_v2"} if second else {}
    return Packed(
        {
            f"{module}.qweight": bits_of(codes, bits),
            f"{module}.qzeros": np.ascontiguousarray(bits_of(stored.T, bits).T),
            f"{module}.scales": scales,
            f"{module}.g_idx": index.astype(np.int32),
        },
        config(quant_method="gptq", bits=bits, group_size=32, **stated), NAME, values, original, ERRORS[bits],
        "one scale and zero point for each of 3 groups of columns",
    )  # fmt: skip


def awq():
    """AutoAWQ: place i of a word holds the output that the order names."""
    codes, scales, zeros, values, original = _asymmetric(4)

    def words(numbers):
        packed = np.zeros((len(numbers), numbers.shape[1] // 8), dtype=np.uint32)
        for place, output in enumerate((0, 2, 4, 6, 1, 3, 5, 7)):
            packed |= numbers[:, output::8].astype(np.uint32) << np.uint32(4 * place)
        return packed.view(np.int32)

    module = NAME.removesuffix(".weight")
    return Packed(
        {f"{module}.qweight": words(codes), f"{module}.qzeros": words(zeros), f"{module}.scales": scales},
        config(quant_method="awq", bits=4, group_size=32, version="gemm"), NAME, values, original, ERRORS[4],
        "one scale and zero point for each group of 32 columns of a row",
    )  # fmt: skip


def integers(bits=4, *, zeros="", ordered=False, group=32):
    """compressed-tensors: signed numbers moved into the positive, eight or four to a word, by rows."""
    columns = 3 * group
    codes, scales, points, values, original = _asymmetric(bits, 48 if bits == 4 else 64, columns, group)
    half = 2 ** (bits - 1)
    if not zeros:
        scales, points = (np.abs(original).reshape(-1, 3, group).max(-1).T / (half - 1)).astype(np.float16), None
        spread = scales.astype(np.float32).repeat(group, 0)
        signed = np.clip(np.round(original.T / spread), -half, half - 1).astype(np.int64)
        codes, values = signed + half, (signed * spread).T.astype(np.float32)
    index = np.arange(columns) // group
    if ordered:
        order = np.random.default_rng(5).permutation(columns)
        codes, index, values, original = codes[order], index[order], values[:, order], original[:, order]
    each = 32 // bits
    words = sum(codes.T[:, place::each].astype(np.uint32) << np.uint32(bits * place) for place in range(each))
    arrays = {
        f"{NAME}_packed": words.astype(np.uint32).view(np.int32), f"{NAME}_scale": np.ascontiguousarray(scales.T),
        f"{NAME}_shape": np.array(values.shape, dtype=np.int64),
    }  # fmt: skip
    if zeros == "bytes":
        arrays[f"{NAME}_zero_point"] = np.ascontiguousarray((points - half).T.astype(np.int8))
    elif zeros:
        arrays[f"{NAME}_zero_point"] = bits_of(points.T, bits)
    if ordered:
        arrays[f"{NAME}_g_idx"] = index.astype(np.int32)
    words = f"one scale for each group of {group} columns of a row" + (", with a zero point" if zeros else "")
    stated = {"config_groups": {"group_0": {"weights": {"num_bits": bits, "group_size": group}}}}
    return Packed(
        arrays, config(quant_method="compressed-tensors", **stated), NAME, values, original,
        0.118 if group == 128 else ERRORS[bits] * (1 if zeros else 1.2),
        words + (", columns grouped by an index" if ordered else ""),
    )  # fmt: skip


NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
"""The sixteen values of QLoRA's appendix E."""
FP4 = tuple(sign * value / 12 for sign in (1, -1) for value in (0, 0.0625, 8, 12, 4, 6, 2, 3))


def bitsandbytes(kind="nf4", *, nested=False, shape=(30, 50)):
    """QLoRA: blocks of 64 of the flattened weight, codes of the nearest value, the upper half of a byte first."""
    original = weight(*shape).numpy()
    table = np.array(NF4 if kind == "nf4" else FP4, dtype=np.float32)
    flat = original.reshape(-1)
    blocks = np.pad(flat, (0, -len(flat) % 64)).reshape(-1, 64)
    absmax = np.abs(blocks).max(1)
    beside = {}
    state = {"quant_type": kind, "blocksize": 64, "dtype": "bfloat16", "shape": list(shape)}
    if nested:
        offset = float(absmax.mean())
        levels = np.linspace(-1, 1, 256, dtype=np.float32)
        groups = np.pad(absmax - offset, (0, -len(absmax) % 16)).reshape(-1, 16)
        largest = np.abs(groups).max(1).astype(np.float32)
        codes = np.abs(groups[..., None] / largest[:, None, None] - levels).argmin(-1).astype(np.uint8)
        unpacked = (levels[codes] * largest[:, None]).reshape(-1)[: len(absmax)] + np.float32(offset)
        beside = {f"{NAME}.nested_absmax": largest, f"{NAME}.nested_quant_map": levels}
        stored, absmax = codes.reshape(-1)[: len(absmax)], unpacked
        state |= {"nested_blocksize": 16, "nested_dtype": "float32", "nested_offset": offset}
    else:
        stored = absmax
    codes = np.abs(blocks[..., None] / absmax[:, None, None] - table).argmin(-1)
    values = (table[codes] * absmax[:, None]).reshape(-1)[: len(flat)].reshape(shape)
    stream = codes.reshape(-1)[: len(flat) + len(flat) % 2]
    data = (stream[0::2] << 4 | stream[1::2]).astype(np.uint8).reshape(-1, 1)
    words = "one scale for each block of 64 elements" + (", itself packed" if nested else "") + f" ({kind})"
    return Packed(
        {
            NAME: data, f"{NAME}.absmax": stored, f"{NAME}.quant_map": table, **beside,
            f"{NAME}.quant_state.bitsandbytes__{kind}": np.frombuffer(json.dumps(state).encode(), dtype=np.uint8),
        },
        config(quant_method="bitsandbytes", load_in_4bit=True), NAME, values, original,
        0.09 if kind == "nf4" else 0.115, words,
    )  # fmt: skip


SCHEMES = MappingProxyType({
    "fp8-blocks": fp8_blocks,
    "fp8-blocks-e5m2": lambda: fp8_blocks(dtype=torch.float8_e5m2),
    "fp8-blocks-bfloat16-scales": lambda: fp8_blocks(scale_dtype=torch.bfloat16),
    "fp8-one-block": lambda: fp8_blocks(rows=7, columns=9),
    "fp8-tensor": fp8_tensor,
    "fp8-tensor-e5m2": lambda: fp8_tensor(torch.float8_e5m2),
    "fp8-rows": fp8_rows,
    "mxfp8": mxfp8,
    "int8-rows": int8_rows,
    "int8-zeros": lambda: int8_rows(zeros=True),
    "llm-int8": llm_int8,
    "mxfp4": mxfp4,
    "mxfp4-compressed": mxfp4_compressed,
    "nvfp4": nvfp4,
    "nvfp4-experts": lambda: nvfp4(experts=5),
    "nvfp4-compressed": lambda: nvfp4(compressed=True),
    "gptq-2": lambda: gptq(2),
    "gptq-3": lambda: gptq(3),
    "gptq-4": gptq,
    "gptq-8": lambda: gptq(8),
    "gptq-v2": lambda: gptq(second=True),
    "gptq-ordered": lambda: gptq(ordered=True),
    "awq": awq,
    "int4": integers,
    "int4-128": lambda: integers(group=128),
    "int8": lambda: integers(8),
    "int4-zeros": lambda: integers(zeros="words"),
    "int8-zeros-words": lambda: integers(8, zeros="words"),
    "int4-zeros-bytes": lambda: integers(zeros="bytes"),
    "int4-ordered": lambda: integers(ordered=True, zeros="words"),
    "nf4": bitsandbytes,
    "nf4-nested": lambda: bitsandbytes(nested=True),
    "nf4-odd": lambda: bitsandbytes(shape=(7, 11)),
    "fp4": lambda: bitsandbytes("fp4"),
})  # fmt: skip
"""What packs a weight, by the scheme's name."""
