"""What a test of a pair of matrices comes to."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.weights.evidence import Control

__all__ = ["Outcome", "rounded"]


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one test, in the terms of `archdiff.weights.evidence.Test`.

    Args:
        count: matched rows, channels, coordinates or experts.
        log10_p: decimal logarithm of the p-value; None where the test has none or abstained.
        statistic: its value; None where it abstained.
        power: the least row cosine at which it would reach p = 1e-12; None where none would do.
        figures: whatever else a reader wants, by name.
        controls: tests of this test.
        abstained: why it gave no p-value; empty where it did.
    """

    count: int = 0
    log10_p: float | None = None
    statistic: float | None = None
    power: float | None = None
    figures: Mapping[str, float] = dataclasses.field(default_factory=lambda: MappingProxyType({}))
    controls: tuple[Control, ...] = ()
    abstained: str = ""


def rounded(value: float) -> float:
    """A figure to nine significant digits: sums of another number of threads differ behind them."""
    return float(f"{value:.9g}")
