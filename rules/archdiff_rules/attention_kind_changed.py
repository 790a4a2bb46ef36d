from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._attention import HEADS, LATENT, RANKS, kind_name
from archdiff_rules._changes import recorded
from archdiff_rules._report import changed, concise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Attention")
def attention_kind_changed(comparison: Comparison) -> Iterator[Finding]:
    """Queries share keys and values in another way: multi-head, grouped-query, multi-query or latent.

    Why it matters:
        The kind decides how much a token costs in the key-value cache, and which tensors exist. Multi-head
        attention keeps a key and a value for each query head, grouped-query attention for each group of them,
        multi-query for all together. Multi-head latent attention keeps one compressed vector and a small
        rotary part: DeepSeek-V3 caches 576 values per token and layer where 128 plain heads would cache
        32,768.
        Between the first three kinds only the rows of key and value change; latent attention has other
        tensors.

    Example:
        Llama-2-13B → Llama-2-70B is multi-head → grouped-query: 64 query heads share 8 key-value heads.
        Qwen3-235B-A22B → DeepSeek-V3 is grouped-query → multi-head latent.
        Llama → DiffLlama: each head is the difference of two attention maps.

    What to do:
        Check that the inference engine supports the new kind, and size its cache anew: keys and values per
        token are 2 × key-value heads × head dimension, or rank + rotary part for latent attention.
        A grouped-query model can be made from a multi-head one by averaging the heads of a group (Ainslie et
        al., 2023); the weight check of the key and value rows tells whether that was done.
    """
    for facts in (("attention.kind",), ("attention.kind", *RANKS, *HEADS)):
        for difference in comparison.differences(*facts):
            latent = LATENT in (difference.old, difference.new)
            if difference.old != difference.new and latent == (len(facts) > 1):
                message = f"{kind_name(difference.old)} → {kind_name(difference.new)} attention"
                finding = recorded(comparison, concise(difference, message))
                yield finding if finding.impact == "cosmetic" else replace(finding, impact="breaking")
    yield from changed(comparison, {"attention.differential": "one attention map subtracted from another"})
