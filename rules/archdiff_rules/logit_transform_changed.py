from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Embeddings and heads")
def logit_transform_changed(comparison: Comparison) -> Iterator[Finding]:
    """The output logits are capped, scaled or shifted in another way.

    Why it matters:
        A soft-cap or a factor changes every probability and mostly leaves the order of tokens, so greedy
        decoding hides it while sampling, perplexity and log-probabilities are off. A bias is a tensor of
        its own.

    Example:
        Gemma 2 caps logits at 30; Gemma 3 dropped the cap. Granite divides by `logits_scaling`. Phi-2 and
        Phi-3.5-MoE have a bias on the head.

    What to do:
        Check that the inference engine applies it, also in fused loss and speculative-decoding paths.
        Compare log-probabilities of the two only after the transform, never raw logits.
    """
    return changed(
        comparison,
        {
            "logit.softcap": "soft-cap on the logits",
            "logit.scale": "multiplier on the logits",
            "logit.bias": "bias on the logits",
        },
        absent=True,
    )
