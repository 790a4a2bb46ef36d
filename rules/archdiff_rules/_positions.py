"""Rotary settings in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import show

if TYPE_CHECKING:
    from archdiff.rule import Difference, Value

SCALING = (
    "rotary.scaling.kind",
    "rotary.scaling.factor",
    "rotary.scaling.original_context",
    "rotary.scaling.parameters",
)
ROTATION = ("rotary.fraction", "rotary.interleaved")

_NAMES = {"yarn": "YaRN", "longrope": "long-rope", "su": "long-rope"}


def scaling(difference: Difference, side: int) -> str:
    """`YaRN ×32 from 4,096 positions`, or `no rotary scaling`, in OLD (0) or NEW (1)."""
    kind, factor, original = (difference.facts[name][side] for name in SCALING[:3])
    if kind is None:
        return "no rotary scaling"
    text = _NAMES.get(str(kind), str(kind))
    text += f" ×{show(factor)}" if factor is not None else ""
    return text + (f" from {show(original)} positions" if original is not None else "")


def other_parameters(difference: Difference) -> str:
    """The other parameters of the scaling that differ, both values: `beta_fast=32 → beta_fast=16`."""
    old, new = (_texts(value) for value in difference.facts[SCALING[3]])
    gone, come = (show(tuple(sorted(a - b))) for a, b in ((old, new), (new, old)))
    return f"{gone} → {come}"


def _texts(value: Value) -> set[str]:
    return set(map(str, value)) if isinstance(value, tuple) else set()


def rotation(difference: Difference) -> str:
    """`half of each head rotates → the whole head`, and how values are paired where that differs."""
    texts = []
    old, new = difference.facts.get("rotary.fraction", (None, None))
    if old != new:
        texts.append(f"{_share(old)} of each head rotates → {_share(new)}")
    old, new = difference.facts["rotary.interleaved"]
    if old != new:
        texts.append(f"{_pairs(old)} rotate together → {_pairs(new)}")
    return "; ".join(texts)


def _share(value: Value) -> str:
    if isinstance(value, int | float):
        return {1: "the whole", 0.5: "half", 0.25: "a quarter"}.get(value, f"{value:.0%}")
    return "an unknown share"


def _pairs(interleaved: Value) -> str:
    return "neighbouring values" if interleaved else "the two halves of a head"
