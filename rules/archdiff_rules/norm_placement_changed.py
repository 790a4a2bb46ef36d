from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed, concise, shift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Norms and residual stream")
def norm_placement_changed(comparison: Comparison) -> Iterator[Finding]:
    """The norms stand elsewhere in the block: before a branch, after it, on both sides, or after the sum.

    Why it matters:
        Placement decides how activations grow with depth and so how training behaves. Post-norm, pre-norm
        and sandwich blocks have norms under similar names; this is read from the data flow and not from the
        names.

    Example:
        Llama 3 → OLMo 2 and 3: before → after each branch, inside the residual. Gemma 2 has both. BERT
        normalises after the residual sum, GPT-2 before the branch. BitNet has one more inside each branch,
        before its last projection.

    What to do:
        Do not map norm tensors between the two by name: `post_attention_layernorm` is the norm before the
        feed-forward in Llama and the norm after attention in Gemma 2. Weights trained under one placement
        do not work under another.
    """
    for difference in comparison.differences("norm.placement"):
        finding = concise(difference, f"norms stand {shift(difference, 'norm.placement', _WORDS)}")
        # A stack of post-norm blocks has no norm after its last layer.
        last = comparison.select("module-added", "module-removed", role="final-norm")
        yield dataclasses.replace(finding, explains=(*finding.explains, *last))
    yield from changed(comparison, {"norm.inside": "branches with a norm within"})
    if not comparison.differences("norm.placement"):
        yield from changed(comparison, {"norm.final": "norm after the last layer"})
    for difference in comparison.differences("norm.count", "norm.placement"):
        if len(set(difference.facts["norm.placement"])) == 1:
            yield concise(difference, f"norms of a layer outside its branches: {shift(difference, 'norm.count')}")


_WORDS = {
    "before": "before each branch",
    "after-branch": "after each branch",
    "before-and-after-branch": "before and after each branch",
    "after-residual": "after the residual sum",
}
