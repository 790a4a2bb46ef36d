"""What the tests of one component come to: one of five verdicts, with its reasons, controls and power.

The rules are those of the project's specification of weight evidence: a copy is asserted where two exact tests of
independence, or a robust one beside another, leave no doubt; independence only with the power to have seen a copy.
"""

from __future__ import annotations

import dataclasses
import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.weights.evidence import EXACT, ROBUST, Judgement
from archdiff.weights.labels import frozen_parts, labels_of
from archdiff.weights.wording import family_name, p_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from archdiff.weights.evidence import Control, Elements, LayerMap, Test, Verdict

__all__ = ["CERTAIN", "LIMITS", "POWER", "ROBUSTLY", "UNREMARKABLE", "Found", "judge"]

CERTAIN = -12.0
"""log10 of the p-value below which one exact family counts against independence."""

ROBUSTLY = -4.0
"""log10 of the calibrated p-value below which one robust family counts against independence."""

UNREMARKABLE = -2.0
"""log10 of the p-value above which a family says nothing against independence."""

POWER = 0.08
"""The greatest row cosine that the exact tests may need before they are too weak to support independence."""

LIMITS = (
    "which model came first is not visible in a pair of weights",
    "parent and sibling, which share a parent, look alike",
    "distillation leaves no trace in weights",
    "models trained from one initialisation are dependent without one being derived from the other",
)
"""What no comparison of two sets of weights can tell."""


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What is known of one component.

    Args:
        component: its name.
        tests: of the component.
        elements: of the component.
        maps: of the component.
        combined: log10 p of each family, over all places.
        power: the row cosine that the exact tests together would detect; None where none ran.
        unmatched: places in words that have no partner to compare with.
        partial: whether elements that could be compared were not read.
        incomplete: whether a part that counts has no partner of its shape, so that equality of the rest is not all.
        body: verdict on the language model, for components that only share its residual stream; None for itself.
    """

    component: str
    tests: tuple[Test, ...]
    elements: tuple[Elements, ...]
    maps: tuple[LayerMap, ...]
    combined: Mapping[str, float]
    power: float | None
    unmatched: tuple[str, ...] = ()
    partial: bool = False
    incomplete: bool = False
    body: Verdict | None = None

    @property
    def controls(self) -> tuple[Control, ...]:
        """Of all its tests."""
        return tuple(control for test in self.tests for control in test.controls)

    @property
    def failed(self) -> tuple[Control, ...]:
        """Controls of tests that gave a p-value all the same; the others abstained, and say why."""
        used = (test for test in self.tests if test.log10_p is not None and test.family in (*EXACT, *ROBUST))
        return tuple(control for test in used for control in test.controls if not control.passed)

    def below(self, families: Sequence[str], limit: float) -> tuple[str, ...]:
        """The families whose combined p-value is below a limit."""
        return tuple(family for family in families if self.combined.get(family, 0.0) < limit)


def judge(found: Found) -> Judgement:
    """The verdict on a component."""
    rules: tuple[Callable[[Found], Judgement | None], ...] = (
        _identical,
        _unreliable,
        _derived,
        _transformed,
        _independent,
    )
    given = next((judgement for rule in rules if (judgement := rule(found)) is not None), None)
    return given or _inconclusive(found, _doubts(found))


def _judgement(found: Found, verdict: Verdict, reasons: Sequence[str], labels: Sequence[str] = ()) -> Judgement:
    order: tuple[str, ...] = (*EXACT, *ROBUST, "residual")
    exact = {family: found.combined[family] for family in order if family in found.combined}
    return Judgement(
        found.component,
        verdict,
        tuple(labels),
        tuple(reasons),
        MappingProxyType(exact),
        found.power,
        found.controls,
        frozen_parts(found.elements) if verdict != "identical" else (),
        LIMITS if verdict in ("derived", "transformed", "independent") else (),
    )


def _identical(found: Found) -> Judgement | None:
    """Every compared element is equal, and one tensor at least could have been otherwise."""
    if (
        found.incomplete
        or not found.elements
        or any(e.equal != e.count or any((*e.nan, *e.infinite)) for e in found.elements)
    ):
        return None
    if not any(_telling(e) for e in found.elements):
        return None
    count = sum(e.count for e in found.elements)
    reasons = [f"all {count:,} compared elements are equal, in {_number(len(found.elements), 'tensor')}"]
    if found.unmatched:
        reasons.append(f"without partner: {_listed(found.unmatched)}")
    if found.partial:
        reasons.append("not every element that could be compared was read")
    return _judgement(found, "identical", reasons)


def _telling(element: Elements) -> bool:
    """Whether equality says something: a vector of ones is equal in any two models."""
    return bool(element.digest) or (element.deviations[0] > 0 and element.count > 1)


def _unreliable(found: Found) -> Judgement | None:
    """A control that came out wrong aborts the verdict."""
    if not found.failed:
        return None
    told = sorted({control.name for control in found.failed})
    return _inconclusive(found, [f"a control failed: {_listed(told)}"])


def _derived(found: Found) -> Judgement | None:
    certain = found.below(EXACT, CERTAIN)
    residual = found.combined.get("residual", 0.0) < CERTAIN and found.body in ("derived", "identical")
    if len(certain) < 2 and not (residual and not _has_exact(found)):
        return None
    told = certain if len(certain) > 1 else ("residual",)
    reasons = [f"{family_name(family)}: {p_value(found.combined[family])} if independent" for family in told]
    if told == ("residual",):
        reasons.append(f"the language model of the pair is {found.body}")
    return _judgement(found, "derived", (*reasons, *_share(found)), labels_of(found.tests, found.elements, found.maps))


def _has_exact(found: Found) -> bool:
    return any(test.family in EXACT for test in found.tests)


def _transformed(found: Found) -> Judgement | None:
    robust, exact = found.below(ROBUST, ROBUSTLY), found.below(EXACT, CERTAIN)
    if not robust or len(robust) + len(exact) < 2:
        return None
    reasons = [
        f"{family_name(family)}: {p_value(found.combined[family])} if independent" for family in (*robust, *exact)
    ]
    silent = [family for family in EXACT if found.combined.get(family, -1e9) > UNREMARKABLE]
    if silent:
        reasons.append(
            f"tests of order are silent ({_listed([family_name(f) for f in silent])}): the order was changed"
        )
    labels = labels_of(found.tests, found.elements, found.maps, transformed=True)
    return _judgement(found, "transformed", reasons, labels)


def _independent(found: Found) -> Judgement | None:
    families = [family for family in (*EXACT, *ROBUST) if family in found.combined]
    exact = [family for family in families if family in EXACT]
    robust = [family for family in families if family in ROBUST]
    least = min((found.combined[family] for family in families), default=0.0)
    if not exact or not robust or least + _log10(len(families)) < UNREMARKABLE:
        return None
    if found.power is None or found.power > POWER:
        return None
    several = f"{_number(len(families), 'family', 'families')} of tests"
    reasons = [
        f"no dependence detected at row cosine ≥ {found.power:.2g}",
        f"the least p of {several} is {p_value(least)}, to be multiplied by {len(families)}",
    ]
    return _judgement(found, "independent", reasons)


def _inconclusive(found: Found, reasons: Sequence[str]) -> Judgement:
    return _judgement(found, "inconclusive", (*reasons, *_share(found)))


def _doubts(found: Found) -> list[str]:
    """Why nothing can be concluded, the most telling first."""
    doubts = []
    certain = found.below(EXACT, CERTAIN)
    if certain:
        doubts.append(f"one family of tests alone speaks against independence: {family_name(certain[0])}")
    unclear = [f for f in (*EXACT, *ROBUST) if f not in certain and found.combined.get(f, 0.0) < UNREMARKABLE]
    doubts += [f"{family_name(f)} is neither clear nor unremarkable: {p_value(found.combined[f])}" for f in unclear]
    abstained = dict.fromkeys(
        test.abstained for test in found.tests if test.abstained and test.family in (*EXACT, *ROBUST)
    )
    doubts += [f"a test abstained: {reason}" for reason in list(abstained)[:3]]
    if not any(family in found.combined for family in EXACT):
        doubts.append("no part could be tested for independence")
    elif not any(family in found.combined for family in ROBUST) and not doubts:
        doubts.append("no test that survives permutation and rotation could run")
    if found.power is not None and found.power > POWER:
        doubts.append(f"too little power: a copy is seen from row cosine {found.power:.2g} on, {POWER} is needed")
    return doubts or ["there is too little to compare"]


def _share(found: Found) -> list[str]:
    """The share of equal elements among tensors that could have been otherwise."""
    telling = [e for e in found.elements if _telling(e)]
    count = sum(e.count for e in telling)
    equal = sum(e.equal for e in telling)
    return [f"{equal / count:.2%} of {count:,} compared elements are equal"] if count else []


def _log10(number: int) -> float:
    return math.log10(number) if number else 0.0


def _number(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
