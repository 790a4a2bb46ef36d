from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._feed_forward import conversions, has_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts", mirror="experts-added")
def experts_removed(comparison: Comparison) -> Iterator[Finding]:
    """A mixture of experts became a dense model.

    Why it matters:
        Expert and router weights fit nowhere any more. A dense model of this shape was distilled from the
        other, cut down to one or several of its experts, or it is simply unrelated.

    Example:
        Mixtral-8x7B → Mistral-7B: 8 routed experts of width 14,336, 2 for each token → a dense feed-forward
        of that width. Qwen3-30B-A3B and Qwen3-32B are the two kinds within one family.

    What to do:
        Compare active, not total, parameters before speaking of a smaller model. Whether the feed-forward
        is one of OLD's experts is a question for a comparison of weights.
    """
    if not has_experts(comparison.new):
        yield from conversions(comparison, to_experts=False)
