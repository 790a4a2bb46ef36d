"""From what was gathered to the checklist."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, get_args

from archdiff.report.checklist import Checklist, ItemStatus
from archdiff.report.values import clean
from archdiff.review import beside, descent, identity, origin, statements, structure
from archdiff.review.entry import digest_of
from archdiff.review.nearest import nearest
from archdiff.review.signing import signed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archdiff.report.checklist import Nearest, ReviewItem
    from archdiff.review.material import Material

__all__ = ["HEADINGS", "items", "judge"]

HEADINGS = (
    "Parameters", "Architecture", "Origin of the weights", "Identity", "Tokenizer", "Code", "Licence and lineage",
    "Training", "Data", "Release",
)  # fmt: skip
"""Of a checklist, in their order."""


def judge(material: Material) -> Checklist:
    """The checklist of a review: every claim proved, refuted, open or signed, with what it rests on.

    Raises:
        SourceError: a signature stands under an item that the review does not have.
    """
    near = nearest(material.subject.portrait.model)
    listed = items(material, near)
    if material.sign_off is not None:
        listed = signed(listed, material.sign_off)
    return Checklist(
        archdiff=version("archdiff"),
        model=material.subject.portrait,
        claims=clean(material.claims.name),
        sign_off=clean(material.sign_off.name) if material.sign_off is not None else "",
        items=listed,
        counts={status: sum(item.status == status for item in listed) for status in get_args(ItemStatus)},
        nearest=near,
        parents=tuple(parent.report for parent in material.parents if parent.report is not None),
        training_log=material.training_log,
        tokenizers=tuple(entry for _, entry in material.tokenizers),
        lineage=material.lineage,
        code=tuple(entry for _, entry in material.code),
        not_checked=tuple(map(clean, _not_checked(material))),
    )


def items(material: Material, near: tuple[Nearest, ...]) -> tuple[ReviewItem, ...]:
    """Every item before signatures, in the order of the headings.

    The digest of each is of the model's config too: who signs that contacts are given signs it of this model.
    """
    made = [
        *structure.items(material),
        *origin.items(material),
        *descent.items(material),
        *identity.items(material, near),
        *beside.items(material),
        *statements.items(material),
    ]
    ranked = sorted(made, key=lambda item: HEADINGS.index(item.section))
    read = material.subject.portrait.model.digest
    return tuple(item.model_copy(update={"digest": digest_of(item.digest, read)}) for item in ranked)


def _not_checked(material: Material) -> Iterable[str]:
    yield from material.subject.portrait.not_checked
    yield from material.not_checked
    yield from (f"parent {parent.reference}: {parent.cause}" for parent in material.parents if parent.cause)
    reports = [(parent.reference, parent.report) for parent in material.parents if parent.report is not None]
    yield from (f"weights of {name}: not compared" for name, report in reports if report.weights is None)
    if not material.parents:
        yield "weights: compared with no other model's"
    if material.training_log is None:
        yield "training log: none was given"
    if not material.tokenizers:
        yield "tokenizer: compared with no other"
