from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, rule
from archdiff_rules._changes import computing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="behavioral", group="Attention")
def attention_causality_changed(comparison: Comparison) -> Iterator[Finding]:
    """Positions attend to those before them alone, or to all.

    Why it matters:
        A causal model predicts the next token and can generate; a bidirectional one reads the whole text and
        fills gaps or embeds it. The tensors are the same, the mask is not, so weights load into either and
        compute something else at every position but the last.

    Example:
        BERT reads in both directions, GPT-2 in one. ModernBERT has a causal sibling with the same layers;
        EmbeddingGemma is a Gemma 3 that attends both ways.

    What to do:
        Check that the serving engine builds the mask that the config asks for. Weights carry over to the other
        mask only with further training; expect a model adapted in this way to say so in its card.
    """
    for difference in comparison.differences("attention.causal"):
        if None not in (difference.old, difference.new):
            old, new = ("causal" if value else "bidirectional" for value in (difference.old, difference.new))
            yield computing(Finding.of(difference, f"attention: {old} → {new}"))
