from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts")
def expert_count_changed(comparison: Comparison) -> Iterator[Finding]:
    """Each mixture-of-experts layer has another number of routed experts.

    Why it matters:
        Every expert tensor and the router have one row per expert, so none of them fits. More experts of
        the same width add parameters to store and none to compute; pruned experts take with them whatever
        only they had learned.

    Example:
        DeepSeek-V3 → Kimi K2: 256 → 384 routed experts in each layer, eight of them used for a token in
        both.

    What to do:
        Check that the memory of the deployment holds the experts, and that their number divides by the
        expert-parallel size. If experts were pruned or copied, their weights show which experts of OLD
        the remaining ones come from: compare router rows first.
    """
    return changed(comparison, {"experts.count": "routed experts in each layer"})
