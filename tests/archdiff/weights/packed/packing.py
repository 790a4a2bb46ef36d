"""Weights as each scheme stores them, written from the schemes' definitions, with what they stand for."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

__all__ = [
    "NAME",
    "Packed",
    "config",
    "fp8_blocks",
    "fp8_rows",
    "fp8_tensor",
    "int8_rows",
    "llm_int8",
    "mxfp4",
    "mxfp4_compressed",
    "mxfp8",
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
