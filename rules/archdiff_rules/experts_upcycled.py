from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._weights import found, listed, single

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Weights")
def experts_upcycled(comparison: Comparison) -> Iterator[Finding]:
    """Several routed experts match one and the same feed-forward of the other model.

    Why it matters:
        Up-cycling starts a mixture of experts from a dense model: each expert begins as a copy of the dense
        feed-forward, and training drives them apart. The experts then descend from one parent, with its
        licence, and are less diverse than experts that were trained from the start.

    Example:
        Mixtral 8x7B is said to have begun that way: its experts resemble the dense MLP of Mistral 7B, layer by
        layer.

    What to do:
        Compare attention, norms and embeddings with the same parent: an up-cycled model has those from it,
        too. Declare the base model and the relation (`upcycled`).
    """
    for component in comparison.weights:
        if component.upcycled:
            said = f"experts match one feed-forward of OLD in {listed(component.upcycled)}"
            yield found(component, {"weights.upcycled": component.upcycled}, said, single(component, "upcycling"))
