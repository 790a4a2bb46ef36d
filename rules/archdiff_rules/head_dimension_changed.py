from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._attention import head_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Attention")
def head_dimension_changed(comparison: Comparison) -> Iterator[Finding]:
    """Each attention head has another width.

    Why it matters:
        The width is how finely a head tells positions and contents apart, the length of the rotary embedding,
        and a factor of the cache. Attention kernels support only some widths well: 64, 128 and, less widely,
        256. In many models it is the hidden size over the heads, in newer ones it is free: gpt-oss-120b has
        heads of 64 over a hidden size of 2,880, Gemma 2 9B heads of 256.
        Latent attention is left to `latent-rank-changed`: its heads consist of parts.

    Example:
        gpt-oss-120b → Solar Open 100B is 64 → 128, with 64 query and 8 key-value heads in both.

    What to do:
        Check that the attention kernel you use takes the new width. No attention projection of OLD fits, nor
        do norms of single heads. Rotary frequencies differ even at the same base, because they are spread
        over the width.
    """
    names = {
        "attention.head_dimension": "head dimension",
        "attention.value_head_dimension": "width of a value head",
    }
    return head_changes(comparison, names, latent=False)
