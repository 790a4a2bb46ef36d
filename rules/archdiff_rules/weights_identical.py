from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._weights import amounts, verdict_finding, with_verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="cosmetic", group="Weights")
def weights_identical(comparison: Comparison) -> Iterator[Finding]:
    """Every compared element of a component is equal in both models.

    Why it matters:
        The component was not trained between the two: a re-upload, another file format, a release that changed
        only its config, or a part that was taken over whole. Equal elements need no statistics; there is no
        chance by which trained tensors agree in every bit. What was not compared is listed under what was not
        checked.

    Example:
        One checkpoint as a legacy `.bin` file and as safetensors: other bytes in the files, the same element
        for element. A repository under another name whose files have equal digests is identical without being
        read.

    What to do:
        Where the model card says that it was trained from scratch, or that this part was, ask what is meant.
        Look at the licence of the model that had the weights first; the weights do not tell which one that is.
    """
    for component in with_verdict(comparison, "identical"):
        yield verdict_finding(component, "every compared element is equal", amounts(component))
