"""What kind of derivation a component shows: read from the differences, never part of the verdict itself."""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING

from archdiff.compare.changes import ranges
from archdiff.weights.evidence import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archdiff.weights.evidence import Elements, LayerMap, Test

__all__ = ["frozen_parts", "labels_of"]

_CONTINUED = 0.35
"""Relative difference of matrices from which on NEW was trained on rather than fine-tuned: a matter of degree."""

_STRONG = -12.0
_ROBUST = -4.0
_SCALED = 0.05
_LINEAR = 0.9999
_TRACE = 1e-4
"""Relative difference below which a matrix was stored anew, not changed."""

_CARRIED = 0.9
_ROUNDING = 2.0
_CONSTANT = 0.02
_HALF = 0.5


def labels_of(
    tests: Sequence[Test], elements: Sequence[Elements], maps: Sequence[LayerMap], *, transformed: bool = False
) -> tuple[str, ...]:
    """Sub-labels of `derived` or `transformed`, in a fixed order.

    Args:
        tests: of the component.
        elements: of the component.
        maps: of the component.
        transformed: whether the identity of rows was lost.
    """
    found = dict.fromkeys((*_of_structure(tests, maps), *_of_order(tests)))
    if not transformed:
        found |= dict.fromkeys(_of_difference(tests, elements))
    return tuple(found)


def _of_structure(tests: Sequence[Test], maps: Sequence[LayerMap]) -> Iterator[str]:
    moved = [map_ for map_ in maps if map_.log10_p < _STRONG and not _is_straight(map_)]
    if any(_shrunk(test) for test in tests) or any(len(map_.map) < _layers(map_) for map_ in moved):
        yield "pruned"
    if any(len(map_.map) > _layers(map_) for map_ in moved):
        yield "depth-scaled"
    if any(test.family == "upcycling" and _is_below(test, _STRONG) for test in tests):
        yield "up-cycled"


def _shrunk(test: Test) -> bool:
    """Whether a test of rows found the fewer rows of NEW among OLD's."""
    rows = test.figures.get("rows_old", 0), test.figures.get("rows_new", 0)
    return test.family in EXACT and _is_below(test, _STRONG / 2) and rows[0] > rows[1]


def _is_straight(map_: LayerMap) -> bool:
    """Whether each layer resembles the one with its number, and none of OLD's is left over."""
    return all(old is None or old == new for new, old in enumerate(map_.map)) and _layers(map_) == len(map_.map)


def _layers(map_: LayerMap) -> int:
    return len(map_.scores[0]) if map_.scores else 0


def _is_below(test: Test, limit: float) -> bool:
    return test.log10_p is not None and test.log10_p < limit


def _of_order(tests: Sequence[Test]) -> Iterator[str]:
    """What became of the order of units, and of the coordinates of the residual stream."""
    strong = {test.family for test in tests if _is_below(test, _STRONG)}
    silent = {test.family for test in tests if test.log10_p is not None} - {t.family for t in tests if _is_below(t, -2)}
    exact = frozenset(EXACT)
    matched = {test.family for test in tests if _is_below(test, _ROBUST)}
    units = bool(matched & {"match", "channel-match"}) and "probed" not in strong
    turned = [test.figures for test in tests if test.family == "polar" and _is_turned(test)]
    if units or (strong & exact and silent & exact) or any(each["closeness"] > _HALF for each in turned):
        yield "permuted"
    if any(each["closeness"] <= _HALF for each in turned):
        yield "rotated"


def _is_turned(test: Test) -> bool:
    """Whether a rotation other than the identity carries OLD's embedding into NEW's, also where it was not fitted."""
    found = test.figures
    return found.get("heldout_cosine", 0.0) > _CARRIED and found.get("diagonal", 1.0) < _HALF


def _of_difference(tests: Sequence[Test], elements: Sequence[Elements]) -> Iterator[str]:
    matrices = [e for e in elements if e.count > e.equal and e.norms[0] and not e.role.endswith("norm")]
    if any(e.method for e in elements):
        yield "quantised"
    merged = any(_is_merged(test) for test in tests)
    if merged:
        yield "merged"
    ranks = [test for test in tests if test.family == "rank" and test.figures.get("relative", 1.0) > _TRACE]
    ranks = [test for test in ranks if test.statistic]
    if ranks and all(test.figures.get("low_rank", 0.0) for test in ranks):
        yield "adapter-merged"
    elif any(_is_scaled(test) for test in ranks):
        yield "scaled"
    elif not merged and (relative := median(e.relative for e in matrices) if matrices else 0.0):
        yield "continued" if relative > _CONTINUED else "fine-tuned"
    if frozen_parts(elements):
        yield "frozen-part"


def _is_merged(test: Test) -> bool:
    """Whether one set of mixing weights explains all tensors to rounding, and no parent does alone."""
    if test.family != "merge" or test.statistic is None:
        return False
    limit = _ROUNDING * test.figures.get("floor", 0.0)
    return test.statistic < limit < test.figures.get("single", 0.0) and test.figures.get("spread", 1.0) < _CONSTANT


def _is_scaled(test: Test) -> bool:
    """Whether rows or columns of a matrix changed their length and kept their direction."""
    kept = max(test.figures.get(axis, 0.0) for axis in ("row_cosine", "column_cosine"))
    return kept > _LINEAR and test.figures.get("relative", 0.0) > _SCALED


def frozen_parts(elements: Iterable[Elements]) -> tuple[str, ...]:
    """Places that are equal in every element, in words, where others are not; constants do not count."""
    groups: dict[str, list[Elements]] = defaultdict(list)
    for element in elements:
        if element.digest or element.deviations[0] > 0:
            groups["outside" if element.layer is None else str(element.layer)].append(element)
    if all(e.equal == e.count for group in groups.values() for e in group):
        return ()
    whole = [int(key) for key, group in groups.items() if key != "outside" and all(e.equal == e.count for e in group)]
    outside = [e.new for e in groups.get("outside", ()) if e.equal == e.count and e.count]
    roles = _frozen_roles(groups, set(whole))
    return (
        *outside,
        *(f"layers {first}–{last}" if last > first else f"layer {first}" for first, last in _runs(whole)),
        *roles,
    )


def _frozen_roles(groups: dict[str, list[Elements]], whole: set[int]) -> list[str]:
    """Roles that are equal in all layers but those that are equal as a whole."""
    roles: dict[str, list[bool]] = defaultdict(list)
    for key, group in groups.items():
        if key != "outside" and int(key) not in whole:
            for element in group:
                roles[element.role].append(element.equal == element.count)
    return [f"{role} of all layers" for role, equal in sorted(roles.items()) if len(equal) > 1 and all(equal)]


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    return list(ranges(numbers))
