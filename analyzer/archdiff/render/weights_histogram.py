"""How far apart the elements of a component are, as a histogram of relative differences."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from archdiff.render.svgfile import PALE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archdiff.render.svgfile import SvgFile
    from archdiff.report.weights import ElementsEntry

__all__ = ["HEIGHT", "WIDTH", "draw", "pooled"]

_BIN, _BINS, _TALL = 38, 12, 190
WIDTH = _BINS * _BIN
"""Pixels of the bars of a histogram by decades."""

HEIGHT = _TALL + 66
"""Pixels with the axes and what was left out."""

_EQUAL, _OTHERS = "#08519c", "#6baed6"
_SMALLEST = -8
"""Decade from which differences are counted one by one."""

_DIGITS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def pooled(elements: Sequence[ElementsEntry]) -> tuple[int, ...]:
    """Counts of all pairs together, those of equal digest among the equal ones; empty where no pair has any."""
    found = [(pair.count,) if pair.digest and not pair.histogram else pair.histogram for pair in elements]
    return tuple(map(sum, itertools.zip_longest(*found, fillvalue=0)))


def draw(out: SvgFile, elements: Sequence[ElementsEntry], at: tuple[float, float]) -> None:
    """Draw the histogram of all pairs of tensors together; nothing where none has one.

    Args:
        out: what it is drawn into.
        elements: pairs of tensors of one component.
        at: the upper left corner of the bars.
    """
    counts = pooled(elements)
    total = sum(counts)
    if not total:
        return
    counts += (0,) * (_BINS - len(counts))
    (x, y), wide = at, WIDTH / len(counts)
    top = _top(max(counts) / total)
    for percent in range(0, top + 1, top // 5 if top >= 5 else 1):
        level = y + _TALL * (1 - percent / top)
        out.line((x - 4, level), (x, level))
        out.words((x - 7, level + 3.5), f"{percent} %", 10, "end")
    for number, count in enumerate(counts):
        _bar(out, (x + number * wide, y + _TALL), wide, (count / total, top), fill=_OTHERS if number else _EQUAL)
        out.words((x + (number + 0.5) * wide, y + _TALL + 14), _name(number, len(counts)), 9.5, "middle")
    out.line((x, y), (x, y + _TALL))
    out.line((x, y + _TALL), (x + WIDTH, y + _TALL))
    out.words((x + WIDTH / 2, y + _TALL + 32), f"|NEW − OLD| / |OLD| by decade, {total:,} elements", 11, "middle")
    if left_out := sum(sum(pair.nan) + sum(pair.infinite) for pair in elements):
        told = f"left out: {left_out:,} that are NaN or infinite"
        out.words((x + WIDTH / 2, y + _TALL + 48), told, 10, "middle")


def _bar(out: SvgFile, at: tuple[float, float], wide: float, share: tuple[float, int], *, fill: str) -> None:
    """One bar with its share above it.

    Args:
        out: what it is drawn into.
        at: its lower left corner.
        wide: pixels between bars.
        share: of all elements, and the per cent at the upper end of the axis.
        fill: its colour.
    """
    part, top = share
    if not part:
        return
    tall = max(1.0, _TALL * 100 * part / top)
    out.rectangle((at[0] + 3, at[1] - tall), (wide - 6, tall), fill, PALE)
    out.words((at[0] + wide / 2, at[1] - tall - 4), _percent(part), 9.5, "middle")


def _percent(part: float) -> str:
    """100 only where it is all."""
    if part < 0.01:
        return "< 1 %"
    return "> 99 %" if 0.99 < part < 1 else f"{100 * part:.0f} %"


def _top(largest: float) -> int:
    """Per cent at the upper end of the axis."""
    return next(top for top in (5, 10, 20, 50, 100) if largest * 100 <= top)


def _name(number: int, count: int) -> str:
    """What a bin holds: `equal`, `< 10⁻⁸`, then the lower end of its decade."""
    if number == 0:
        return "equal"
    power = f"10{str(_SMALLEST + max(0, number - 2)).translate(_DIGITS)}"
    if number == 1:
        return f"< {power}"
    return f"≥ {power}" if number == count - 1 else power
