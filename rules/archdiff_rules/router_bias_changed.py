from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts")
def router_bias_changed(comparison: Comparison) -> Iterator[Finding]:
    """The router gained or lost a bias: on its projection, or one that corrects the scores.

    Why it matters:
        The two are unlike. A projection bias is an ordinary parameter of the logits. A score-correction
        bias (DeepSeek-V3's `e_score_correction_bias`) takes part in choosing the experts and not in
        weighing them; it is moved by a balancing rule instead of the gradient, and it stands in for most of
        the auxiliary loss.

    Example:
        gpt-oss-120b → Solar Open 100B: projection → score-correction. DeepSeek-V2-Lite → DeepSeek-V3: none
        → score-correction.

    What to do:
        Check that the checkpoint stores it (it is a buffer in some classes) and that quantisation leaves it
        alone: it stays in float32, and rounding it changes which experts are chosen.
    """
    return changed(comparison, {"router.bias": "router bias"})
