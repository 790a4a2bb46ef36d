"""The question that the public will ask: is it a known model under another name?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.review.entry import digest_of, evidence, item
from archdiff.review.nearest import known
from archdiff.review.weighing import DEPENDENT, architecture, weighed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.checklist import ItemStatus, Nearest, ReviewItem
    from archdiff.review.material import Material, Parent

__all__ = ["items"]

_HEADING = "Identity"
_MOST = 5


def items(material: Material, near: tuple[Nearest, ...]) -> Iterator[ReviewItem]:
    """An item for each model named by `--against`, and for each public architecture that is the same."""
    for parent in material.parents:
        if not parent.is_declared:
            yield _suspect(material, parent)
    named = {parent.reference.lower() for parent in material.parents}
    same = [each for each in near if each.same_architecture]
    for each in same[:_MOST]:
        hub_id = known()[each.name].hub_id
        if not named & {hub_id.lower(), each.name}:
            yield _namesake(material, each)


def _namesake(material: Material, each: Nearest) -> ReviewItem:
    reason = "Every fact of the architecture is the same; whether the weights are others takes the weights of both."
    found = evidence(each.sentence, f"catalogue {each.name}", digest_of(known()[each.name].digest))
    command = material.command("weights", each.name)
    return item(
        f"identity.{each.name}",
        _HEADING,
        f"not {each.name} under another name",
        ("open", reason),
        [found],
        command=command,
    )


def _suspect(material: Material, parent: Parent) -> ReviewItem:
    compared = weighed([parent], "language-model")
    status, reason = _judge(parent)
    rests_on = [*(each.evidence for each in compared), *architecture(parent)]
    return item(
        f"identity.{'-'.join(parent.reference.lower().replace('/', ' ').split())}",
        _HEADING,
        f"not {parent.reference} under another name",
        (status, reason),
        rests_on,
        command=material.command("weights", parent.reference) if status == "open" else "",
        needs_signature=status == "open" and bool(rests_on),
    )


def _judge(parent: Parent) -> tuple[ItemStatus, str]:
    found = next(iter(weighed([parent], "language-model")), None)
    if found is not None and found.judgement.verdict in DEPENDENT:
        return "refuted", f"The weights are {found.text}, and nobody declares it."
    if found is not None and found.judgement.verdict == "independent":
        return "proved", f"The weights are {found.text}."
    same = parent.report is not None and parent.report.summary.same_architecture
    told = "The architecture is the same" if same else "The architectures differ, which proves no other origin"
    return "open", f"{told}; {'the weights gave no verdict' if found else 'the weights were not compared'}."
