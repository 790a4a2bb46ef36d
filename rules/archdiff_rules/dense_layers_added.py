from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._feed_forward import dense_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts", mirror="dense-layers-removed")
def dense_layers_added(comparison: Comparison) -> Iterator[Finding]:
    """In a mixture of experts, mixture layers became dense, or dense layers were added.

    Why it matters:
        The first layers of a mixture are often dense for stability, every second one to save memory.
        Experts that were there have no place any more, and parameters move from those that some tokens use
        to those that all tokens use.

    Example:
        Llama 4 Scout → Maverick: a mixture in every layer → in every second one, the others dense.
        DeepSeek-V3 has three dense layers before its mixtures, DeepSeek-V2-Lite one.

    What to do:
        Work out active parameters again (`archdiff show NEW`): the width of a dense layer is often chosen
        to match the experts that a token uses, not one of them. Check the expert-parallel layout, which now
        leaves these layers out.
    """
    return dense_layers(comparison, gone=False)
