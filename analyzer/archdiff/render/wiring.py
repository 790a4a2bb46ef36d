"""The paths inside a block: straight through the parts, and around them on lanes of their own for residual ones."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.report.flows import ENTRY, EXIT
from archdiff.report.pairing import every_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archdiff.render.dotfile import DotFile
    from archdiff.report.schema import Block

__all__ = ["Paths", "doors", "lay", "paths_of"]

Edge = tuple[str, str]

_CORNER = {"shape": "point", "width": "0.01", "height": "0.01", "color": "#707070"}
_LINE = {"arrowhead": "none", "penwidth": "0.8", "color": "#707070"}
_ARRIVAL = {"arrowsize": "0.6", "penwidth": "0.8", "color": "#707070"}


@dataclasses.dataclass(frozen=True)
class Paths:
    """The paths of a block by part id.

    Args:
        straight: drawn from part to part.
        residual: drawn around what stands between.
        trunk: parts of the longest straight path, the first of several; they stand below each other.
    """

    straight: tuple[Edge, ...]
    residual: tuple[Edge, ...]
    trunk: frozenset[str]

    def group(self, part: str, side: str) -> dict[str, str]:
        """The attribute that keeps the parts of the trunk below each other."""
        return {"group": side.rstrip("0123456789")} if part in self.trunk else {}


def paths_of(block: Block) -> Paths:
    """What of a block's flow is drawn: a path that a longer one makes up for is drawn only where it is residual."""
    roles = {part.id: part.role for part in every_part(block.parts)}
    inner = [edge for edge in block.flows if edge[1] != EXIT]
    around = [edge for edge in inner if _has_way(edge, inner)]
    through: dict[Edge, None] = {}
    entered, passing = doors(block), frozenset(around)
    for a, b in (edge for edge in inner if edge not in passing):
        for step in _through_doors(a, b, entered):
            through[step] = None
    residual = tuple(edge for edge in around if roles.get(edge[1]) == "add")
    return Paths(tuple(through), residual, frozenset(_longest(ENTRY, through, {})))


def _longest(start: str, edges: Iterable[Edge], known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The longest path from a part; shared experts are left aside."""
    if start not in known:
        known[start] = (start,)  # stands in where a cycle comes back
        steps = [_longest(b, edges, known) for a, b in edges if a == start]
        known[start] = (start, *max(steps, key=len, default=()))
    return known[start]


def doors(block: Block) -> dict[str, frozenset[str]]:
    """Containers that all of their values enter from one producer, with the ids of the parts inside."""
    found = {}
    for part in (part for part in block.parts if part.parts):
        inside = frozenset(inner.id for inner in every_part(part.parts))
        outer = {a for a, b in block.flows if b in inside and a not in inside}
        if len(outer) == 1:
            found[part.id] = inside
    return found


def _through_doors(start: str, end: str, doors_: dict[str, frozenset[str]]) -> Iterator[Edge]:
    door = next((door for door, inside in doors_.items() if end in inside and start not in inside), None)
    if door is None:
        yield start, end
    else:
        yield start, door
        yield door, end


def _has_way(edge: Edge, edges: Sequence[Edge]) -> bool:
    """Whether there is a longer way between the two ends than the edge between them."""
    start, end = edge
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    waiting = [step for step in following.get(start, ()) if step != end]
    seen = set(waiting)
    while waiting:
        for step in following.get(waiting.pop(), ()):
            if step == end:
                return True
            if step not in seen:
                seen.add(step)
                waiting.append(step)
    return False


def lay(out: DotFile, paths: Paths, block: Block, name: Callable[[str, str], str]) -> None:
    """Write the paths.

    Args:
        out: what to write into; the block's cluster is open.
        paths: by part id.
        block: whose parts stand in the order of the flow.
        name: the node of a part, or a node beside it for a purpose.
    """
    tails = {tail: name(tail, "split") for tail, _ in paths.residual}
    for tail, split in tails.items():
        out.node(split, {**_CORNER, **paths.group(tail, name(ENTRY, ""))})
        out.edge(name(tail, ""), split, {"arrowhead": "none", "weight": "60"})
    for tail, head in paths.straight:
        weight = "60" if tail in paths.trunk and head in paths.trunk else "1"
        out.edge(tails.get(tail) or name(tail, ""), name(head, ""), {"weight": weight})
    for number, lane in enumerate(_lanes(paths.residual, [part.id for part in block.parts])):
        _lay_lane(out, number, lane, tails, name)


def _lanes(residual: Iterable[Edge], order: Sequence[str]) -> list[list[Edge]]:
    """Residual paths that do not overlap share a lane."""
    place = {part: position for position, part in enumerate((ENTRY, *order))}
    lanes: list[list[Edge]] = []
    for edge in sorted(residual, key=lambda edge: (place.get(edge[0], 0), place.get(edge[1], 0))):
        free = (lane for lane in lanes if place.get(lane[-1][1], 0) <= place.get(edge[0], 0))
        lane = next(free, None)
        if lane is None:
            lanes.append([edge])
        else:
            lane.append(edge)
    return lanes


def _lay_lane(
    out: DotFile, number: int, lane: Sequence[Edge], tails: dict[str, str], name: Callable[[str, str], str]
) -> None:
    before = None
    for tail, head in lane:
        start, end = name(tail, f"leaves {number}"), name(head, f"arrives {number}")
        for corner in (start, end):
            out.node(corner, {**_CORNER, "group": f"{name(ENTRY, '')}lane{number}"})
        _level(out, tails[tail], start, _LINE)
        _level(out, name(head, ""), end, {**_ARRIVAL, "dir": "back"})
        out.edge(start, end, {**_LINE, "weight": "50"})
        if before is not None:
            out.edge(before, start, {"style": "invis", "weight": "50"})
        before = end


def _level(out: DotFile, left: str, right: str, style: dict[str, str]) -> None:
    with out.block("", {"rank": "same"}):
        out.edge(left, right, style)
