from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Feed-forward")
def mlp_width_changed(comparison: Comparison) -> Iterator[Finding]:
    """The dense feed-forward has another intermediate size.

    Why it matters:
        The feed-forward holds most of a dense model's parameters, and its width is the cheapest one to
        prune: neurons are removed one by one without touching any other tensor. A smaller width with all
        else equal is the mark of a pruned model.

    Example:
        Llama-2-7B → Mistral-7B: 11,008 → 14,336, the largest difference between the two besides
        grouped-query attention.

    What to do:
        If NEW is narrower and its origin is open, compare weights: its rows may be a selection of
        OLD's. For a deployment, check that the width divides by the tensor-parallel size and
        by the quantisation group.
    """
    return changed(comparison, {"mlp.width": "intermediate size of the dense feed-forward"})
