"""Findings in one form: `what: before → after` for each fact that differs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import Finding, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.rule import Comparison, Difference

__all__ = ["changed", "concise", "differing", "shift"]


def changed(comparison: Comparison, names: Mapping[str, str], absent: bool = False) -> Iterator[Finding]:
    """One finding for each difference in any of the facts.

    Args:
        comparison: of OLD and NEW.
        names: what a reader calls each fact; the first fact decides which layers are looked at.
        absent: whether to look also where only one side states the first fact.
    """
    for difference in comparison.differences(*names, absent=absent):
        told = [f"{names[fact]}: {shift(difference, fact)}" for fact in differing(difference)]
        yield concise(difference, "; ".join(told))


def shift(difference: Difference, fact: str) -> str:
    """`before → after` of one fact."""
    old, new = difference.facts[fact]
    return f"{show(old)} → {show(new)}"


def concise(difference: Difference, message: str) -> Finding:
    """A finding that states only the facts that differ; those that are equal were asked for to select by."""
    facts = {fact: difference.facts[fact] for fact in differing(difference)}
    return dataclasses.replace(Finding.of(difference, message), facts=facts)


def differing(difference: Difference) -> list[str]:
    """Names of the facts that differ."""
    return [fact for fact, (old, new) in difference.facts.items() if old != new]
