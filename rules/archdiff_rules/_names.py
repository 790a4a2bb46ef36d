"""Tensors that are the same under another name or in another arrangement."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archdiff.rule import Change, Comparison, ModelGraph, Place

__all__ = ["Layout", "equal_but_for_names", "layouts", "name_mapping", "names", "of_names", "renamed", "transposed"]

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
    """Changes by which tensors have other names and nothing else.

    Besides modules of another name, these are tensors of one module that went and came with one shape, where
    the module runs the same operators.
    """
    return (*comparison.select("module-renamed", impact="breaking"), *_tensor_pairs(comparison))


def _tensor_pairs(comparison: Comparison) -> Iterator[Change]:
    recomputed = {change.where for change in comparison.select("operators-changed")}
    gone, come = comparison.select("tensor-removed"), comparison.select("tensor-added")
    keys = Counter(_key(change) for change in gone), Counter(_key(change) for change in come)
    for change in (*gone, *come):
        key = _key(change)
        if keys[0][key] == keys[1][key] == 1 and change.where not in recomputed:
            yield change


def _key(change: Change) -> tuple[object, ...]:
    shape = change.before if change.kind == "tensor-removed" else change.after
    return change.role, change.where, shape


def transposed(comparison: Comparison) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Changes by which a tensor holds the same axes in another order, and the settings that say so."""
    orders = tuple(change for change in comparison.select("tensor-reshaped") if change.axes == ("order",))
    places = {change.where for change in orders}
    settings = comparison.select("attribute-changed", subject="is_transposed")
    return orders, tuple(change for change in settings if change.where in places)


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


def name_mapping(changes: Iterable[Change]) -> list[tuple[str, str]]:
    """Old and new path of everything that has another name, with `*` for layers, sorted."""
    modules = [(c.old.path, c.new.path) for c in changes if c.kind == "module-renamed" and c.old and c.new]
    gone = {_key(change): _path(change) for change in changes if change.kind == "tensor-removed"}
    come = {_key(change): _path(change) for change in changes if change.kind == "tensor-added"}
    return sorted({*modules, *((gone[key], come[key]) for key in gone)})


def _path(change: Change) -> str:
    place = change.old if change.kind == "tensor-removed" else change.new
    assert place is not None, "a tensor stands somewhere"
    return f"{place.path}.{change.subject}"


def names(graph: ModelGraph) -> tuple[str, str]:
    """What a model calls itself: its type, and the class that it names, else the one that was built."""
    return graph.model_type, next(iter(graph.source.get("architectures") or ()), graph.class_name)


def equal_but_for_names(comparison: Comparison) -> bool:
    """Whether every change is cosmetic or gives a tensor another name."""
    moved = {change.id for change in renamed(comparison)}
    return all(change.impact == "cosmetic" or change.id in moved for change in comparison.changes)


def of_names(comparison: Comparison) -> tuple[Change, ...]:
    """Changes that come with another class: its name, and keys and settings that only one of the two has."""
    found = comparison.select("model-changed", "class-changed")
    keys = comparison.select("config-changed", "attribute-changed", impact="cosmetic")
    return (*found, *(change for change in keys if change.before is None or change.after is None))
