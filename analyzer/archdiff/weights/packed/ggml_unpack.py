"""Which compiled loop unpacks which type of ggml."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from archdiff.weights.packed.floats import E2M1
from archdiff.weights.packed.ggml_blocks import eights, fives, fours
from archdiff.weights.packed.ggml_super import iq4, q2, q3, q4, q5, q6

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["UNPACK"]

_Unpack: TypeAlias = (
    "Callable[[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], None]"
)

_NONLINEAR = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)
"""The sixteen values of IQ4_NL and IQ4_XS (`kvalues_iq4nl`)."""


def _by_table(loop: Callable[..., None], first: int, values: Sequence[float]) -> _Unpack:
    table = np.array(values, dtype=np.float32)
    return lambda blocks, scales, minima, out: loop(blocks[:, first:], table, scales, minima, out)


def _fives(first: int, offset: int) -> _Unpack:
    return lambda blocks, scales, minima, out: fives(blocks[:, first:], offset, scales, minima, out)


UNPACK: Mapping[str, _Unpack] = MappingProxyType({
    "Q4_0": _by_table(fours, 2, range(-8, 8)),
    "Q4_1": _by_table(fours, 4, range(16)),
    "IQ4_NL": _by_table(fours, 2, _NONLINEAR),
    "MXFP4": _by_table(fours, 1, E2M1),
    "Q5_0": _fives(2, 16),
    "Q5_1": _fives(4, 0),
    "Q8_0": lambda blocks, scales, _, out: eights(blocks[:, 2:].view(np.int8), scales, out),
    "Q2_K": q2,
    "Q3_K": lambda blocks, scales, _, out: q3(blocks, scales, out),
    "Q4_K": q4,
    "Q5_K": q5,
    "Q6_K": lambda blocks, scales, _, out: q6(blocks, scales, out),
    "IQ4_XS": lambda blocks, scales, _, out: iq4(blocks, np.array(_NONLINEAR, dtype=np.float32), scales, out),
})  # fmt: skip
"""By the type: takes whole blocks (blocks, bytes), their scales and minima, and writes (blocks, elements)."""
