from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._attention import head_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Attention")
def key_value_heads_changed(comparison: Comparison) -> Iterator[Finding]:
    """Attention has another number of key-value heads.

    Why it matters:
        Key-value heads are what the cache stores: 2 × layers × heads × head dimension values for each token.
        Llama-2-70B with 8 of them needs 320 KiB per token in 16 bits; with one for each of its 64 query heads
        it would need 2.5 MiB. Fewer heads make long contexts cheap and cost some quality.
        Not reported where either model compresses keys and values (multi-head latent): heads do not set its
        cache.

    Example:
        Llama-2-13B → Llama-3-8B is 40 → 8 key-value heads.

    What to do:
        Size the cache anew. Key and value projections of OLD do not fit. If NEW claims to be made from OLD by
        merging heads, the mean of each group of OLD's key rows should resemble NEW's: have the weights
        compared.
    """
    return head_changes(comparison, {"attention.key_value_heads": "key-value heads"}, latent=False)
