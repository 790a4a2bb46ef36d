"""Tensors that are the same under another name or in another arrangement."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from archdiff.rule import Change, Comparison, ModelGraph, Place, Value

__all__ = [
    "Layout",
    "equal_but_for_names",
    "layouts",
    "name_mapping",
    "names",
    "of_names",
    "regrouped",
    "renamed",
    "tensor_pairs",
    "transposed",
]

_FUSED = {
    "query-key-value": ("query", "key", "value"),
    "gate-up": ("gate", "up"),
}
"""A fused projection, and the ones it stands for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """The same projections in one tensor or in several.

    Args:
        fused: role of the fused projection.
        parts: roles of those it stands for.
        splits: whether NEW has them apart.
        old: places of the projections in OLD.
        new: places in NEW.
        changes: the additions and removals that it consists of.
    """

    fused: str
    parts: tuple[str, ...]
    splits: bool
    old: tuple[Place, ...]
    new: tuple[Place, ...]
    changes: tuple[Change, ...]


def renamed(comparison: Comparison) -> tuple[Change, ...]:
    """Changes by which stored tensors have other names and nothing else."""
    pairs = tensor_pairs(comparison)
    return (
        *comparison.select("module-renamed", "tensor-renamed", impact="breaking"),
        *(change for pair in pairs for change in pair),
    )


def tensor_pairs(comparison: Comparison) -> tuple[tuple[Change, Change], ...]:
    """Tensors that went from one place and came to another.

    They have one shape and stand in one module that runs the same operators, or they have one telling name and
    stand in different modules of the same layers.
    """
    recomputed = {change.where for change in comparison.select("operators-changed")}
    gone, come = comparison.select("tensor-removed"), comparison.select("tensor-added")
    here = [(a, b) for a, b in _unique(gone, come, _place_and_shape) if a.where not in recomputed]
    there = [(a, b) for a, b in _unique(_telling(gone), _telling(come), _name_and_layers) if a.where != b.where]
    return tuple(dict.fromkeys((*here, *there)))


def _unique(
    gone: Iterable[Change], come: Iterable[Change], key: Callable[[Change], object]
) -> Iterator[tuple[Change, Change]]:
    """Pairs of changes with a key that stands once on each side."""
    sides: tuple[dict[object, list[Change]], dict[object, list[Change]]] = ({}, {})
    for side, changes in zip(sides, (gone, come), strict=True):
        for change in changes:
            side.setdefault(key(change), []).append(change)
    for name, (first, *more) in sides[0].items():
        others = sides[1].get(name, [])
        if not more and len(others) == 1:
            yield first, others[0]


def _telling(changes: Iterable[Change]) -> list[Change]:
    """Without the tensors that are called as those of every other module."""
    return [change for change in changes if change.subject not in ("weight", "bias")]


def _place_and_shape(change: Change) -> object:
    return change.role, change.where, change.before if change.kind == "tensor-removed" else change.after


def _name_and_layers(change: Change) -> object:
    return change.subject, change.old and change.old.layers, change.new and change.new.layers, change.axes


def transposed(comparison: Comparison) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Changes by which a tensor holds the same axes in another order, and the settings that say so."""
    orders = tuple(change for change in comparison.select("tensor-reshaped") if change.axes == ("order",))
    places = {change.where for change in orders}
    settings = comparison.select("attribute-changed", subject="is_transposed")
    return orders, tuple(change for change in settings if change.where in places)


_INPUTS = ("mixer-input", "mixer-gate")


def regrouped(comparison: Comparison) -> Iterator[tuple[Change, ...]]:
    """Changes by which the inputs of a recurrent mixer are grouped in other tensors.

    They have as many rows together as before, where no size of the mixer differs.
    """
    kinds = ("tensor-reshaped", "module-added", "module-removed", "module-renamed")
    changes = [change for role in _INPUTS for change in comparison.select(*kinds, role=role)]
    sized = [change for change in changes if change.kind != "module-renamed"]
    resized = comparison.differences("mixer.heads", "mixer.state_size") or comparison.differences("hidden_size")
    equal = not sum(change.parameters for change in sized)
    if {change.kind for change in sized} > {"tensor-reshaped"} and (equal or resized):
        yield tuple(changes)


def layouts(comparison: Comparison) -> Iterator[Layout]:
    """Projections that one model stores fused and the other apart."""
    gone, come = comparison.select("module-removed"), comparison.select("module-added")
    for fused, parts in _FUSED.items():
        for splits, whole, apart in ((True, gone, come), (False, come, gone)):
            yield from _layouts(fused, parts, whole, apart, splits=splits)


def _layouts(
    fused: str, parts: tuple[str, ...], whole: Iterable[Change], apart: Iterable[Change], *, splits: bool
) -> Iterator[Layout]:
    """Pair each fused projection with projections of the roles it stands for, one of each, at one place."""
    by_role = {role: [change for change in apart if change.role == role] for role in parts}
    for one, *others in zip((c for c in whole if c.role == fused), *by_role.values(), strict=False):
        places = (one.where,), tuple(change.where for change in others)
        old, new = places if splits else places[::-1]
        yield Layout(fused, parts, splits, old, new, (one, *others))


def name_mapping(comparison: Comparison) -> list[tuple[str, str]]:
    """Old and new path of every stored tensor or module that has another name, `*` for layers; sorted."""
    modules = [
        (change.old.path, change.new.path)
        for change in comparison.select("module-renamed", impact="breaking")
        if change.old and change.new
    ]
    tensors = [(_path(gone, gone.old), _path(come, come.new)) for gone, come in tensor_pairs(comparison)]
    tensors += [
        (_path(change, change.old), f"{change.where.path}.{change.after}")
        for change in comparison.select("tensor-renamed", impact="breaking")
    ]
    return sorted({*modules, *tensors})


def _path(change: Change, place: Place | None) -> str:
    return f"{(place or change.where).path}.{change.subject}"


def names(graph: ModelGraph) -> tuple[str, str]:
    """What a model calls itself: its type, and the class that it names, else the one that was built."""
    return graph.model_type, next(iter(graph.source.get("architectures") or ()), graph.class_name)


def equal_but_for_names(comparison: Comparison) -> bool:
    """Whether every change is cosmetic or gives a tensor another name, and layers that correspond state equal facts.

    Facts are asked too because two classes write one computation in many ways: how a rotation pairs values shows in
    no operator alone.
    """
    moved = {change.id for change in renamed(comparison)}
    same = all(change.impact == "cosmetic" or change.id in moved for change in comparison.changes)
    return same and all(old == new for old, new in _facts_of_pairs(comparison))


def _facts_of_pairs(comparison: Comparison) -> Iterator[tuple[Mapping[str, Value], Mapping[str, Value]]]:
    """Facts of every two layers that were matched."""
    for stack in comparison.alignment:
        if stack.old is not None and stack.new is not None:
            first, second = comparison.old.stacks[stack.old], comparison.new.stacks[stack.new]
            for i, j in stack.matched:
                yield comparison.old.nodes[first[i]].facts, comparison.new.nodes[second[j]].facts


def of_names(comparison: Comparison) -> tuple[Change, ...]:
    """Changes that come with another class: its name, and keys and settings that only one of the two has."""
    found = comparison.select("model-changed", "class-changed")
    keys = comparison.select("config-changed", "attribute-changed", impact="cosmetic")
    return (*found, *(change for change in keys if change.before is None or change.after is None))
