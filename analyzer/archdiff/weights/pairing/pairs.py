"""Which units of two models correspond: those of modules that the structural comparison matched."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archdiff.compare.bare import is_bare
from archdiff.compare.replay import new_names, new_tensors
from archdiff.weights.units import Unit, UnitPair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from archdiff.compare.comparison import Comparison
    from archdiff.graph.schema import ModelGraph
    from archdiff.weights.pairing.collect import Units

__all__ = ["Pairs", "pair_units"]


@dataclasses.dataclass(frozen=True, slots=True)
class Pairs:
    """How the units of two models correspond.

    Args:
        pairs: in the order of NEW's units.
        old_alone: units of OLD without a partner, in their order.
        new_alone: units of NEW without a partner.
        aligned_layers: numbers of the layers that correspond, by the ids of their stacks in OLD and NEW.
    """

    pairs: tuple[UnitPair, ...]
    old_alone: tuple[Unit, ...]
    new_alone: tuple[Unit, ...]
    aligned_layers: Mapping[tuple[str, str], tuple[tuple[int, int], ...]]


def pair_units(comparison: Comparison, old: Units, new: Units) -> Pairs:
    """Pair units by the modules that were matched, and what one of the models packs by what it is.

    Units of unequal shape pair too; experts pair by their number.

    Args:
        comparison: of the two graphs that the units were made of.
        old: units of OLD.
        new: units of NEW.
    """
    names = _Names(comparison, old.units, new.units)
    partners = names.partners()
    left = {id(unit): unit for unit in old.units}
    found: dict[int, tuple[Unit, bool]] = {}
    waiting = {names.key_in_new(unit): unit for unit in old.units}
    for unit in new.units:
        partner = waiting.get(names.own_key(unit))
        if partner is not None and id(partner) in left:
            found[id(unit)] = (left.pop(id(partner)), False)
    alone = [unit for unit in new.units if id(unit) not in found]
    for first, second in _by_what_they_are(left.values(), alone, partners):
        found[id(second)] = (left.pop(id(first)), True)
    touched = _touched(comparison)
    pairs = tuple(
        UnitPair(found[id(unit)][0], unit, found[id(unit)][1] or _is_changed(found[id(unit)][0], unit, names, touched))
        for unit in new.units
        if id(unit) in found
    )
    return Pairs(pairs, tuple(left.values()), tuple(u for u in new.units if id(u) not in found), _aligned(comparison))


def _aligned(comparison: Comparison) -> Mapping[tuple[str, str], tuple[tuple[int, int], ...]]:
    found = {(s.old, s.new): s.matched for s in comparison.alignment if s.old is not None and s.new is not None}
    return MappingProxyType(found)


Key = tuple[str, str, str, int | None]


class _Names:
    """Names of modules and tensors of both models as the comparison has them.

    Bare weights are compared under the names of the other model's class, and their units have their own.
    """

    def __init__(self, comparison: Comparison, old: Iterable[Unit], new: Iterable[Unit]) -> None:
        self.comparison = comparison
        self.old = _compared(comparison.old, comparison.new, old)
        self.new = _compared(comparison.new, comparison.old, new)
        self.modules = new_names(comparison.old, comparison.alignment, comparison.changes)
        self.tensors = new_tensors(comparison.changes)

    def own_key(self, unit: Unit) -> Key:
        """Key of a unit of NEW."""
        module, tensor = self.new.get((unit.module, unit.tensor), (unit.module, unit.tensor))
        return module, tensor, unit.role, unit.expert

    def key_in_new(self, unit: Unit) -> Key:
        """Key that the partner of a unit of OLD has in NEW; one that no unit has where its module is gone."""
        place = self.old.get((unit.module, unit.tensor), (unit.module, unit.tensor))
        module, tensor = self.modules.get(place[0], "#"), self.tensors.get(place, place[1])
        return module, tensor, _renamed_role(unit, module, tensor), unit.expert

    def module_of_new(self, unit: Unit) -> str:
        """Module of a unit of NEW as the comparison has it."""
        return self.own_key(unit)[0]

    def partners(self) -> Mapping[tuple[str, int], tuple[str, int]]:
        """Stack and number in NEW of each matched layer, by those in OLD."""
        return {
            (stack.old, i): (stack.new, j)
            for stack in self.comparison.alignment
            if stack.old is not None and stack.new is not None
            for i, j in stack.matched
        }


def _renamed_role(unit: Unit, module: str, tensor: str) -> str:
    """The role; of a part without one, whose path stands for it, the path in NEW."""
    own = f"{unit.module}.{unit.tensor}" if unit.module else unit.tensor
    if unit.role != own:
        return unit.role
    return f"{module}.{tensor}" if module else tensor


def _compared(graph: ModelGraph, other: ModelGraph, units: Iterable[Unit]) -> Mapping[tuple[str, str], tuple[str, str]]:
    """Module and tensor that bare weights were compared under, by their own; empty where those are the same."""
    if not is_bare(graph) or is_bare(other):
        return {}
    from archdiff.graph.published import names_in

    own = {(unit.module, unit.tensor): f"{unit.module}.{unit.tensor}" if unit.module else unit.tensor for unit in units}
    told = names_in(other, own.values())
    if len(set(told.values())) < len(told):
        return {}
    found = {}
    for key, name in own.items():
        module, _, tensor = told[name].rpartition(".")
        found[key] = (module, tensor)
    return found


def _by_what_they_are(
    old: Iterable[Unit], new: Iterable[Unit], partners: Mapping[tuple[str, int], tuple[str, int]]
) -> Iterator[tuple[Unit, Unit]]:
    """Units that are the only ones of their kind in matched layers of both, as where one model packs projections."""
    first = _only(old, lambda unit: partners.get((unit.stack or "", unit.layer or 0), ("#", 0)))
    second = _only(new, lambda unit: (unit.stack or "", unit.layer or 0))
    for key, unit in second.items():
        partner = first.get(key)
        if unit is not None and partner is not None:
            yield partner, unit


def _only(units: Iterable[Unit], place: Any) -> dict[Any, Unit | None]:
    """Projections by what they are; None for what several are."""
    found: dict[Any, Unit | None] = {}
    for unit in units:
        if unit.stack is None or unit.place in ("norm", "other", "outside"):
            continue
        columns = unit.shape[1:] if unit.role not in ("down", "output") else ("rows", unit.shape[0])
        key = (place(unit), unit.component, unit.place, unit.role, unit.expert, columns)
        found[key] = None if key in found else unit
    return found


def _touched(comparison: Comparison) -> set[str]:
    """Modules of NEW that a change stands at which has an effect, layers and what holds them left out."""
    outside = {"", *comparison.new.stacks, *(key for layers in comparison.new.stacks.values() for key in layers)}
    return {
        path
        for change in comparison.changes
        if change.new is not None and not change.inert and change.impact != "cosmetic"
        for path in change.new.paths()
        if path not in outside
    }


def _is_changed(old: Unit, new: Unit, names: _Names, touched: set[str]) -> bool:
    """Whether the module, or a part of the layer that holds it, was found changed, or the shapes differ."""
    key = names.module_of_new(new)
    while key:
        if key in touched:
            return True
        key = key.rpartition(".")[0]
    return old.shape != new.shape
