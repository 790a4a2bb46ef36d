"""What a weight check found out of a component, in words; every number stands with what it is worth."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from archdiff.rule import Finding
from archdiff_rules._layers import noun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.rule import Comparison, Provenance, Value

__all__ = [
    "amounts",
    "figure",
    "found",
    "frozen_findings",
    "listed",
    "named",
    "power",
    "reason",
    "runs",
    "share",
    "single",
    "strength",
    "verdict_finding",
    "with_verdict",
]

_P = "log10_p."
_APART = frozenset({"layer-map", "upcycling"})
"""Families whose figures belong to findings of their own."""

_LISTED = 3
"""Places that a message names; the report holds them all."""


def with_verdict(comparison: Comparison, verdict: str) -> Iterator[Provenance]:
    """The components on which this verdict was given; none where weights were not compared."""
    return (provenance for provenance in comparison.weights if provenance.verdict == verdict)


def verdict_finding(provenance: Provenance, *parts: str) -> Finding:
    """A finding that gives the verdict on a component; empty parts are left out."""
    facts: dict[str, Value] = {"weights.verdict": provenance.verdict}
    if provenance.labels:
        facts["weights.labels"] = provenance.labels
    return found(provenance, facts, *parts)


def found(provenance: Provenance, facts: dict[str, Value], *parts: str) -> Finding:
    """A finding on a component. It explains no change: equal structure with other weights is no change.

    Args:
        provenance: what the weight check says.
        facts: what was found, without figures, which would give each run another fingerprint.
        parts: of the message, joined by semicolons; empty ones are left out.
    """
    stated = {"weights.component": provenance.component, **facts}
    return Finding(
        message=f"{named(provenance)}: {'; '.join(part for part in parts if part)}",
        old=provenance.old,
        new=provenance.new,
        facts={name: (None, value) for name, value in stated.items()},
        impact="cosmetic",
    )


def frozen_findings(comparison: Comparison) -> Iterator[Finding]:
    """Components that are equal in every element where others are not, and the parts of others that are."""
    others = any(component.verdict != "identical" for component in comparison.weights)
    for component in comparison.weights:
        whole = component.verdict == "identical"
        frozen = ("all",) if whole else component.frozen
        if frozen and others:
            rest = "all of it is equal in every element, while other components are not"
            said = rest if whole else f"equal in every element, while the rest is not: {listed(frozen)}"
            yield found(component, {"weights.frozen": frozen}, said, "" if whole else share(component))


def named(provenance: Provenance) -> str:
    """The component in words: `language model`."""
    return provenance.component.replace("-", " ")


def strength(provenance: Provenance) -> str:
    """p of each exact family, combined over layers: `log10 p −312 (hidden units)`; empty without one."""
    measured = [
        (name.removeprefix(_P), value)
        for name, value in provenance.figures.items()
        if name.startswith(_P) and name.removeprefix(_P) not in _APART
    ]
    told = ", ".join(f"{figure(value)} ({name.replace('-', ' ')})" for name, value in measured)
    return f"log10 p {told}" if told else ""


def power(provenance: Provenance) -> str:
    """What all exact tests together would have detected: `power: row cosine 0.04`; empty where they tell none."""
    least = provenance.figures.get("power")
    return f"power: row cosine {figure(least)}" if least is not None else ""


def single(provenance: Provenance, family: str) -> str:
    """p of one family that has a finding of its own; empty where there is none."""
    value = provenance.figures.get(f"{_P}{family}")
    return f"log10 p {figure(value)}" if value is not None else ""


def share(provenance: Provenance) -> str:
    """How much is equal and how far apart the rest is; empty where no pair of tensors was compared."""
    equal, relative = (provenance.figures.get(name) for name in ("share_equal", "relative_difference"))
    told = f"{_percent(equal)} of the compared elements equal" if isinstance(equal, float | int) else ""
    apart = f"relative difference {figure(relative)}" if relative is not None else ""
    return ", ".join(part for part in (told, apart) if part)


def amounts(provenance: Provenance) -> str:
    """What was compared: `291 pairs of tensors, 8,030,261,248 elements`; empty where nothing was."""
    pairs, elements = (provenance.figures.get(name) for name in ("pairs", "elements"))
    if not isinstance(pairs, int) or not isinstance(elements, int):
        return ""
    return f"{noun(pairs, 'pair')} of tensors, {noun(elements, 'element')}"


def reason(provenance: Provenance) -> str:
    """The most telling reason, as a part of a sentence; empty without one."""
    return " ".join(provenance.reasons[0].split()).rstrip(".") if provenance.reasons else ""


def listed(places: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(places) - _LISTED} more" if len(places) > _LISTED else ""
    return f"{', '.join(' '.join(place.split()) for place in places[:_LISTED])}{more}"


def runs(copied: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """Layers of NEW and where they come from, neighbours as one: `24–47 ← 8–31`."""
    numbered = enumerate(sorted(copied))
    grouped = itertools.groupby(numbered, key=lambda item: (item[1][0] - item[0], item[1][1] - item[0]))
    return tuple(_run([pair for _, pair in group]) for _, group in grouped)


def _run(pairs: Sequence[tuple[int, int]]) -> str:
    return " ← ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in zip(pairs[0], pairs[-1], strict=True))


def _percent(value: float) -> str:
    """Never `100 %` of what is not all."""
    shown = f"{100 * value:.3g}"
    if value < 1 and shown == "100":
        return "over 99.9 %"
    return f"{shown} %" if value in {0, 1} or float(shown) >= 0.001 else "under 0.001 %"


def figure(value: Value) -> str:
    """A measured number in three digits, with a minus sign that is one."""
    return f"{value:.3g}".replace("-", "−") if isinstance(value, float | int) else str(value)
