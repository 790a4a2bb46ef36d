from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="breaking", group="Attention")
def attention_sinks_changed(comparison: Comparison) -> Iterator[Finding]:
    """Heads gained or lost a learned sink: a logit that takes attention and gives nothing.

    Why it matters:
        Softmax forces every head to attend to something. Models solve that by piling attention on the first
        token, which breaks when a sliding window drops it (Xiao et al., 2023). A learned sink adds one logit
        for each head to the denominator, so that a head can attend to nothing. Kernels need to know of it: an
        attention that ignores sinks runs without an error and returns wrong values.

    Example:
        gpt-oss-120b has a sink for each of its 64 query heads; Solar Open 100B has none.

    What to do:
        Check that the attention implementation supports sinks (in transformers: eager and flash-attention 3
        kernels made for it; the stock SDPA path does not). A sink of minus infinity is the same as none.
    """
    for difference in comparison.differences("attention.sinks"):
        old, new = ("a learned sink per head" if value else "no sink" for value in (difference.old, difference.new))
        yield Finding.of(difference, f"{old} → {new}")
