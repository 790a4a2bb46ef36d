from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._feed_forward import shared_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts", mirror="shared-experts-added")
def shared_experts_removed(comparison: Comparison) -> Iterator[Finding]:
    """Mixture-of-experts layers lost the experts that every token passed through.

    Why it matters:
        What the shared experts did for all tokens is gone or has moved into the routed ones. Tensors of OLD
        are left over, and a loader that is not strict drops them silently.

    Example:
        Qwen2-57B-A14B → Qwen3-30B-A3B: Qwen3's mixtures were designed without shared experts. Llama 4 and
        DeepSeek-V3 have one.

    What to do:
        Load strictly, so that leftover tensors are an error. If NEW is meant to be a pruned OLD, measure
        it: removing the part that every token used is the harshest cut there is.
    """
    return shared_experts(comparison, gained=False)
