from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import changed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Mixture of experts")
def expert_width_changed(comparison: Comparison) -> Iterator[Finding]:
    """A routed expert has another intermediate size.

    Why it matters:
        The width of an expert decides its share of the parameters and of the compute of a token. Weights of
        OLD fit only after cutting or growing each expert, which is a decision that someone made, not a
        conversion.

    Example:
        GLM-4.5-Air → Solar Open 100B: 1,408 → 1,280. Both have 128 experts and use eight, so this width,
        not the count, is what sets their experts apart.

    What to do:
        A claim that the experts were inherited now needs a procedure for the change of width. Rows can
        still be compared over the smaller width, to see whether one is a slice of the other.
    """
    return changed(comparison, {"experts.width": "intermediate size of a routed expert"})
