"""Attention heads, in the kinds of attention for which counting them means something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff_rules._changes import recorded
from archdiff_rules._report import concise, shift

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.rule import Comparison, Difference, Finding, Value

__all__ = ["HEADS", "LATENT", "RANKS", "head_changes", "is_latent", "kind_name"]

LATENT = "multi-head-latent"
"""The kind of attention that compresses keys and values to a rank."""

HEADS = ("attention.key_value_heads", "attention.head_dimension", "attention.value_head_dimension")
RANKS = ("latent.key_value_rank", "latent.query_rank", "latent.rotary_dimension", "latent.plain_dimension")


def head_changes(comparison: Comparison, names: Mapping[str, str], *, latent: bool) -> Iterator[Finding]:
    """Where facts differ between layers of which both compress keys and values, or neither does.

    Args:
        comparison: of OLD and NEW.
        names: what a reader calls each fact.
        latent: whether both layers are to have latent attention, instead of neither.
    """
    for difference in comparison.differences(*names):
        if is_latent(comparison, difference) == (latent, latent):
            differing = [fact for fact, (old, new) in difference.facts.items() if old != new]
            told = [f"{names[fact]}: {shift(difference, fact)}" for fact in differing]
            yield recorded(comparison, concise(difference, "; ".join(told)))


def is_latent(comparison: Comparison, difference: Difference) -> tuple[bool, bool]:
    """Whether layers of the difference have latent attention, in OLD and in NEW."""
    old, new = comparison.old.nodes, comparison.new.nodes
    return (
        any(old[path].facts.get("attention.kind") == LATENT for path in difference.old_place.paths()),
        any(new[path].facts.get("attention.kind") == LATENT for path in difference.new_place.paths()),
    )


def kind_name(value: Value) -> str:
    """A kind of attention as the field writes it."""
    return "no" if value is None else str(value).replace("-latent", " latent")
