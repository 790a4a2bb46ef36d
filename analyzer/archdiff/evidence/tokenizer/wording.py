"""Figures of two tokenizers in sentences: what they rest on, and what they cannot tell."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from archdiff.evidence.tokenizer.thresholds import (
    IN_ORDER,
    SAME_TEXT_CORRELATION,
    UNRELATED_CORRELATION,
    UNRELATED_SHARED,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archdiff.evidence.tokenizer.measures import Measures
    from archdiff.evidence.tokenizer.verdict import Verdict

__all__ = ["limits", "reasons"]

_ALWAYS = (
    "a tokenizer says nothing about weights: a model can be trained from scratch on the tokenizer of another",
    "which came first is not told, nor whether both continue a third: Qwen's and Llama 3's both continue cl100k",
)
_SAME_TEXT = (
    "the same library on the same text yields the same tokenizer: equality alone does not prove that one was taken"
)
_APART: Mapping[Verdict, tuple[str, ...]] = MappingProxyType(
    {
        "independent": (
            "weights may still come from the other model: embeddings can be carried over to another vocabulary",
        ),
        "inconclusive": (),
    }
)


def reasons(measures: Measures, verdict: Verdict) -> tuple[str, ...]:
    """The figures beside the one that decided, in sentences.

    Args:
        measures: what the tokenizers share.
        verdict: on NEW.
    """
    return tuple(_reasons(measures)) if verdict != "identical" and measures.common else ()


def limits(verdict: Verdict) -> tuple[str, ...]:
    """What comparing tokenizers cannot tell, as it applies to a verdict."""
    return (*_APART.get(verdict, (_SAME_TEXT,)), *_ALWAYS)


def _reasons(measures: Measures) -> Iterator[str]:
    both = f"{_share(measures.run, len(measures.ranks))} of the {len(measures.ranks):,} tokens that both learned"
    yield f"in the same order stand {both}; of unrelated tokenizers, under {100 * IN_ORDER.independent:.0f} %"
    shifted = (
        f", {_share(measures.shifted, measures.common)} after a shift of {measures.shift:+,}" if measures.shift else ""
    )
    yield f"the same id have {_share(measures.same, measures.common)} of the common tokens{shifted}"
    low, high = (f"{100 * share:.0f}" for share in UNRELATED_SHARED)
    smaller = _share(measures.common, min(measures.tokens))
    common = f"common are {measures.common:,} tokens, {smaller} of the smaller vocabulary"
    yield f"{common}; of unrelated tokenizers, {low} to {high} %"
    yield f"the first {measures.prefix:,} tokens that each learned are equal"
    if measures.correlation is not None:
        least, most = UNRELATED_CORRELATION
        unrelated = (
            f"of unrelated tokenizers, {least:.2f} to {most:.2f}, and up to {SAME_TEXT_CORRELATION} on similar text"
        )
        yield f"rank correlation {measures.correlation:.3f}; {unrelated}"


def _share(part: int, whole: int) -> str:
    """A share in per cent, which is 0 or 100 only where it is none or all."""
    if part in {0, whole}:
        return "100 %" if part else "0 %"
    shown = f"{100 * part / whole:.3g}"
    return f"{shown} %" if shown != "100" else "> 99.9 %"
