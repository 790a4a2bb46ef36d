"""The declarations of CycloneDX 1.6: claims of the publisher with their evidence.

cyclonedx-python-lib has no classes for `declarations`, so a few models hold them here, as for the model card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archdiff.render.bom.cyclonedx_card import CdxModel
from archdiff.render.bom.identity import midnight, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.report.checklist import ReviewItem

__all__ = ["declarations"]

_ASSESSOR = "assessor"


class _Ref(CdxModel):
    bom_ref: str


class Organization(CdxModel):
    """Who assessed."""

    name: str


class Assessor(_Ref):
    """archdiff itself."""

    organization: Organization


class Mapped(CdxModel):
    """Claims that hold, and those that are refuted."""

    claims: tuple[str, ...]
    counter_claims: tuple[str, ...]


class Attestation(CdxModel):
    """What the review comes to."""

    summary: str
    assessor: str
    map: tuple[Mapped, ...]


class Claim(_Ref):
    """A claim about the model."""

    target: str
    predicate: str
    reasoning: str
    evidence: tuple[str, ...] | None
    counter_evidence: tuple[str, ...] | None


class Attachment(CdxModel):
    """Text."""

    content: str


class Contents(CdxModel):
    """What a piece of evidence holds."""

    attachment: Attachment


class Datum(CdxModel):
    """Where to look, and the digest of what was read there."""

    name: str
    contents: Contents


class Contact(CdxModel):
    """A person."""

    name: str


class Evidence(_Ref):
    """What a claim rests on, or who settled it."""

    property_name: str
    description: str
    data: tuple[Datum, ...] | None
    created: str | None = None
    reviewer: Contact | None = None


class Declarations(CdxModel):
    """Claims, evidence and what they come to."""

    assessors: tuple[Assessor, ...]
    attestations: tuple[Attestation, ...]
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]


def declarations(items: Sequence[ReviewItem], target: str) -> Declarations | None:
    """The items of a review as claims; None where there is none.

    Args:
        items: of the checklist.
        target: bom-ref of the model.
    """
    if not items:
        return None
    told = {status: [item for item in items if item.status == status] for status in ("proved", "refuted", "open")}
    counted = ", ".join(f"{len(found)} {status}" for status, found in told.items())
    proved, refuted = (tuple(map(_claim_ref, told[status])) for status in ("proved", "refuted"))
    return Declarations(
        assessors=(Assessor(bom_ref=_ASSESSOR, organization=Organization(name="archdiff")),),
        attestations=(
            Attestation(
                summary=f"Review of the publisher's claims: {counted}.",
                assessor=_ASSESSOR,
                map=(Mapped(claims=proved, counter_claims=refuted),),
            ),
        ),
        claims=tuple(_claim(item, target) for item in items),
        evidence=tuple(each for item in items for each in _evidence(item)),
    )


def _claim_ref(item: ReviewItem) -> str:
    return f"claim:{shown(item.id)}"


def _claim(item: ReviewItem, target: str) -> Claim:
    rests_on = tuple(each.bom_ref for each in _evidence(item)) or None
    refuted = item.status == "refuted"
    settles = f" To settle it: {item.command}" if item.command and item.status == "open" else ""
    return Claim(
        bom_ref=_claim_ref(item),
        target=target,
        predicate=shown(item.title),
        reasoning=shown(f"{item.status}: {item.reason}{settles}"),
        evidence=None if refuted else rests_on,
        counter_evidence=rests_on if refuted else None,
    )


def _evidence(item: ReviewItem) -> Iterator[Evidence]:
    for number, each in enumerate(item.evidence, 1):
        datum = Datum(name=shown(each.where), contents=Contents(attachment=Attachment(content=shown(each.digest))))
        yield Evidence(
            bom_ref=f"evidence:{shown(item.id)}:{number}",
            property_name=shown(item.id),
            description=shown(each.text),
            data=(datum,),
        )
    if item.signature is not None:
        signed = item.signature
        yield Evidence(
            bom_ref=f"evidence:{shown(item.id)}:signature",
            property_name=shown(item.id),
            description=shown(signed.note or "signed off"),
            data=None,
            created=midnight(signed.date),
            reviewer=Contact(name=shown(signed.name)),
        )
