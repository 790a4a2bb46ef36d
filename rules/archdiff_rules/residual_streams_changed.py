from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Norms and residual stream")
def residual_streams_changed(comparison: Comparison) -> Iterator[Finding]:
    """The residual stream is several streams, or has a branch beside attention and feed-forward.

    Why it matters:
        With several streams each layer reads a learned mixture of them and writes back to all, so that
        activations are several times as large and every layer has mixing weights. Nothing of a plain layer's
        wiring holds, although attention and feed-forward look the same. A linear branch of low rank beside
        attention adds what neither of them computes.

    Example:
        Gemma 3n updates four streams in turn and has a branch of rank 64 in every layer; DeepSeek-V4 mixes
        four streams by hyper-connections. Llama has one stream and no such branch.

    What to do:
        Compare attention and feed-forward weights, which correspond; expect the rest to be new. Multiply
        estimates of activation memory by the number of streams.
    """
    yield from changed(comparison, {"residual.streams": "residual stream"}, {"none": "one stream"}, absent=True)
    yield from changed(comparison, {"residual.low_rank": "rank of a linear branch beside attention"}, absent=True)
