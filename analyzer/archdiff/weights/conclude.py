"""From what was measured to the evidence: tests combined by family, components judged, the rest named."""

from __future__ import annotations

import dataclasses
from statistics import median
from typing import TYPE_CHECKING

from archdiff.weights import statistics
from archdiff.weights.evidence import EXACT, Evidence
from archdiff.weights.verdict import CERTAIN, Found, judge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from archdiff.weights.evidence import Judgement, Test
    from archdiff.weights.keep import Result
    from archdiff.weights.plan import Plan
    from archdiff.weights.units import Unit

__all__ = ["combined", "conclude", "exactly_derived", "power_of"]

_BODY = "language-model"


def combined(tests: Iterable[Test], component: str) -> dict[str, float]:
    """log10 p of each family over all places of a component; tests that abstained do not count.

    Exact ones are combined by Fisher's method; of the others the least counts, corrected for their number.
    """
    found: dict[str, list[float]] = {}
    for test in tests:
        if test.component == component and test.log10_p is not None:
            found.setdefault(test.family, []).append(test.log10_p)
    joined = {}
    for family, values in found.items():
        exact = family in (*EXACT, "probed")
        value = statistics.fisher(values) if exact else statistics.bonferroni(values)
        if value is not None:
            joined[family] = value
    return joined


def exactly_derived(tests: Sequence[Test]) -> set[str]:
    """Components in which two exact families leave no doubt."""
    components = {test.component for test in tests}
    return {
        component
        for component in components
        if sum(value < CERTAIN for family, value in combined(tests, component).items() if family in EXACT) > 1
    }


def power_of(tests: Sequence[Test]) -> float | None:
    """The least row cosine that one exact family would detect over all its places; None where none could."""
    found = []
    for family in EXACT:
        used = [test for test in tests if test.family == family and test.log10_p is not None]
        if used and (value := _detectable(used)) is not None:
            found.append(value)
    return min(found, default=None)


def _detectable(tests: Sequence[Test]) -> float | None:
    """Of tests that Fisher's method joins; each is taken to be of the median size."""
    rows, others, columns = (
        int(median(test.figures.get(key, 0) for test in tests)) for key in ("tested_old", "tested_new", "columns")
    )
    return statistics.detectable(rows, others, columns, tests=len(tests)) if min(rows, others, columns) > 1 else None


def conclude(
    plan: Plan,
    result: Result,
    alone: Mapping[str, Sequence[Unit]],
    *,
    incomplete: Collection[str] = (),
    device: str = "cpu",
    read: tuple[int, int] = (0, 0),
) -> Evidence:
    """Judge every component.

    Args:
        plan: that was carried out.
        result: of all its steps together.
        alone: units without partner, by component.
        incomplete: components in which parts that count have no partner of their shape.
        device: what computed it.
        read: bytes read of OLD and of NEW.
    """
    judgements: dict[str, Judgement] = {}
    for component in _components(result, alone):
        body = judgements.get(_BODY)
        found = _found(component, plan, result, alone.get(component, ()))
        verdict = body.verdict if body else None
        judgements[component] = judge(dataclasses.replace(found, incomplete=component in incomplete, body=verdict))
    return Evidence(
        tuple(judgements.values()),
        result.tests,
        result.elements,
        result.maps,
        read,
        plan.total,
        device,
        plan.left_out,
    )


def _components(result: Result, alone: Mapping[str, Sequence[Unit]]) -> tuple[str, ...]:
    """The language model first, then by name."""
    names = {test.component for test in result.tests} | {each.component for each in result.elements} | alone.keys()
    return tuple(sorted(names, key=lambda name: (name != _BODY, name)))


def _found(component: str, plan: Plan, result: Result, alone: Sequence[Unit]) -> Found:
    own = tuple(test for test in result.tests if test.component == component)
    return Found(
        component=component,
        tests=own,
        elements=tuple(element for element in result.elements if element.component == component),
        maps=tuple(each for each in result.maps if each.component == component),
        combined=combined(own, component),
        power=power_of(own),
        unmatched=tuple(dict.fromkeys(unit.label for unit in alone)),
        partial=any(text.startswith(f"{component}: elements") for text in plan.left_out),
    )
