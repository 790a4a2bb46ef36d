"""Findings in one form: `what: before → after` for each fact that differs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import Finding, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.rule import Change, Comparison, Difference

__all__ = ["changed", "concise", "differing", "root_of_width", "shift"]


def changed(
    comparison: Comparison,
    names: Mapping[str, str],
    words: Mapping[str, str] | None = None,
    absent: bool = False,
) -> Iterator[Finding]:
    """One finding for each difference in any of the facts.

    Args:
        comparison: of OLD and NEW.
        names: what a reader calls each fact; the first fact decides which layers are looked at.
        words: what a reader calls a value, where that is not what the fact states.
        absent: whether to look also where only one side states the first fact.
    """
    for difference in comparison.differences(*names, absent=absent):
        told = [f"{names[fact]}: {shift(difference, fact, words)}" for fact in differing(difference)]
        yield concise(difference, "; ".join(told))


def shift(difference: Difference, fact: str, words: Mapping[str, str] | None = None) -> str:
    """`before → after` of one fact."""
    old, new = (show(value) for value in difference.facts[fact])
    said = words or {}
    return f"{said.get(old, old)} → {said.get(new, new)}"


def concise(difference: Difference, message: str) -> Finding:
    """A finding that states only the facts that differ; those that are equal were asked for to select by."""
    facts = {fact: difference.facts[fact] for fact in differing(difference)}
    return dataclasses.replace(Finding.of(difference, message), facts=facts)


def differing(difference: Difference) -> list[str]:
    """Names of the facts that differ."""
    return [fact for fact, (old, new) in difference.facts.items() if old != new]


def root_of_width(comparison: Comparison) -> tuple[Change, ...] | None:
    """The changes behind another multiplier on the embeddings that only follows the hidden size; else None.

    Gemma multiplies by the root of the hidden size, so that a wider model has another factor and the same rule.
    """
    for difference in comparison.differences("embedding.scale", "embedding.norm", "hidden_size"):
        (scales, norms, widths) = difference.facts.values()
        pairs = [(s, w) for s, w in zip(scales, widths, strict=True) if isinstance(s, float) and isinstance(w, int)]
        if len(pairs) == 2 and norms[0] == norms[1] and all(abs(s / w**0.5 - 1) < 0.005 for s, w in pairs):
            return tuple(c for d in comparison.differences("embedding.scale") for c in d.explains)
    return None
