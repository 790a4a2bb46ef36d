from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._layers import extent, term
from archdiff_rules._report import concise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Depth and layer pattern")
def mixer_replaced(comparison: Comparison) -> Iterator[Finding]:
    """Attention gave way to a state-space, linear-attention or convolution mixer, or came back.

    Why it matters:
        The other mixers carry a state of fixed size instead of a cache that grows with the text. They have
        other tensors, other kernels and another way to fail: exact recall over long distances. No weight of
        the old mixer fits the new one.

    Example:
        Qwen3-30B-A3B → Qwen3-Next-80B-A3B: three of four layers went from attention to gated linear
        attention. Jamba keeps attention in one layer of eight, Nemotron-H in ten of its 118.

    What to do:
        Check that the inference engine manages both kinds of state, prefix caching and chunked prefill
        above all. Evaluate retrieval over long contexts, which is where hybrids differ; short benchmarks
        hide it.
    """
    for difference in comparison.differences("mixer.kind"):
        yield concise(difference, f"{term(difference.old)} → {term(difference.new)} in {extent(difference)}")
