from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Norms and residual stream")
def norm_kind_changed(comparison: Comparison) -> Iterator[Finding]:
    """The norms are of another kind: RMSNorm or LayerNorm, with bias or not, scale around zero or one.

    Why it matters:
        LayerNorm subtracts the mean, RMSNorm does not; a bias is one more tensor. A zero-centred norm
        multiplies by one plus its weight: the same file read by the other class is wrong everywhere by one,
        and nothing refuses to load.

    Example:
        Phi-3-mini → Phi-3.5-MoE: RMSNorm → LayerNorm with bias. Gemma and Qwen3-Next store the scale around
        zero.

    What to do:
        Before norm weights of the two are compared, add one to those stored around zero. Compare them
        centred: the cosine of raw norm weights is near one for any two models, because they are positive
        and narrow.
    """
    names = {
        "norm.kind": "norm",
        "norm.bias": "bias in the norms",
        "norm.zero_centred": "scale stored around zero",
    }
    return changed(comparison, names, words={"rms": "RMSNorm", "layer": "LayerNorm"})
