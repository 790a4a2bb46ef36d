from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._changes import computing
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Attention")
def attention_softcap_changed(comparison: Comparison) -> Iterator[Finding]:
    """Attention logits pass another soft-cap: cap × tanh(logit / cap).

    Why it matters:
        A soft-cap keeps logits inside ± cap, smoothly, so that training stays stable. It has no weights: a
        loader cannot notice that it is missing. Many fused kernels cannot compute it, and engines that left
        it out produced visibly worse text with the released Gemma 2 27B.

    Example:
        Gemma 2 caps attention logits at 50 (and output logits at 30); Gemma 3 replaced the cap by norms on
        queries and keys.

    What to do:
        Use an attention implementation that knows the cap, and compare its outputs with the eager one.
        Weights trained under a cap are not valid without it.
    """
    return map(computing, changed(comparison, {"attention.softcap": "soft-cap on attention logits"}))
