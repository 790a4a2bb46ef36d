from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._weights import frozen_findings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Weights")
def frozen_component(comparison: Comparison) -> Iterator[Finding]:
    """A part of the model is equal in every element, while the rest of it is not.

    Why it matters:
        Whoever trained NEW took this part over and left it as it was. It has an author of its own, and a
        licence that goes with it, whatever the rest is. In one published case 12 % of a model sold as trained
        from scratch, its vision tower, was another project's and frozen. In fine-tunes it is ordinary:
        embeddings or lower layers are often not trained.

    Example:
        A vision-language model whose vision tower equals a published tower element for element, with projector
        and language model trained anew.

    What to do:
        Name the origin in the model card, and honour its licence. Where OLD is not that origin, compare with
        public candidates of the same shapes.
    """
    return frozen_findings(comparison)
