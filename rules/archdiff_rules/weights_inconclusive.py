from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._weights import power, reason, strength, verdict_finding, with_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Weights")
def weights_inconclusive(comparison: Comparison) -> Iterator[Finding]:
    """The weights of a component were compared, and the evidence carries no verdict.

    Why it matters:
        It is neither suspicion nor acquittal. Only norms could be compared, a control failed, an assumption of
        a test was not met, too little was read for the power that a verdict needs, or p stands between 1e-12
        and 0.01. A number that carries no verdict must not be quoted as if it did: that is how a cosine of
        norm weights became an accusation.

    Example:
        Norm vectors of unrelated models score cosines of 0.98 to 0.99, because norm weights are positive and
        narrow. A comparison that has nothing else to go by ends here, whatever the cosine.

    What to do:
        Read the reason. If the budget was too small, raise it or ask for all weights; if a control failed, the
        report names it. Compare other components, or settle the question by training logs.
    """
    for component in with_verdict(comparison, "inconclusive"):
        yield verdict_finding(component, "inconclusive", reason(component), strength(component), power(component))
