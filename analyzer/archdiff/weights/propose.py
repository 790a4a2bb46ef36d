"""The steps that two models allow, before a budget is applied."""

from __future__ import annotations

from collections import defaultdict
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from archdiff.weights.layout import feed_forward
from archdiff.weights.plan import Step
from archdiff.weights.robust import robust
from archdiff.weights.sample import Reading, spread
from archdiff.weights.sides import EXPERTS, ROWS, Sides, same_columns, tokens, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archdiff.weights.evidence import Family
    from archdiff.weights.layout import FeedForward, Spot
    from archdiff.weights.units import Place, Unit, UnitPair


__all__ = ["propose"]

_ELEMENT_TIERS: Mapping[str, int] = {"norm": 0, "router": 1, "key": 2, "value": 2, "shared-expert": 4}


def propose(sides: Sides, scope: str) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """The steps, and what cannot be compared, in words.

    Args:
        sides: two models.
        scope: `all`, `shared` (parts that both have), `changed` (parts that the structural comparison found changed,
            added or removed), or a pattern of module names with `*` and `?`.
    """
    steps = [step for step in _all(sides) if _wanted(step, scope)]
    return tuple(steps), tuple(dict.fromkeys(_incomparable(sides)))


def _all(sides: Sides) -> Iterator[Step]:
    yield from _elements(sides)
    yield from _exact(sides)
    yield from _residual(sides)
    yield from _copies(sides)
    yield from robust(sides)


def _wanted(step: Step, scope: str) -> bool:
    if scope == "all":
        return True
    units = [reading.unit for side in (step.old, step.new) for reading in side]
    if scope == "shared":
        return step.kind != "upcycling"
    if scope == "changed":
        if step.kind == "layer-map":
            return len(step.old) != len(step.new)
        return step.kind == "upcycling" or any(pair.changed for pair in step.pairs) or _is_resized(step)
    modules = [unit.module for unit in units] + [unit.module for pair in step.pairs for unit in (pair.old, pair.new)]
    return any(fnmatchcase(module, scope) for module in modules)


def _is_resized(step: Step) -> bool:
    """Whether it compares parts of unequal shape, which a structural change made so."""
    return any(a.unit.shape != b.unit.shape for a, b in zip(step.old, step.new, strict=False))


# Element-wise


def _elements(sides: Sides) -> Iterator[Step]:
    groups: dict[tuple[str, int | None, str], list[UnitPair]] = defaultdict(list)
    for pair in sides.pairs:
        if pair.old.shape == pair.new.shape:
            groups[pair.new.component, pair.new.layer, _group(pair.new)].append(pair)
    for (component, layer, group), pairs in groups.items():
        place = group if layer is None else f"layers.{layer} {group}"
        tier = _ELEMENT_TIERS.get(group, 7 if layer is not None else 8)
        if group in ("vision", "other") or pairs[0].new.count * len(pairs) < 2**16:
            tier = min(tier, 3)
        yield Step("elements", component, place, tier, pairs=tuple(pairs), layer=layer)


def _group(unit: Unit) -> str:
    role = unit.role.removesuffix(".bias")
    if unit.place == "expert":
        return "experts"
    if unit.place in ("norm", "router", "shared-expert", "mlp"):
        return unit.place
    return role if unit.place == "attention" or unit.layer is None else "other"


# Exact tests


def _exact(sides: Sides) -> Iterator[Step]:
    for component, old, new in sides.spots():
        layer = new[1]
        places: tuple[Place, ...] = ("mlp", "shared-expert")
        for place in places:
            yield from _hidden(sides, component, old, new, place)
        yield from _one("routed-experts", component, 1, sides, (old, new), ("router", "router"))
        yield from _one("value-channels", component, 2, sides, (old, new), ("attention", "value"))
        yield from _sampled_experts(sides, component, old, new, layer)


def _hidden(sides: Sides, component: str, old: Spot, new: Spot, place: Place) -> Iterator[Step]:
    first, second = feed_forward(sides.old, old, place), feed_forward(sides.new, new, place)
    if first is not None and second is not None and same_columns(first[0], second[0]):
        yield _step("hidden-units", component, new, place, 2, first[0], second[0])


def _step(kind: Family, component: str, new: Spot, place: str, tier: int, a: Unit, b: Unit) -> Step:
    name = place if new[1] is None else f"layers.{new[1]} {place}"
    return Step(kind, component, name, tier, (Reading.of(a, ROWS),), (Reading.of(b, ROWS),), layer=new[1])


def _one(
    kind: Family, component: str, tier: int, sides: Sides, spots: tuple[Spot, Spot], what: tuple[Place, str]
) -> Iterator[Step]:
    a, b = sides.old.at(spots[0], *what), sides.new.at(spots[1], *what)
    if a is not None and b is not None and same_columns(a, b):
        whole = tuple((Reading.of(unit, unit.shape[0]),) for unit in (a, b))
        name = f"layers.{spots[1][1]} {what[1]}"
        yield Step(kind, component, name, tier, whole[0], whole[1], layer=spots[1][1])


def _sampled_experts(sides: Sides, component: str, old: Spot, new: Spot, layer: int | None) -> Iterator[Step]:
    """A few experts of a layer; which expert of NEW stands for which of OLD is known when the routers were matched."""
    role = "gate" if sides.new.experts(new, "gate") else "up"
    first, second = sides.old.experts(old, role), sides.new.experts(new, role)
    if not first or not second or not same_columns(first[0], second[0]):
        return
    for position, unit in enumerate(spread(first, EXPERTS)):
        partner = min(unit.expert or 0, len(second) - 1)
        yield Step(
            "hidden-units", component, f"layers.{layer} experts", 4 + position,
            (Reading.of(unit, ROWS),), (Reading.of(second[partner], ROWS),), layer=layer,
        )  # fmt: skip


# Residual stream


def _residual(sides: Sides) -> Iterator[Step]:
    a, b = (side.outside("", "embedding") for side in (sides.old, sides.new))
    if a is not None and b is not None and same_columns(a, b):
        shared = min(a.shape[0], b.shape[0])
        yield Step("residual", b.component, "embedding", 3, tokens(a, shared), tokens(b, shared))
    a, b = (side.outside("", "lm-head") for side in (sides.old, sides.new))
    if a is not None and b is not None and same_columns(a, b):
        shared = min(a.shape[0], b.shape[0])
        yield Step("residual", b.component, "lm-head", 3, tokens(a, shared), tokens(b, shared))
    for component, pairs in _norms(sides.pairs).items():
        old, new = (
            tuple(whole(unit) for unit in units) for units in zip(*((p.old, p.new) for p in pairs), strict=True)
        )
        yield Step("norms", component, "norms", 0, old, new)


def _norms(pairs: Iterable[UnitPair]) -> Mapping[str, list[UnitPair]]:
    """Norm vectors over the residual stream by component, where at least two layers have one."""
    found: dict[str, list[UnitPair]] = defaultdict(list)
    for pair in pairs:
        if pair.new.place == "norm" and pair.old.shape == pair.new.shape and len(pair.new.shape) == 1:
            found[pair.new.component].append(pair)
    widest = {component: max(p.new.shape[0] for p in group) for component, group in found.items()}
    kept = {c: [p for p in group if p.new.shape[0] == widest[c]] for c, group in found.items()}
    return {component: group for component, group in kept.items() if len(group) > 1}


# Copies: added parts against what OLD has


def _copies(sides: Sides) -> Iterator[Step]:
    for component, old, new in sides.spots():
        source = feed_forward(sides.old, old, "mlp")
        if source is None or source[1].role == "down":
            continue
        gates, ups = (sides.new.experts(new, unit.role) for unit in source)
        if gates and len(gates) == len(ups) and same_columns(source[0], gates[0]):
            chosen = spread(list(zip(gates, ups, strict=True)), 4 * EXPERTS)
            yield _copied(component, f"layers.{new[1]} experts", source, chosen, new[1])
        shared = feed_forward(sides.new, new, "shared-expert")
        if shared is not None and shared[1].role == source[1].role and same_columns(source[0], shared[0]):
            yield _copied(component, f"layers.{new[1]} shared-expert", source, (shared,), new[1])


def _copied(component: str, place: str, source: FeedForward, copies: Sequence[FeedForward], layer: int | None) -> Step:
    """Gates of all copies, then their ups."""
    old = tuple(Reading.of(unit, ROWS) for unit in source)
    new = tuple(Reading.of(unit, ROWS) for side in zip(*copies, strict=True) for unit in side)
    return Step("upcycling", component, place, 3, old, new, layer=layer)


# What has no common axis


def _incomparable(sides: Sides) -> Iterator[str]:
    for component, old, new in sides.spots():
        for place in ("mlp", "shared-expert", "attention"):
            role = "value" if place == "attention" else "up"
            a, b = sides.old.at(old, place, role), sides.new.at(new, place, role)
            if a is not None and b is not None and not same_columns(a, b):
                sizes = f"{a.shape[-1]:,} and {b.shape[-1]:,} columns"
                yield f"{component}: {role} of {place} cannot be matched row by row: {sizes}"
