from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._attention import head_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Attention")
def latent_rank_changed(comparison: Comparison) -> Iterator[Finding]:
    """Latent attention compresses to another rank, or splits its heads in another way.

    Why it matters:
        Multi-head latent attention caches one vector of the key-value rank and one rotary part for each
        token, and builds keys and values of all heads from it. The rank bounds what a token can say to later
        ones; rank plus rotary part is the whole cache of a layer. The query rank only saves parameters and
        activations in training. A query or key is its plain part (no position) followed by its rotary part; a
        value has a width of its own.

    Example:
        DeepSeek-V2-Lite → DeepSeek-V3: the query rank goes from none to 1,536; the key-value rank of 512, the
        plain part of 128 and the rotary part of 64 stay.
        DeepSeek-V3 → GLM-5 has query rank 2,048 and plain part 192.

    What to do:
        Compression and expansion matrices of OLD do not fit. Kernels for latent attention are compiled for
        certain sizes (512 + 64 in FlashMLA): check that yours takes the new ones.
    """
    names = {
        "latent.key_value_rank": "key-value rank",
        "latent.query_rank": "query rank",
        "latent.rotary_dimension": "rotary part of a head",
        "latent.plain_dimension": "plain part of a head",
        "attention.head_dimension": "width of a query head",
        "attention.value_head_dimension": "width of a value head",
    }
    return head_changes(comparison, names, latent=True)
