"""CycloneDX 1.6: a machine-learning bill of materials of the model, or of NEW.

cyclonedx-python-lib writes components, licences, package URLs and the pedigree; the model card and the declarations,
which it does not know, are added to its JSON (`cyclonedx_card`, `cyclonedx_claims`). There is no timestamp unless
`SOURCE_DATE_EPOCH` is set, and the serial number is that of the document, so the same document gives the same bytes.

In the pedigree, `ancestors` are declared and `variants` share weights, which tell no direction: by a variant the schema
means that the relation is not known. A model that was compared and is neither stands in properties and notes alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from archdiff.render.bom import cyclonedx_card, cyclonedx_claims
from archdiff.render.bom.identity import commit, created, page, purl, shown, version
from archdiff.render.bom.subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cyclonedx.model import ExternalReference, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, Pedigree
    from cyclonedx.model.license import DisjunctiveLicense

    from archdiff.render.bom.kin import Kin, Standing
    from archdiff.render.bom.subject import Described, Subject
    from archdiff.report.schema import ModelEntry

__all__ = ["text"]

_MODEL = "model"
_FIRST = ("$schema", "bomFormat", "specVersion", "serialNumber", "version")


def text(document: Described) -> str:
    """The document as CycloneDX JSON, indented by two, with a final newline.

    Raises:
        UsageError: `SOURCE_DATE_EPOCH` is no number of seconds.
    """
    from cyclonedx.output.json import JsonV1Dot6

    subject = subject_of(document)
    data: dict[str, Any] = json.loads(JsonV1Dot6(_bom(subject)).output_as_string())
    if created() is None:
        del data["metadata"]["timestamp"]
    data["metadata"]["component"]["modelCard"] = cyclonedx_card.written(cyclonedx_card.card(subject))
    declared = cyclonedx_claims.declarations(subject.items, _MODEL)
    if declared is not None:
        data["declarations"] = cyclonedx_card.written(declared)
    ordered = {name: data[name] for name in (*_FIRST, *data) if name in data}
    return json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"


def _bom(subject: Subject) -> Bom:
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.tool import ToolRepository

    tools = [Component(name=n, version=v, type=ComponentType.APPLICATION) for n, v in subject.tools.items()]
    metadata = BomMetaData(component=_described(subject), tools=ToolRepository(components=tools), timestamp=created())
    return Bom(serial_number=subject.serial, version=1, metadata=metadata)


def _described(subject: Subject) -> Component:
    from cyclonedx.model.component import Component, ComponentType

    model = subject.model
    owner, name = _named(model.hub_id or model.name)
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=_MODEL,
        name=name,
        group=owner,
        version=version(model),
        licenses=_licences(subject),
        purl=_purl(model.hub_id, commit(model)),
        external_references=_references(model),
        properties=_properties((*_stated(model), *_told(subject))),
        pedigree=_pedigree(subject),
    )


def _named(name: str) -> tuple[str | None, str]:
    """Owner and name of a hub id; any other name has no owner."""
    if purl(name) is None:
        return None, shown(name) or "(no name)"
    owner, _, repository = name.partition("/")
    return owner, repository


def _purl(name: str | None, revision: str | None = None) -> Any:
    from packageurl import PackageURL

    found = purl(name, revision)
    return PackageURL.from_string(found) if found else None


def _licences(subject: Subject) -> list[DisjunctiveLicense]:
    """The declared licence, by its SPDX identifier where it has one that the schema knows."""
    from cyclonedx.model import XsUri
    from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement
    from cyclonedx.spdx import fixup_id

    licence = subject.licence
    if licence is None:
        return []
    known = fixup_id(licence.spdx or licence.name)
    url = XsUri(shown(licence.source)) if licence.source.startswith("https://") else None
    name = None if known else shown(licence.name)
    return [DisjunctiveLicense(id=known, name=name, url=url, acknowledgement=LicenseAcknowledgement.DECLARED)]


def _references(model: ModelEntry) -> list[ExternalReference]:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri

    address = page(model.hub_id, commit(model))
    kinds = (ExternalReferenceType.MODEL_CARD, ExternalReferenceType.DISTRIBUTION)
    return [ExternalReference(type=kind, url=XsUri(address)) for kind in kinds] if address else []


def _properties(pairs: Iterable[tuple[str, str]]) -> list[Property]:
    from cyclonedx.model import Property

    return [Property(name=f"archdiff:{name}", value=shown(value)) for name, value in pairs]


def _stated(model: ModelEntry) -> Iterator[tuple[str, str]]:
    """What identifies a model beyond what the standard has fields for."""
    yield "config:digest", model.digest
    yield "source:kind", model.kind
    yield "source:name", model.name
    yield "parameters", str(model.parameters)
    if model.released is not None:
        yield "released", model.released


def _told(subject: Subject) -> Iterator[tuple[str, str]]:
    yield from (("note", note) for note in subject.model.notes)
    for entry in (kin.entry for kin in subject.kin if kin.standing == "compared" and kin.entry is not None):
        yield "compared-with", ", ".join(filter(None, (entry.name, purl(entry.hub_id, commit(entry)), entry.digest)))
    for name, finding in subject.findings:
        said = f"{finding.message} ({finding.where}; compared with {name})" if finding.where else finding.message
        yield f"finding:{finding.rule}", f"{finding.impact}, {finding.confidence} confidence: {said}"
    yield from (("unanswered", question) for question in subject.unanswered)
    yield from (("doubt", doubt) for doubt in subject.doubts)
    yield from (("not-checked", left_out) for left_out in subject.limits)
    if subject.log is not None:
        yield "training-log:digest", subject.log.digest
        yield "training-log:verdict", ": ".join((subject.log.verdict, *subject.log.reasons[:1]))


def _pedigree(subject: Subject) -> Pedigree | None:
    from cyclonedx.model.component import Pedigree

    if not subject.kin:
        return None
    return Pedigree(
        ancestors=_related(subject, "ancestor"),
        descendants=_related(subject, "descendant"),
        variants=_related(subject, "variant"),
        notes="\n".join(shown(sentence) for kin in subject.kin for sentence in kin.sentences),
    )


def _related(subject: Subject, standing: Standing) -> list[Component]:
    found = [kin for kin in subject.kin if kin.standing == standing]
    return [_relative(kin, f"{standing}:{number}") for number, kin in enumerate(found, 1)]


def _relative(kin: Kin, ref: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType

    owner, name = _named(kin.name)
    pairs = [("relation", kin.relation)] if kin.relation else []
    pairs += [("base-of", kin.child)] if kin.child else []
    pairs += [("told", sentence) for sentence in kin.sentences]
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=ref,
        name=name,
        group=owner,
        version=version(kin.entry) if kin.entry is not None else None,
        purl=_purl(kin.name, commit(kin.entry) if kin.entry is not None else None),
        external_references=_references(kin.entry) if kin.entry is not None else [],
        properties=_properties((*(_stated(kin.entry) if kin.entry is not None else ()), *pairs)),
    )
