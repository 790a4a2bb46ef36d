"""Claims that only a person can settle: data, compute, contacts. They wait for a signature."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from archdiff.report.summary import amount
from archdiff.review import amounts
from archdiff.review.claims import NOT_APPLICABLE
from archdiff.review.entry import digest_of, evidence, item
from archdiff.review.table import specs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.report.checklist import ItemEvidence, ItemStatus, ReviewItem
    from archdiff.review.material import Material
    from archdiff.review.table import Spec

__all__ = ["items"]

_TOKENS = "training.tokens"
_COMPUTE = "training.compute"
_CLOSE = 0.02
"""Share by which the tokens that a log counts may differ from those that are claimed."""


def items(material: Material) -> Iterator[ReviewItem]:
    """An item for every statement that is made, and for those that disclosure standards ask for."""
    for spec in specs().values():
        if spec.kind == "statement" and (spec.asked or spec.id in material.claims.values):
            yield _item(material, spec)


def _item(material: Material, spec: Spec) -> ReviewItem:
    claimed = material.claims.values.get(spec.id)
    rests_on = _compute(material) if spec.id == _COMPUTE else []
    if claimed is None:
        reason = f"Nothing is stated; answer it as `{spec.key}` in [{spec.section}], and sign it."
        return item(spec.id, spec.heading, spec.question, ("open", reason), rests_on, needs_signature=True)
    verdict = _verdict(material, spec, str(claimed))
    signable = verdict[0] in ("open", "not-applicable")
    command = _sign(material, spec.id) if verdict[0] == "open" else ""
    said = str(claimed).removesuffix(" tokens") if spec.id == _TOKENS else str(claimed)
    title = spec.title(said)
    return item(
        spec.id, spec.heading, title, verdict, rests_on, claimed=claimed, command=command, needs_signature=signable
    )


def _sign(material: Material, identity: str) -> str:
    return material.review("--sign", identity, "--as", "NAME", "--date", "YYYY-MM-DD")


def _verdict(material: Material, spec: Spec, claimed: str) -> tuple[ItemStatus, str]:
    if claimed == NOT_APPLICABLE:
        return "not-applicable", "The claims file says so."
    counted = material.training_log.figures.get("tokens") if material.training_log is not None else None
    stated = amounts.parse(claimed)
    if spec.id == _TOKENS and counted and stated is not None:
        fits = stated.covers(round(counted)) or math.isclose(stated.value, counted, rel_tol=_CLOSE)
        return ("proved" if fits else "refuted"), f"The training log counts {amount(round(counted))} tokens."
    return "open", "Only a person can settle it."


def _compute(material: Material) -> list[ItemEvidence]:
    """What training takes by the rule of 6 operations for each active parameter and token (arXiv:2001.08361)."""
    tokens = amounts.parse(str(material.claims.values.get(_TOKENS, "")))
    active = material.subject.portrait.model.active_parameters
    if tokens is None or active is None:
        return []
    used = f"6 × {amount(active)} active parameters × {amount(tokens.value)} tokens"
    told = f"{used} = {6.0 * active * tokens.value:.2g} FLOP"
    return [evidence(told, "claims, training.tokens", digest_of(active, tokens.value))]
