"""Which tests to run, with the bytes that each will read: from the structural comparison and the headers alone.

The most telling and cheapest come first, so that a budget cuts what tells least. Every layer of a kind counts the
same; where not all can be read, those that are read lie evenly spread.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, TypeAlias

from archdiff.weights.evidence import Family
from archdiff.weights.sample import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archdiff.weights.tensors import Tensors
    from archdiff.weights.units import Unit, UnitPair

__all__ = ["AUTO", "Kind", "Plan", "Step", "automatic", "bytes_read", "within"]

Kind: TypeAlias = Family | Literal["elements"]

AUTO = 2 * 2**30
"""Bytes that are read without being asked for, where one per cent of both checkpoints is less."""

_SHARE = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One test, or the element-wise comparison of the tensors of one place.

    Args:
        kind: which test.
        component: what is judged with it.
        place: where, in words (`layers.3 key and value`).
        tier: how telling it is for its bytes; 0 is kept first.
        old: what it reads of OLD; of `elements`, see `pairs`.
        new: what it reads of NEW.
        pairs: units whose elements are compared.
        beside: what it reads of another layer of OLD and of NEW, to compare layers of one model as a control.
        layer: number of NEW's layer; None outside or for several.
        given: under which condition it runs; empty where it always does.
    """

    kind: Kind
    component: str
    place: str
    tier: int
    old: tuple[Reading, ...] = ()
    new: tuple[Reading, ...] = ()
    pairs: tuple[UnitPair, ...] = ()
    beside: tuple[tuple[Reading, ...], tuple[Reading, ...]] = ((), ())
    layer: int | None = None
    given: str = ""

    @property
    def part(self) -> str:
        """Where, without the number of the layer."""
        return self.place if self.layer is None else self.place.partition(" ")[2] or self.place

    def reads(self) -> tuple[tuple[Reading, ...], tuple[Reading, ...]]:
        """What is read of OLD and of NEW, rows of units."""
        old, new = ([_all(getattr(pair, side)) for pair in self.pairs] for side in ("old", "new"))
        return (*self.old, *self.beside[0], *old), (*self.new, *self.beside[1], *new)

    def size(self, old: Tensors, new: Tensors) -> int:
        """Bytes that it reads of both checkpoints."""
        sides = zip((old, new), self.reads(), strict=True)
        return sum(reading.size(tensors) for tensors, readings in sides for reading in readings)


def _all(unit: Unit) -> Reading:
    return Reading.of(unit, unit.shape[0] if unit.shape else 1)


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they run.

    Args:
        steps: those that fit the budget.
        sizes: bytes that each step reads beyond what the steps before it read.
        left_out: what does not fit, or cannot be compared, in words.
        total: bytes of the weights of OLD and of NEW.
        budget: in bytes; None where there is none.
    """

    steps: tuple[Step, ...]
    sizes: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    total: tuple[int, int] = (0, 0)
    budget: int | None = None

    @property
    def size(self) -> int:
        """Bytes that all steps read together, what several read counted once."""
        return sum(self.sizes)


def automatic(total: tuple[int, int]) -> int:
    """The budget where none is given: one per cent of both checkpoints, and 2 GiB at the least."""
    return max(AUTO, sum(total) // _SHARE)


def within(steps: Iterable[Step], sides: tuple[Tensors, Tensors], budget: int | None, left_out: Sequence[str]) -> Plan:
    """The steps that fit a budget of bytes, the most telling kept.

    Args:
        steps: in the order in which they would run.
        sides: OLD and NEW.
        budget: in bytes; None for no limit.
        left_out: what cannot be compared, in words.
    """
    numbered = list(enumerate(steps))
    counted: dict[tuple[int, Unit], int] = {}
    kept: dict[int, int] = {}
    missed: list[tuple[Step, int]] = []
    spent = 0
    for number, step in sorted(numbered, key=_worth):
        sizes = _sizes(step, sides)
        cost = sum(max(0, size - counted.get(unit, 0)) for unit, size in sizes.items())
        if budget is not None and spent + cost > budget:
            missed.append((step, cost))
            continue
        counted |= {unit: max(size, counted.get(unit, 0)) for unit, size in sizes.items()}
        spent, kept[number] = spent + cost, cost
    chosen = [number for number, _ in numbered if number in kept]
    total = tuple(sum(meaning.size for meaning in side.meanings.values()) for side in sides)
    return Plan(
        tuple(numbered[number][1] for number in chosen),
        tuple(kept[number] for number in chosen),
        (*left_out, *_told(missed)),
        (total[0], total[1]),
        budget,
    )


def _worth(numbered: tuple[int, Step]) -> tuple[int, float, int]:
    """By tier, then so that the layers which are kept lie evenly spread."""
    number, step = numbered
    return step.tier, -1.0 if step.layer is None else _scattered(step.layer), number


def _scattered(number: int) -> float:
    """The number's binary digits mirrored at the point (van der Corput): 0, ½, ¼, ¾, ⅛, …"""
    value, scale = 0.0, 0.5
    while number:
        value, scale, number = value + scale * (number & 1), scale / 2, number >> 1
    return value


def _sizes(step: Step, sides: tuple[Tensors, Tensors]) -> dict[tuple[int, Unit], int]:
    """Bytes that a step reads of each unit of OLD (0) and NEW (1); what several steps read of one is counted once."""
    found: dict[tuple[int, Unit], int] = {}
    for side, (tensors, readings) in enumerate(zip(sides, step.reads(), strict=True)):
        for reading in readings:
            key = side, reading.unit
            found[key] = max(found.get(key, 0), reading.size(tensors))
    return found


def bytes_read(steps: Iterable[Step], sides: tuple[Tensors, Tensors]) -> tuple[int, int]:
    """Bytes that some steps read of OLD and of NEW, what several read counted once."""
    found: dict[tuple[int, Unit], int] = {}
    for step in steps:
        for key, size in _sizes(step, sides).items():
            found[key] = max(found.get(key, 0), size)
    read = [sum(size for (side, _), size in found.items() if side == number) for number in range(2)]
    return read[0], read[1]


def _told(missed: Sequence[tuple[Step, int]]) -> list[str]:
    """One sentence for each kind of step that did not fit."""
    kinds: dict[tuple[str, str, str], list[tuple[Step, int]]] = {}
    for step, cost in missed:
        kinds.setdefault((step.component, step.kind, step.part), []).append((step, cost))
    return [
        f"{component}: {_name(kind)} of {place} in {len(found):,} place{'' if len(found) == 1 else 's'}: "
        f"beyond the budget ({sum(cost for _, cost in found):,} bytes)"
        for (component, kind, place), found in kinds.items()
    ]


def _name(kind: str) -> str:
    return "elements" if kind == "elements" else f"the test of {kind}"
