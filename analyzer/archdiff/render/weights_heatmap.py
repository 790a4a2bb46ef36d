"""Which layer of OLD each layer of NEW resembles, as a heat map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archdiff.render.svgfile import HATCHED, PALE, width_of
from archdiff.render.weights_words import INFINITE, figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.render.svgfile import SvgFile
    from archdiff.report.weights import LayerMapEntry

__all__ = ["WIDEST", "draw", "height"]

WIDEST = 360
"""Pixels of the longer side of a map."""

_CELL = 24
"""Pixels of a cell of a small map."""

_BAR = (14, 150)
"""Pixels of the legend's bar."""

_BELOW = 40
"""Pixels for the ticks and the name of the lower axis."""

_COLOURS = ("#f7fbff", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#08519c", "#08306b")
"""From nothing to certain: one hue of falling lightness, which every kind of colour vision and greyscale tell apart
(ColorBrewer, Blues)."""

_MATCHED = "#d55e00"
"""Vermilion of Okabe and Ito's palette, which stands out from blue in every kind of colour vision."""

_MARKS = (2.0, 12.0)
"""−log10 p below which a verdict calls it silent, and from which certain."""

_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def height(found: LayerMapEntry) -> float:
    """Pixels that the map takes with its axes and legend."""
    return max(len(found.map) * _cell(found) + _BELOW, _BAR[1] + 72)


def draw(out: SvgFile, found: LayerMapEntry, at: tuple[float, float]) -> None:
    """Draw a map with axes and legend.

    Args:
        out: what it is drawn into.
        found: the map.
        at: the upper left corner of the cells; the names of the left axis stand left of it.
    """
    cell, (rows, columns) = _cell(found), _shape(found)
    most = _most(found)
    out.rectangle(at, (columns * cell, rows * cell), "#ffffff", PALE)
    out.grid(at, cell, _areas(found, most))
    out.area(_untested(found, at, cell), HATCHED)
    matched = "".join(f"M{old} {new}h1v1h-1z" for new, old in enumerate(found.map) if old is not None)
    out.frames(at, cell, matched, _MATCHED)
    _axes(out, at, cell, (rows, columns))
    _legend(out, (at[0] + max(columns * cell, 60) + 30, at[1]), most)


def _shape(found: LayerMapEntry) -> tuple[int, int]:
    return len(found.scores), max(map(len, found.scores), default=0)


def _cell(found: LayerMapEntry) -> float:
    return min(_CELL, WIDEST / max(1, *_shape(found)))


def _most(found: LayerMapEntry) -> float:
    """The upper end of the scale: what is certain, or what was found above that; infinity has the same colour."""
    scores = (score for row in found.scores for score in row if score is not None and score < INFINITE)
    return max(_MARKS[1], *scores, _MARKS[1])


def _level(score: float, most: float) -> float:
    """From 0 to 1, by logarithm: p-values of a copy have hundreds of zeros, and those near the limits matter, too."""
    return math.log1p(max(0.0, min(score, most))) / math.log1p(most)


def _areas(found: LayerMapEntry, most: float) -> dict[str, str]:
    """Outlines by colour; neighbours of one colour in a row are one box, so that a file stays small."""
    areas: dict[str, list[str]] = {}
    for number, row in enumerate(found.scores):
        for first, length, fill in _runs([_fill(score, most) for score in row]):
            if fill:
                areas.setdefault(fill, []).append(f"M{first} {number}h{length}v1h-{length}z")
    return {fill: "".join(areas[fill]) for fill in sorted(areas)}


def _untested(found: LayerMapEntry, at: tuple[float, float], cell: float) -> str:
    """Outline of the pairs that were not tested, in pixels: a scaled hatching would be no hatching."""
    return "".join(
        f"M{at[0] + first * cell:.2f} {at[1] + number * cell:.2f}h{length * cell:.2f}v{cell:.2f}h-{length * cell:.2f}z"
        for number, row in enumerate(found.scores)
        for first, length, fill in _runs(["" if score is None else "tested" for score in row])
        if not fill
    )


def _fill(score: float | None, most: float) -> str:
    return "" if score is None else _COLOURS[round(_level(score, most) * (len(_COLOURS) - 1))]


def _runs(fills: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    first = 0
    for position in range(1, len(fills) + 1):
        if position == len(fills) or fills[position] != fills[first]:
            yield first, position - first, fills[first]
            first = position


def _axes(out: SvgFile, at: tuple[float, float], cell: float, shape: tuple[int, int]) -> None:
    (x, y), (rows, columns) = at, shape
    bottom = y + rows * cell
    for number in _ticks(columns, cell, width_of(str(columns), 10) + 8):
        out.line((x + (number + 0.5) * cell, bottom), (x + (number + 0.5) * cell, bottom + 4))
        out.words((x + (number + 0.5) * cell, bottom + 15), str(number), 10, "middle")
    for number in _ticks(rows, cell, 14):
        out.line((x - 4, y + (number + 0.5) * cell), (x, y + (number + 0.5) * cell))
        out.words((x - 7, y + (number + 0.5) * cell + 3.5), str(number), 10, "end")
    out.words((x + columns * cell / 2, bottom + 32), "layer of OLD", 11, "middle")
    out.words((x - 42, y + max(rows * cell / 2, 40)), "layer of NEW", 11, "middle", upright=True)


def _ticks(count: int, cell: float, room: float) -> range:
    """Numbers of the layers that an axis names, so that names keep apart."""
    step = next((step for step in _STEPS if step * cell >= room), _STEPS[-1])
    return range(0, count, step)


def _legend(out: SvgFile, at: tuple[float, float], most: float) -> None:
    (x, y), (width, length) = at, _BAR
    out.words((x, y + 8), "−log10 p", 11)
    for number, colour in enumerate(reversed(_COLOURS)):
        out.rectangle((x, y + 18 + number * length / len(_COLOURS)), (width, length / len(_COLOURS)), colour)
    out.rectangle((x, y + 18), (width, length), "none", PALE)
    placed: list[float] = []
    for value in (0.0, most, *reversed(_MARKS)):
        below = y + 18 + length * (1 - _level(value, most))
        if all(abs(below - other) >= 14 for other in placed):
            placed.append(below)
            out.line((x + width, below), (x + width + 4, below))
            out.words((x + width + 7, below + 3.5), f"{figure(value)}{_MEANINGS.get(value, '')}", 10)
    out.rectangle((x + 1, y + length + 29), (12, 10), "none", _MATCHED)
    out.words((x + width + 7, y + length + 38), "matched", 10)
    out.rectangle((x + 1, y + length + 47), (12, 10), HATCHED, PALE)
    out.words((x + width + 7, y + length + 56), "not tested", 10)


_MEANINGS = {_MARKS[0]: ": p = 0.01", _MARKS[1]: ": p = 1e−12"}
