"""SPDX 3.0.1 with its AI profile: the model, or NEW, as an AI package with its ancestors, licence and claims.

Written through spdx_python_model. The profile `ai` is claimed only where everything that it asks for is known (who
supplies the model, from where, which version, when it was released); a file on a disk has less. An ancestor is one that
is declared (`descendantOf`), a variant shares weights (`hasVariant`); what was only compared is named in annotations.
The time of creation is `SOURCE_DATE_EPOCH`, or the beginning of 1970, so that the same input gives the same bytes.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from archdiff.render.bom import facts
from archdiff.render.bom.claims import claimed
from archdiff.render.bom.identity import (
    commit,
    custom_licence,
    ended,
    hub_id,
    midnight,
    page,
    purl,
    sha256,
    shown,
    version,
)
from archdiff.render.bom.spdx_document import SpdxDocument
from archdiff.render.bom.subject import subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.render.bom.kin import Kin
    from archdiff.render.bom.subject import Described, Licence, Subject
    from archdiff.report.checklist import ReviewItem
    from archdiff.report.schema import ModelEntry

__all__ = ["text"]

_BASIC = ("core", "software", "simpleLicensing")


def text(document: Described) -> str:
    """The document as SPDX JSON-LD, indented by two, with a final newline.

    Raises:
        UsageError: `SOURCE_DATE_EPOCH` is no number of seconds.
    """
    subject = subject_of(document)
    made = SpdxDocument(subject)
    model = made.add("ai_AIPackage", "model", **_identity(made, "model", subject.model), **_described(made, subject))
    _config(made, "model", model, subject.model)
    if subject.licence is not None:
        _licensed(made, model, subject.licence)
    _related(made, model, subject)
    _trained(made, model, subject)
    for number, statement in enumerate(_statements(subject), 1):
        made.annotate(f"annotation-{number:03}", model, shown(statement))
    for number, item in enumerate(subject.items, 1):
        made.annotate(f"claim-{number:03}", model, shown(_claim(item), 4000), is_review=True)
    is_complete = hub_id(subject.model.hub_id) is not None and midnight(subject.model.released) is not None
    return made.close(model, (*_BASIC, "ai") if is_complete else _BASIC)


def _identity(made: SpdxDocument, key: str, model: ModelEntry) -> dict[str, Any]:
    """What names a package: who supplies it, from where, in which version."""
    name, revision, released = model.hub_id, commit(model), midnight(model.released)
    owner = shown(str(name)).partition("/")[0]
    supplier = made.add("Agent", f"{key}-supplier", name=owner) if hub_id(name) is not None else None
    return {
        "name": shown(name or model.name) or "(no name)",
        "suppliedBy": supplier,
        "releaseTime": datetime.datetime.fromisoformat(released) if released else None,
        "software_packageVersion": version(model) or None,
        "software_packageUrl": purl(name, revision),
        "software_downloadLocation": page(name, revision),
        "software_homePage": page(name),
        "software_primaryPurpose": made.spdx.software_SoftwarePurpose.model,
    }


def _described(made: SpdxDocument, subject: Subject) -> dict[str, Any]:
    """The fields of the AI profile that the architecture, or a claim, says something for."""
    model = subject.model
    family, task = facts.family(model), facts.task(model)
    kinds = [each for each in (family, shown(model.model_type), shown(model.class_name)) if each]
    limits = (*facts.limitations(model), *claimed(subject, "release.limitations"))
    return {
        "comment": "\n".join(shown(note) for note in model.notes) or None,
        "ai_typeOfModel": kinds,
        "ai_domain": [task] if task else None,
        "ai_hyperparameter": made.entries(list(facts.hyperparameters(subject))),
        "ai_metric": made.entries(list(_metrics(subject))) or None,
        "ai_limitation": _joined(limits),
        "ai_informationAboutTraining": _joined(_training(subject)),
        "ai_informationAboutApplication": _joined(claimed(subject, "release.use")),
        "ai_modelDataPreprocessing": list(claimed(subject, "data.processing")) or None,
    }


def _joined(sentences: tuple[str, ...]) -> str | None:
    return "\n".join(sentences) or None


def _metrics(subject: Subject) -> Iterator[tuple[str, str]]:
    """Figures that were measured on weights."""
    for kin in subject.kin:
        for judgement in kin.judgements:
            for name, value in judgement.log10_p.items():
                if value is not None:
                    key = f"log10 p of {name}, {judgement.component}, compared with {kin.name}"
                    yield shown(key), facts.spelled(value)


def _training(subject: Subject) -> tuple[str, ...]:
    told = claimed(subject, "training", "origin")
    if subject.log is None:
        return told
    reasons = " ".join(subject.log.reasons)
    return (*told, shown(f"Training log {subject.log.digest}: {subject.log.verdict}. {reasons}"))


def _config(made: SpdxDocument, key: str, package: Any, model: ModelEntry) -> None:
    """The digest that archdiff knows a model by: of its config, as JSON with sorted keys."""
    digits = sha256(model.digest)
    if digits is None:
        return
    what = "SHA-256 of the config as JSON with sorted keys and no spaces; of a model without one, of its tensors' list"
    purpose = made.spdx.software_SoftwarePurpose.configuration
    proof = made.sha256(digits, what)
    file = made.add(
        "software_File", f"{key}-config", name="config", verifiedUsing=[proof], software_primaryPurpose=purpose
    )
    made.relate(f"{key}-has-config", "hasMetadata", package, [file])


def _licensed(made: SpdxDocument, package: Any, licence: Licence) -> None:
    """The declared licence: by its SPDX identifier, or by a reference to a licence of that name."""
    from cyclonedx.spdx import fixup_id

    known = fixup_id(licence.spdx or licence.name)
    custom = None
    if known is None:
        label = custom_licence(licence.name)
        where = f"{shown(licence.name)}; its text was not read" + (
            f": {shown(licence.source)}" if licence.source else ""
        )
        wording = made.add(
            "simplelicensing_SimpleLicensingText", "licence-text", name=label, simplelicensing_licenseText=where
        )
        custom = [made.spdx.DictionaryEntry(key=label, value=wording.get_id())]
    expression = made.add(
        "simplelicensing_LicenseExpression",
        "licence",
        name=shown(licence.name),
        simplelicensing_licenseExpression=known or custom_licence(licence.name),
        simplelicensing_customIdToUri=custom,
    )
    made.relate("has-licence", "hasDeclaredLicense", package, [expression])


def _related(made: SpdxDocument, model: Any, subject: Subject) -> None:
    """Ancestors, descendants and variants as packages, and how they stand to each other."""
    packages: dict[str, Any] = {"": model}
    kinds = {"ancestor": "descendantOf", "descendant": "ancestorOf", "variant": "hasVariant"}
    for number, kin in enumerate(subject.kin, 1):
        told = shown(" ".join(kin.sentences), 4000)
        if kin.standing == "compared":
            made.annotate(f"compared-{number}", model, f"{told} {_digest(kin)}".rstrip())
            continue
        package = _package(made, f"relative-{number}", kin)
        start = next((each for name, each in packages.items() if _is_child(kin, name)), model)
        made.relate(f"relation-{number}", kinds[kin.standing], start, [package], told)
        packages[kin.name] = package


def _is_child(kin: Kin, name: str) -> bool:
    return kin.child.casefold() == name.casefold()


def _digest(kin: Kin) -> str:
    return f"Its config has the digest {shown(kin.entry.digest)}." if kin.entry is not None else ""


def _package(made: SpdxDocument, key: str, kin: Kin) -> Any:
    if kin.entry is None:
        return made.add(
            "ai_AIPackage", key, name=shown(kin.name) or "(no name)", software_packageUrl=purl(kin.name),
            software_downloadLocation=page(kin.name), software_primaryPurpose=made.spdx.software_SoftwarePurpose.model,
        )  # fmt: skip
    package = made.add("ai_AIPackage", key, **_identity(made, key, kin.entry))
    _config(made, key, package, kin.entry)
    return package


def _trained(made: SpdxDocument, model: Any, subject: Subject) -> None:
    """The training data, where the publisher claims something of it."""
    told = claimed(subject, "data.sources", "data.summary")
    if told:
        purpose = made.spdx.software_SoftwarePurpose.data
        kind = made.spdx.dataset_DatasetType.noAssertion
        data = made.add(
            "dataset_DatasetPackage", "training-data", name=f"training data of {shown(subject.model.name)}",
            description=_joined(told), software_primaryPurpose=purpose, dataset_datasetType=[kind],
        )  # fmt: skip
        made.relate("trained-on", "trainedOn", model, [data])


def _statements(subject: Subject) -> Iterator[str]:
    """Findings, and what was left out."""
    for name, finding in subject.findings:
        where = f" ({finding.where}; compared with {name})" if finding.where else ""
        yield f"{finding.rule}, {finding.impact}, {finding.confidence} confidence: {finding.message}{where}"
    yield from (f"unanswered: {question}" for question in subject.unanswered)
    yield from (f"doubt: {doubt}" for doubt in subject.doubts)
    yield from (f"not checked: {left_out}" for left_out in subject.limits)


def _claim(item: ReviewItem) -> str:
    """An item of the review with what it rests on."""
    told = [f"{item.status}: {ended(item.title)} {item.reason}"]
    told += [f"Evidence: {each.text} ({each.where}, {each.digest})." for each in item.evidence]
    if item.signature is not None:
        told.append(f"Signed by {item.signature.name} on {item.signature.date}. {item.signature.note}")
    return " ".join(told)
