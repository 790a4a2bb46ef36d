"""Weights of small integers and of table codes as their schemes store them, with what they stand for."""

from __future__ import annotations

import json

import numpy as np

from tests.archdiff.weights.packed.packing import NAME, Packed, config, weight

__all__ = ["awq", "bitsandbytes", "gptq", "integers"]


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
