from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._feed_forward import pair_of_mixtures
from archdiff_rules._report import concise, differing, shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts")
def shared_experts_resized(comparison: Comparison) -> Iterator[Finding]:
    """The number or the width of the shared experts differs.

    Why it matters:
        Shared experts are stored as one feed-forward whose width is their number times the width of each,
        so two of 1,408 and one of 2,816 are the same tensors under another description. This rule reports
        either; only a changed product reshapes anything.

    Example:
        DeepSeek-V2-Lite → DeepSeek-V3: two shared experts, 2,816 wide together → one of 2,048. GLM-4.5-Air
        → Solar Open 100B: one in both, 1,408 → 1,280 wide.

    What to do:
        Compare the width together, not the count. It grows the compute of every token, so work out active
        parameters again.
    """
    names = {
        "shared_experts.count": "shared experts",
        "shared_experts.width": "width of the shared experts together",
    }
    for difference in comparison.differences("feed_forward.kind", *names):
        if pair_of_mixtures(difference) and all(difference.facts["shared_experts.count"]):
            told = [f"{names[fact]}: {shift(difference, fact)}" for fact in differing(difference) if fact in names]
            yield concise(difference, "; ".join(told))
