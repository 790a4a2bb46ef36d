from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Embeddings and heads")
def vocabulary_resized(comparison: Comparison) -> Iterator[Finding]:
    """The token embedding has another number of rows.

    Why it matters:
        Ids mean other tokens, or there are ids that OLD never had. A handful of new rows is an extended
        tokenizer, or padding to a round number; another vocabulary altogether is the strongest structural
        sign that a model was trained from the start.

    Example:
        GLM-4.5-Air → Solar Open 100B: 151,552 → 196,608. Llama 2 → Llama 3: 32,000 → 128,256. SOLAR 10.7B →
        Nous Hermes 2 SOLAR: 32,000 → 32,002, two chat tokens.

    What to do:
        Compare the tokenizers as well: equal sizes do not make equal tokens,
        and rows may be padding. For an extension, compare the first rows with OLD's.
    """
    return changed(comparison, {"vocabulary": "rows of the token embedding"})
