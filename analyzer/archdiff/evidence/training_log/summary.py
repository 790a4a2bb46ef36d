"""A log in a few figures, made in one pass with bounded memory."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

from archdiff.errors import SourceError
from archdiff.evidence.training_log.curve import Curve, Point
from archdiff.evidence.training_log.names import Names, plain, table
from archdiff.evidence.training_log.watch import Copies, Noise, Steps, Stretches

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archdiff.evidence.training_log.event import Event
    from archdiff.evidence.training_log.record import Record, Setting

__all__ = ["LearningRate", "Summary", "summarise"]

_LARGEST_STEP = 10**15
_MOST_NOTES = 10


@dataclasses.dataclass(frozen=True, slots=True)
class LearningRate:
    """The learning rate at the first and last record that has one, and where it is the highest."""

    first: float
    first_step: int
    peak: float
    peak_step: int
    last: float


@dataclasses.dataclass(frozen=True)
class Summary:
    """What a log holds.

    Args:
        names: what its values are called.
        first: the first loss that is a number.
        last: the last one.
        lowest: the lowest loss.
        records: with a loss, numbers or not.
        not_a_number: of these, those that are none.
        is_counted: no value is the step: the records were counted.
        stride: steps between two records at the end; None where there are no two.
        first_stride: steps between the first two.
        restarts: how often the log goes on at an earlier step.
        gaps: how many stretches of steps are missing.
        events: what a reader has to know, in the order of the steps.
        curve: a bounded sample.
        learning_rate: None where it is not logged.
        tokens: the most that were logged; None where they are not.
        samples: the same for sequences.
        seconds: between the records, without long pauses; None where there is no clock.
        autocorrelation: as `Noise` tells it.
        scatter: as `Noise` tells it.
        settings: of the run, as far as a role is known.
        notes: on how the log was read.
    """

    names: Names
    first: Point
    last: Point
    lowest: float
    records: int
    not_a_number: int
    is_counted: bool
    stride: int | None
    first_stride: int | None
    restarts: int
    gaps: int
    events: tuple[Event, ...]
    curve: tuple[Point, ...]
    learning_rate: LearningRate | None
    tokens: float | None
    samples: float | None
    seconds: float | None
    autocorrelation: float | None
    scatter: float | None
    settings: dict[str, Setting]
    notes: tuple[str, ...]


def summarise(records: Iterable[Record], names: Names, subject: str) -> Summary:
    """Read every record once.

    Args:
        records: of the log, in its order.
        names: what its values are called.
        subject: what errors call it.

    Raises:
        SourceError: there is no loss that is a number, or the steps run backwards.
    """
    found = _Pass(names)
    for record in records:
        found.see(record)
    return found.summary(subject)


class _Pass:
    """The state of the one pass."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.curve, self.steps, self.stretches = Curve(), Steps(), Stretches()
        self.copies, self.noise = Copies(), Noise()
        self.settings: dict[str, Setting] = {}
        self.notes: list[str] = []
        self.first: Point | None = None
        self.last: Point | None = None
        self.first_stride: int | None = None
        self.first_rate: tuple[float, int] | None = None
        self.peak_rate, self.last_rate = (-math.inf, 0), 0.0
        self.lowest, self.records, self.step, self.counted = math.inf, 0, 0, 0
        self.tokens: float | None = None
        self.samples: float | None = None

    def see(self, record: Record) -> None:
        """The next record."""
        self.settings.update(_known(record.settings.items()) if record.settings else ())
        if record.note and len(self.notes) < _MOST_NOTES:
            self.notes.append(record.note)
        values, names = record.values, self.names
        step = self._step(record)
        loss = values.get(names.loss)
        if loss is not None:
            self._loss(step, loss, record.time if record.time is not None else values.get(names.time))
        if names.learning_rate and (rate := values.get(names.learning_rate)) is not None and math.isfinite(rate):
            self._rate(step, rate)
        if names.tokens:
            self.tokens = _larger(self.tokens, values.get(names.tokens))
        if names.samples:
            self.samples = _larger(self.samples, values.get(names.samples))

    def _step(self, record: Record) -> int:
        """The record's step; where there is none, the number of losses before it."""
        stated = record.step if record.step is not None else record.values.get(self.names.step)
        if stated is not None and math.isfinite(stated) and abs(stated) <= _LARGEST_STEP:
            return int(stated)
        if self.names.loss in record.values:
            self.counted += 1
        return self.records if self.counted == self.records + 1 else self.step

    def _loss(self, step: int, loss: float, time: float | None) -> None:
        self.records += 1
        self.step = step
        self.steps.see(step, time if time is not None and math.isfinite(time) else None)
        self.stretches.see(step, loss)
        self.copies.see(step, loss)
        self.curve.add(step, loss)
        if not math.isfinite(loss):
            return
        self.noise.see(step, loss)
        self.lowest = min(self.lowest, loss)
        self.last = Point(step, loss, 1)
        if self.first is None:
            self.first = self.last
        elif self.first_stride is None and step > self.first.step:
            self.first_stride = step - self.first.step

    def _rate(self, step: int, rate: float) -> None:
        if self.first_rate is None:
            self.first_rate = (rate, step)
        if rate > self.peak_rate[0]:
            self.peak_rate = (rate, step)
        self.last_rate = rate

    def summary(self, subject: str) -> Summary:
        """What was seen."""
        if self.first is None or self.last is None:
            cause = "holds no loss that is a number" if self.records else "holds no loss"
            raise SourceError(subject, cause, "name a log with the training loss in it")
        if self.steps.backwards > self.steps.forwards:
            cause = f"its steps run backwards, from {self.first.step:,} to {self.last.step:,}"
            raise SourceError(subject, cause, "sort it by step, or name the step with --step-column")
        watches = (self.steps, self.stretches, self.copies, self.noise)
        events = sorted(
            (event for watch in watches for event in watch.events()), key=lambda e: (e.first, e.kind, e.last)
        )
        return Summary(
            names=self.names,
            first=self.first,
            last=self.last,
            lowest=self.lowest,
            records=self.records,
            not_a_number=self.stretches.not_a_number,
            is_counted=self.counted > 0,
            stride=self.steps.stride(),
            first_stride=self.first_stride,
            restarts=self.steps.restarts,
            gaps=self.steps.gaps,
            events=tuple(events),
            curve=self.curve.points(),
            learning_rate=LearningRate(*self.first_rate, *self.peak_rate, self.last_rate) if self.first_rate else None,
            tokens=self.tokens,
            samples=self.samples,
            seconds=self.steps.seconds or None,
            autocorrelation=self.noise.autocorrelation(),
            scatter=self.noise.scatter(),
            settings=self.settings,
            notes=tuple(dict.fromkeys(self.notes)),
        )


def _known(settings: Iterable[tuple[str, Setting]]) -> dict[str, Setting]:
    """Settings of a known role, by role; the innermost name counts."""
    roles = {name: role for role, names in table()["settings"].items() for name in names}
    found = ((roles.get(plain(name.rpartition(".")[2])), value) for name, value in settings)
    return {role: value for role, value in found if role is not None}


def _larger(before: float | None, value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return before
    return value if before is None else max(before, value)
