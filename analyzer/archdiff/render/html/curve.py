"""The loss of a training run over its steps, with the losses that are known beforehand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archdiff.render.svgfile import SvgFile
from archdiff.render.weights_words import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["curve"]

_WIDE, _TALL = 640, 260
_LEFT, _TOP = 52, 18
_BLUE, _RED = "#08519c", "#d55e00"


def curve(points: Sequence[tuple[int, float]], references: Sequence[tuple[str, float]], title: str) -> str:
    """The picture as SVG; steps run by logarithm, so that the first of them can be seen.

    Args:
        points: step and loss.
        references: name and loss.
        title: what is read out.
    """
    out = SvgFile()
    finite = [(step, loss) for step, loss in points if math.isfinite(loss)]
    first = min((step for step, _ in finite), default=0)
    losses = [loss for _, loss in finite] + [loss for _, loss in references]
    low, high = min(0.0, *losses, 0.0), max(losses, default=1.0) * 1.08 or 1.0
    most = math.log1p(max(1, max((step for step, _ in finite), default=1) - first))

    def place(step: int, loss: float) -> tuple[float, float]:
        across = math.log1p(max(0, step - first)) / most
        return _LEFT + across * _WIDE, _TOP + _TALL * (1 - (loss - low) / (high - low))

    _axes(out, (low, high))
    for name, loss in references:
        level = place(first, loss)[1]
        out.rectangle((_LEFT, level - 0.75), (_WIDE, 1.5), _RED)
        out.words((_LEFT + _WIDE - 4, level - 5), f"{name}: {figure(loss, 4)}", 10, "end")
    out.area(_stroke([place(step, loss) for step, loss in finite]), _BLUE)
    out.words((_LEFT + _WIDE / 2, _TOP + _TALL + 34), f"steps from {first:,}, by logarithm", 11, "middle")
    return out.source(_LEFT + _WIDE + 24, _TOP + _TALL + 46, title)


def _axes(out: SvgFile, span: tuple[float, float]) -> None:
    low, high = span
    out.line((_LEFT, _TOP), (_LEFT, _TOP + _TALL))
    out.line((_LEFT, _TOP + _TALL), (_LEFT + _WIDE, _TOP + _TALL))
    for number in range(5):
        value = low + (high - low) * number / 4
        level = _TOP + _TALL * (1 - number / 4)
        out.line((_LEFT - 4, level), (_LEFT, level))
        out.words((_LEFT - 7, level + 3.5), figure(value), 10, "end")


def _stroke(points: Sequence[tuple[float, float]]) -> str:
    """A line two pixels thick as an outline, which is what can be filled."""
    above = [f"{x:.1f} {y - 1:.1f}" for x, y in points]
    below = [f"{x:.1f} {y + 1:.1f}" for x, y in reversed(points)]
    return f"M{'L'.join([*above, *below])}z" if len(points) > 1 else ""
