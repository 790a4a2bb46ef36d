from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="behavioral", group="Mixture of experts")
def router_scaling_changed(comparison: Comparison) -> Iterator[Finding]:
    """The factor on the scores of the chosen experts differs.

    Why it matters:
        The factor sets how loud the routed experts are next to the shared expert and the residual stream.
        Weights of OLD load and every mixture layer's output comes out larger or smaller by the ratio.

    Example:
        DeepSeek-V3 → Kimi K2: 2.5 → 2.827. GLM-4.5 uses 2.5, GLM-4.5-Air 1.

    What to do:
        Check that the inference engine reads `routed_scaling_factor`: one that ignores it runs without an
        error. Some engines fold it into the experts' down projection: then compare that projection with the
        factor divided out.
    """
    return changed(comparison, {"router.scaling": "factor on the routed experts' scores"})
