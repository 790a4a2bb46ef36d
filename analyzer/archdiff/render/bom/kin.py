"""Other models that a model is related to: as declared or as weights say, never by likeness alone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from archdiff.evidence.lineage.relations import LENDS_NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.report.lineage import LineageEntry
    from archdiff.report.schema import ModelEntry, Report
    from archdiff.report.weights import JudgementEntry, WeightsEntry

__all__ = ["Kin", "Standing", "is_named", "kin_of"]

Standing = Literal["ancestor", "descendant", "variant", "compared"]
"""`ancestor` and `descendant` are declared; a `variant` shares weights, and weights tell no direction
(statistics.md, 5); what was only compared is no relative, however alike it is."""

_RELATED = frozenset({"identical", "derived", "transformed"})
"""Verdicts on weights that say two models are related."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kin:
    """Another model, and how it stands to the one described.

    Args:
        name: hub id, or what the declaration or the user calls it.
        standing: to the model described.
        relation: as declared: `finetune`, `quantized`; empty where nothing is declared.
        child: what it is declared to be the base of: the model, or another ancestor; empty for any but an ancestor.
        told: who says so, or that nobody does, in sentences.
        compared: what comparing the two says, in sentences; empty where they were not compared.
        entry: what is known of it; None for a model that nobody read.
        alike: whether comparing found the same architecture; None where they were not compared.
        judgements: verdicts on its weights, by component; empty where weights were not compared.
    """

    name: str
    standing: Standing
    relation: str
    child: str
    told: tuple[str, ...]
    compared: tuple[str, ...] = ()
    entry: ModelEntry | None = None
    alike: bool | None = None
    judgements: tuple[JudgementEntry, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is known, with the name of the model where the sentences do not say it."""
        return (*self.told, *(f"Compared with {self.name}: {sentence}" for sentence in self.compared))


@dataclasses.dataclass(frozen=True, slots=True)
class _Declared:
    child: str
    base: str
    relation: str
    where: str


def kin_of(model: ModelEntry, lineage: LineageEntry | None, reports: Sequence[Report]) -> tuple[Kin, ...]:
    """Models that are declared to be its ancestors, then those that it was compared with.

    Args:
        model: the one described.
        lineage: what it declares, followed to the root; None where that was not followed.
        reports: in which it is NEW.
    """
    declared = list(_declared(model, lineage))
    found = [_ancestor(each, model, reports) for each in declared]
    known = [each.base for each in declared]
    rest = [report for report in reports if not any(is_named(report.old, base) for base in known)]
    return (*found, *(_compared(model, report) for report in rest))


def is_named(model: ModelEntry, name: str) -> bool:
    """Whether a declaration or a user means this model by a name."""
    return name.casefold() in {each.casefold() for each in (model.hub_id, model.name, model.reference) if each}


def _declared(model: ModelEntry, lineage: LineageEntry | None) -> Iterator[_Declared]:
    """Declarations of descent, each base of a model once."""
    own = [_Declared(model.name, each.base, each.relation, "") for each in model.lineage]
    steps = lineage.chain if lineage is not None else ()
    chain = [_Declared(each.model, each.base, each.relation, each.declared_in) for each in steps]
    seen: set[tuple[str, str]] = set()
    for each in (*chain, *own):
        child = "" if is_named(model, each.child) else each.child.casefold()
        if each.relation != LENDS_NOTHING and (child, each.base.casefold()) not in seen:
            seen.add((child, each.base.casefold()))
            yield each


def _ancestor(declared: _Declared, model: ModelEntry, reports: Sequence[Report]) -> Kin:
    report = next((each for each in reports if is_named(each.old, declared.base)), None)
    where = f" ({declared.where})" if declared.where else ""
    relation = declared.relation or "no relation"
    return Kin(
        name=(report.old.hub_id if report is not None else None) or declared.base,
        standing="ancestor",
        relation=declared.relation,
        child="" if is_named(model, declared.child) else declared.child,
        told=(f"{declared.child} declares {declared.base} as its base, with the relation {relation}{where}.",),
        compared=tuple(_said(report)) if report is not None else (),
        entry=report.old if report is not None else None,
        alike=report.summary.same_architecture if report is not None else None,
        judgements=_judgements(report.weights) if report is not None else (),
    )


def _compared(model: ModelEntry, report: Report) -> Kin:
    old, relation, standing = report.old, "", _measured(report.weights)
    told: list[str] = []
    for each in old.lineage:
        if is_named(model, each.base) and each.relation != LENDS_NOTHING:
            standing, relation = "descendant", each.relation
            told.append(f"{old.name} declares {model.name} as its base, with the relation {relation}.")
    if standing == "variant":
        told.append(
            f"It shares weights with {old.name}; which came first, or whether both come from a third, they do not tell."
        )
    elif standing == "compared":
        told.append(f"Nothing that was declared or measured here relates it to {old.name}, with which it was compared.")
    return Kin(
        name=old.hub_id or old.name,
        standing=standing,
        relation=relation,
        child="",
        told=tuple(told),
        compared=tuple(_said(report)),
        entry=old,
        alike=report.summary.same_architecture,
        judgements=_judgements(report.weights),
    )


def _measured(weights: WeightsEntry | None) -> Standing:
    verdicts = {each.verdict for each in _judgements(weights)}
    return "variant" if verdicts & _RELATED else "compared"


def _judgements(weights: WeightsEntry | None) -> tuple[JudgementEntry, ...]:
    return weights.judgements if weights is not None else ()


def _said(report: Report) -> Iterator[str]:
    """What comparing two models came to."""
    yield from report.summary.sentences
    for each in _judgements(report.weights):
        reason = f" ({each.reasons[0]})" if each.reasons else ""
        yield f"Weights of {each.component}: {each.verdict}{reason}."
