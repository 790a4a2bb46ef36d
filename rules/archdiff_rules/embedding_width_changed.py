from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Embeddings and heads")
def embedding_width_changed(comparison: Comparison) -> Iterator[Finding]:
    """Tokens are embedded in a width other than the hidden size, and projected.

    Why it matters:
        Factorising the embedding saves parameters where the vocabulary is large and the model small. The
        table then has no row that the first layer could read: the projection belongs to it, and tied output
        heads need one in the other direction.

    Example:
        BERT-small embeds in its hidden size, ELECTRA-small in 128 and projects to 256. OPT-350M embeds in
        512 and works in 1,024.

    What to do:
        Multiply table and projection before comparing embeddings with those of a model that has none. If the
        width changed alone, the layers still fit.
    """
    names = {"embedding.width": "width of the token embedding"}
    return changed(comparison, names, {"none": "the hidden size"}, absent=True)
