"""Whether NEW is a linear merge of several parents: one set of mixing weights for all tensors."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.weights import statistics
from archdiff.weights.evidence import Test
from archdiff.weights.sample import Reading, spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archdiff.weights.examine import Context
    from archdiff.weights.tensors import Tensors
    from archdiff.weights.units import Unit, UnitPair

__all__ = ["Parent", "merged"]

_ROWS = 512
_TENSORS = 12
_ROLES = frozenset({"query", "key", "value", "output", "gate", "up", "down", "embedding"})


@dataclasses.dataclass(frozen=True, slots=True)
class Parent:
    """Another model that NEW may be merged from.

    Args:
        name: what to call it.
        tensors: its weights.
        units: the parent's unit that corresponds to a unit of NEW.
    """

    name: str
    tensors: Tensors
    units: Mapping[Unit, Unit]


def merged(context: Context, parents: Sequence[Parent]) -> Test | None:
    """Solve for the mixing weights of OLD and the parents in NEW; None where they share no tensor of equal shape.

    Raises:
        SourceError: a checkpoint cannot be read.
    """
    pairs = spread([pair for pair in context.sides.pairs if _is_shared(pair, parents)], _TENSORS)
    if not pairs:
        return None
    child = [Reading.of(pair.new, _ROWS).read(context.new) for pair in pairs]
    old = [Reading.of(pair.old, _ROWS).read(context.old) for pair in pairs]
    others = [[Reading.of(parent.units[pair.new], _ROWS).read(parent.tensors) for pair in pairs] for parent in parents]
    found = statistics.mixing(child, [old, *others])
    readings = [(Reading.of(pair.old, _ROWS), Reading.of(pair.new, _ROWS)) for pair in pairs]
    size = sum(a.size(context.old) + b.size(context.new) for a, b in readings)
    first = max((pair.new for pair in pairs), key=lambda unit: unit.layer is not None)
    return Test(
        "merge", first.component, ", ".join(("OLD", *(parent.name for parent in parents))), first.label, None,
        found.count, found.log10_p, found.statistic, found.power, found.figures, found.controls, found.abstained, size,
    )  # fmt: skip


def _is_shared(pair: UnitPair, parents: Sequence[Parent]) -> bool:
    """Whether the tensor has one shape in NEW, OLD and every parent."""
    shapes = [pair.old.shape, *(unit.shape for parent in parents if (unit := parent.units.get(pair.new)) is not None)]
    return pair.new.role in _ROLES and len(shapes) == len(parents) + 1 and set(shapes) == {pair.new.shape}
