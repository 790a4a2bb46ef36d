"""One weight check from two sources and their comparison: open, plan, carry out, conclude."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from archdiff.errors import UsageError
from archdiff.text import printable
from archdiff.weights.layout import Layout
from archdiff.weights.packed import open_tensors
from archdiff.weights.pairing import pair_units, units_of
from archdiff.weights.plan import automatic, bytes_read, within
from archdiff.weights.propose import propose
from archdiff.weights.reading import open_checkpoint
from archdiff.weights.sides import Sides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from archdiff.compare.comparison import Comparison
    from archdiff.graph.store import Store
    from archdiff.sources import Source
    from archdiff.weights.evidence import Evidence
    from archdiff.weights.plan import Plan
    from archdiff.weights.tensors import Tensors
    from archdiff.weights.units import Unit

__all__ = ["Check", "Wishes", "opened"]


_TRACE = 0.001


@dataclasses.dataclass(frozen=True, slots=True)
class Wishes:
    """What a user asks of a weight check.

    Args:
        scope: `all`, `shared`, `changed`, or a pattern of module names.
        budget: bytes to read at the most; 0 for one per cent of both checkpoints and 2 GiB at the least, None for
            no limit.
        device: `auto`, `cpu`, `cuda`, `cuda:1`.
        seed: of all sampling.
    """

    scope: str = "all"
    budget: int | None = 0
    device: str = "auto"
    seed: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """Two opened checkpoints with a plan.

    Args:
        old: the weights of OLD.
        new: the weights of NEW.
        sides: their units, and how they correspond.
        plan: what is to be done.
        alone: units without partner, by component.
        incomplete: components in which parts that count have no partner of their shape.
        wishes: of the user.
    """

    old: Tensors
    new: Tensors
    sides: Sides
    plan: Plan
    alone: Mapping[str, tuple[Unit, ...]]
    incomplete: frozenset[str]
    wishes: Wishes

    def carry_out(self, store: Store | None, progress: Callable[[str], None] = lambda _: None) -> Evidence:
        """Do what is planned, and judge.

        Args:
            store: where finished steps are kept; None keeps none.
            progress: is told what is being done.

        Raises:
            SourceError: a checkpoint cannot be read; what was finished before is kept.
            UsageError: there is no such device.
        """
        from archdiff.weights.conclude import conclude
        from archdiff.weights.examine import Context
        from archdiff.weights.keep import Kept, Result
        from archdiff.weights.measure import choose_device
        from archdiff.weights.run import run

        device = choose_device(self.wishes.device)
        context = Context(self.old, self.new, self.sides, self.wishes.seed)
        kept = Kept(store, (self.old, self.new), (self.wishes.seed, "cuda" if device.is_cuda else "cpu"))
        done = run(self.plan, context, kept, device, progress, self.incomplete)
        return conclude(
            self.plan,
            Result.of(each.result for each in done),
            self.alone,
            incomplete=self.incomplete,
            device=device.name,
            read=bytes_read([each.step for each in done if each.result is not None], (self.old, self.new)),
        )


@contextmanager
def opened(old: Source, new: Source, comparison: Comparison, wishes: Wishes) -> Iterator[Check]:
    """Two checkpoints opened and planned; closed at the end.

    Raises:
        SourceError: a source has no weights, or they cannot be read.
        UsageError: the scope is a pattern that fits no module.
    """
    with ExitStack() as stack:
        sides = []
        for source in (old, new):
            checkpoint = open_checkpoint(source)
            stack.callback(checkpoint.close)
            sides.append(open_tensors(checkpoint, source.config))
        yield _planned(sides[0], sides[1], comparison, wishes)


def _planned(old: Tensors, new: Tensors, comparison: Comparison, wishes: Wishes) -> Check:
    first, second = units_of(comparison.old, old), units_of(comparison.new, new)
    pairs = pair_units(comparison, first, second)
    layouts = Layout.of(comparison.old, first.units), Layout.of(comparison.new, second.units)
    sides = Sides(layouts[0], layouts[1], pairs.pairs, pairs.aligned_layers)
    steps, left_out = propose(sides, wishes.scope)
    if not steps and wishes.scope not in ("all", "shared", "changed"):
        cause = "names no module whose weights can be compared"
        raise UsageError(printable(wishes.scope, 80), cause, "see the names with: archdiff show MODEL --format json")
    notes = [
        *(f"OLD: {text}" for text in _untold(first.notes, first.unclaimed, old)),
        *(f"NEW: {text}" for text in _untold(second.notes, second.unclaimed, new)),
        *left_out,
    ]
    total = tuple(sum(meaning.size for meaning in side.meanings.values()) for side in (old, new))
    budget = automatic((total[0], total[1])) if wishes.budget == 0 else wishes.budget
    plan = within(steps, (old, new), budget, notes)
    lone = (*pairs.old_alone, *pairs.new_alone)
    return Check(old, new, sides, plan, _by_component(lone), _incomplete(sides, lone), wishes)


def _untold(notes: tuple[str, ...], unclaimed: tuple[str, ...], tensors: Tensors) -> Iterator[str]:
    yield from notes
    if unclaimed:
        yield f"{len(unclaimed):,} tensors that no module has were not compared ({unclaimed[0]})"
    for name, reason in list(tensors.unread.items())[:3]:
        yield f"{name} was not read: {reason}"
    if len(tensors.unread) > 3:
        yield f"{len(tensors.unread) - 3:,} more tensors were not read"


def _by_component(units: tuple[Unit, ...]) -> dict[str, tuple[Unit, ...]]:
    found: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        found[unit.component].append(unit)
    return {component: tuple(group) for component, group in found.items()}


def _incomplete(sides: Sides, alone: tuple[Unit, ...]) -> frozenset[str]:
    """Components of which more than a trace has no partner of its shape."""
    counts: Counter[str] = Counter()
    for unit in (*sides.old.units, *sides.new.units):
        counts[unit.component] += unit.count
    apart: Counter[str] = Counter()
    resized = [unit for pair in sides.pairs if pair.old.shape != pair.new.shape for unit in (pair.old, pair.new)]
    for unit in (*alone, *resized):
        apart[unit.component] += unit.count
    return frozenset(component for component, count in apart.items() if count > _TRACE * counts[component])
