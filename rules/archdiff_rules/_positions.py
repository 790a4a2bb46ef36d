"""Rotary settings in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archdiff.rule import show
from archdiff_rules._changes import computing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archdiff.rule import Comparison, Difference, Finding, ModelGraph, Value

SCALING = (
    "rotary.scaling.kind",
    "rotary.scaling.factor",
    "rotary.scaling.original_context",
    "rotary.scaling.parameters",
)
ROTATION = ("rotary.fraction", "rotary.interleaved")

_NAMES = {"yarn": "YaRN", "longrope": "long-rope", "su": "long-rope"}


def turning(comparison: Comparison, finding: Finding) -> Finding:
    """The finding, at least behavioral unless the frequencies were computed in both models and are the same.

    Dynamic and long-rope scaling choose frequencies by the length of the text, so that those of a short one prove
    nothing.
    """
    known = all(map(_computed, (comparison.old, comparison.new)))
    return finding if known and finding.explains else computing(finding)


def _computed(graph: ModelGraph) -> bool:
    buffers = [
        tensor
        for node in graph.nodes.values()
        if node.role == "rotary"
        for tensor in node.tensors
        if tensor.kind == "buffer"
    ]
    by_length = any(f"'{kind}'" in str(graph.config) for kind in ("dynamic", "longrope", "su"))
    return bool(buffers) and all(tensor.digest for tensor in buffers) and not by_length and not graph.not_checked


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
    if old != new and old is not None and new is not None:
        texts.append(f"{_share(old)} of each head rotates → {_share(new)}")
    old, new = difference.facts["rotary.interleaved"]
    if old != new:
        texts.append(f"{_pairs(old)} rotate together → {_pairs(new)}")
    return "; ".join(texts)


def _share(value: Value) -> str:
    share = value if isinstance(value, int | float) else 0.0
    return {1: "the whole", 0.5: "half", 0.25: "a quarter"}.get(share, f"{share:.0%}")


def _pairs(interleaved: Value) -> str:
    return "neighbouring values" if interleaved else "the two halves of a head"


def follows_from_scaling(comparison: Comparison, difference: Difference) -> bool:
    """Whether both models scale attention logits as their head dimension and their rotary scaling prescribe."""
    old = comparison.old.nodes[difference.old_place.paths()[0]].facts
    new = comparison.new.nodes[difference.new_place.paths()[0]].facts
    return _as_prescribed(old) and _as_prescribed(new)


def _as_prescribed(facts: Mapping[str, Value]) -> bool:
    """Whether the scale is 1/sqrt(head dimension), times YaRN's square of 0.1 mscale ln(factor) + 1 (DeepSeek-V2)."""
    dimension, scale = facts.get("attention.head_dimension"), facts.get("attention.scale")
    if not isinstance(dimension, int) or not isinstance(scale, float | int | None):
        return False
    usual = dimension**-0.5
    return math.isclose(usual if scale is None else scale, usual * _sharpening(facts), rel_tol=1e-4)


def _sharpening(facts: Mapping[str, Value]) -> float:
    factor, parameters = facts.get("rotary.scaling.factor"), facts.get("rotary.scaling.parameters")
    texts = map(str, parameters) if isinstance(parameters, tuple) else ()
    stated = next((text.partition("=")[2] for text in texts if text.startswith("mscale_all_dim=")), "0")
    if facts.get("rotary.scaling.kind") != "yarn" or not isinstance(factor, int | float) or factor <= 1:
        return 1.0
    return float((0.1 * float(stated) * math.log(factor) + 1) ** 2)
