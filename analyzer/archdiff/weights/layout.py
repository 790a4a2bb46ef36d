"""The units of one model by where they stand: what a test asks for when it wants the gate of layer 3."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.graph.schema import ModelGraph
    from archdiff.weights.units import Place, Unit

__all__ = ["FeedForward", "Layout", "Spot", "feed_forward"]

Spot: TypeAlias = tuple[str | None, int | None]
"""Id of a stack and number of the layer; None twice outside the stacks."""

FeedForward: TypeAlias = "tuple[Unit, Unit]"
"""Two projections of a feed-forward: gate and up, or up and down."""


class Layout:
    """The units of one model, indexed; frozen.

    Args:
        units: of the model.
        norms: id of the norm that feeds a module, by the module's id.
    """

    def __init__(self, units: Iterable[Unit], norms: Mapping[str, str] = MappingProxyType({})) -> None:
        self.units = tuple(units)
        self.norms = norms

    @classmethod
    def of(cls, graph: ModelGraph, units: Iterable[Unit]) -> Layout:
        """The units of a graph's model; which norm feeds which module its data flow says."""
        norms = {b: a for a, b in graph.flows if a in graph.nodes and graph.nodes[a].role.endswith("norm")}
        return cls(units, norms)

    @cached_property
    def _vectors(self) -> Mapping[str, Unit]:
        units = (unit for unit in self.units if unit.place == "norm" and len(unit.shape) == 1)
        return {unit.module: unit for unit in units if not unit.role.endswith(".bias")}

    def norm(self, unit: Unit) -> Unit | None:
        """The scale of the norm whose output the unit multiplies; None where none is known."""
        return self._vectors.get(self.norms.get(unit.module, ""))

    @cached_property
    def _spots(self) -> Mapping[Spot, Mapping[tuple[str, int | None, str], Unit]]:
        found: dict[Spot, dict[tuple[str, int | None, str], Unit]] = defaultdict(dict)
        for unit in self.units:
            found[unit.stack, unit.layer].setdefault((unit.place, unit.expert, unit.role), unit)
        return found

    def at(self, spot: Spot, place: Place, role: str, expert: int | None = None) -> Unit | None:
        """The unit of a role at a place; None where there is none."""
        return self._spots.get(spot, {}).get((place, expert, role))

    def experts(self, spot: Spot, role: str) -> tuple[Unit, ...]:
        """The units of a role in the routed experts of a layer, by number."""
        found = {key[1]: unit for key, unit in self._spots.get(spot, {}).items() if key[0] == "expert"}
        numbers = sorted(number for number in found if number is not None)
        units = (self.at(spot, "expert", role, number) for number in numbers)
        return tuple(unit for unit in units if unit is not None)

    def layers(self, stack: str) -> tuple[int, ...]:
        """Numbers of the layers of a stack that hold units."""
        return tuple(sorted({spot[1] for spot in self._spots if spot[0] == stack and spot[1] is not None}))

    @cached_property
    def stacks(self) -> tuple[str, ...]:
        """Ids of the stacks that hold units, in order."""
        return tuple(dict.fromkeys(unit.stack for unit in self.units if unit.stack is not None))

    def component(self, stack: str) -> str:
        """The component that a stack belongs to."""
        return next(unit.component for unit in self.units if unit.stack == stack)

    def outside(self, component: str, role: str) -> Unit | None:
        """The first unit of a role outside the layers, of a component or, where it is empty, of any."""
        wanted = (u for u in self.units if u.layer is None and u.role == role)
        return next((unit for unit in wanted if not component or unit.component == component), None)


def feed_forward(layout: Layout, spot: Spot, place: Place, expert: int | None = None) -> FeedForward | None:
    """Two projections whose rows or columns are the hidden units of a feed-forward, for the exact and the match test.

    Returns:
        Gate and up where it is gated, otherwise up and down (whose columns are the units); None where it is absent.
    """
    gate, up, down = (layout.at(spot, place, role, expert) for role in ("gate", "up", "down"))
    if gate is not None and up is not None:
        return gate, up
    return (up, down) if up is not None and down is not None else None
