from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._layers import depth_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Depth and layer pattern", mirror="layers-added")
def layers_removed(comparison: Comparison) -> Iterator[Finding]:
    """The new model is shallower: its stack lacks layers that the old one has.

    Why it matters:
        Either it was trained at this depth, or layers were cut out of a trained model, which is the
        simplest kind of pruning: the rest of the weights fit as they are. The numbers in tensor names shift
        behind a cut, so equal names are not equal layers.

    Example:
        Llama 3.1 8B → Llama-3.1-Minitron-4B-Depth: 32 → 16, cut and then distilled. GLM-4.5 → GLM-4.5-Air:
        92 → 46, among other differences, and trained as a model of its own.

    What to do:
        Compare the weights of the remaining layers with OLD's to find which of them stayed. If they are OLD's,
        name OLD as the base in the model card.
    """
    return depth_changes(comparison, grown=False)
