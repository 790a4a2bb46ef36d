"""Every scheme that the tests pack a weight in."""

from __future__ import annotations

from types import MappingProxyType

import torch

from tests.archdiff.weights.packed.packing import (
    fp8_blocks,
    fp8_rows,
    fp8_tensor,
    int8_rows,
    llm_int8,
    mxfp4,
    mxfp4_compressed,
    mxfp8,
    nvfp4,
)
from tests.archdiff.weights.packed.packing_bits import awq, bitsandbytes, gptq, integers

__all__ = ["SCHEMES"]

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
