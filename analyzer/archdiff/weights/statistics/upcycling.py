"""Whether many experts of NEW come from one feed-forward of OLD, as in a dense model that was up-cycled."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from archdiff.weights.statistics.combine import bonferroni
from archdiff.weights.statistics.match import match_test
from archdiff.weights.statistics.order import order_test
from archdiff.weights.statistics.outcome import Outcome, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.weights.evidence import Control
    from archdiff.weights.tensors import Array

__all__ = ["LIMIT", "upcycled"]

LIMIT = -3.0
"""log10 of the p-value, corrected for the number of experts and tests, at which an expert counts as matched."""


def upcycled(old_mlp: Sequence[Array], new_experts: Sequence[Sequence[Array]], *, seed: int) -> Outcome:
    """Match one feed-forward with each of many experts: unit by unit in order, and, with two matrices, in any order.

    Experts may have noise of their own, have fewer units, and have them in an order of their own. All tests share OLD's
    units, so they are never combined by Fisher's method.

    Args:
        old_mlp: `gate` and `up` of OLD, units × columns (or `up` and the transpose of `down`); or one of them.
        new_experts: the same matrices of each expert of NEW.
        seed: of the tests.

    Returns:
        How many experts match as `count` and their share as `statistic`, with the smallest p-value, corrected for all
        tests; figures `experts`, `in_order` (experts that the order test finds), `in_any_order` (that the match test
        finds), `matched_cosine` (mean over experts). The power is that of the order test.
    """
    in_order = [order_test(old_mlp[0], expert[0], seed=seed) for expert in new_experts]
    any_order = [match_test(*old_mlp, *expert, seed=seed) for expert in new_experts] if len(old_mlp) == 2 else []
    found = [_log10_ps(in_order), _log10_ps(any_order)]
    tests = [value for values in found for value in values if value is not None]
    if not tests:
        reason = next((outcome.abstained for outcome in in_order), "there are no experts")
        return Outcome(abstained=reason, controls=_failed(in_order))
    limit = LIMIT - np.log10(len(tests))
    reached = [np.array([value is not None and value <= limit for value in values], dtype=bool) for values in found]
    either = reached[0] | reached[1] if any_order else reached[0]
    cosines = [outcome.figures["matched_cosine"] for outcome in in_order if "matched_cosine" in outcome.figures]
    figures = {
        "experts": float(len(new_experts)),
        "in_order": float(reached[0].sum()),
        "in_any_order": float(reached[1].sum()),
        "matched_cosine": rounded(float(np.mean(cosines))) if cosines else 0.0,
    }
    return Outcome(
        count=int(either.sum()),
        log10_p=rounded(bonferroni(tests) or 0.0),
        statistic=rounded(float(either.mean())),
        power=max((outcome.power for outcome in in_order if outcome.power is not None), default=None),
        figures=MappingProxyType(figures),
        controls=_failed(in_order),
    )


def _log10_ps(outcomes: Sequence[Outcome]) -> list[float | None]:
    return [outcome.log10_p for outcome in outcomes]


def _failed(outcomes: Sequence[Outcome]) -> tuple[Control, ...]:
    """Controls that failed, each once: OLD's are the same for every expert."""
    return tuple(dict.fromkeys(control for outcome in outcomes for control in outcome.controls if not control.passed))
