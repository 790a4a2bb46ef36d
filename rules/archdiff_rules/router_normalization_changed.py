from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Mixture of experts")
def router_normalization_changed(comparison: Comparison) -> Iterator[Finding]:
    """The scores of the chosen experts are now divided by their sum, or no longer are.

    Why it matters:
        Without it the mixture's output is scaled by however much score the chosen experts gathered, so its
        size changes with every token. It is one boolean in the config (`norm_topk_prob`), leaves no trace
        in the weights, and is easily lost in a conversion.

    Example:
        DeepSeek-V2-Lite → DeepSeek-V3: no → yes. Qwen made the same change between Qwen1.5-MoE and Qwen3.

    What to do:
        Compare with the training code, not with another release of the family. If the flag was lost in
        conversion, the model still answers, only worse: measure perplexity both ways.
    """
    return changed(comparison, {"router.normalization": "scores of the chosen experts divided by their sum"})
