"""What a log is consistent with. Each threshold stands here with its reason; in doubt the verdict is inconclusive."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Literal

from archdiff.evidence.training_log import words

if TYPE_CHECKING:
    from archdiff.evidence.training_log.expectation import Expectation, Reference
    from archdiff.evidence.training_log.objective import Told
    from archdiff.evidence.training_log.summary import Summary

__all__ = ["Judgement", "Start", "Verdict", "judge", "start_of"]

Verdict = Literal["from-scratch", "warm-start", "resumed", "inconclusive"]
Start = Literal["there", "first-interval", "late", "unknown"]
"""Whether the loss before the first update is in the log; `first-interval` where the first record is of the first
few steps; `unknown` where records carry no step."""

_NEAR = (0.2, 0.02)
"""Nats, and share of ln V, below it that an untrained model may begin at: the scatter of a batch."""

_LOW = (1.0, 0.1)
"""The same, from which on a model has learned something before."""

_ABOVE = (1.0, 0.1)
"""The same above the untrained model, from which on its initialisation does not explain the loss. Without a model it
is taken to begin at most 1.5 nats above ln V, as σ = 0.02 with 7,500 hidden dimensions gives."""
_UNKNOWN_MODEL = 1.5

_EARLY, _SOON = 100, 20
"""Steps that the first record may stand behind when it is held against a run's beginning: a run from scratch has not
learned much by the one, and hardly anything by the other."""

_FIRST_FEW = 10
"""Steps up to which a log begins at the beginning, however often it is written."""

_STILL_HIGH, _FAR_DOWN = 0.85, 0.45
"""Shares of ln V: from scratch the loss is above the first after `_EARLY` steps at the most, and not below the second
after `_SOON`."""

_SMALLEST_VOCABULARY = 64
"""Below, ln V is no larger than the loss of many a trained model."""

_FORGED = frozenset({"copied", "straight"})
"""Events that no training writes."""


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The verdict.

    Args:
        verdict: what the log is consistent with.
        reasons: the most telling first.
        start: whether the beginning of the run is there.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    start: Start


def judge(
    summary: Summary, told: Told, expectation: Expectation, uniform: Reference | None, untrained: Reference | None
) -> Judgement:
    """What a log is consistent with.

    Args:
        summary: of the log.
        told: its objective.
        expectation: what it is held against.
        uniform: ln V; None where no vocabulary is known.
        untrained: the loss of the model before training; None where it is not known.
    """
    start = start_of(summary)
    begun = words.beginning(summary, start)
    if told.kind in ("classification", "other"):
        return Judgement("inconclusive", (words.no_vocabulary(told, expectation.model, summary), begun), start)
    if uniform is None:
        return Judgement("inconclusive", (words.no_reference(), begun), start)
    tokens = expectation.tokens or 0
    if tokens < _SMALLEST_VOCABULARY:
        return Judgement("inconclusive", (words.small_vocabulary(tokens), begun), start)
    found, why = _compared(summary, start, told, uniform.loss, untrained)
    forged = [event for event in summary.events if event.kind in _FORGED or words.is_too_smooth(summary, event)]
    if forged and found != "inconclusive":
        return Judgement("inconclusive", (words.not_trusted(forged), why, begun), start)
    return Judgement(
        found,
        (why, begun, *words.resumed(summary), *words.shape(summary, uniform.loss), *words.rate(summary, start)),
        start,
    )


def start_of(summary: Summary) -> Start:
    """Whether the beginning of the run is in the log."""
    first, stride = summary.first.step, summary.first_stride
    if summary.is_counted:
        return "unknown"
    if 0 <= first <= 1:
        return "there"
    return "first-interval" if 0 < first <= max(stride or 0, _FIRST_FEW) else "late"


def _compared(
    summary: Summary, start: Start, told: Told, uniform: float, untrained: Reference | None
) -> tuple[Verdict, str]:
    """The verdict on the first loss, and the reason."""
    loss, step = summary.first.loss or 0.0, summary.first.step
    expected = untrained.loss if untrained is not None else uniform + _UNKNOWN_MODEL
    if loss > expected + _margin(_ABOVE, expected):
        return "inconclusive", words.far_above(loss, uniform, untrained)
    is_near = loss >= uniform - _margin(_NEAR, uniform)
    if start == "late":
        return _late(is_near, loss, uniform, step)
    if is_near:
        return "from-scratch", words.near(loss, uniform, untrained, told)
    if start == "first-interval" and step <= _EARLY and loss >= _STILL_HIGH * uniform:
        return "from-scratch", words.still_high(loss, uniform, step)
    low = {"there": uniform - _margin(_LOW, uniform), "first-interval": _FAR_DOWN * uniform}.get(start, -math.inf)
    if loss < low and (start == "there" or step <= _SOON):
        if told.kind is None:
            return "inconclusive", words.asked(loss, uniform, told)
        return "warm-start", words.low(loss, uniform, step)
    return "inconclusive", words.between(loss, uniform, step, start)


def _late(is_near: bool, loss: float, uniform: float, step: int) -> tuple[Verdict, str]:
    if is_near:
        return "inconclusive", words.late_and_near(loss, uniform, step)
    return "resumed", words.late(loss, uniform, step)


def _margin(bounds: tuple[float, float], level: float) -> float:
    return max(bounds[0], bounds[1] * level)
