"""One weight check from two sources and their comparison: open, plan, carry out, conclude."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.errors import UsageError
from archdiff.text import printable
from archdiff.weights.extra import require
from archdiff.weights.layout import Layout
from archdiff.weights.merging import Parent
from archdiff.weights.packed import open_tensors
from archdiff.weights.pairing import pair_units, units_of
from archdiff.weights.plan import automatic, bytes_read, within
from archdiff.weights.propose import propose
from archdiff.weights.reading import open_checkpoint
from archdiff.weights.sides import Sides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from archdiff.compare.comparison import Comparison
    from archdiff.graph.schema import ModelGraph
    from archdiff.graph.store import Store
    from archdiff.sources import Source
    from archdiff.weights.evidence import Evidence
    from archdiff.weights.examine import Context
    from archdiff.weights.keep import Result
    from archdiff.weights.pairing import Units
    from archdiff.weights.plan import Plan, Step
    from archdiff.weights.run import Done
    from archdiff.weights.tensors import Tensors
    from archdiff.weights.units import Unit

__all__ = ["Check", "Model", "Wishes", "opened"]


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
        parents: other models that NEW may be merged from.
    """

    old: Tensors
    new: Tensors
    sides: Sides
    plan: Plan
    alone: Mapping[str, tuple[Unit, ...]]
    incomplete: frozenset[str]
    wishes: Wishes
    parents: tuple[Parent, ...] = ()

    def carry_out(self, store: Store | None, progress: Callable[[str], None] = lambda _: None) -> Evidence:
        """Do what is planned, and judge.

        Args:
            store: where finished steps are kept; None keeps none.
            progress: is told what is being done.

        Raises:
            SourceError: a checkpoint cannot be read; what was finished before is kept.
            UsageError: there is no such device, or a package of the extra `weights` is missing.
        """
        require()
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
            Result.of([*(each.result for each in done), self._merge(context)]),
            self.alone,
            incomplete=self.incomplete,
            device=device.name,
            read=bytes_read(map(_as_read, done), (self.old, self.new)),
        )

    def _merge(self, context: Context) -> Result | None:
        """Mixing weights of OLD and the other parents in NEW, where others were named."""
        from archdiff.weights.keep import Result
        from archdiff.weights.merging import merged

        test = merged(context, self.parents) if self.parents else None
        return Result(tests=(test,)) if test is not None else None


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    """A model whose weights are to be read.

    Args:
        source: where they are.
        graph: as it was loaded, under the model's own names.
    """

    source: Source
    graph: ModelGraph


@contextmanager
def opened(
    old: Model,
    new: Model,
    comparison: Comparison,
    wishes: Wishes,
    parents: Sequence[tuple[Model, Comparison]] = (),
) -> Iterator[Check]:
    """Two checkpoints opened and planned; closed at the end.

    Args:
        old: OLD.
        new: NEW.
        comparison: of the two graphs.
        wishes: of the user.
        parents: other models that NEW may be merged from, each with its comparison with NEW.

    Raises:
        SourceError: a source has no weights, or they cannot be read.
        UsageError: the scope is a pattern that fits no module.
    """
    with ExitStack() as stack:
        first, second = _opened(old, stack), _opened(new, stack)
        units = units_of(old.graph, first), units_of(new.graph, second)
        check = _planned((first, second), units, comparison, wishes)
        others = tuple(_parent(model, compared, units[1], stack) for model, compared in parents)
        yield dataclasses.replace(check, parents=others)


def _opened(model: Model, stack: ExitStack) -> Tensors:
    checkpoint = open_checkpoint(model.source)
    stack.callback(checkpoint.close)
    return open_tensors(checkpoint, model.source.config)


def _parent(model: Model, comparison: Comparison, new: Units, stack: ExitStack) -> Parent:
    tensors = _opened(model, stack)
    pairs = pair_units(comparison, units_of(model.graph, tensors), new)
    return Parent(model.source.name, tensors, {pair.new: pair.old for pair in pairs.pairs})


_SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "all": (),
    "shared": ("only parts that both have were asked for",),
    "changed": ("only parts that the structural comparison found changed were asked for",),
})  # fmt: skip


def _planned(
    sides: tuple[Tensors, Tensors], units: tuple[Units, Units], comparison: Comparison, wishes: Wishes
) -> Check:
    (old, new), (first, second) = sides, units
    pairs = pair_units(comparison, first, second)
    layouts = Layout.of(comparison.old, first.units), Layout.of(comparison.new, second.units)
    models = Sides(layouts[0], layouts[1], pairs.pairs, pairs.aligned_layers)
    steps, left_out = propose(models, wishes.scope)
    if not steps and wishes.scope not in ("all", "shared", "changed"):
        cause = "names no module whose weights can be compared"
        raise UsageError(printable(wishes.scope, 80), cause, "see the names with: archdiff show MODEL --format json")
    notes = [
        *(f"OLD: {text}" for text in _untold(first.notes, first.unclaimed, old)),
        *(f"NEW: {text}" for text in _untold(second.notes, second.unclaimed, new)),
        *left_out,
        *_SCOPES.get(wishes.scope, (f"only modules that match {printable(wishes.scope, 80)} were asked for",)),
    ]
    total = tuple(sum(meaning.size for meaning in side.meanings.values()) for side in sides)
    budget = automatic((total[0], total[1])) if wishes.budget == 0 else wishes.budget
    plan = within(steps, sides, budget, notes)
    lone = (*pairs.old_alone, *pairs.new_alone)
    return Check(old, new, models, plan, _by_component(lone), _incomplete(models, lone), wishes)


def _as_read(done: Done) -> Step:
    """The step with what was read for it: nothing where it was not needed or digests told that pairs are equal."""
    if done.result is None:
        return dataclasses.replace(done.step, old=(), new=(), pairs=(), beside=((), ()))
    told = zip(done.step.pairs, done.result.elements, strict=False)
    return dataclasses.replace(done.step, pairs=tuple(pair for pair, each in told if not each.digest))


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
