"""A training log in a report: what it shows, what that is consistent with, and what a log cannot prove."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CurvePoint", "LogEvent", "LogVerdict", "ReferenceLine", "TrainingLogEntry"]

LogVerdict = Literal["from-scratch", "warm-start", "resumed", "inconclusive"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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

    kind: str = Field(description="`gap`, `restart`, `duplicate`, `backwards`, `not-a-number`, `smoothed`, `edited`, …")
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
    reasons: tuple[str, ...] = Field(description="the most telling first")
    limits: tuple[str, ...] = Field(description="what a log cannot prove, as it applies here")
    figures: dict[str, float | None] = Field(
        description="by name, for programs: `first_step`, `first_loss`, `tokens`, …"
    )
    references: tuple[ReferenceLine, ...]
    events: tuple[LogEvent, ...]
    curve: tuple[CurvePoint, ...] = Field(description="at most 1,000 points, the first steps the densest")
    not_checked: tuple[str, ...]
