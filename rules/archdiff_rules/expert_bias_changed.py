from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts")
def expert_bias_changed(comparison: Comparison) -> Iterator[Finding]:
    """The projections of the routed experts gained or lost bias terms.

    Why it matters:
        A bias is a tensor with one row per expert: a loader misses it or does not know where to put it.
        Fused expert kernels are often written for one of the two cases.

    Example:
        gpt-oss-120b → Solar Open 100B: gpt-oss has biases on gate, up and down of each of its 128 experts,
        which is rare; Solar Open has none.

    What to do:
        Check that the inference engine's expert kernel takes the new form. Dropped biases change the
        function unless they were zero; added ones that start at zero do not.
    """
    words = {"gate and up and down": "gate, up and down"}
    return changed(comparison, {"experts.bias": "bias in the routed experts"}, words)
