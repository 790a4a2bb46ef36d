from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Norms and residual stream")
def residual_scaling_changed(comparison: Comparison) -> Iterator[Finding]:
    """The multiplier on the residual branches differs.

    Why it matters:
        It is part of a parametrisation in which hyperparameters carry over from small to large models,
        together with multipliers on embeddings, attention and logits. The weights look ordinary and load
        into a plain Llama, where every branch is then too loud.

    Example:
        Granite 3.1 multiplies each branch by 0.22 (`residual_multiplier`); Llama, whose tensors have the
        same names, by nothing. DINOv2 and BEiT learn a factor for each channel of a branch.

    What to do:
        Treat the multipliers as one set: look for `embedding-scaling-changed`, `attention-scale-changed`
        and `logit-transform-changed` beside this. A conversion may fold the factor into the output and down
        projections; then compare those with it divided out.
    """
    yield from changed(comparison, {"residual.scale": "multiplier on the residual branches"}, absent=True)
    yield from changed(comparison, {"residual.learned_scale": "learned factor"}, absent=True)
