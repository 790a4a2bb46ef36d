"""Whether experts of NEW started as copies of one feed-forward of OLD."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.weights.statistics.combine import bonferroni
from archdiff.weights.statistics.order import order_test
from archdiff.weights.statistics.outcome import Outcome, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.weights.evidence import Control
    from archdiff.weights.tensors import Array

__all__ = ["upcycled"]

_COPY = -6.0
"""log10 of the corrected p-value below which one expert counts as a copy."""


def upcycled(old_mlp: Sequence[Array], new_experts: Sequence[Sequence[Array]], *, seed: int) -> Outcome:
    """Test the order of hidden units of one feed-forward against that of each expert.

    Experts may hold a part of the units (a slice keeps their order) and noise; what was permuted is not seen here.

    Args:
        old_mlp: gate and up, or up alone, of OLD: units × columns.
        new_experts: the same of each expert.
        seed: of the matchings.

    Returns:
        The number of experts that match as `count`, their share as `statistic`, the least p-value times the number of
        experts as `log10_p`; figures `experts`, and `matched_cosine` of the best.
    """
    found = [order_test(old_mlp[0], expert[0], seed=seed) for expert in new_experts]
    told = [each for each in found if each.log10_p is not None]
    if not told:
        return Outcome(controls=_controls(found), abstained=found[0].abstained if found else "there are no experts")
    correction = math.log10(len(found))
    copies = [each for each in told if each.log10_p is not None and each.log10_p + correction < _COPY]
    best = min(told, key=lambda each: each.log10_p or 0.0)
    figures = {"experts": float(len(found)), "matched_cosine": best.figures.get("matched_cosine", math.nan)}
    least = bonferroni([each.log10_p for each in told if each.log10_p is not None])
    return Outcome(
        count=len(copies),
        log10_p=None if least is None else rounded(least),
        statistic=len(copies) / len(found),
        power=best.power,
        figures=MappingProxyType(figures),
        controls=_controls(told),
    )


def _controls(found: Sequence[Outcome]) -> tuple[Control, ...]:
    return tuple(dict.fromkeys(control for each in found for control in each.controls))
