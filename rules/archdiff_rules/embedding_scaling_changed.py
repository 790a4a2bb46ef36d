from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed, root_of_width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Embeddings and heads")
def embedding_scaling_changed(comparison: Comparison) -> Iterator[Finding]:
    """The token embeddings are multiplied or normalised in another way before the first layer.

    Why it matters:
        The factor sets the size of the residual stream before anything is added to it. The embedding tensor
        fits either way; with the wrong factor the first layers see an input many times too large or too
        small.

    Example:
        Gemma multiplies by the root of the hidden size, in the model's precision; Granite 3.1 by 12
        (`embedding_multiplier`); Llama does not multiply. Bloom passes a LayerNorm.

    What to do:
        Divide the factor out before comparing embedding rows across the two models. With tied embeddings
        check the output side too: the factor applies to the input alone.
    """
    names = {"embedding.scale": "multiplier on the embeddings", "embedding.norm": "norm on the embeddings"}
    if root_of_width(comparison) is None:
        yield from changed(comparison, names, absent=True)
