"""What a bill of materials says of a model, whatever document it is taken from."""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from archdiff.evidence import licences
from archdiff.render import WeightsView
from archdiff.render.bom.kin import is_named, kin_of
from archdiff.report.checklist import Checklist
from archdiff.report.portrait import Portrait
from archdiff.report.schema import Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archdiff.render.bom.kin import Kin
    from archdiff.report.checklist import ReviewItem
    from archdiff.report.lineage import LineageEntry
    from archdiff.report.portrait import CacheEntry
    from archdiff.report.schema import FindingEntry, ModelEntry
    from archdiff.report.training_log import TrainingLogEntry

__all__ = ["Described", "Licence", "Subject", "subject_of"]

Described: TypeAlias = Report | WeightsView | Portrait | Checklist
"""Documents that describe one model: of a report, NEW."""


@dataclasses.dataclass(frozen=True, slots=True)
class Licence:
    """A declared licence.

    Args:
        name: as declared.
        spdx: SPDX identifier; None where it has none, or is not known.
        source: where its text is published; empty where that is not known.
    """

    name: str
    spdx: str | None = None
    source: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """A model, and everything that a document says of it.

    Args:
        model: the model.
        kin: models that it is declared or measured to be related to, or was compared with.
        findings: what differs from the models that it was compared with, by their names.
        licence: as declared; None where none is.
        cache: what attention keeps of each token, where the document says so.
        items: claims of the publisher, reviewed; those that do not apply are left out.
        unanswered: questions of the review for which nothing is claimed.
        log: training log of the model.
        doubts: contradictions between declarations, or with structure or weights, and licences that grant more than
            those that they come from.
        limits: what was left out of the analysis, and why.
        tools: versions of what made the document, by name.
        digest: SHA-256 of the document, in hexadecimal.
    """

    model: ModelEntry
    kin: tuple[Kin, ...]
    findings: tuple[tuple[str, FindingEntry], ...]
    licence: Licence | None
    cache: CacheEntry | None
    items: tuple[ReviewItem, ...]
    unanswered: tuple[str, ...]
    log: TrainingLogEntry | None
    doubts: tuple[str, ...]
    limits: tuple[str, ...]
    tools: Mapping[str, str]
    digest: str

    @property
    def serial(self) -> uuid.UUID:
        """An identifier of the document (UUIDv5 of its digest): the same document has the same, any other another."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"archdiff:sha256:{self.digest}")


def subject_of(document: Described) -> Subject:
    """What a document says of the model that it is about; of a report, NEW."""
    if isinstance(document, WeightsView):
        return subject_of(document.report)
    if isinstance(document, Checklist):
        return _reviewed(document)
    model = document.new if isinstance(document, Report) else document.model
    reports = [document] if isinstance(document, Report) else []
    declared = _own(model, document.lineage) if isinstance(document, Report) else None
    return Subject(
        model=model,
        kin=kin_of(model, declared, reports),
        findings=_findings(reports),
        licence=_licence(model, declared),
        cache=document.cache if isinstance(document, Portrait) else None,
        items=(),
        unanswered=(),
        log=None,
        doubts=_doubts(declared),
        limits=document.not_checked,
        tools=_tools(document.archdiff, document.transformers),
        digest=_digest(document),
    )


def _reviewed(checklist: Checklist) -> Subject:
    portrait = checklist.model
    applying = [item for item in checklist.items if item.status != "not-applicable"]
    return Subject(
        model=portrait.model,
        kin=kin_of(portrait.model, checklist.lineage, checklist.parents),
        findings=_findings(checklist.parents),
        licence=_licence(portrait.model, checklist.lineage),
        cache=portrait.cache,
        items=tuple(item for item in applying if _is_claim(item)),
        unanswered=tuple(item.title for item in applying if not _is_claim(item)),
        log=checklist.training_log,
        doubts=_doubts(checklist.lineage),
        limits=tuple(dict.fromkeys((*checklist.not_checked, *portrait.not_checked))),
        tools=_tools(checklist.archdiff, portrait.transformers),
        digest=_digest(checklist),
    )


def _is_claim(item: ReviewItem) -> bool:
    return item.claimed is not None or item.signature is not None


def _own(model: ModelEntry, lineages: Iterable[LineageEntry]) -> LineageEntry | None:
    return next((each for each in lineages if is_named(model, each.model)), None)


def _findings(reports: Iterable[Report]) -> tuple[tuple[str, FindingEntry], ...]:
    return tuple((report.old.name, finding) for report in reports for finding in report.findings)


def _doubts(lineage: LineageEntry | None) -> tuple[str, ...]:
    return (*lineage.contradictions, *lineage.inherited) if lineage is not None else ()


def _licence(model: ModelEntry, lineage: LineageEntry | None) -> Licence | None:
    """The declared licence, as its lineage was followed to or as the table of licences knows it."""
    followed = lineage.licences if lineage is not None else ()
    found = next((each for each in followed if is_named(model, each.model)), None)
    if found is not None:
        return Licence(found.declared, found.spdx, found.source)
    row = licences.find(model.licence)
    if row is not None:
        return Licence(str(model.licence), row.spdx, row.source)
    return Licence(model.licence) if model.licence else None


def _tools(archdiff: str, transformers: str) -> Mapping[str, str]:
    return MappingProxyType({"archdiff": archdiff, "transformers": transformers})


def _digest(document: Report | Portrait | Checklist) -> str:
    return hashlib.sha256(document.model_dump_json().encode("utf-8")).hexdigest()
