from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._feed_forward import conversions, has_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts", mirror="experts-removed")
def experts_added(comparison: Comparison) -> Iterator[Finding]:
    """A dense model became a mixture of experts.

    Why it matters:
        The parameters to store and the parameters that a token uses are two numbers from here on. The
        feed-forward weights of OLD fit nowhere as they are, yet they may still be inside: up-cycling starts
        every expert as a copy of the dense feed-forward.

    Example:
        Mistral-7B → Mixtral-8x7B: a dense feed-forward of width 14,336 → 8 routed experts of that width, 2
        for each token, in all 32 layers. Attention and norms keep their shapes.

    What to do:
        State total and active parameters separately. To see whether experts began as copies, compare
        the weights of each expert with OLD's feed-forward. If they did, name OLD as the base.
    """
    if not has_experts(comparison.old):
        yield from conversions(comparison, to_experts=True)
