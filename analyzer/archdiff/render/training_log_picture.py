"""The loss over the steps, with the losses that are known beforehand and what stands out, as SVG."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import TYPE_CHECKING

from archdiff.render.svgfile import SvgFile, width_of
from archdiff.render.training_log_text import VERDICTS
from archdiff.render.weights_words import figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.report.training_log import CurvePoint, LogEvent, TrainingLogEntry

__all__ = ["text"]

_WIDE, _TALL = 680, 320
_LEFT, _TOP, _RIGHT, _BELOW = 58, 74, 26, 74
_BLUE, _RED, _AMBER, _GRID = "#08519c", "#d55e00", "#fff0c9", "#ececec"
_THICK = 1.6
_LABEL = 11.0
_MOST_BANDS = 6


@dataclasses.dataclass(frozen=True)
class _Scale:
    """Steps by logarithm from the first one, so that the beginning can be seen; losses as they are.

    Args:
        first: step at the left edge.
        span: logarithm at the right edge.
        top: loss at the upper edge.
        bottom: loss at the lower edge.
    """

    first: int
    span: float
    top: float
    bottom: float

    def x(self, step: int) -> float:
        return _LEFT + _WIDE * math.log1p(max(0, step - self.first)) / self.span

    def y(self, loss: float) -> float:
        return _TOP + _TALL * (self.top - min(max(loss, self.bottom), self.top)) / (self.top - self.bottom)


def text(entry: TrainingLogEntry) -> str:
    """The picture of one log."""
    out, scale = SvgFile(), _scale(entry)
    out.words((_LEFT, 26), entry.name, 14, bold=True)
    out.words((_LEFT, 46), VERDICTS[entry.verdict], 12)
    below = _bands(out, scale, entry.events)
    _axes(out, scale)
    for line in _strokes(scale, entry.curve):
        out.area(line, _BLUE)
    _references(out, scale, entry)
    out.words((_LEFT + _WIDE / 2, _TOP + _TALL + 36), _caption(scale), 11, "middle")
    if below:
        out.words((_LEFT, _TOP + _TALL + 58), f"shaded: {below}", 10.5)
    title = f"{entry.name}: loss over steps, {VERDICTS[entry.verdict]}"
    return out.source(_LEFT + _WIDE + _RIGHT, _TOP + _TALL + _BELOW, title)


def _scale(entry: TrainingLogEntry) -> _Scale:
    steps = [point.step for point in entry.curve] or [0]
    losses = [point.loss for point in entry.curve if point.loss is not None]
    levels = [*losses, *(line.loss for line in entry.references)] or [1.0]
    most, least = max(levels), min(0.0, *levels, 0.0)
    room = (most - least) * 0.06 or 1.0
    return _Scale(min(steps), math.log1p(max(1, max(steps) - min(steps))), most + room, least - (room if least else 0))


def _axes(out: SvgFile, scale: _Scale) -> None:
    bottom = _TOP + _TALL
    for level in _levels(scale):
        y = scale.y(level)
        out.rectangle((_LEFT, y - 0.5), (_WIDE, 1), _GRID)
        out.line((_LEFT - 4, y), (_LEFT, y))
        out.words((_LEFT - 8, y + 3.8), f"{level:g}".replace("-", "−"), _LABEL, "end")
    for after in _decades(scale):
        x = scale.x(scale.first + after)
        out.line((x, bottom), (x, bottom + 4))
        out.words((x, bottom + 18), f"{scale.first + after:,}", _LABEL, "middle")
    out.line((_LEFT, _TOP), (_LEFT, bottom))
    out.line((_LEFT, bottom), (_LEFT + _WIDE, bottom))
    out.words((16, _TOP + _TALL / 2), "loss in nats", 11, "middle", upright=True)


def _levels(scale: _Scale) -> Iterator[float]:
    """Round losses for the axis, at most about six."""
    step = 10.0 ** math.floor(math.log10((scale.top - scale.bottom) / 5))
    step *= next(factor for factor in (1, 2, 5, 10) if (scale.top - scale.bottom) / (step * factor) <= 7)
    for number in range(math.ceil(scale.bottom / step), math.floor(scale.top / step) + 1):
        yield round(number * step, 10)


def _decades(scale: _Scale) -> Iterator[int]:
    """Steps after the first one that are marked, as far apart as their labels need."""
    end = -math.inf
    for after in (0, *(10**power for power in range(16))):
        x, half = scale.x(scale.first + after), width_of(f"{scale.first + after:,}", _LABEL) / 2
        if math.log1p(after) <= scale.span + 1e-9 and x - half > end + 6:
            end = x + half
            yield after


def _caption(scale: _Scale) -> str:
    return "step, by logarithm" if scale.first in (0, 1) else f"step, by logarithm of the steps after {scale.first:,}"


def _strokes(scale: _Scale, curve: Sequence[CurvePoint]) -> Iterator[str]:
    """The curve as areas: it breaks where the loss is no number and where the log goes back."""
    run: list[tuple[float, float]] = []
    last = -1
    for point in curve:
        if point.loss is None or point.step < last:
            yield from _stroke(run)
            run = []
        if point.loss is not None:
            run.append((scale.x(point.step), scale.y(point.loss)))
        last = point.step
    yield from _stroke(run)


def _stroke(points: Sequence[tuple[float, float]]) -> Iterator[str]:
    """A line of even thickness as one path; a lone point as a small square."""
    if len(points) == 1:
        (x, y), half = points[0], _THICK
        yield f"M{x - half:.1f} {y - half:.1f}h{2 * half:g}v{2 * half:g}h{-2 * half:g}z"
    pieces = []
    for (a, b), (c, d) in itertools.pairwise(points):
        long = math.hypot(c - a, d - b) or 1.0
        across, along = (d - b) / long * _THICK / 2, (c - a) / long * _THICK / 2
        corners = ((a - across, b + along), (c - across, d + along), (c + across, d - along), (a + across, b - along))
        pieces.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "z")
    if pieces:
        yield "".join(pieces)


def _references(out: SvgFile, scale: _Scale, entry: TrainingLogEntry) -> None:
    """Dashed lines with their names at the right; of two that are close the lower one is named below it."""
    taken: list[float] = []
    for line in sorted(entry.references, key=lambda each: -each.loss):
        y = scale.y(line.loss)
        for at in range(0, _WIDE, 10):
            out.rectangle((_LEFT + at, y - 0.7), (6, 1.4), _RED)
        label = y + 13 if any(abs(y - 5 - other) < 14 for other in taken) else y - 5
        taken.append(label)
        out.words((_LEFT + _WIDE - 4, label), f"{line.name} = {figure(line.loss, 4)}", _LABEL, "end")


def _bands(out: SvgFile, scale: _Scale, events: Sequence[LogEvent]) -> str:
    """Shade what stands out; the kinds, in words."""
    shown = [event for event in events if event.kind != "smoothed"][:_MOST_BANDS]
    for event in shown:
        left, right = sorted((scale.x(event.first), scale.x(event.last)))
        right = min(max(right, left + 3), _LEFT + _WIDE)
        out.rectangle((min(left, right - 3), _TOP), (max(right - left, 3), _TALL), _AMBER)
    told = [
        f"{event.kind} {event.first:,}" + (f"–{event.last:,}" if event.last != event.first else "") for event in shown
    ]
    more = f" and {len(events) - len(shown):,} more" if len(events) > len(shown) and shown else ""
    return ", ".join(told) + more
