"""The reasons of a verdict, and the limits of a log, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.evidence.training_log.event import Event
    from archdiff.evidence.training_log.expectation import ModelFacts, Reference
    from archdiff.evidence.training_log.judge import Start, Verdict
    from archdiff.evidence.training_log.objective import Told
    from archdiff.evidence.training_log.summary import Summary

__all__ = [
    "asked",
    "beginning",
    "between",
    "far_above",
    "is_too_smooth",
    "late",
    "late_and_near",
    "limits",
    "low",
    "near",
    "no_reference",
    "no_vocabulary",
    "not_trusted",
    "rate",
    "resumed",
    "shape",
    "small_vocabulary",
    "still_high",
]

_TOO_SMOOTH = 2e-5
_ROUND = 0.02
_LEAST = 50
_OTHERWISE = 0.4
"""Nats below the untrained model; more than its formula is off, and than the first steps take away."""
_MOST_PIECES = 256


def beginning(summary: Summary, start: Start) -> str:
    """Whether the beginning of the run is there."""
    step = f"{summary.first.step:,}"
    return {
        "there": f"the log begins at step {step}: its first loss is from before the first update",
        "first-interval": f"the log begins at step {step}, the end of its first interval: step 0 is not there",
        "late": f"the log begins at step {step}: the steps before are not there",
        "unknown": "the log carries no steps: its records were counted, and whether the first is step 0 is not known",
    }[start]


def near(loss: float, uniform: float, untrained: Reference | None, told: Told) -> str:
    """The first loss is that of an untrained model."""
    beside = f" (an untrained model of this architecture: {untrained.loss:.2f})" if untrained is not None else ""
    if untrained is not None and loss < untrained.loss - _OTHERWISE:
        beside = f" (this architecture, initialised as its config says, begins at {untrained.loss:.2f}: it was not)"
    objective = ", which also fits no other objective" if told.kind is None else ""
    return f"the first loss, {loss:.2f}, is that of a model that knows nothing: ln V = {uniform:.2f}{beside}{objective}"


def still_high(loss: float, uniform: float, step: int) -> str:
    """The first record stands behind a few steps and has not fallen far."""
    return f"the loss at step {step:,}, {loss:.2f}, is still close to ln V = {uniform:.2f}, and falls from there"


def low(loss: float, uniform: float, step: int) -> str:
    """The first loss is that of a trained model."""
    return (
        f"the loss at step {step:,}, {loss:.2f}, is {uniform - loss:.2f} below ln V = {uniform:.2f}: "
        "the model had learned before this log begins"
    )


def asked(loss: float, uniform: float, told: Told) -> str:
    """The loss is low, and its objective is not known."""
    hint = f" ({told.why})" if told.why else ""
    return (
        f"the first loss, {loss:.2f}, is below ln V = {uniform:.2f}, which says something only if it is the loss of "
        f"the next token{hint}: say --objective causal, or classification or other"
    )


def between(loss: float, uniform: float, step: int, start: Start) -> str:
    """The loss is neither near nor low enough."""
    if start in ("there", "unknown"):
        return f"the first loss, {loss:.2f}, is below ln V = {uniform:.2f}, and not by enough to tell a trained model"
    return f"by step {step:,} a run from scratch can have come down from ln V = {uniform:.2f} to {loss:.2f}"


def far_above(loss: float, uniform: float, untrained: Reference | None) -> str:
    """The first loss is larger than a model that knows nothing has."""
    known = (
        f"an untrained model of this architecture has {untrained.loss:.2f}" if untrained else f"ln V = {uniform:.2f}"
    )
    hint = ""
    times = loss / uniform
    if abs(loss - uniform / math.log(2)) < _ROUND * loss:
        hint = "; it is log2 V: the loss may be in bits"
    elif 2 <= round(times) <= _MOST_PIECES and abs(times / round(times) - 1) < _ROUND:
        hint = f"; it is {round(times)} × ln V: the loss may be a sum over {round(times)} parts of a batch"
    return (
        f"the first loss, {loss:.2f}, is far above what is expected ({known}): runs from scratch with a wide "
        f"initialisation begin there, and so do other objectives{hint}"
    )


def late(loss: float, uniform: float, step: int) -> str:
    """The log begins in the middle of a run."""
    begun = f"at step {step:,}, where the log begins, the loss is {loss:.2f} (ln V = {uniform:.2f})"
    return f"{begun}: what came before is missing"


def late_and_near(loss: float, uniform: float, step: int) -> str:
    """The log begins late, with the loss of an untrained model."""
    return (
        f"at step {step:,}, where the log begins, the loss is {loss:.2f}, that of a model that knows nothing (ln V = "
        f"{uniform:.2f}): either the steps are not counted from 0, or nothing was learned before"
    )


def no_vocabulary(told: Told, model: ModelFacts | None, summary: Summary) -> str:
    """The vocabulary says nothing of this loss."""
    if told.kind == "classification":
        labels = model.labels if model is not None else None
        expected = f"ln {labels} = {math.log(labels):.2f}" if labels and labels > 1 else "the logarithm of its labels"
        return (
            f"the loss is a classifier's ({told.why}): it begins near {expected} ({summary.first.loss or 0:.2f} here) "
            "whether or not the model below was trained, so ln V does not apply"
        )
    return f"the loss is not that of the next token ({told.why}): ln V does not apply"


def no_reference() -> str:
    """No vocabulary is known."""
    return "no vocabulary is known: say --vocab-size or --model"


def small_vocabulary(tokens: int) -> str:
    """ln V is no larger than a trained model's loss."""
    level = math.log(max(tokens, 1))
    return f"with {tokens:,} tokens to choose from, ln V = {level:.2f} tells a trained model from no other"


def not_trusted(events: Sequence[Event]) -> str:
    """The log holds what no training writes."""
    first = events[0]
    more = f", and {len(events) - 1:,} more such places" if len(events) > 1 else ""
    return f"the log holds what no training writes ({first.text}{more}): it supports nothing until that is explained"


def is_too_smooth(summary: Summary, event: Event) -> bool:
    """Whether an event says that the losses scatter less than any batches do."""
    return event.kind == "smoothed" and summary.scatter is not None and summary.scatter < _TOO_SMOOTH


def shape(summary: Summary, uniform: float) -> Iterator[str]:
    """The first part of the curve."""
    points = [point for point in summary.curve if point.loss is not None]
    if len(points) < _LEAST:
        return
    end = summary.first.step + max((summary.last.step - summary.first.step) / 100, 1)
    early = [point for point in points if point.step <= end][-1]
    text = f"the loss goes from {summary.first.loss:.2f} to {early.loss:.2f} by step {early.step:,}"
    half = next((point for point in points if point.loss is not None and point.loss < uniform / 2), None)
    passed = f", is below half of ln V from step {half.step:,}" if half is not None and half is not points[0] else ""
    yield f"{text} (the first 1 % of the log){passed}, and ends at {summary.last.loss:.2f}"
    first = summary.first.loss or 0.0
    if first > uniform / 2 and summary.lowest > first - 0.1:
        yield "the loss never falls: nothing was learned in this log"


def rate(summary: Summary, start: Start) -> Iterator[str]:
    """The learning rate at the beginning."""
    found = summary.learning_rate
    if found is None or found.peak <= 0:
        return
    if found.first < found.peak / 2:
        rise = f"from {found.first:.2e} to {found.peak:.2e} at step {found.peak_step:,}"
        yield f"the learning rate rises {rise}: a warm-up"
    elif start == "late" and found.last < found.first:
        yield f"the learning rate is at its highest, {found.first:.2e}, where the log begins, and falls: no warm-up"


def resumed(summary: Summary) -> Iterator[str]:
    """What the recording service says of the run."""
    step = summary.settings.get("resumed_at")
    if isinstance(step, float):
        yield f"W&B recorded this run as resumed, at its step {step:,.0f}"


def limits(verdict: Verdict) -> tuple[str, ...]:
    """What a log cannot prove, as it applies to a verdict."""
    known = {
        "from-scratch": (
            "a new embedding and head on a trained body begin near ln V too: only the weights tell (archdiff weights)",
            "the loss at the start is necessary for a run from scratch, not sufficient",
        ),
        "warm-start": (
            "which model it started from is not in the loss: compare the weights with those that come into question",
            "a run that was continued with its steps counted from 0 again looks the same",
        ),
        "resumed": ("how the run began is not in this log: ask for the part before",),
        "inconclusive": (),
    }[verdict]
    forged = "a log can be written by anyone: its digest fixes what was read, not that a run wrote it"
    belongs = "nothing in a log ties it to the weights that were published: ask for checkpoints from along the run"
    return (*known, forged, belongs)
