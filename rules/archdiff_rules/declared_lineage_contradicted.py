from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, Place, rule
from archdiff_rules._lineage import RELATIONS, claims, contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison


@rule(impact="cosmetic", group="Storage, naming, lineage")
def declared_lineage_contradicted(comparison: Comparison) -> Iterator[Finding]:
    """One model declares that it comes from the other, in a way that its structure contradicts.

    Why it matters:
        `finetune`, `quantized`, `adapter` and `continued` mean that the tensors of the base were kept: same
        names, same shapes. If tensors were added, removed or reshaped, the declared relation cannot be the
        whole story. Usually a model card is wrong or stale (a wrong base, a merge, a pruned or up-scaled
        model); sometimes it hides how a model was made. A fine-tune may extend the vocabulary, change the
        task head and be stored in another type; that is not counted.

    Example:
        SOLAR-10.7B declared as a fine-tune of Mistral-7B would contradict its 48 layers: it was up-scaled
        from 32.

    What to do:
        Read the model card of the model that declares. Correct the relation (`depth-upscaled`, `merge`,
        `distilled`, …) or the base. If the claim matters, have the weights compared: a relation leaves traces
        there.
    """
    for claim in claims(comparison):
        broken = contradictions(comparison, claim)
        if broken:
            roles = sorted({change.role or "model" for change in broken})
            more = f" and {len(roles) - 4} more" if len(roles) > 4 else ""
            yield Finding(
                message=(
                    f"{claim.derived.name} is declared as {RELATIONS[claim.relation]} "
                    f"{claim.base.source['hub_id']}, but tensors differ in {', '.join(roles[:4])}{more}"
                ),
                old=Place(""),
                new=Place(""),
                facts=claim.facts("lineage", claim.relation),
                impact="cosmetic",
            )
