"""Where the parts of a layer stand: on numbered lines, beside each other where they work side by side."""

from __future__ import annotations

import bisect
import dataclasses
from typing import TYPE_CHECKING

from archdiff.report.pairing import every_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archdiff.report.schema import Part

__all__ = ["WIDTH", "Spot", "arrange", "facing", "increasing"]

WIDTH = 12
"""Columns of a side: halves and thirds of it have their middle between two columns."""

_NARROWEST = 4

Edge = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Spot:
    """Where a part stands.

    Args:
        part: the part.
        line: of its box, or of its heading where other parts stand in it.
        last: line up to which its column is taken.
        left: first column.
        right: the column behind the last one.
        depth: how many boxes it stands in.
    """

    part: Part
    line: int
    last: int
    left: int
    right: int
    depth: int = 0

    @property
    def middle(self) -> int:
        """The column before which its middle is."""
        return (self.left + self.right) // 2


def arrange(parts: Sequence[Part], edges: Iterable[Edge]) -> list[Spot]:
    """Stand parts below each other in the order of the flow, and side by side where none reads the other.

    Args:
        parts: of a block, producers before consumers.
        edges: producer and consumer id, without those that pass others by.
    """
    spots: list[Spot] = []
    _Arranger(list(edges), spots).level(parts, (0, WIDTH), 0, 0)
    return spots


class _Arranger:
    def __init__(self, edges: list[Edge], spots: list[Spot]) -> None:
        self.edges, self.spots = edges, spots

    def level(self, parts: Sequence[Part], columns: tuple[int, int], top: int, depth: int) -> int:
        """Place parts that stand in the same box; the line behind the last one."""
        spans = _spans(parts, self.edges)
        for run in _runs(parts, spans):
            count, tracks = _tracks(run, spans)
            left, right = columns
            if count > 1 and (right - left) // count >= _NARROWEST:
                top = self.abreast(run, spans, (tracks, count), columns, top, depth)
            else:
                for part in run:
                    top = self.one(part, columns, top, depth)
        return top

    def one(self, part: Part, columns: tuple[int, int], top: int, depth: int, last: int = -1) -> int:
        """Place a part with those inside; the line behind it."""
        position = len(self.spots)
        self.spots.append(Spot(part, top, max(top, last), *columns, depth))
        if not part.parts:
            return top + 1
        end = self.level(part.parts, columns, top + 1, depth + 1)
        self.spots[position] = Spot(part, top, max(end - 1, last), *columns, depth)
        return end

    def abreast(
        self,
        run: Sequence[Part],
        spans: Mapping[str, tuple[int, int]],
        tracks: tuple[Mapping[str, int], int],
        columns: tuple[int, int],
        top: int,
        depth: int,
    ) -> int:
        """Place parts of which some work side by side, each in its track."""
        wide = (columns[1] - columns[0]) // tracks[1]
        below = {min(spans[part.id][0] for part in run): top}
        for rank in sorted({spans[part.id][0] for part in run}):
            start = below[rank] = max(below.get(rank, 0), top)
            for part in run:
                if spans[part.id][0] == rank:
                    left = columns[0] + tracks[0][part.id] * wide
                    top = max(top, self.one(part, (left, left + wide), start, depth))
        ends = sorted(below)
        for position, spot in enumerate(self.spots):
            if spot.part.id in tracks[0]:
                after = bisect.bisect_right(ends, spans[spot.part.id][1])
                last = (below[ends[after]] if after < len(ends) else top) - 1
                self.spots[position] = dataclasses.replace(spot, last=max(spot.last, last))
        return top


def _spans(parts: Sequence[Part], edges: Iterable[Edge]) -> dict[str, tuple[int, int]]:
    """For each part its rank, and the last rank before the first part that reads it."""
    owner = {inner.id: part.id for part in parts for inner in every_part((part,))}
    after: dict[str, set[str]] = {part.id: set() for part in parts}
    for a, b in edges:
        if a in owner and b in owner and owner[a] != owner[b]:
            after[owner[a]].add(owner[b])
    ranks = {part.id: 0 for part in parts}
    known = any(after.values())
    order = {part.id: number for number, part in enumerate(parts)}
    for part in parts:
        for reader in after[part.id]:
            if order[reader] > order[part.id]:
                ranks[reader] = max(ranks[reader], ranks[part.id] + 1)
    if not known:
        return {key: (number, number) for key, number in order.items()}
    return {
        key: (rank, max([rank, min((ranks[reader] - 1 for reader in after[key]), default=rank)]))
        for key, rank in ranks.items()
    }


def _runs(parts: Sequence[Part], spans: Mapping[str, tuple[int, int]]) -> list[list[Part]]:
    """Parts by rank, cut wherever nothing reaches past."""
    found: list[list[Part]] = []
    reached = -1
    for part in sorted(parts, key=lambda part: spans[part.id][0]):
        first, last = spans[part.id]
        if first > reached:
            found.append([])
        found[-1].append(part)
        reached = max(reached, last)
    return found


def _tracks(run: Sequence[Part], spans: Mapping[str, tuple[int, int]]) -> tuple[int, dict[str, int]]:
    """How many tracks a run takes, and the track of each part: the first that is free."""
    free: list[int] = []
    tracks: dict[str, int] = {}
    for part in run:
        first, last = spans[part.id]
        track = next((number for number, end in enumerate(free) if end < first), len(free))
        free[track : track + 1] = [last]
        tracks[part.id] = track
    return len(free), tracks


def facing(old: Sequence[Spot], new: Sequence[Spot], partners: Iterable[Edge]) -> tuple[list[int], list[int]]:
    """Common lines for two arrangements, on which parts that correspond stand side by side.

    Args:
        old: arrangement of OLD.
        new: arrangement of NEW.
        partners: ids of parts that correspond.

    Returns:
        The common line of each line of OLD, and of each line of NEW.
    """
    left, right = ({spot.part.id: spot.line for spot in spots} for spots in (old, new))
    anchors = increasing([(left[a], right[b]) for a, b in partners if a in left and b in right])
    depths = [1 + max((spot.last for spot in spots), default=-1) for spots in (old, new)]
    lines: tuple[list[int], list[int]] = ([], [])
    top = 0
    for a, b in [*anchors, (depths[0], depths[1])]:
        gaps = (a - len(lines[0]), b - len(lines[1]))
        for side, gap in zip(lines, gaps, strict=True):
            side.extend(range(top, top + gap))
        top += max(gaps)
        for side, depth in zip(lines, depths, strict=True):
            if len(side) < depth:
                side.append(top)
        top += 1
    return lines


def increasing(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs of which both numbers ascend; of several choices the one found first."""
    ordered = sorted(pairs, key=lambda pair: (pair[0], -pair[1]))
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for number, (_, value) in enumerate(ordered):
        place = bisect.bisect_left(ends, value)
        before.append(places[place - 1] if place else -1)
        ends[place : place + 1] = [value]
        places[place : place + 1] = [number]
    found, position = [], places[-1] if places else -1
    while position >= 0:
        found.append(ordered[position])
        position = before[position]
    return found[::-1]
