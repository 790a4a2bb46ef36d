"""A training log in a report: what it shows, what that is consistent with, and what a log cannot prove."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from archdiff.report.values import clean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.evidence.training_log import TrainingLog

__all__ = ["CurvePoint", "LogEvent", "LogVerdict", "ReferenceLine", "TrainingLogEntry", "training_log_entry"]

LogVerdict = Literal["from-scratch", "warm-start", "resumed", "inconclusive"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class CurvePoint(_Model):
    """The loss at a step; several steps may stand behind a point."""

    step: int
    loss: float | None = Field(description="natural logarithm units (nats) for each token; None where it was no number")


class ReferenceLine(_Model):
    """A loss that is known beforehand."""

    name: str = Field(description="`ln V`, `untrained model`")
    loss: float
    source: str = Field(description="the formula, or how it was measured")


class LogEvent(_Model):
    """Something in the log that a reader has to know: a gap, a restart, a stretch that was written twice."""

    kind: str = Field(
        description="`gap`, `restart`, `repeated-step`, `duplicate` (written twice), `copied` (the losses of other "
        "steps), `constant`, `straight`, `smoothed`, `not-a-number`, `clock`, `pause`"
    )
    first: int = Field(description="step")
    last: int = Field(description="step")
    text: str


class TrainingLogEntry(_Model):
    """What a training log says; the same log gives the same bytes."""

    schema_version: Literal["1.0"] = "1.0"
    archdiff: str = Field(description="version of archdiff")
    name: str = Field(description="as the user named it")
    kind: str = Field(description="`wandb`, `tensorboard`, `trainer-state`, `csv`, `parquet`, `json-lines`, `text`")
    digest: str = Field(description="SHA-256 of the bytes that were read: `sha256:…`")
    verdict: LogVerdict = Field(description="what the log is consistent with")
    objective: Literal["causal", "classification", "other"] | None = Field(
        default=None, description="what the loss is of; None where nothing tells it"
    )
    start: Literal["there", "first-interval", "late", "unknown"] = Field(
        default="unknown", description="whether the loss before the first update is in the log"
    )
    loss_column: str = Field(default="", description="name of the loss in the log")
    step_column: str = Field(default="", description="name of the step; empty where no value is one")
    reasons: tuple[str, ...] = Field(description="the most telling first")
    limits: tuple[str, ...] = Field(description="what a log cannot prove, as it applies here")
    figures: dict[str, float | None] = Field(
        description="by name, for programs: `first_step`, `first_loss`, `tokens`, …"
    )
    references: tuple[ReferenceLine, ...]
    events: tuple[LogEvent, ...]
    curve: tuple[CurvePoint, ...] = Field(description="at most 1,000 points, the first steps the densest")
    not_checked: tuple[str, ...]


def training_log_entry(log: TrainingLog) -> TrainingLogEntry:
    """What a training log says, as a document.

    Args:
        log: as `archdiff.evidence.training_log.examine` gives it.
    """
    names = log.summary.names
    return TrainingLogEntry(
        archdiff=version("archdiff"),
        name=clean(log.name),
        kind=log.kind,
        digest=log.digest,
        verdict=log.verdict,
        objective=log.objective.kind,
        start=log.judgement.start,
        loss_column=clean(names.loss),
        step_column=clean(names.step),
        reasons=tuple(map(clean, (*log.judgement.reasons, *_compute(log)))),
        limits=log.limits,
        figures={name: _finite(value) for name, value in _figures(log)},
        references=tuple(ReferenceLine(name=r.name, loss=r.loss, source=r.source) for r in log.references),
        events=tuple(LogEvent(kind=e.kind, first=e.first, last=e.last, text=e.text) for e in log.summary.events),
        curve=tuple(CurvePoint(step=p.step, loss=p.loss) for p in log.summary.curve),
        not_checked=tuple(map(clean, log.not_checked)),
    )


def _compute(log: TrainingLog) -> Iterator[str]:
    found, model = log.compute, log.expectation.model
    if found.tokens is None:
        return
    told = f"{found.tokens:.3g} tokens by the last step ({found.source})"
    if found.operations is not None and model is not None and model.active is not None:
        told += (
            f", which with {model.active:.3g} active parameters take about {found.operations:.2e} operations (6·N·D)"
        )
        if found.logged is not None:
            told += f"; the log counts {found.logged:.2e}"
    yield told


def _figures(log: TrainingLog) -> Iterator[tuple[str, float | None]]:
    summary, rate = log.summary, log.summary.learning_rate
    yield from (
        ("records", summary.records),
        ("not_a_number", summary.not_a_number),
        ("first_step", None if summary.is_counted else summary.first.step),
        ("first_loss", summary.first.loss),
        ("last_step", None if summary.is_counted else summary.last.step),
        ("last_loss", summary.last.loss),
        ("lowest_loss", summary.lowest),
        ("steps_between_records", summary.stride),
        ("restarts", summary.restarts),
        ("gaps", summary.gaps),
        ("vocabulary", log.expectation.tokens),
        ("autocorrelation", summary.autocorrelation),
        ("scatter", summary.scatter),
        ("learning_rate_first", rate.first if rate else None),
        ("learning_rate_peak", rate.peak if rate else None),
        ("learning_rate_peak_step", rate.peak_step if rate else None),
        ("learning_rate_last", rate.last if rate else None),
        ("seconds", summary.seconds),
        ("tokens", log.compute.tokens),
        ("operations", log.compute.operations),
        ("operations_logged", log.compute.logged),
    )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
