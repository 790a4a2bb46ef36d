from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Embeddings and heads")
def token_types_changed(comparison: Comparison) -> Iterator[Finding]:
    """The embedding of token types has another number of rows, came or went.

    Why it matters:
        Models of pairs of texts mark which text a token belongs to. A single type is one constant vector,
        which can be folded into the token embedding; several are information that the input must carry, and
        tokenizers differ in whether they send it.

    Example:
        BERT and ALBERT have two types, RoBERTa one, which means none. DistilBERT and DeBERTa dropped them.

    What to do:
        Where the types are gone, add the first row to every row of the token or position embedding before
        weights are compared or carried over. Check that the tokenizer still yields `token_type_ids` if the
        model reads them.
    """
    return changed(comparison, {"token_types": "token types"}, absent=True)
