from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts")
def shared_expert_gate_changed(comparison: Comparison) -> Iterator[Finding]:
    """A learned gate on the output of the shared experts came or went.

    Why it matters:
        The gate is one vector per layer whose sigmoid scales the shared experts for each token. Without it
        they always count in full. It is small enough to be overlooked in a parameter count, and the layer
        computes something else without it.

    Example:
        Qwen3-Next-80B-A3B gates its shared expert (`shared_expert_gate`, as Qwen1.5-MoE did); DeepSeek-V3,
        GLM-4.5 and Solar Open add theirs ungated.

    What to do:
        Check that the loader finds the tensor, and that no tool took it for a second router: it has one
        row, not one per expert.
    """
    return changed(comparison, {"shared_experts.gate": "learned gate on the shared experts"})
