"""Carry out a plan: exact tests first, the others where those leave something open; every finished step is kept."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.weights.conclude import combined, exactly_derived
from archdiff.weights.evidence import EXACT
from archdiff.weights.examine import Context, examine
from archdiff.weights.keep import Kept, Result
from archdiff.weights.partners import partnered
from archdiff.weights.robust import DIFFERENT, SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from archdiff.weights.measure import Device
    from archdiff.weights.plan import Plan, Step

__all__ = ["Done", "run"]


@dataclasses.dataclass(frozen=True, slots=True)
class Done:
    """A step and its result; None where it was not needed.

    Args:
        step: of the plan.
        result: of the step.
    """

    step: Step
    result: Result | None


def run(
    plan: Plan,
    context: Context,
    kept: Kept,
    device: Device,
    progress: Callable[[str], None] = lambda _: None,
    incomplete: Collection[str] = (),
) -> tuple[Done, ...]:
    """Every step of a plan with its result, in the plan's order.

    Args:
        plan: what to do.
        context: the two models.
        kept: results of earlier runs.
        device: what compares elements.
        progress: is told what is being done.
        incomplete: components that equal elements do not settle.

    Raises:
        SourceError: a checkpoint cannot be read; what was finished before is kept.
    """
    found: dict[int, Result | None] = {}

    def work(numbers: Iterable[int]) -> None:
        for number in numbers:
            progress(f"{plan.steps[number].place}: {plan.steps[number].kind}")
            found[number] = _step(plan.steps[number], context, kept, device)

    work(number for number, step in enumerate(plan.steps) if step.kind == "elements")
    same = _equal_throughout(plan, found).difference(incomplete)
    work(n for n, step in enumerate(plan.steps) if n not in found and not step.given and step.component not in same)
    tests = [test for result in found.values() if result is not None for test in result.tests]
    known = exactly_derived(tests) | same
    work(n for n, step in enumerate(plan.steps) if step.given == SILENT and step.component not in known)
    related = {*known, *_related(found.values())} - same
    work(n for n, step in enumerate(plan.steps) if step.given == DIFFERENT and step.component in related)
    return tuple(Done(step, found.get(number)) for number, step in enumerate(plan.steps))


def _equal_throughout(plan: Plan, found: Mapping[int, Result | None]) -> set[str]:
    """Components whose elements were all compared and are all equal: no test can add to that."""
    unequal = {
        each.component
        for result in found.values()
        if result is not None
        for each in result.elements
        if each.equal != each.count or any((*each.nan, *each.infinite))
    }
    compared = {plan.steps[number].component for number in found}
    return {name for name in compared - unequal if not any(text.startswith(name) for text in plan.left_out)}


def _related(results: Iterable[Result | None]) -> set[str]:
    """Components with an exact family of tests against independence."""
    tests = [test for result in results if result is not None for test in result.tests]
    components = {test.component for test in tests}
    return {
        component
        for component in components
        if any(value < -6 for family, value in combined(tests, component).items() if family in EXACT)
    }


def _step(step: Step, context: Context, kept: Kept, device: Device) -> Result:
    step, more = partnered(step, context)
    known = kept.read(step, more)
    if known is not None:
        return known
    result = _elements(step, context, device) if step.kind == "elements" else examine(context, step)
    kept.write(step, result, more)
    return result


def _elements(step: Step, context: Context, device: Device) -> Result:
    from archdiff.weights.measure import compare

    return Result(elements=tuple(compare(context.old, context.new, step.pairs, device)))
