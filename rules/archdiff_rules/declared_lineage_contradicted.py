from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.rule import Finding, Place, keeps_weights, rule
from archdiff_rules._lineage import RELATIONS, claims, contradictions, undeclared
from archdiff_rules._weights import power

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.rule import Comparison, Provenance
    from archdiff_rules._lineage import Claim

_COMPONENT = "language-model"
_DEPENDENT = frozenset({"identical", "derived", "transformed"})


@rule(impact="cosmetic", group="Storage, naming, lineage")
def declared_lineage_contradicted(comparison: Comparison) -> Iterator[Finding]:
    """What is declared of how one model comes from the other, structure or weights contradict.

    Why it matters:
        `finetune`, `quantized`, `adapter` and `continued` mean that the tensors of the base were kept: same
        names, same shapes. If tensors were added, removed or reshaped, the declared relation cannot be the
        whole story. Usually a model card is wrong or stale (a wrong base, a merge, a pruned or up-scaled
        model); sometimes it hides how a model was made. A fine-tune may extend the vocabulary, change the
        task head and be stored in another type; that is not counted.
        Where a weight check ran, its verdict on the language model is held against the declaration too: a
        fine-tune whose weights show no dependence on its base; or two published models whose weights depend on
        each other, while nothing that is declared leads from one to the other. Weights cannot tell which of two
        came first, nor a parent from a sibling.

    Example:
        SOLAR-10.7B declared as a fine-tune of Mistral-7B would contradict its 48 layers: it was up-scaled
        from 32.

    What to do:
        Read the model card of the model that declares. Correct the relation (`depth-upscaled`, `merge`,
        `distilled`, …) or the base. If the claim matters, have the weights compared: a relation leaves traces
        there.
    """
    stated = list(claims(comparison))
    for claim in stated:
        broken = contradictions(comparison, claim)
        if broken:
            roles = sorted({change.role or "model" for change in broken})
            more = f" and {len(roles) - 4} more" if len(roles) > 4 else ""
            yield _finding(claim, f"but tensors differ in {', '.join(roles[:4])}{more}")
    for component in comparison.weights:
        if component.component == _COMPONENT:
            yield from _weighed(comparison, stated, component)


def _finding(claim: Claim, said: str, verdict: str = "") -> Finding:
    weights = {"weights.verdict": (None, verdict)} if verdict else {}
    named = f"{claim.derived.name} is declared as {RELATIONS[claim.relation]} {claim.base.source['hub_id']}"
    return Finding(
        message=f"{named}, {said}",
        old=Place(""),
        new=Place(""),
        facts={**claim.facts("lineage", claim.relation), **weights},
        impact="cosmetic",
    )


def _weighed(comparison: Comparison, stated: list[Claim], component: Provenance) -> Iterator[Finding]:
    """What the verdict on the language model says against what is declared."""
    detected = "; ".join(text for text in ("no dependence of the weights was detected", power(component)) if text)
    for claim in stated:
        if component.verdict == "independent" and keeps_weights(claim.relation):
            yield _finding(claim, f"but {detected}", component.verdict)
        elif component.verdict in _DEPENDENT and claim.relation == "same-architecture":
            yield _finding(
                claim, f"and no more, but the weights of the language model are {component.verdict}", component.verdict
            )
    if not stated and component.verdict in _DEPENDENT and undeclared(comparison):
        yield _unclaimed(comparison.old.name, comparison.new.name, component.verdict)


def _unclaimed(old: str, new: str, verdict: str) -> Finding:
    return Finding(
        message=(
            f"no declared lineage leads from {old} to {new} or back, but the weights of their language models are "
            f"{verdict}; which came first, or whether both come from a third, weights cannot tell"
        ),
        old=Place(""),
        new=Place(""),
        facts={"lineage": (None, None), "weights.verdict": (None, verdict)},
        impact="cosmetic",
    )
