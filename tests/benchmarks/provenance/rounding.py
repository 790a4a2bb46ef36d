"""What quantisation leaves of weights: rounded to a format's values and back, by the formats' own definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import torch

from tests.benchmarks.provenance.axes import axes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.provenance.member import Member

MXFP4 = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
"""Magnitudes of E2M1."""


def released(model: Member) -> Member:
    """As a bfloat16 release holds it."""
    return model.changed(lambda _, tensor: tensor.bfloat16().float())


def quantised(model: Member, method: str) -> Member:
    """Every projection as a format leaves it: `int8`, `int4`, `fp8`, `mxfp4`, `Q8_0`, `Q5_0`, `Q4_0`."""
    rounding = METHODS[method]

    def change(name: str, tensor: torch.Tensor) -> torch.Tensor:
        matrix = len(axes(name)) > 1 and axes(name)[0] not in {"vocabulary", "position", "expert", "one"}
        if not matrix and not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            return tensor
        return rounding(tensor.flatten(0, -2)).reshape(tensor.shape)

    return model.changed(change)


def int8(matrix: torch.Tensor) -> torch.Tensor:
    """One scale a row, from its largest magnitude."""
    scale = matrix.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
    return (matrix / scale).round() * scale


def int4(matrix: torch.Tensor, group: int = 32) -> torch.Tensor:
    """A scale and a zero point for each group of a row, as GPTQ and AWQ store; rounded to nearest."""
    groups = matrix.reshape(-1, group)
    low, high = groups.amin(1, keepdim=True), groups.amax(1, keepdim=True)
    scale = (high - low).clamp_min(1e-12) / 15
    zero = (-low / scale).round()
    return (((groups / scale).round() + zero).clamp(0, 15) - zero).mul(scale).reshape(matrix.shape)


def fp8(matrix: torch.Tensor, block: int = 128) -> torch.Tensor:
    """E4M3 with a scale for each block of 128 × 128."""
    found = torch.empty_like(matrix)
    for row in range(0, matrix.shape[0], block):
        for column in range(0, matrix.shape[1], block):
            here = (slice(row, row + block), slice(column, column + block))
            scale = matrix[here].abs().max().clamp_min(1e-12) / 448
            found[here] = (matrix[here] / scale).to(torch.float8_e4m3fn).float() * scale
    return found


def mxfp4(matrix: torch.Tensor) -> torch.Tensor:
    """E2M1 with a power of two for each 32 values of a row."""
    groups = matrix.reshape(-1, 32)
    scale = 2.0 ** (groups.abs().amax(1, keepdim=True).clamp_min(2.0**-120).log2().floor() - 2)
    nearest = (groups.abs() / scale)[..., None].sub(MXFP4).abs().argmin(-1)
    return (MXFP4[nearest] * groups.sign() * scale).reshape(matrix.shape)


def _ggml(name: str) -> Callable[[torch.Tensor], torch.Tensor]:
    kind = gguf.GGMLQuantizationType[name]

    def rounding(matrix: torch.Tensor) -> torch.Tensor:
        packed = gguf.quants.quantize(matrix.numpy(), kind)
        return torch.from_numpy(gguf.quants.dequantize(packed, kind))

    return rounding


GGML = ("Q8_0", "Q5_0", "Q4_0")
METHODS = {"int8": int8, "int4": int4, "fp8": fp8, "mxfp4": mxfp4, **{name: _ggml(name) for name in GGML}}
