from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._weights import figure, strength, verdict_finding, with_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Weights")
def weights_independent(comparison: Comparison) -> Iterator[Finding]:
    """No dependence between the weights of a component was detected, by tests that had the power to.

    Why it matters:
        It answers an accusation as far as weights can. Exact and robust tests gave p above 0.01, controls came
        out as they must, and the tests would have seen rows as alike as the stated cosine. It is no proof of
        independence: the power is the bound of the claim. Distillation leaves nothing in the weights, and
        which model came first, parent or sibling, cannot be told.

    Example:
        Solar Open 100B and GLM-4.5-Air: raw cosines of norm weights reach 0.99, which their means and
        deviations alone predict; after subtracting the mean at most 0.04 is left, and keys, values and queries
        are within 0.002 of zero.

    What to do:
        Quote it with its power and with what was not checked. Where training data or outputs are in question,
        weights cannot answer; training logs and tokenizers can say more.
    """
    for component in with_verdict(comparison, "independent"):
        least = component.figures.get("power")
        bound = f" at row cosine ≥ {figure(least)}" if least is not None else ""
        limits = "direction, parent or sibling, and distillation are not identifiable"
        yield verdict_finding(component, f"no dependence detected{bound}", strength(component), limits)
