from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._weights import found, runs, single

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Weights")
def layers_copied(comparison: Comparison) -> Iterator[Finding]:
    """Layers of one model hold the weights of layers with another number in the other.

    Why it matters:
        Depth up-scaling repeats layers of a parent, pruning drops some: both leave layers whose weights are
        those of another number. Structure cannot tell that, and a comparison by layer number misses it. It
        says where a deeper model's weights came from, and which layers to compare with which. A map is stated
        only with p below 1e-12, corrected for the number of pairs of layers.

    Example:
        Mistral 7B → SOLAR 10.7B: layers 0–23 of the parent, then its layers 8–31 once more, so that layers
        24–47 stand for 8–31.

    What to do:
        Read element-wise figures along this map, not by number. If the model card calls the model trained from
        scratch, it contradicts this.
    """
    for component in comparison.weights:
        if component.copied:
            copied = runs(component.copied)
            more = f" and {len(copied) - 6} more runs" if len(copied) > 6 else ""
            said = f"layers {', '.join(copied[:6])}{more} of OLD"
            yield found(component, {"weights.copied_layers": copied}, said, single(component, "layer-map"))
