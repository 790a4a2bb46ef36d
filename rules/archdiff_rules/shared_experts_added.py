from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._feed_forward import shared_experts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts", mirror="shared-experts-removed")
def shared_experts_added(comparison: Comparison) -> Iterator[Finding]:
    """Mixture-of-experts layers gained experts that every token passes through.

    Why it matters:
        A shared expert takes over what all tokens need, so that routed ones can specialise. It is a new
        feed-forward in each layer with weights that OLD does not have, and it changes the share of
        parameters that are always active.

    Example:
        gpt-oss-120b → Solar Open 100B: one shared expert of width 1,280 in each of the 48 layers, beside
        128 routed ones. gpt-oss has routed experts alone.

    What to do:
        Compare its weights with the routed experts and the dense feed-forward of OLD if a copy is suspected.
        Check that the inference engine adds its output unscaled, or gated if
        `shared-expert-gate-changed` says so.
    """
    return shared_experts(comparison, gained=True)
