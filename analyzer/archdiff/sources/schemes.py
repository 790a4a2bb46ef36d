"""How each scheme stores a quantised weight: names and shapes of what it is packed into, and what that stands for.

A linear layer of `rows` outputs and `columns` inputs has a weight of (rows, columns). Sources: the packing code of
AutoGPTQ, AutoAWQ, bitsandbytes, compressed-tensors and TensorRT Model Optimizer, and the quantisers of transformers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from archdiff.sources.headers import Shipped

__all__ = ["COMPANIONS", "OF_ATTENTION", "SCHEMES", "Found", "Settings", "settings_of"]

Shape: TypeAlias = tuple[int, ...]
Known: TypeAlias = Mapping[str, Shipped]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is known of the packing.

    `packings` holds bits and group size (None for whole rows) as the config states them; `bits` is what the other
    tensors tell where it states none; `block` is that of FP8.
    """

    packings: tuple[tuple[int, int | None], ...] = ()
    bits: int = 4
    block: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A quantised weight.

    `tensor` is what it stands for; `method` names the scheme as configs do; `base` is what the names of its parts
    begin with, `stored` those names; `wanted` the right shape of parts by name; `needed` the endings of parts that
    it cannot be read without, `scales` of those that are told where one is missing; `flat` tells that its number of
    elements alone is known.
    """

    tensor: Shipped
    method: str
    base: str
    stored: tuple[str, ...]
    wanted: Mapping[str, Shape] = field(default_factory=dict)
    needed: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    flat: bool = False

    @property
    def module(self) -> str:
        """The module that has the weight."""
        return self.tensor.name.rpartition(".")[0]


COMPANIONS = (
    ".input_scale", ".output_scale", ".input_scale_ub", ".activation_scale", ".input_global_scale", ".input_zero_point",
    ".output_zero_point", ".weight_zero_point", ".weight_shape", ".weight_g_idx", ".weight_format",
)  # fmt: skip
"""Endings of what a scheme may store for a module besides what its weights are packed into."""

OF_ATTENTION = (".q_scale", ".k_scale", ".v_scale", ".kv_scale", ".k_zero_point", ".v_zero_point", ".prob_scale")
"""Endings of the scales of a quantised cache of keys and values."""

_BITS = (2, 3, 4, 5, 6, 8)


def settings_of(declared: Mapping[str, object], known: Known) -> Settings:
    """What `quantization_config` states of the packing; what it does not state, the other tensors must tell."""
    size = declared.get("weight_block_size")
    block = (size[0], size[1]) if isinstance(size, list) and list(map(_is_size, size)) == [True, True] else None
    packings = tuple(_packings(declared))
    return Settings(packings, 4 if packings else _likely_bits(known), block)


def _packings(declared: Mapping[str, object]) -> list[tuple[int, int | None]]:
    groups = declared.get("config_groups")
    weights = [g.get("weights") for g in groups.values() if isinstance(g, dict)] if isinstance(groups, dict) else []
    pairs = [(w.get("num_bits"), w.get("group_size")) for w in weights if isinstance(w, dict)]
    return [(bits, size if _is_size(size) else None) for bits, size in pairs if bits in _BITS]


def _is_size(value: object) -> bool:
    return type(value) is int and value > 0


def _likely_bits(known: Known) -> int:
    """The bits with which the most packed weights have a number of columns that is a size elsewhere too."""
    packed = [t.shape for n, t in known.items() if n.endswith(".weight_packed") and len(t.shape) == 2]
    if not packed:
        return 4
    sizes = {shape[0] for shape in packed}
    sizes |= {size for n, t in known.items() if n.endswith((".weight", ".bias")) for size in t.shape}
    widths = Counter(shape[1] for shape in packed)
    return max((4, 8), key=lambda bits: sum(n for width, n in widths.items() if width * 32 // bits in sizes))


def _blocks(base: str, known: Known, _: Settings) -> Found | None:
    """MXFP4 of gpt-oss: 32 columns a block in 16 bytes; stands for (experts, columns, rows)."""
    blocks, scales = known[f"{base}_blocks"], known.get(f"{base}_scales")
    if scales is None or blocks.dtype != "uint8" or len(blocks.shape) < 3 or blocks.shape[-1] != 16:
        return None
    *outer, rows, groups, _half = blocks.shape
    wanted = {scales.name: blocks.shape[:-1]}
    return Found(Shipped(base, (*outer, groups * 32, rows), ""), "mxfp4", base, (blocks.name, scales.name), wanted)


def _integers(base: str, known: Known, _: Settings) -> Found | None:
    """GPTQ packs columns, (columns × bits / 32, rows); AWQ packs rows, (columns, rows / 8)."""
    packed, scales, zeros = (known.get(f"{base}.{part}") for part in ("qweight", "scales", "qzeros"))
    if packed is None or scales is None or len(packed.shape) != 2 or len(scales.shape) != 2:
        return None
    wanted: dict[str, Shape]
    (height, width), (groups, rows) = packed.shape, scales.shape
    if rows == width * 8 != width and (zeros is None or zeros.shape[1:] == (width,)):
        columns, method, wanted = height, "awq", {f"{base}.qzeros": (groups, width)}
    elif rows == width and (bits := _bits(zeros, rows)):
        columns, method = height * 32 // bits, "gptq"
        wanted = {f"{base}.qzeros": (groups, rows * bits // 32), f"{base}.g_idx": (columns,)}
    else:
        return None
    stored = tuple(name for part in ("qweight", "scales", "qzeros", "g_idx") if (name := f"{base}.{part}") in known)
    return Found(Shipped(f"{base}.weight", (rows, columns), ""), method, base, stored, wanted, (".qzeros",))


def _bits(zeros: Shipped | None, rows: int) -> int | None:
    """The bits of GPTQ, by its zero points, (groups, rows × bits / 32); 4 where there are none."""
    if zeros is None:
        return 4
    if len(zeros.shape) != 2 or rows == 0:
        return None
    return next((bits for bits in _BITS if rows * bits // 32 == zeros.shape[1]), None)


def _packed(base: str, known: Known, settings: Settings) -> Found | None:
    """compressed-tensors: integers in 32-bit words, or 4-bit floats in bytes."""
    packed, scale = known[f"{base}.weight_packed"], known.get(f"{base}.weight_scale")
    if scale is None or len(packed.shape) != 2 or not scale.shape:
        return None
    rows, width = packed.shape
    needed: tuple[str, ...] = ()
    if packed.dtype == "uint8":
        block = 16 if scale.dtype.startswith("float8") else 32
        columns, groups = width * 2, width * 2 // block
        needed = (".weight_global_scale",) if block == 16 else ()
    else:
        columns, groups = _words(width, scale.shape[-1], settings)
    stored = (packed.name, scale.name, f"{base}.weight_global_scale")
    tensor = Shipped(f"{base}.weight", (rows, columns), "")
    return Found(tensor, "compressed-tensors", base, stored, {scale.name: (rows, groups)}, needed)


def _words(width: int, scales: int, settings: Settings) -> tuple[int, int]:
    """Columns in words of 32 bits and their groups, by the packing that fits the number of scales, else the first."""
    choices = [(width * (32 // bits), size) for bits, size in settings.packings]
    found = [(columns, -(-columns // size) if size else 1) for columns, size in choices]
    return next((pair for pair in found if pair[1] == scales), (found or [(width * (32 // settings.bits), scales)])[0])


def _nested(base: str, known: Known, _: Settings) -> Found | None:
    """bitsandbytes in 4 bits: two numbers a byte, in one column; the shape stands in the data of quant_state."""
    weight = known.get(f"{base}.weight")
    if weight is None:
        return None
    endings = ("", ".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map")
    states = (f".quant_state.bitsandbytes__{kind}" for kind in ("nf4", "fp4"))
    names = tuple(name for ending in (*endings, *states) if (name := f"{base}.weight{ending}") in known)
    tensor = Shipped(weight.name, (2 * math.prod(weight.shape),), "")
    needed = (".weight.absmax", ".weight.quant_map")
    return Found(tensor, "bitsandbytes", base, names, {}, needed, flat=True)


def _rows(base: str, known: Known, _: Settings) -> Found | None:
    """bitsandbytes in 8 bits: the weight, and a scale for each row."""
    weight, scale = known.get(f"{base}.weight"), known[f"{base}.SCB"]
    if weight is None or weight.dtype != "int8" or len(weight.shape) != 2:
        return None
    return Found(weight, "bitsandbytes", base, (weight.name, scale.name), {scale.name: weight.shape[:1]})


def _inverse(name: str, known: Known, settings: Settings) -> Found | None:
    """FP8 of DeepSeek: a scale for each block of 128 × 128."""
    weight, scale = known.get(name), known[f"{name}_scale_inv"]
    if weight is None or not weight.dtype.startswith("float8"):
        return None
    shape = _in_blocks(weight.shape, settings.block or (128, 128))
    wanted = {scale.name: shape} if len(scale.shape) > 1 or settings.block else {}
    return Found(weight, "fp8", name, (weight.name, scale.name), wanted, scales=("_scale_inv",))


def _in_blocks(shape: Shape, block: tuple[int, int]) -> Shape:
    return (*shape[:-2], *(-(-size // step) for size, step in zip(shape[-2:], block, strict=False)))


def _scaled(name: str, known: Known, _: Settings) -> Found | None:
    """Whole bytes with a scale for all, a row, a group or a block; or NVFP4 of Model Optimizer, 16 columns a scale."""
    weight, scale = known.get(name), known[f"{name}_scale"]
    if weight is None or not weight.shape:
        return None
    if weight.dtype == "uint8" and scale.dtype.startswith("float8"):
        *outer, width = weight.shape
        tensor = Shipped(name, (*outer, width * 2), "")
        stored = (name, scale.name, f"{name}_scale_2")
        return Found(tensor, "nvfp4", name, stored, {scale.name: (*outer, width // 8)}, ("_scale_2",))
    if weight.dtype != "int8" and not weight.dtype.startswith("float8"):
        return None
    bounded = f"{name.rpartition('.')[0]}.input_scale_ub" in known
    method = "fbgemm_fp8" if bounded else "compressed-tensors" if scale.shape else "fp8"
    wanted = {} if _is_scale(scale.shape, weight.shape) else {scale.name: (weight.shape[0], 1)}
    endings = ("_scale",) if weight.dtype != "int8" else ()
    return Found(weight, method, name, (name, scale.name), wanted, scales=endings)


def _is_scale(scale: Shape, weight: Shape) -> bool:
    """Whether it is a scale for all of the weight, for each row, or for each of equal blocks."""
    if math.prod(scale) == 1 or scale == weight[:1]:
        return True
    return len(scale) == len(weight) and all(
        0 < parts <= size and -(-size // -(-size // parts)) == parts for parts, size in zip(scale, weight, strict=True)
    )


SCHEMES: Mapping[str, Callable[[str, Known, Settings], Found | None]] = MappingProxyType({
    "_blocks": _blocks,
    ".qweight": _integers,
    ".weight_packed": _packed,
    ".weight.quant_state.bitsandbytes__nf4": _nested,
    ".weight.quant_state.bitsandbytes__fp4": _nested,
    ".SCB": _rows,
    "_scale_inv": _inverse,
    "_scale": _scaled,
})  # fmt: skip
"""By the ending of a part: what reads the weight that it belongs to, None where that is something else."""
