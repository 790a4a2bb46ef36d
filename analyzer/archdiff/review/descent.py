"""Claims that a part comes from another model, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.review.claims import Origin
from archdiff.review.entry import item
from archdiff.review.nearest import same_design
from archdiff.review.weighing import DEPENDENT, architecture, weighed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.checklist import ItemStatus, ReviewItem
    from archdiff.report.schema import FindingEntry, Report
    from archdiff.review.material import Material, Parent
    from archdiff.review.weighing import Weighed

__all__ = ["item_of", "items"]

HEADING = "Origin of the weights"

_SAME_SHAPES = frozenset({"finetune", "continued", "adapter", "frozen", "copied", "identical"})
"""Relations that leave the shapes of all tensors in the layers as they are."""

_UNCHANGED = frozenset({"frozen", "copied", "identical"})


def items(material: Material) -> Iterator[ReviewItem]:
    """An item for every parent that the model card or the claims file names outside [origin]."""
    stated = {origin.base for origin in material.claims.origins.values()}
    for parent in material.parents:
        if parent.is_declared and parent.reference not in stated:
            relation = parent.relation or "derived"
            what = "architecture, not weights," if relation == "same-architecture" else relation
            title = f"{what} of {parent.reference}, as the {parent.declared_in} declares"
            if relation == "same-architecture":
                yield _architecture(parent, title)
            else:
                origin = Origin(parent.reference, relation)
                yield item_of(material, f"parents.{_slug(parent.reference)}", title, "language-model", origin)


def _slug(reference: str) -> str:
    return "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in reference.lower()).split()) or "unnamed"


def item_of(material: Material, identity: str, title: str, component: str, origin: Origin) -> ReviewItem:
    """Judge that a part comes from a model in a way.

    Args:
        material: of the review.
        identity: id of the item.
        title: the claim in words.
        component: the part.
        origin: the model, and how.
    """
    parent = next((each for each in material.parents if each.reference == origin.base), None)
    compared = weighed([parent] if parent is not None else [], component)
    status, reason = _judge(parent, origin.relation, component, compared)
    command = material.command("weights", origin.base) if status == "open" else ""
    rests_on = [*(each.evidence for each in compared), *(architecture(parent) if parent is not None else ())]
    return item(
        identity,
        HEADING,
        title,
        (status, reason),
        rests_on,
        claimed=origin,
        command=command,
        needs_signature=status == "open" and bool(rests_on),
    )


def _judge(
    parent: Parent | None, relation: str, component: str, compared: tuple[Weighed, ...]
) -> tuple[ItemStatus, str]:
    if parent is None or parent.report is None:
        cause = parent.cause if parent is not None and parent.cause else "it was not compared"
        return "open", f"The parent could not be compared: {cause}."
    if compared:
        return _by_weights(relation, compared[0])
    at_odds = _at_odds(parent.report) if relation in _SAME_SHAPES and component == "language-model" else None
    if at_odds is not None:
        return (
            "refuted",
            f"A {relation} keeps the shapes of all layers, but {at_odds.message.rstrip('.')} ({at_odds.where}).",
        )
    fits = "The architectures differ"
    if parent.report.summary.same_architecture:
        fits = "The architecture is the same"
    elif _at_odds(parent.report) is None:
        fits = "The layers have the same shapes"
    return "open", f"{fits}; whether the weights come from {parent.reference} takes the weights of both."


def _by_weights(relation: str, found: Weighed) -> tuple[ItemStatus, str]:
    verdict = found.judgement.verdict
    if verdict == "independent":
        return "refuted", f"The weights are {found.text}."
    if verdict not in DEPENDENT:
        return "open", f"The comparison of the weights is {found.text}."
    if relation in _UNCHANGED and verdict != "identical" and not found.judgement.frozen:
        return "refuted", f"The weights are related, but not unchanged: {found.text}."
    return "proved", f"The weights are {found.text}. Which of the two came first, weights cannot tell."


def _at_odds(report: Report) -> FindingEntry | None:
    """The first finding that changes shapes inside the layers."""
    places = ((finding, finding.new or finding.old) for finding in report.findings if finding.impact == "breaking")
    return next((finding for finding, place in places if place is not None and place.layers), None)


def _architecture(parent: Parent, title: str) -> ReviewItem:
    """The claim that another's architecture was used, and not its weights."""
    if parent.report is None:
        verdict: tuple[ItemStatus, str] = ("open", f"The parent could not be compared: {parent.cause}.")
    elif parent.report.summary.same_architecture or same_design(parent.report.old, parent.report.new):
        verdict = ("proved", "Both are made alike; they differ in sizes at the most.")
    else:
        verdict = ("refuted", f"The architectures differ: {' '.join(parent.report.summary.sentences[:2])}")
    claimed = Origin(parent.reference, "same-architecture")
    identity = f"parents.{_slug(parent.reference)}"
    return item(identity, HEADING, title, verdict, architecture(parent), claimed=claimed)
