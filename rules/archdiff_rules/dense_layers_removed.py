from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._feed_forward import dense_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts", mirror="dense-layers-added")
def dense_layers_removed(comparison: Comparison) -> Iterator[Finding]:
    """In a mixture of experts, layers with a dense feed-forward became mixtures, or were dropped.

    Why it matters:
        Many mixtures keep their first layers dense, because routing is hardest to balance where tokens are
        not yet apart. Doing without is a decision in the training recipe. It shows that layer's weights
        cannot come from OLD, and it shifts the numbering if the layer was dropped.

    Example:
        GLM-4.5-Air → Solar Open 100B: layer 0 has a dense feed-forward of width 10,944 in the first, 128
        routed experts of width 1,280 and a shared one in the second.

    What to do:
        For a claim about lineage, quote this: it is a difference in kind that no choice of sizes explains.
        When norms or attention are compared layer by layer, keep the aligned pairs and not equal numbers.
    """
    return dense_layers(comparison, gone=True)
