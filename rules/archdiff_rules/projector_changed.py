from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import rule
from archdiff_rules._report import concise
from archdiff_rules._towers import bridge, with_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Finding


@rule(impact="breaking", group="Modalities")
def projector_changed(comparison: Comparison) -> Iterator[Finding]:
    """The bridge from a tower to the language model has other modules or sizes.

    Why it matters:
        The projector maps what a vision or audio tower yields to vectors of the language model's width, often
        after merging neighbouring patches. It is small and trained from scratch for each pair of tower and
        language model, so it cannot be reused when either changes. How many patches are merged decides how
        many tokens an image costs.

    Example:
        LLaVA began with one linear layer; LLaVA-1.5 has two with a GELU between them. Qwen2-VL merges 2 × 2
        patches and projects the result.

    What to do:
        Expect the projector to be new wherever the hidden size changed. If tower and language model are
        unchanged, a new projector means that the alignment stage was trained again. Compare the number of
        tokens per image.
    """
    for difference in comparison.differences("projector.kind", "modalities"):
        old, new = difference.facts["modalities"]
        if old == new and new:
            finding = concise(difference, f"projector: {bridge(difference.old)} → {bridge(difference.new)}")
            yield with_inside(finding, comparison)
