"""Steps of the tests that survive a disguise: permuted units, a rotated residual stream, rescaled projections."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

from archdiff.weights.layout import Layout, feed_forward
from archdiff.weights.plan import Step
from archdiff.weights.sample import Reading, spread
from archdiff.weights.sides import ROWS, Sides, same_columns, tokens, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.weights.layout import FeedForward, Spot
    from archdiff.weights.units import Unit, UnitPair

__all__ = ["DIFFERENT", "SILENT", "robust"]

DIFFERENT = "where elements differ and the pair is related"

SILENT = "where the exact tests do not tell already"

_MAPPED_ROWS = 128
_FEW_PAIRS = 32 * 32
_MATCHED_LAYERS = 6


def robust(sides: Sides) -> Iterator[Step]:
    """The steps, each under the condition that it depends on."""
    a, b = (side.outside("", "embedding") for side in (sides.old, sides.new))
    if a is not None and b is not None:
        shared = min(a.shape[0], b.shape[0])
        probes = (tokens(a, shared), tokens(b, shared))
        yield from _match(sides, probes)
        yield from _channels(sides, probes)
        yield from _alignment(sides, probes)
        if a.shape[1] == b.shape[1]:
            yield Step("polar", _body(sides), "embedding", 3, *probes, given=SILENT)
    yield from _maps(sides)
    yield from _rank(sides)


def _body(sides: Sides) -> str:
    """The component that most layers belong to."""
    counts = Counter(component for component, _, _ in sides.spots())
    return max(counts, key=counts.__getitem__, default="language-model")


Tokens: TypeAlias = "tuple[tuple[Reading, ...], tuple[Reading, ...]]"


def _match(sides: Sides, probes: Tokens) -> Iterator[Step]:
    """Feed-forwards of a few layers, as tokens see them: a step of `probed` for each, and one of `match` for all."""
    found: dict[str, list[tuple[Spot, FeedForward, FeedForward]]] = defaultdict(list)
    for component, old, new in sides.spots():
        first, second = _any_feed_forward(sides.old, old), _any_feed_forward(sides.new, new)
        if first is not None and second is not None and first[0].role == second[0].role:
            found[component].append((new, first, second))
    body = _body(sides)
    chosen = spread(found[body], _MATCHED_LAYERS)
    read = [(_probing(sides.old, first), _probing(sides.new, second)) for _, first, second in chosen]
    for number, (spot, _, second) in enumerate(chosen):
        place, beside = f"layers.{spot[1]} {second[0].place}", read[(number + 1) % len(read)]
        a, b = (*read[number][0], *probes[0]), (*read[number][1], *probes[1])
        yield Step("probed", body, place, 3, a, b, layer=spot[1], given=SILENT)
        beside = beside if len(read) > 1 else ((), ())
        yield Step("match", body, place, 3, a, b, beside=beside, layer=spot[1], given=SILENT)


def _channels(sides: Sides, probes: Tokens) -> Iterator[Step]:
    """Value rows and output columns of a few layers: the two ends of each value channel."""
    body = _body(sides)
    found = []
    for component, old, new in sides.spots():
        ends = [_ends(layout, spot) for layout, spot in ((sides.old, old), (sides.new, new))]
        if component == body and all(ends):
            found.append((new, ends))
    for spot, (first, second) in spread(found, _MATCHED_LAYERS):
        yield Step(
            "channel-match", body, f"layers.{spot[1]} value and output", 3, (*first, *probes[0]), (*second, *probes[1]),
            layer=spot[1], given=SILENT,
        )  # fmt: skip


def _ends(layout: Layout, spot: Spot) -> tuple[Reading, ...]:
    """Value and output projections of a layer whose channels can be told, and the norm before it; else nothing."""
    value, output = layout.at(spot, "attention", "value"), layout.at(spot, "attention", "output")
    if value is None or output is None or len(output.shape) != 2 or not value.heads:
        return ()
    if value.shape[0] > 2 * ROWS or output.shape[1] % value.shape[0]:
        return ()
    norm = layout.norm(value)
    return (whole(value), whole(output), *((whole(norm),) if norm is not None else ()))


def _any_feed_forward(layout: Layout, spot: Spot) -> FeedForward | None:
    found = feed_forward(layout, spot, "mlp") or feed_forward(layout, spot, "shared-expert")
    return found or feed_forward(layout, spot, "expert", 0)


def _probing(layout: Layout, pair: FeedForward) -> tuple[Reading, ...]:
    """Two projections of a feed-forward, and the norm before it where it is known."""
    norm = layout.norm(pair[0])
    return (*map(_units_of, pair), *((whole(norm),) if norm is not None else ()))


def _units_of(unit: Unit) -> Reading:
    """Rows that are hidden units are sampled; where they are columns (a down projection), all rows are read."""
    return Reading.of(unit, unit.shape[0] if unit.role == "down" else 2 * ROWS)


def _alignment(sides: Sides, probes: Tokens) -> Iterator[Step]:
    """Queries and keys of a few layers: the projections that AWM compares."""
    body = _body(sides)
    spots = [(old, new) for component, old, new in sides.spots() if component == body]
    readings: tuple[list[Reading], list[Reading]] = ([], [])
    for old, new in spread(spots, _MATCHED_LAYERS):
        for role in ("query", "key"):
            a, b = sides.old.at(old, "attention", role), sides.new.at(new, "attention", role)
            if a is not None and b is not None:
                readings[0].extend(_folded(sides.old, a))
                readings[1].extend(_folded(sides.new, b))
    if len(readings[0]) > 1:
        both = [(*side, *more) for side, more in zip(readings, probes, strict=True)]
        yield Step("alignment", body, "queries and keys", 3, both[0], both[1], given=SILENT)


def _folded(layout: Layout, unit: Unit) -> Iterator[Reading]:
    """The unit, and behind it the norm before it where one is known."""
    yield Reading.of(unit, ROWS // 4)
    if (norm := layout.norm(unit)) is not None:
        yield whole(norm)


def _maps(sides: Sides) -> Iterator[Step]:
    """All layers of two stacks against each other, by a few hidden units of each."""
    for (first, second), numbers in sides.aligned.items():
        lengths = len(sides.old.layers(first)), len(sides.new.layers(second))
        if max(lengths) < 2:
            continue
        old, new = tuple(_mapped(sides.old, first)), tuple(_mapped(sides.new, second))
        if old and new and same_columns(old[0].unit, new[0].unit):
            unequal = lengths[0] != lengths[1] or any(i != j for i, j in numbers)
            given = "" if unequal or lengths[0] * lengths[1] <= _FEW_PAIRS else SILENT
            yield Step("layer-map", sides.new.component(second), f"{second} × {first}", 3, old, new, given=given)


def _mapped(layout: Layout, stack: str) -> Iterator[Reading]:
    for layer in layout.layers(stack):
        found = _any_feed_forward(layout, (stack, layer))
        if found is not None:
            yield Reading.of(found[0], _MAPPED_ROWS)


def _rank(sides: Sides) -> Iterator[Step]:
    """A few matrices of which the rank of the difference is looked at: adapters change few directions."""
    found: dict[str, list[UnitPair]] = defaultdict(list)
    for pair in sides.pairs:
        if pair.old.shape == pair.new.shape and pair.new.role in _ADAPTED and min(pair.new.shape) > 1:
            found[pair.new.component].append(pair)
    for component, pairs in found.items():
        for pair in spread(pairs, _RANKED):
            name = f"layers.{pair.new.layer} {pair.new.role}"
            old, new = _sampled(pair.old), _sampled(pair.new)
            yield Step("rank", component, name, 6, old, new, layer=pair.new.layer, given=DIFFERENT)


_ADAPTED = frozenset({"query", "value", "gate", "up", "down"})
_RANKED = 6


def _sampled(unit: Unit) -> tuple[Reading, ...]:
    return (Reading.of(unit, 2 * ROWS),)
