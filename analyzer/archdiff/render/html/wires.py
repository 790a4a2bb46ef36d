"""The paths between parts that stand on lines: wires, forks, joins, and residual paths on lanes of their own.

A line takes three rows of the page's grid: its parts, and the two halves of the gap below, where paths branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archdiff.render.html.arrange import WIDTH
from archdiff.report.flows import ENTRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archdiff.render.html.arrange import Spot
    from archdiff.render.wiring import Paths

__all__ = ["Wire", "row_of", "wires"]


class Wire(NamedTuple):
    """A piece of a path: rows from `top` up to, not including, `end`; columns of its side alike."""

    kind: str
    side: int
    top: int
    end: int
    left: int
    right: int


def row_of(line: int) -> int:
    """The row of the parts of a line; −1 is the heading of the layer. The two rows of its gap follow."""
    return 4 + 3 * line


def wires(paths: Paths, spots: Sequence[Spot], lines: Sequence[int], side: int) -> list[Wire]:
    """Everything that is drawn between the parts of one side.

    Args:
        paths: by part id.
        spots: where the parts stand.
        lines: the common line of each line of this side.
        side: 0 for OLD, 1 for NEW.
    """
    places = {spot.part.id: (lines[spot.line], spot.middle, spot.right - spot.left) for spot in spots}
    places[ENTRY] = (-1, WIDTH // 2, WIDTH)
    found: list[Wire] = []
    for tail, head in paths.straight:
        if tail in places and head in places and places[tail][0] < places[head][0]:
            found += _straight(places[tail], places[head], side)
    lanes = [(places[a], places[b]) for a, b in paths.residual if a in places and b in places]
    found += _lanes([pair for pair in lanes if pair[0][0] < pair[1][0]], side)
    return _once(found)


def _straight(tail: tuple[int, int, int], head: tuple[int, int, int], side: int) -> Iterator[Wire]:
    """From the middle of one part to that of another; it branches where the wider of the two is."""
    (a, start, wide), (b, end, other) = tail, head
    gap, below = row_of(a) + 1, row_of(b)
    if start == end:
        yield _wire("arrow", side, (gap, below), (start, start))
        return
    bend = gap + 1 if wide >= other else below - 1
    yield _wire("line", side, (gap, bend), (start, start))
    yield _wire("beam", side, (bend, bend + 1), (min(start, end), max(start, end)))
    yield _wire("arrow", side, (bend, below), (end, end))


def _lanes(pairs: Iterable[tuple[tuple[int, int, int], tuple[int, int, int]]], side: int) -> Iterator[Wire]:
    """Residual paths; those that overlap stand on different lanes, counted from the parts outwards."""
    ends: list[int] = []
    for tail, head in sorted(pairs):
        lane = next((number for number, end in enumerate(ends) if end <= tail[0]), len(ends))
        ends[lane : lane + 1] = [head[0]]
        yield _wire("lane", side, (row_of(tail[0]) + 2, row_of(head[0]) + 1), (lane, head[1]))


def _wire(kind: str, side: int, rows: tuple[int, int], columns: tuple[int, int]) -> Wire:
    return Wire(kind=kind, side=side, top=rows[0], end=rows[1], left=columns[0], right=columns[1])


def _once(found: Sequence[Wire]) -> list[Wire]:
    """Without what is drawn there already, as where several paths leave one part."""
    return list(dict.fromkeys(found))
